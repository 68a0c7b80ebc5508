"""Another platform's command line makes environments, as a file says; what it claims is believed only if it shows."""

from __future__ import annotations

import json
import sys
import tarfile
from pathlib import Path
from typing import Any

import pytest

from onloop.agents.places.lent_place import LentPlace
from onloop.environments.port import EnvironmentTrouble, Offer, TaskFolders, Wanted
from onloop.environments.templates import carried
from onloop.environments.templates.platform_place import PlatformPlaceMaker
from onloop.environments.templates.template_file import read_templates
from onloop.errors import BadInput
from onloop.gates.command_process import run_ordered
from onloop.machine.agent_environment import EnvironmentKind
from onloop.machine.definition import Isolation

PLATFORM = """
import json, os, shutil, subprocess, sys
top, verb, handle, *words = sys.argv[1:]
place = os.path.join(top, handle)
if verb == "new":
    os.makedirs(place); print(json.dumps({"handle": handle}))
elif verb == "exec":
    sys.exit(subprocess.run(words).returncode)
elif verb == "cp":
    os.makedirs(os.path.dirname(words[1]), exist_ok=True); shutil.copyfile(words[0], words[1])
elif verb == "rm":
    shutil.rmtree(place)
elif verb == "show":
    assert os.path.isdir(place); print(json.dumps({"isolation": words[0], "digest": "ab12", "details": ["of a farm"]}))
"""
"""A platform whose environments are this machine itself, whatever it says of them."""


def written(place: Path, claims: str = "clone", attests: str = "clone", **more: object) -> Path:
    """The file with the template of that platform."""
    (place / "platform.py").write_text(PLATFORM)
    start = [sys.executable, str(place / "platform.py"), str(place / "farm")]
    said = {
        "isolation": claims,
        "folder": str(place / "inside"),
        "python": sys.executable,
        "create": [*start, "new", "{id}"],
        "exec": [*start, "exec", "{handle}"],
        "copy_in": [*start, "cp", "{handle}", "{path}", "{inside}"],
        "copy_out": [*start, "cp", "{handle}", "{inside}", "{path}"],
        "destroy": [*start, "rm", "{handle}"],
        "attest": [*start, "show", "{handle}", attests],
        **more,
    }
    file = place / "environments.toml"
    file.write_text("[template.farm]\n" + "".join(f"{name} = {json.dumps(value)}\n" for name, value in said.items()))
    file.chmod(0o600)
    return file


def wanted(folder: Path, isolation: Isolation = Isolation.CLONE) -> Wanted:
    offer = Offer(EnvironmentKind.TEMPLATE, "farm", isolation)
    return Wanted("e1", "store", "1@2", offer, folder / "rooms" / "e1", "r1.1", "r1")


def folders(folder: Path) -> TaskFolders:
    made = TaskFolders(*(folder / "task" / name for name in ("clone", "out", "in", "tmp", "home")))
    made.clone.mkdir(parents=True)
    (made.clone / "a.txt").write_text("hello")
    return made


def test_work_goes_in_and_out_and_nothing_is_left(tmp_path: Path) -> None:
    maker = PlatformPlaceMaker(written(tmp_path), tmp_path / "rooms")
    live, task = maker.make(wanted(tmp_path)), folders(tmp_path)
    lent = LentPlace(live, wanted(tmp_path))
    lent.prove()
    assert (lent.attested().digest, lent.attested().isolation) == ("ab12", Isolation.CLONE)
    lent.enter(task)
    script = "import os; print(open('a.txt').read(), os.environ['A']); open('b.txt', 'w').write('more')"
    order = live.order((sys.executable, "-c", script), {"A": "one\ntwo"})
    told = {"argv": list(order.argv), "folder": str(order.folder), "environment": dict(order.environment)}
    ran = run_ordered(told, timeout_ms=60_000)
    assert (ran.exit_code, ran.output) == (0, b"hello one\ntwo\n")
    lent.settle()
    assert (task.clone / "b.txt").read_text() == "more"
    lent.remove()
    assert list((tmp_path / "farm").iterdir()) == []
    assert not (tmp_path / "rooms" / "e1").exists()


def test_a_platform_that_claims_a_machine_and_gives_this_one_is_found_out_by_the_probe(tmp_path: Path) -> None:
    maker = PlatformPlaceMaker(written(tmp_path, "vm", "vm"), tmp_path / "rooms")
    lent = LentPlace(maker.make(wanted(tmp_path, Isolation.VM)), wanted(tmp_path, Isolation.VM))
    with pytest.raises(EnvironmentTrouble, match="should be isolated as a vm, but code inside could"):
        lent.prove()
    lent.remove()


