"""What code finds in a box, how it ends there, and what is left of it."""

from __future__ import annotations

import json
import os
import signal
import stat
import subprocess
import sys
import tempfile
from dataclasses import replace
from pathlib import Path

import pytest

from onloop.gates.box.folder_owners import give, take_back
from onloop.gates.box.kind import Box, BoxKind
from onloop.gates.box.kinds import bubblewrap
from onloop.gates.box.kinds.landlock import version
from onloop.gates.box.kinds.seatbelt import profile
from onloop.gates.box.visible import BOXED, VisibleFiles, inside
from onloop.gates.command_process import Ending, run
from security.box_trials import KEY_CALLS, LONG_MS, PYTHON, ROOT, as_user, box_of, empty, run_in
from support.waiting import comes

pytestmark = [
    pytest.mark.skipif(sys.platform != "linux", reason="these kinds are Linux's"),
    pytest.mark.skipif(not Path(PYTHON).exists(), reason="the system has no Python of its own"),
]
AS_ROOT = pytest.mark.skipif(os.geteuid() != 0, reason="only root can give code a user of its own")
OWN_ROOT = [
    pytest.param(
        BoxKind.BUBBLEWRAP,
        marks=pytest.mark.skipif(bubblewrap.program() is None, reason="bubblewrap is not installed"),
    ),
    BoxKind.NAMESPACES,
]
KINDS = [
    *OWN_ROOT,
    pytest.param(BoxKind.LANDLOCK, marks=pytest.mark.skipif(version() < 1, reason="the kernel has no Landlock")),
]


def running(name: str) -> list[int]:
    """The processes that call themselves so."""
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            if (entry / "comm").read_text().strip() == name:
                found.append(int(entry.name))
        except OSError:
            continue
    return found


@pytest.mark.parametrize("kind", KINDS)
def test_exit_codes_signals_and_missing_programs_are_told_apart(kind: BoxKind) -> None:
    with empty() as (_, view):
        box = box_of(kind)
        failed = run_in(box, view, ["sh", "-c", "echo out; echo err >&2; exit 3"])
        killed = run_in(box, view, ["sh", "-c", "kill -SEGV $$"])
        missing = run_in(box, view, ["no-such-program"])
        late = run_in(box, view, ["sleep", "60"], timeout_ms=300)
    assert (failed.ending, failed.exit_code, failed.output) == (Ending.EXITED, 3, b"out\nerr\n")
    assert (killed.ending, killed.exit_code) == (Ending.EXITED, -signal.SIGSEGV)
    assert (missing.ending, missing.exit_code, missing.problem) == (
        Ending.NOT_STARTED,
        None,
        "No such file or directory",
    )
    assert late.timed_out


@pytest.mark.parametrize("kind", OWN_ROOT)
def test_code_in_a_box_is_an_ordinary_user_with_an_account_and_an_empty_home(kind: BoxKind) -> None:
    program = """
import json, os, pwd
me = pwd.getpwuid(os.getuid())
print(json.dumps({
    "ids": [os.getuid(), os.getgid(), *set(os.getgroups()) - {1000, 65534}],
    "account": [me.pw_name, me.pw_dir],
    "home": os.listdir(me.pw_dir),
    "folder": os.getcwd(),
    "environment": sorted(set(os.environ) - {"LC_CTYPE", "PWD"}),
    "root": sorted({*os.listdir("/")} - {"lib", "lib32", "lib64", "libx32", "sbin", "bin", "nix", "gnu"}),
    "memory": os.listdir("/dev/shm"),
}))
open("written", "w").close()
"""
    with empty() as (_, view):
        ran = run_in(box_of(kind), view, [PYTHON, "-c", program], more={"WORD": "x"})
        assert (view.checkout / "written").exists(), ran.output
    assert json.loads(ran.output) == {
        "ids": [1000, 1000],
        "account": ["box", "/box/home"],
        "home": [],
        "folder": "/box/checkout",
        "environment": ["HOME", "PATH", "TMPDIR", "WORD"],
        "root": ["box", "dev", "etc", "proc", "tmp", "usr", "var"],
        "memory": [],
    }


@AS_ROOT
def test_code_that_root_has_run_is_an_unused_user_outside_and_finds_a_toolchain_of_root() -> None:
    with empty() as (place, view):
        private = place / "private"
        (private / "tools").mkdir(parents=True)
        private.chmod(0o700)
        tool = private / "tools" / "tool"
        tool.write_text("#!/bin/sh\necho found; touch made\n")
        tool.chmod(0o755)
        (private / "secret").write_text("secret")
        box = box_of(BoxKind.BUBBLEWRAP if bubblewrap.program() else BoxKind.NAMESPACES)
        seen = replace(view, read_only=(private / "tools",))
        ran = run_in(box, seen, [str(tool)])
        assert (ran.exit_code, ran.output) == (0, b"found\n")
        assert (view.checkout / "made").stat().st_uid == box.user
        assert run_in(box, seen, ["cat", str(private / "secret")]).exit_code == 1
        assert run_in(box, seen, ["touch", str(private / "tools" / "x")]).exit_code == 1


