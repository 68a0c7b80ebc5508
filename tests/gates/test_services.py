"""Services run beside a gate's command: ready before it begins, ended after it, and never the agent's fault."""

from __future__ import annotations

import json
import os
import socket
import sys
from collections.abc import Sequence
from pathlib import Path

from onloop.gates.command_process import Ending, Ran, run
from onloop.gates.contents.services import FOLDER, ServicesRun, longest_ms, services_run, started_with
from onloop.machine.definition import ServiceSpec
from support.waiting import DEADLINE_S

LISTEN = (
    "import socket,sys,time\n"
    "s = socket.create_server(('127.0.0.1', int(sys.argv[1])))\n"
    "print('listening', flush=True)\n"
    "while True:\n    c, _ = s.accept(); c.sendall(b'hello'); c.close()\n"
)
ASK = "import socket,sys; print(socket.create_connection(('127.0.0.1', int(sys.argv[1]))).recv(5).decode())"


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as found:
        return int(found.getsockname()[1])


def python(text: str, *words: str) -> tuple[str, ...]:
    return (sys.executable, "-c", text, *words)


def beside(
    place: Path, services: Sequence[ServiceSpec], argv: Sequence[str], timeout_ms: int = 1000 * int(DEADLINE_S)
) -> tuple[Ran, ServicesRun]:
    """The outcome of a command beside services, without a box."""
    for name in ("tmp", "out"):
        (place / name).mkdir()
    words = started_with(
        services,
        argv,
        python=sys.executable,
        tmp=str(place / "tmp"),
        out=str(place / "out"),
        timeout_ms=timeout_ms,
        filled=lambda words, data: tuple(word.replace("{data}", data) for word in words),
    )
    ran = run(words, folder=place, environment={"PATH": os.defpath}, timeout_ms=longest_ms(services, timeout_ms))
    found, told = services_run(services, place / "out")
    return told(ran), found


def test_a_command_finds_its_services_ready_and_none_is_left_after_it(tmp_path: Path) -> None:
    port = free_port()
    service = ServiceSpec("echo", python(LISTEN, str(port)), port=port)
    ran, found = beside(tmp_path, [service], python(ASK, str(port)))
    assert (ran.ending, ran.exit_code, ran.output) == (Ending.EXITED, 0, b"hello\n")
    assert (found.problem, found.output) == ("", "[onloop: the service echo wrote]\nlistening\n")
    again, _ = beside_again(tmp_path / "again", port)
    assert again.exit_code == 1


def beside_again(place: Path, port: int) -> tuple[Ran, ServicesRun]:
    place.mkdir()
    return beside(place, [], python(ASK, str(port)))


def test_services_start_in_their_order_each_prepared_in_a_folder_of_its_own(tmp_path: Path) -> None:
    first = ServiceSpec(
        "first",
        ("sh", "-c", "cat {data}/made; sleep 60"),
        prepare=(("sh", "-c", "ls -A {data}; echo one > {data}/made"),),
        ready=("sh", "-c", "test -e {data}/made"),
    )
    second = ServiceSpec(
        "second", ("sh", "-c", "cat {data}/../first/made; touch {data}/up; sleep 60"), ready=("test", "-e", "{data}/up")
    )
    ran, found = beside(tmp_path, [first, second], ("sh", "-c", "exit 3"))
    assert ran.exit_code == 3
    assert found.output == "[onloop: the service first wrote]\none\n[onloop: the service second wrote]\none\n"


def test_what_keeps_a_service_from_being_ready_is_said_and_the_command_is_not_run(tmp_path: Path) -> None:
    port = free_port()
    wrong = {
        "ended before it was ready, with exit code 3": ServiceSpec("db", ("sh", "-c", "exit 3"), port=port),
        "was not ready after 0.3 s": ServiceSpec("db", ("sleep", "60"), port=port, timeout_ms=300),
        "cannot start 'no-such-server': No such file or directory": ServiceSpec("db", ("no-such-server",)),
        "'false', which prepares it, ended with exit code 1": ServiceSpec("db", ("sleep", "9"), prepare=(("false",),)),
    }
    for number, (words, service) in enumerate(wrong.items()):
        place = tmp_path / str(number)
        place.mkdir()
        ran, found = beside(place, [service], ("touch", str(place / "ran")))
        assert found.problem == f"the service db {words}"
        assert ran.exit_code not in {0, None}
        assert not (place / "ran").exists()


def test_a_service_that_ends_while_the_command_runs_ends_the_run(tmp_path: Path) -> None:
    service = ServiceSpec(
        "db",
        ("sh", "-c", "echo FATAL: out of memory; touch {data}/up; sleep 0.2; exit 1"),
        ready=("test", "-e", "{data}/up"),
    )
    ran, found = beside(tmp_path, [service], ("sleep", "600"))
    assert found.problem == "the service db ended while the command ran, with exit code 1"
    assert "FATAL: out of memory" in found.output
    assert ran.exit_code != 0


def test_a_port_that_somebody_else_has_is_named(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        _, found = beside(tmp_path, [ServiceSpec("db", ("sleep", "60"), port=port)], ("true",))
    assert found.problem == f"the service db needs port {port}, which somebody else has"


def test_a_commands_own_ending_is_told_as_if_there_were_no_services(tmp_path: Path) -> None:
    service = ServiceSpec("idle", ("sleep", "60"))
    for name, argv, ending in (
        ("slow", ("sleep", "60"), Ending.TIMED_OUT),
        ("none", ("no-such-program",), Ending.NOT_STARTED),
    ):
        (tmp_path / name).mkdir()
        ran, found = beside(tmp_path / name, [service], argv, timeout_ms=300)
        assert (ran.ending, ran.exit_code, found.problem) == (ending, None, "")
    (tmp_path / "killed").mkdir()
    ran, _ = beside(tmp_path / "killed", [service], ("sh", "-c", "kill -9 $$"))
    assert ran.exit_code == -9


def test_what_code_in_the_box_writes_over_the_report_makes_no_run_pass_and_reads_no_other_file(tmp_path: Path) -> None:
    place = tmp_path / "out" / FOLDER
    place.mkdir(parents=True)
    secret = tmp_path / "secret"
    secret.write_text("of somebody else")
    (place / "db.log").symlink_to(secret)
    failed = Ran(Ending.EXITED, 1, b"", 0, 50)
    for content in (
        '{"ready_ms": "x", "not_started": []}',
        "[1]",
        '{"service": ',
        json.dumps({"service": "db", "problem": "\x1b[2J"}),
    ):
        (place / "report.json").write_text(content)
        found, told = services_run([ServiceSpec("db", ("x",))], tmp_path / "out")
        assert told(failed) == failed
        assert found.output == ""
        assert "\x1b" not in found.problem
    (place / "report.json").unlink()
    (place / "report.json").symlink_to(secret)
    assert services_run([], tmp_path / "out")[0] == ServicesRun()
