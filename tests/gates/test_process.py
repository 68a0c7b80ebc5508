"""Commands that do not want to end, that flood, that fork and hide, and the ones that behave."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import textwrap
from collections.abc import Callable
from pathlib import Path

import pytest

from onloop.gates.command_process import Ending, Limits, Ran, never, run
from support.waiting import comes

LONG_MS = 30_000
LINUX = pytest.mark.skipif(sys.platform != "linux", reason="only Linux hands orphans to a reaper of our choice")
ESCAPE = """
    import os, sys, time
    if os.fork() == 0:
        os.setsid()
        if os.fork() == 0:
            with open("escaped.part", "w") as file:
                file.write(str(os.getpid()))
            os.rename("escaped.part", "escaped")
            time.sleep(60)
        os._exit(0)
    while not os.path.exists("escaped"):
        time.sleep(0.01)
"""


def python(
    folder: Path,
    program: str,
    *,
    timeout_ms: int = LONG_MS,
    limits: Limits | None = None,
    stop: Callable[[], bool] = never,
    **variables: str,
) -> Ran:
    environment = {"PATH": os.environ["PATH"], **variables}
    argv = [sys.executable, "-c", textwrap.dedent(program)]
    return run(argv, folder=folder, environment=environment, timeout_ms=timeout_ms, limits=limits, stop=stop)


def lives(pid: int) -> bool:
    """Whether a process is there and has not ended; a zombie has."""
    shown = subprocess.run(["ps", "-o", "stat=", "-p", str(pid)], capture_output=True, text=True).stdout.strip()
    return bool(shown) and not shown.startswith("Z")


def pid_in(path: Path) -> int:
    return int(path.read_text())


def test_a_command_gives_its_exit_code_and_what_it_wrote_to_both_streams(tmp_path: Path) -> None:
    ran = python(
        tmp_path,
        """
        import sys
        print("out", flush=True)
        print("err", file=sys.stderr, flush=True)
        sys.exit(3)
        """,
    )
    assert (ran.ending, ran.exit_code, ran.output, ran.output_bytes) == (Ending.EXITED, 3, b"out\nerr\n", 8)
    assert ran.duration_ms < LONG_MS


def test_a_command_that_ends_at_once_is_never_lost(tmp_path: Path) -> None:
    for _ in range(25):
        ran = run(["true"], folder=tmp_path, environment={"PATH": os.environ["PATH"]}, timeout_ms=LONG_MS)
        assert (ran.ending, ran.exit_code) == (Ending.EXITED, 0)


def test_a_command_killed_by_a_signal_gives_the_signal(tmp_path: Path) -> None:
    ran = python(tmp_path, "import os; os.kill(os.getpid(), 11)")
    assert (ran.ending, ran.exit_code) == (Ending.EXITED, -signal.SIGSEGV)


def test_a_command_gets_its_environment_folder_and_streams_and_nothing_else_of_ours(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ONLOOP_TOKEN", "hush")
    ran = python(
        tmp_path,
        """
        import os, sys
        open_ones = [fd for fd in range(3, 200) if os.path.exists(f"/dev/fd/{fd}")]
        held = [fd for fd in open_ones if os.path.realpath(f"/dev/fd/{fd}") != os.path.realpath("/dev/fd")]
        print(os.getcwd(), sorted(set(os.environ) - {"LC_CTYPE"}), repr(sys.stdin.read()), held)
        print(os.getsid(0) == os.getpid())
        """,
        WORD="x",
    )
    assert ran.output.decode().split("\n")[:2] == [f"{tmp_path.resolve()} ['PATH', 'WORD'] '' []", "True"]


def test_a_command_that_does_not_exist_is_told_apart_from_one_that_fails(tmp_path: Path) -> None:
    ran = run(["no-such-program"], folder=tmp_path, environment={"PATH": "/usr/bin"}, timeout_ms=LONG_MS)
    assert (ran.ending, ran.exit_code, ran.problem) == (Ending.NOT_STARTED, None, "No such file or directory")


def test_a_program_is_looked_up_in_the_given_path_and_in_the_folder(tmp_path: Path) -> None:
    program = tmp_path / "hello"
    program.write_text("#!/bin/sh\necho hello\n")
    program.chmod(0o755)
    folder = tmp_path / "elsewhere"
    folder.mkdir()
    by_path = run(["hello"], folder=folder, environment={"PATH": str(tmp_path)}, timeout_ms=LONG_MS)
    by_place = run(["./hello"], folder=tmp_path, environment={}, timeout_ms=LONG_MS)
    assert by_path.output == by_place.output == b"hello\n"


def test_a_command_that_ignores_sigterm_is_ended_when_its_time_is_up(tmp_path: Path) -> None:
    program = """
        import os, signal, time
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        print(os.getpid(), flush=True)
        time.sleep(600)
        """
    for timeout_ms in (500, 5_000, 50_000):  # a busy machine needs longer to come as far as the signal
        ran = python(tmp_path, program, timeout_ms=timeout_ms)
        assert (ran.timed_out, ran.exit_code) == (True, None)
        assert timeout_ms <= ran.duration_ms < 600_000
        if ran.output:
            break
    assert not lives(int(ran.output))


def test_a_command_that_stops_itself_is_ended_when_its_time_is_up(tmp_path: Path) -> None:
    ran = python(tmp_path, "import os, signal; os.kill(os.getpid(), signal.SIGSTOP)", timeout_ms=500)
    assert ran.timed_out


def test_a_command_is_ended_when_its_verifier_is_told_to_stop(tmp_path: Path) -> None:
    environment = {"PATH": os.environ["PATH"]}
    started = tmp_path / "started"
    argv = ["sh", "-c", "touch started; sleep 60"]
    ran = run(argv, folder=tmp_path, environment=environment, timeout_ms=LONG_MS, stop=started.exists)
    assert (ran.ending, ran.exit_code, ran.timed_out) == (Ending.STOPPED, None, False)
    assert ran.duration_ms < 5_000


def test_a_stop_that_fails_leaves_no_command_behind(tmp_path: Path) -> None:
    def stop() -> bool:
        if (tmp_path / "escaped").exists():
            raise RuntimeError("the store is gone")
        return False

    argv = [sys.executable, "-c", textwrap.dedent(ESCAPE) + "time.sleep(60)"]
    with pytest.raises(RuntimeError, match="the store is gone"):
        run(argv, folder=tmp_path, environment={}, timeout_ms=LONG_MS, stop=stop)
    assert sys.platform != "linux" or not lives(pid_in(tmp_path / "escaped"))


def test_children_in_the_group_are_ended_with_the_command(tmp_path: Path) -> None:
    ran = run(
        ["sh", "-c", "sleep 60 & echo $!"],
        folder=tmp_path,
        environment={"PATH": os.environ["PATH"]},
        timeout_ms=LONG_MS,
    )
    assert (ran.ending, ran.exit_code) == (Ending.EXITED, 0)
    assert ran.duration_ms < 5_000
    assert not lives(int(ran.output))


@LINUX
def test_a_child_that_left_the_session_and_its_parent_is_ended_with_the_command(tmp_path: Path) -> None:
    ran = python(tmp_path, ESCAPE)
    assert (ran.ending, ran.exit_code) == (Ending.EXITED, 0)
    assert not lives(pid_in(tmp_path / "escaped"))


@LINUX
def test_a_child_that_left_the_session_is_ended_when_the_verifier_is_told_to_stop(tmp_path: Path) -> None:
    escaped = tmp_path / "escaped"
    ran = python(tmp_path, textwrap.dedent(ESCAPE) + "time.sleep(60)", stop=escaped.exists)
    assert ran.ending is Ending.STOPPED
    assert not lives(pid_in(escaped))


@LINUX
def test_a_small_fork_bomb_is_ended_whole(tmp_path: Path) -> None:
    def pids() -> list[int]:
        return [int(path.name.removeprefix("pid-")) for path in tmp_path.glob("pid-*")]

    ran = python(
        tmp_path,
        """
        import os, time
        for _ in range(5):
            os.fork()
            os.setsid() if os.getpid() != os.getsid(0) else None
        with open(f"pid-{os.getpid()}", "w"):
            pass
        time.sleep(60)
        """,
        stop=lambda: len(pids()) == 32,
    )
    assert ran.ending is Ending.STOPPED
    assert not [pid for pid in pids() if lives(pid)]


def test_a_child_that_holds_the_output_open_does_not_hold_us(tmp_path: Path) -> None:
    ran = python(tmp_path, 'print("done", flush=True)\n' + textwrap.dedent(ESCAPE))
    assert (ran.ending, ran.output) == (Ending.EXITED, b"done\n")
    assert ran.duration_ms < 10_000


def test_output_over_the_cap_keeps_its_head_and_its_tail_and_names_the_gap(tmp_path: Path) -> None:
    ran = python(tmp_path, "for n in range(100_000): print(f'line {n:06d}')", limits=Limits(kept_bytes=4096))
    head, marker, tail = ran.output.decode().partition("\n[onloop: ")
    left_out, _, tail = tail.partition(" bytes left out here]\n")
    assert marker
    assert head.startswith("line 000000\nline 000001\n")
    assert tail.endswith("line 099999\n")
    assert ran.output_bytes == 1_200_000 == len(head) + int(left_out) + len(tail)
    assert len(head) + len(tail) <= 4096


def test_output_is_parted_between_words_so_that_no_secret_is_halved(tmp_path: Path) -> None:
    ran = python(tmp_path, "print('password-of-ada ' * 10_000, end='')", limits=Limits(kept_bytes=1010))
    assert set(ran.output.decode().partition("\n[")[0].split()) == {"password-of-ada"}
    assert set(ran.output.decode().partition("]\n")[2].split()) == {"password-of-ada"}


def test_a_flood_is_ended_before_its_time_is_up(tmp_path: Path) -> None:
    ran = python(
        tmp_path,
        """
        while True:
            print("y" * 65536)
        """,
        limits=Limits(kept_bytes=1024, flood_bytes=4 * 1024 * 1024),
    )
    assert (ran.ending, ran.exit_code) == (Ending.FLOODED, None)
    assert ran.output_bytes > 4 * 1024 * 1024
    assert len(ran.output) < 2048
    assert ran.duration_ms < 10_000


@LINUX
def test_memory_beyond_the_limit_is_not_given(tmp_path: Path) -> None:
    ran = python(tmp_path, "x = bytearray(600_000_000)", limits=Limits(memory_bytes=256 * 1024 * 1024))
    assert ran.exit_code == 1
    assert ran.output.endswith(b"MemoryError\n")


def test_a_file_beyond_the_limit_is_not_written(tmp_path: Path) -> None:
    python(tmp_path, "open('big', 'wb').truncate(10 << 30)", limits=Limits(file_bytes=1024 * 1024))
    assert (tmp_path / "big").stat().st_size <= 1024 * 1024


def test_processor_time_beyond_the_limit_is_not_given(tmp_path: Path) -> None:
    ran = python(tmp_path, "while True: pass", limits=Limits(cpu_s=1))
    assert (ran.ending, ran.exit_code) in {(Ending.EXITED, -signal.SIGKILL), (Ending.EXITED, -signal.SIGXCPU)}


def test_a_command_that_kills_what_watches_over_it_is_lost_and_ended(tmp_path: Path) -> None:
    ran = python(
        tmp_path,
        """
        import os, time
        with open("me", "w") as file:
            file.write(str(os.getpid()))
        os.kill(os.getppid(), 9)
        time.sleep(60)
        """,
    )
    assert (ran.ending, ran.exit_code) == (Ending.LOST, None)
    assert ran.duration_ms < 10_000
    assert comes(lambda: not lives(pid_in(tmp_path / "me")))


@LINUX
def test_a_command_that_stops_what_watches_over_it_is_ended_with_its_children(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("onloop.gates.command_process.GRACE_S", 0.3)
    done = tmp_path / "done"
    program = "import os\nwarden = os.getppid()\n" + textwrap.dedent(ESCAPE)
    program += "os.kill(warden, 19)\nopen('done', 'w').close()\ntime.sleep(60)"
    ran = python(tmp_path, program, stop=done.exists)
    assert ran.ending is Ending.STOPPED
    assert comes(lambda: not lives(pid_in(tmp_path / "escaped")))


@LINUX
@pytest.mark.skipif(os.geteuid() == 0, reason="root may open the descriptors of any process")
def test_a_command_cannot_open_the_descriptors_of_what_watches_over_it(tmp_path: Path) -> None:
    environment = {"PATH": os.environ["PATH"], "LC_ALL": "C"}
    ran = run(["sh", "-c", "ls /proc/$PPID/fd"], folder=tmp_path, environment=environment, timeout_ms=LONG_MS)
    assert ran.exit_code != 0
    assert b"Permission denied" in ran.output


@LINUX
def test_a_verifier_that_is_killed_takes_its_command_with_it(tmp_path: Path) -> None:
    escape = textwrap.dedent(ESCAPE) + "time.sleep(60)"
    verifier = f"""
        import sys
        from pathlib import Path
        from onloop.gates.command_process import run
        argv = [sys.executable, "-c", {escape!r}]
        run(argv, folder=Path({str(tmp_path)!r}), environment={{}}, timeout_ms=60_000)
    """
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    with subprocess.Popen([sys.executable, "-c", textwrap.dedent(verifier)], env=environment) as process:
        try:
            assert comes((tmp_path / "escaped").exists)
        finally:
            process.kill()
    assert comes(lambda: not lives(pid_in(tmp_path / "escaped")))


def test_other_children_of_ours_are_left_alone(tmp_path: Path) -> None:
    with subprocess.Popen(["sleep", "60"], start_new_session=True) as other:
        try:
            python(tmp_path, ESCAPE)
            assert lives(other.pid)
        finally:
            other.kill()


@LINUX
def test_a_command_ends_with_its_warden_even_if_nobody_else_is_left_to_end_it(tmp_path: Path) -> None:
    command = "import os, time; open('me.part', 'w').write(f'{os.getpid()} {os.getppid()}');"
    command += "os.rename('me.part', 'me'); time.sleep(60)"
    verifier = f"""
        import sys
        from pathlib import Path
        from onloop.gates.command_process import run
        run([sys.executable, "-c", {command!r}], folder=Path({str(tmp_path)!r}), environment={{}}, timeout_ms=60_000)
    """
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    with subprocess.Popen([sys.executable, "-c", textwrap.dedent(verifier)], env=environment) as process:
        try:
            assert comes((tmp_path / "me").exists)
            me, warden = map(int, (tmp_path / "me").read_text().split())
            os.kill(warden, signal.SIGSTOP)
        finally:
            process.kill()
    os.kill(warden, signal.SIGKILL)
    assert comes(lambda: not lives(me))


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a command a child that is not its own")
def test_what_belongs_to_somebody_else_is_left_instead_of_waited_for(tmp_path: Path) -> None:
    program = """
        import os, subprocess, sys
        sys.path[:] = sys.argv[2:]
        from onloop.gates.warden import end
        os.setuid(65534)
        own = subprocess.Popen([sys.argv[1]], stdin=subprocess.PIPE)
        theirs = os.getppid()
        print(end((theirs,)), end((theirs, own.pid)), end((own.pid,)), end(()), own.wait())
    """
    words = [sys.executable, "-c", textwrap.dedent(program), shutil.which("cat") or "cat", *sys.path]
    said = subprocess.run(words, capture_output=True, text=True, check=True).stdout
    assert said.split() == ["False", "True", "True", "True", "-9"]