@AS_ROOT
def test_an_environment_names_no_code_to_whoever_changes_the_user() -> None:
    more, command = bubblewrap.command(Box(BoxKind.BUBBLEWRAP, 61_234), ["x"], "/", {"LD_PRELOAD": "evil.so"}, None)
    assert "evil.so" not in " ".join(more)
    assert command.index("LD_PRELOAD=evil.so") > command.index("/usr/bin/env") > command.index("/usr/bin/setpriv")


@pytest.mark.parametrize("kind", OWN_ROOT)
def test_what_would_show_the_folders_beside_a_checkout_is_not_shown(kind: BoxKind) -> None:
    with empty() as (place, view):
        (place / "ours").write_text("secret")
        for shown in (place, Path("/")):
            ran = run_in(box_of(kind), replace(view, read_only=(shown,)), ["cat", str(place / "ours")])
            assert ran.exit_code == 1


@pytest.mark.parametrize("kind", OWN_ROOT)
def test_a_toolchain_in_the_temporary_folder_is_seen_under_its_own_name(kind: BoxKind) -> None:
    with empty() as (place, view):
        tools = place / "tools"
        tools.mkdir(mode=0o755)
        (tools / "file").write_text("found")
        ran = run_in(box_of(kind), replace(view, read_only=(tools,)), ["cat", str(tools / "file")])
    assert ran.output == b"found"


@pytest.mark.parametrize("kind", OWN_ROOT)
def test_the_loopback_of_a_box_works_and_is_its_own(kind: BoxKind) -> None:
    program = """
import socket
server = socket.create_server(("127.0.0.1", 0))
client = socket.create_connection(server.getsockname())
print("connected")
"""
    with empty() as (_, view):
        assert run_in(box_of(kind), view, [PYTHON, "-c", program]).output == b"connected\n"


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("victim", ["verifier", "warden"])
def test_a_box_ends_with_whoever_ordered_it(kind: BoxKind, victim: str, tmp_path: Path) -> None:
    if (kind, victim) == (BoxKind.LANDLOCK, "warden"):
        pytest.skip("Landlock has no end of its own: this one is the warden's part")
    name = f"b{os.getpid()}{kind[:3]}{victim[0]}"
    daemon = f"""
import ctypes, os, signal
if os.fork() == 0:
    os.setsid()
    ctypes.CDLL(None).prctl(15, {name.encode()!r}, 0, 0, 0)
    signal.pause()
signal.pause()
"""
    order = [sys.executable, str(ROOT / "tests" / "security" / "box_trials.py"), "run", kind, PYTHON, "-c", daemon]
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "core")}
    verifier = subprocess.Popen(order, env=environment, stdout=subprocess.DEVNULL)
    try:
        assert comes(lambda: bool(running(name)))
        if victim == "warden":  # and nobody else is left to end it
            warden = _child_of(verifier.pid)
            os.kill(verifier.pid, signal.SIGSTOP)
            os.kill(warden, signal.SIGKILL)
        else:
            os.kill(verifier.pid, signal.SIGKILL)
        assert comes(lambda: not running(name))
    finally:
        verifier.kill()
        verifier.wait()


def _child_of(parent: int) -> int:
    shown = subprocess.run(["ps", "-o", "pid=", "--ppid", str(parent)], capture_output=True, text=True, check=True)
    return int(shown.stdout.split()[0])


@AS_ROOT
def test_a_folder_is_given_away_and_taken_back_through_no_link(tmp_path: Path) -> None:
    ours, folder = tmp_path / "ours", tmp_path / "folder"
    ours.write_text("ours")
    (folder / "deep" / "er").mkdir(parents=True)
    (folder / "deep" / "file").write_text("x")
    (folder / "link").symlink_to(ours)
    (folder / "hard").hardlink_to(ours)
    give(folder, 61_234)
    assert {path.lstat().st_uid for path in (folder, *folder.rglob("*"))} == {61_234, 0}
    assert (ours.stat().st_uid, (folder / "link").lstat().st_uid, (folder / "deep" / "file").stat().st_uid) == (
        0,
        61_234,
        61_234,
    )
    (folder / "deep").chmod(0)
    take_back(folder)
    assert {path.lstat().st_uid for path in (folder, *folder.rglob("*"))} == {0}
    assert stat.S_IMODE((folder / "deep").stat().st_mode) == 0o700


