"""What a gate finds in its checkout beside the files of its commit, and what it leaves there, in every kind of box."""

from __future__ import annotations

import shutil
import sys
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from gates.desk import Desk, command, says
from gates.test_environments import BOXES
from gates.test_large_files import ATTRIBUTES, put
from gates.test_submodules import library, record
from guides.pages import GUIDES, blocks
from onloop.gates.box.kind import BoxKind
from onloop.gates.evaluation import GateSubject
from onloop.gates.strongest_box import works
from onloop.machine.definition import Counter, EnvironmentSpec, ServiceSpec, TestExpectation, ToolSpec
from onloop.machine.task import Verdict
from onloop.records import replace
from onloop.workflow.loader import load

if TYPE_CHECKING:
    from gates.conftest import Origin
    from onloop.gates.box.kind import Box
    from onloop.gates.environments.place import Layering
    from onloop.gates.repository.mirror import Mirror

KINDS = (BoxKind.BUBBLEWRAP, BoxKind.NAMESPACES, BoxKind.LANDLOCK, BoxKind.NONE)
PYTHON = ToolSpec("python", sys.executable)
FILM = b"\x00film" * 500
EACH_KIND = [next(each for each in BOXES if each[0].kind is kind) for kind in KINDS]
GREETER = (
    "import socket\ns = socket.create_server(('127.0.0.1', 47113))\nprint('up', flush=True)\n"
    "while True: s.accept()[0].sendall(b'hello')"
)
GREETING = ServiceSpec("greeter", ("{python}", "-c", GREETER), port=47113)
ASK = "import socket; print(socket.create_connection(('127.0.0.1', 47113)).recv(5).decode())"
LOOK = (
    "git describe; git status --porcelain; git ls-files | tr '\\n' ' '; git diff --check HEAD~1; cat lib/lib.py;"
    "sha256sum film.bin | cut -c1-12; echo shot > shot.png;"
    "git -c user.name=a -c user.email=b commit -qam x --allow-empty"
)


@pytest.fixture
def desk(origin: Origin, mirror: Mirror) -> Desk:
    return Desk(origin, mirror)


def handed(desk: Desk, lib: Origin) -> GateSubject:
    """A commit on top of a tagged base, with a submodule and a large file."""
    modules = {"lib": (str(lib.path), lib.tip())}
    film = put(desk.origin.path / "lfs", FILM)
    base = record(desk.origin, modules, **{".gitattributes": ATTRIBUTES, "film.bin": film})
    desk.origin.git("tag", "-a", "-m", "first", "v1.0", base)
    head = record(desk.origin, modules, "work", new="1\n")
    for branch in ("main", "work"):
        desk.mirror.refresh(branch)
    return GateSubject("r7k2m.3", "d" * 64, head, desk.mirror.tree(head), base)


@pytest.mark.parametrize(("box", "layering"), EACH_KIND, ids=lambda value: getattr(value, "name", str(value)))
def test_a_gate_finds_git_a_submodule_and_a_large_file_and_what_it_leaves_is_kept_in_any_box(
    desk: Desk, box: Box, layering: Layering, tmp_path: Path
) -> None:
    if not works(box):
        pytest.skip(f"no {box.name} here")
    desk.box, desk.layering = box, layering
    subject = handed(desk, library(tmp_path / "lib", {"lib.py": "x = 1\n"}))
    desk.environment = EnvironmentSpec(git=True, submodules=True, lfs=True, attach=("*.png",))
    for _ in range(2):  # the second finds what the first did, and nothing that the first wrote
        evidence = desk.ask(command("sh", "-ec", LOOK), subject)
        assert says(evidence)[0] is Verdict.PASS, desk.output(evidence)
        assert desk.output(evidence).splitlines() == [
            f"v1.0-1-g{subject.head[:7]}",
            ".gitattributes .gitmodules README.md calc.py film.bin lib new x = 1",
            sha256(FILM).hexdigest()[:12],
        ]
        kept = [(each.name, desk.stored[each.digest], each.size) for each in evidence.attachments]
        assert kept == [("shot.png", b"shot\n", 5)]