def test_a_platform_that_attests_less_than_the_file_says_is_not_used(tmp_path: Path) -> None:
    maker = PlatformPlaceMaker(written(tmp_path, "vm", "container"), tmp_path / "rooms")
    lent = LentPlace(maker.make(wanted(tmp_path, Isolation.VM)), wanted(tmp_path, Isolation.VM))
    with pytest.raises(EnvironmentTrouble, match="its platform attests container"):
        lent.prove()


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ({"create": ["/nonexistent/program"]}, "create: "),
        ({"create": [sys.executable, "-c", "raise SystemExit('no room')"]}, "no room"),
        ({"create": [sys.executable, "-c", "print('[]')"]}, "prints no object"),
        ({"create": [sys.executable, "-c", "print('x' * 2_000_000)"]}, "printed 2000001 bytes"),
        ({"create": [sys.executable, "-c", 'print(\'{"handle": "-rf"}\')']}, "calls it '-rf'"),
    ],
)
def test_an_environment_that_does_not_come_is_trouble_of_the_environment(more: Any, words: str, tmp_path: Path) -> None:
    with pytest.raises(EnvironmentTrouble) as caught:
        PlatformPlaceMaker(written(tmp_path, **more), tmp_path / "rooms").make(wanted(tmp_path))
    assert words in caught.value.message


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("x = 1", "something else"),
        ("[template.farm]\n", "has no create"),
        ("[template.Farm]\n", "cannot be one"),
        ("[template.farm]\nshell = 'x'\n", "shell is not known"),
        ("[template.farm", "environments.toml"),
    ],
)
def test_a_file_that_says_something_else_is_bad_input_with_the_place(text: str, words: str, tmp_path: Path) -> None:
    file = tmp_path / "environments.toml"
    file.write_text(text)
    file.chmod(0o600)
    with pytest.raises(BadInput) as caught:
        read_templates(file)
    assert words in caught.value.message and str(file) in caught.value.message


@pytest.mark.parametrize(
    "field",
    [{"create": "farm new"}, {"create": []}, {"exec": ["a", "{store}"]}, {"isolation": "jail"}, {"folder": "x"}],
)
def test_a_command_is_a_list_of_words_with_holes_that_are_known(field: Any, tmp_path: Path) -> None:
    with pytest.raises(BadInput):
        read_templates(written(tmp_path, **field))


def test_a_file_that_others_can_write_to_chooses_no_commands(tmp_path: Path) -> None:
    file = written(tmp_path)
    file.chmod(0o666)
    with pytest.raises(BadInput, match="written to by others"):
        read_templates(file)


def test_an_archive_from_inside_reaches_nothing_outside_of_its_folder(tmp_path: Path) -> None:
    secret, archive = tmp_path / "secret", tmp_path / "a.tar"
    secret.write_text("before")
    with tarfile.open(archive, "w") as packed:
        for name, kind, link in (
            ("../secret", tarfile.REGTYPE, ""),
            ("/etc/x", tarfile.REGTYPE, ""),
            ("link", tarfile.SYMTYPE, "/etc/passwd"),
            ("out", tarfile.SYMTYPE, ".."),
            ("device", tarfile.CHRTYPE, ""),
            ("good", tarfile.REGTYPE, ""),
        ):
            member = tarfile.TarInfo(name)
            member.type, member.linkname = kind, link
            packed.addfile(member)
    carried.unpack(str(archive), str(tmp_path / "unpacked"), 1_000, 100, [])
    assert secret.read_text() == "before"
    assert "good" in {path.name for path in (tmp_path / "unpacked").iterdir()}
    assert not any(path.is_symlink() for path in (tmp_path / "unpacked").iterdir())


def test_an_archive_that_is_too_large_is_refused(tmp_path: Path) -> None:
    (tmp_path / "f").mkdir()
    (tmp_path / "f" / "big").write_bytes(b"x" * 2_000)
    carried.pack(str(tmp_path / "a.tar"), {"f": str(tmp_path / "f")})
    with pytest.raises(ValueError, match="more than 1000 bytes"):
        carried.unpack(str(tmp_path / "a.tar"), str(tmp_path / "u"), 1_000, 100, [])