@pytest.mark.parametrize("kind", KINDS)
def test_code_in_a_box_inherits_no_descriptor_and_no_environment_of_ours(kind: BoxKind) -> None:
    program = """
import json, os
def read(path):
    try:
        return open(path).read()
    except OSError:
        return ""
held = [fd for fd in range(3, 256) if os.path.exists(f"/proc/self/fd/{fd}")]
held = [fd for fd in held if not os.readlink(f"/proc/self/fd/{fd}").startswith("/proc/")]
others = [pid for pid in os.listdir("/proc") if pid.isdigit() and int(pid) != os.getpid()]
seen = [pid for pid in others if "HUSH" in read(f"/proc/{pid}/environ")]
print(json.dumps([held, seen]))
"""
    said = as_user("run", kind, PYTHON, "-c", program, before=("env", "HUSH=1"))
    assert said["code"] == 0, said
    assert json.loads(str(said["output"])) == [[], []]


@pytest.mark.skipif(os.uname().machine not in KEY_CALLS, reason="the numbers of its calls for keys are not known here")
@pytest.mark.parametrize("kind", KINDS)
def test_code_in_a_box_reads_no_key_of_the_kernel_that_its_verifier_holds(kind: BoxKind) -> None:
    said = as_user("keys", kind)
    outside, inside = said["outside"], said["inside"]
    assert isinstance(outside, list) and isinstance(inside, list)
    assert "hush" in outside
    assert "hush" not in inside  # its name may be seen by the same user, and no more than that


def test_an_ordinary_user_runs_commands_in_a_box_as_root_does() -> None:
    kind = BoxKind.BUBBLEWRAP if bubblewrap.program() else BoxKind.NAMESPACES
    assert as_user("run", kind, "id", "-un") == {"ending": "exited", "code": 0, "output": "box\n"}


def test_the_names_of_folders_are_the_same_in_every_run_where_a_box_has_its_own_root(tmp_path: Path) -> None:
    view = VisibleFiles(tmp_path / "checkout", tmp_path / "scratch")
    assert inside(Box(BoxKind.BUBBLEWRAP), view) == inside(Box(BoxKind.NAMESPACES), view) == BOXED
    assert inside(Box(BoxKind.LANDLOCK), view).out == str(tmp_path / "scratch" / "out")


def test_without_a_box_the_view_bounds_a_run_and_hides_nothing(tmp_path: Path) -> None:
    with empty() as (place, view):
        (place / "ours").write_text("seen")
        ran = run(
            ["cat", str(place / "ours")],
            folder=view.checkout,
            environment={"PATH": "/usr/bin:/bin"},
            timeout_ms=LONG_MS,
            box=Box(BoxKind.NONE),
            view=view,
        )
    assert ran.output == b"seen"


def test_the_profile_for_macos_allows_what_the_view_shows_and_no_more(tmp_path: Path) -> None:
    view = VisibleFiles(tmp_path / 'check"out', tmp_path / "scratch", read_only=(tmp_path / "tools",))
    rules = profile(view).splitlines()
    written = next(rule for rule in rules if rule.startswith("(allow file-read* file-write* "))
    assert rules[:2] == ["(version 1)", "(deny default)"]
    assert f'(subpath "{tmp_path}/check\\"out")' in written
    assert f"{tmp_path}/tools" not in written
    assert f"{tmp_path}/tools" in next(rule for rule in rules if rule.startswith("(allow file-read* (literal"))
    assert "(deny network*)" in rules
    assert "(allow network*)" in profile(replace(view, network=True)).splitlines()


@pytest.mark.parametrize("kind", OWN_ROOT)
@pytest.mark.parametrize("parent", ["/tmp", "/var/tmp"])  # noqa: S108 - where people check things out, too
def test_programs_below_a_folder_for_temporary_files_are_shown_whatever_code_left_in_their_place(
    kind: BoxKind, parent: str
) -> None:
    before = {BoxKind.BUBBLEWRAP: "/oldroot", BoxKind.NAMESPACES: "/old"}[kind]
    with empty() as (place, view), tempfile.TemporaryDirectory(dir=parent) as tools:
        program = Path(tools, "deep", "tool")
        program.parent.mkdir()
        program.write_text("#!/bin/sh\necho found\n")
        for path in (program, program.parent, program.parent.parent):
            path.chmod(0o755)
        (place / "outside").mkdir()
        box, shown, way = box_of(kind), replace(view, read_only=(program.parent,)), f"{BOXED.tmp}/{Path(tools).name}"
        leave = f"{program}; mv {way} /tmp/aside; ln -s {before}{place}/outside {way}"
        first, second = (run_in(box, shown, ["sh", "-c", command]) for command in (leave, str(program)))
        left = list((place / "outside").iterdir())
    assert (first.exit_code, first.output) == (second.exit_code, second.output) == (0, b"found\n")
    assert left == []


@pytest.mark.parametrize("kind", OWN_ROOT)
def test_what_an_ordinary_user_writes_over_layers_stays_apart_from_them(kind: BoxKind) -> None:
    said = as_user("layers", kind)
    assert said == {
        "code": 0,
        "output": "upper: of twomine\n",
        "kept": ["upper: of two", "lower, of two"],
        "own": "mine\n",
    }