@pytest.mark.parametrize(("box", "layering"), EACH_KIND, ids=lambda value: getattr(value, "name", str(value)))
def test_a_service_runs_beside_a_gate_where_its_box_has_a_loopback(desk: Desk, box: Box, layering: Layering) -> None:
    if not works(box):
        pytest.skip(f"no {box.name} here")
    desk.box, desk.layering = box, layering
    desk.environment = EnvironmentSpec(services=(GREETING,), tools=(PYTHON,))
    evidence = desk.ask(command("{python}", "-c", ASK), desk.submit({"a": "1"}))
    if box.kind is BoxKind.LANDLOCK:  # it lets nobody listen
        assert says(evidence)[0] is Verdict.ERROR
        assert "the service greeter ended before it was ready, with exit code 1: PermissionError" in evidence.summary
        return
    assert says(evidence)[0] is Verdict.PASS, desk.output(evidence)
    assert desk.output(evidence) == "[onloop: the service greeter wrote]\nup\nhello\n"
    assert evidence.spent is not None
    assert evidence.spent.services_ms > 0


@pytest.mark.skipif(shutil.which("initdb") is None, reason="PostgreSQL is not on PATH")
def test_the_database_of_the_guide_answers_beside_a_gate(desk: Desk) -> None:
    shown = next(block.code for block in blocks(GUIDES["gates"]) if "services:" in block.code)
    workflow = f"workflow: x\ndescription: x\n{shown}steps:\n  - {{id: a.b, role: r}}\n"
    desk.environment = load(workflow.encode(), "gates.md").environment
    asking = ("psql", "-h", "127.0.0.1", "-U", "app", "-d", "postgres", "-Atc", "select 6 * 7")
    evidence = desk.ask(command(*asking), desk.submit({"a": "1"}))
    assert says(evidence)[0] is Verdict.PASS, desk.output(evidence)
    assert desk.output(evidence).endswith("\n42\n")


def test_a_service_that_is_not_ready_is_an_error_and_no_failure_of_the_work(desk: Desk) -> None:
    broken = ServiceSpec("db", ("sh", "-c", "echo FATAL: no space; echo shut down; exit 1"), port=5432)
    desk.environment = EnvironmentSpec(services=(broken,))
    evidence = desk.ask(command("true"), desk.submit({"a": "1"}))
    assert says(evidence) == (
        Verdict.ERROR,
        "the service db ended before it was ready, with exit code 1: FATAL: no space",
    )
    assert desk.output(evidence) == "[onloop: the service db wrote]\nFATAL: no space\nshut down\n"


def test_tests_beside_a_service_are_counted_and_their_end_is_proved_as_ever(desk: Desk) -> None:
    desk.environment = EnvironmentSpec(services=(ServiceSpec("idle", ("sleep", "600")),), tools=(PYTHON,))
    gate = command("{python}", "-m", "unittest", "-q", tests=TestExpectation(Counter.UNITTEST))
    test = "import os, unittest\nclass T(unittest.TestCase):\n    def test_a(self): {}\n"
    assert says(desk.ask(gate, desk.submit({"test_a.py": test.format("pass")})))[1].startswith("1 test passed")
    leaving = desk.ask(gate, desk.submit({"test_a.py": test.format("os._exit(0)")}))
    assert says(leaving)[0] is Verdict.FAIL


def test_secrets_are_masked_in_what_a_command_leaves_and_what_is_no_text_stays_as_it_is(desk: Desk) -> None:
    desk.secrets = ("hunter2-hunter2",)
    gate = replace(command("sh", "-c", "echo hunter2-hunter2 > a.log; printf '\\377\\000' > a.png"), attach=("a.*",))
    evidence = desk.ask(gate, desk.submit({"a.txt": "was there before\n"}))
    kept = {each.name: desk.stored[each.digest] for each in evidence.attachments}
    assert kept.keys() == {"a.log", "a.png"}
    assert b"hunter2" not in kept["a.log"]
    assert kept["a.png"] == b"\xff\x00"


def test_what_cannot_be_filled_is_an_error_in_words(desk: Desk, tmp_path: Path) -> None:
    subject = handed(desk, library(tmp_path / "lib", {"lib.py": "x = 1\n"}))
    (tmp_path / "lib" / "origin.git").rename(tmp_path / "moved")
    desk.environment = EnvironmentSpec(submodules=True)
    verdict, summary = says(desk.ask(command("true"), subject))
    assert verdict is Verdict.ERROR
    assert summary.startswith("the submodule lib: ")
