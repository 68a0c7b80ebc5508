"""Code under judgement, in gates that the real verifier's workshop runs: what it tries, and that it gets nowhere.

Each attack is also made from a gate that opens a hole by name, in no box: there it succeeds, so it is a real one.
"""

# ruff: noqa: F811 - fixtures of another folder

from __future__ import annotations

import os
import socket
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from gates.conftest import _pattern, mirror, origin  # noqa: F401 - fixtures
from gates.desk import BOXED, OPEN
from gateway.shop import CHEAP
from onloop.access.opening import GatewayHandle, create_home, open_file
from onloop.gates.box.kind import BoxKind
from onloop.gates.checkout import clean_checkout
from onloop.gates.evaluation import GateSubject, base_result, evaluate
from onloop.gates.repository.mirror import Mirror
from onloop.gates.strongest_box import strongest_box
from onloop.gates.toolchain import toolchain_of, write_toolchain
from onloop.home import Home
from onloop.machine.base_result import base_result_key
from onloop.machine.definition import BoxSpec, CommandGate, Definition, EnvironmentSpec, ToolSpec
from onloop.machine.gate_facts import Program
from onloop.machine.principal import verifier
from onloop.machine.task import Evidence, Kind, Task, Verdict
from onloop.records import replace
from onloop.store.sqlite.database import FILE
from onloop.verifier.gate_context import gate_context_for
from onloop.views.queries.base_results import ReadBaseResult
from support.world import PASSPHRASE, ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator

    from gates.conftest import Origin

pytestmark = pytest.mark.skipif(
    not strongest_box().kind.moves_paths, reason="this machine has no bubblewrap and no user namespaces"
)


class Bench:
    """A store with its verifier's workshop, and an origin to submit to."""

    def __init__(self, home: Home, origin: Origin) -> None:
        self.home, self.origin = home, origin
        self.opened: GatewayHandle = open_file(home)
        self.mirror: Mirror = home.mirror(str(origin.path))
        self.mirror.create()
        self.task = Task("r1", "r1", "t", Kind.WORK, "d" * 64, "w", "human:ana", 0, 0, origin=str(origin.path))

    def submit(self, **files: str) -> GateSubject:
        base = self.mirror.refresh("main")
        self.origin.commit({name.replace("__", "/"): text for name, text in files.items()}, "work")
        head = self.mirror.refresh("work")
        return GateSubject("r1", "d" * 64, head, self.mirror.tree(head), base)

    def run(self, script: str, *words: str, box: BoxSpec = BOXED, setup: tuple[tuple[str, ...], ...] = ()) -> Evidence:
        """The evidence of a gate that runs a Python script of the commit."""
        subject = self.submit(attack=script, nothing=os.urandom(4).hex())
        return self.ask(CommandGate("check", ("{python}", "attack", *words), 60_000, box=box), subject, setup)

    def ask(self, gate: CommandGate, subject: GateSubject, setup: tuple[tuple[str, ...], ...] = ()) -> Evidence:
        environment = EnvironmentSpec(setup, tools=(ToolSpec("python", sys.executable),))
        definition = Definition("w", "", "d" * 64, (), environment)
        workshop = gate_context_for(self.opened, verifier("v1"))(self.task, definition, lambda: False)
        return evaluate(gate, subject, workshop)

    def output(self, evidence: Evidence) -> str:
        with self.opened.gateway.store.reading() as at:
            return (at.blob(evidence.output or "") or b"").decode()


@pytest.fixture
def bench(tmp_path: Path, origin: Origin) -> Iterator[Bench]:
    home = Home(tmp_path / "state" / "store")
    home.store.parent.mkdir(mode=0o700)
    create_home(
        home,
        store_id="s1",
        person="ana",
        groups=("approvers",),
        passphrase=PASSPHRASE,
        email="",
        scripted=False,
        cost=CHEAP,
    )
    made = Bench(home, origin)
    yield made
    made.opened.close()


FREEZE = f"""
import sys
sys.path.insert(0, {str(ROOT / "core")!r})
from pathlib import Path
from onloop.home import Home
from onloop.identity.resolution import Principal, PrincipalKind
from onloop.access.opening import open_file
from onloop.gateway.upkeep import RecordStoreEvent
from onloop.machine.store_state import Frozen
opened = open_file(Home(Path(sys.argv[1])))
ana = Principal(PrincipalKind.HUMAN, "ana")
opened.gateway.perform(RecordStoreEvent(ana, Frozen("all", "human:ana", "mine")))
"""


@pytest.mark.parametrize(("box", "through"), [(BOXED, False), (OPEN, True)], ids=["boxed", "opened by name"])
def test_a_gate_cannot_speak_as_a_person_to_the_store(bench: Bench, box: BoxSpec, through: bool) -> None:
    """F1."""
    found = bench.run(FREEZE, str(bench.home.store), box=box)

    with bench.opened.gateway.store.reading() as at:
        assert bool(at.house().freezes) is through, bench.output(found)
    assert (found.verdict is Verdict.PASS) is through
    assert (found.isolation == "none") is through


READ = """
import socket, sys
for path in sys.argv[2:]:
    try:
        open(path, 'rb').read(1)
        print('read')
    except OSError:
        pass
line = socket.socket(socket.AF_UNIX)
try:
    line.connect(sys.argv[1])
    print('connected')
except OSError:
    pass
"""


@pytest.mark.parametrize(("box", "said"), [(BOXED, ""), (OPEN, "read\nread\nconnected\n")], ids=["boxed", "opened"])
def test_a_gate_reaches_neither_the_stores_file_nor_its_anchor_nor_the_socket(
    bench: Bench, box: BoxSpec, said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """F1."""
    place = bench.home.store.parent
    monkeypatch.chdir(place)
    with socket.socket(socket.AF_UNIX) as door:
        door.bind("door")
        door.listen()
        door_path = str(place / "door") if len(str(place / "door")) < 100 else "door"
        words = (door_path, str(bench.home.store / FILE), str(bench.home.anchor))
        found = bench.run(READ, *words, box=box)
    if not door_path.startswith("/"):
        said = said.replace("connected\n", "")
    assert bench.output(found) == said


FORGE = """
import os, sys
for folder, _, names in os.walk(sys.argv[1]):
    for name in names:
        path = os.path.join(folder, name)
        try:
            os.chmod(path, 0o600)
            open(path, 'wb').write(b'forged')
            print('forged')
        except OSError:
            pass
"""


@pytest.mark.parametrize(("box", "through"), [(BOXED, False), (OPEN, True)], ids=["boxed", "opened by name"])
def test_a_gate_cannot_write_to_a_mirror(bench: Bench, box: BoxSpec, through: bool) -> None:
    """F5."""
    found = bench.run(FORGE, str(bench.home.mirrors), box=box)
    assert ("forged" in bench.output(found)) is through


EDIT = """
import glob, os
for root in {'/tmp', os.environ['TMPDIR'], '/box'}:
    for path in glob.glob(root + '/onloop-*/work/calc.py') + glob.glob(root + '/*/calc.py'):
        if os.path.realpath(path) != os.path.realpath('calc.py'):
            open(path, 'w').write('edited')
            print('edited')
"""


@pytest.mark.parametrize(("box", "through"), [(BOXED, False), (OPEN, True)], ids=["boxed", "opened by name"])
def test_a_gate_cannot_edit_what_another_gate_judges(bench: Bench, box: BoxSpec, through: bool) -> None:
    """F8."""
    with clean_checkout(bench.mirror, bench.submit(a="1").head) as other:
        bench.run(EDIT, box=box)
        assert ((other.path / "calc.py").read_text() == "edited") is through


PLANT = """
import os, sys
for place in (os.environ['HOME'], os.environ['TMPDIR'], '.', '/tmp', '/dev/shm', '/box/out', '/box', '/var/tmp', '/'):
    try:
        open(os.path.join(place, 'planted-by-a-gate'), 'w').close()
    except OSError:
        pass
"""
FIND = """
import os
for place in ('/box', '/tmp', '/dev/shm', '/var/tmp', '/'):
    try:
        names = os.listdir(place)
    except OSError:
        continue
    print([n for n in names if 'planted' in n])
for root, _, names in os.walk('/box'):
    print(*[n for n in names if 'planted' in n], end='')
"""


def test_a_gate_finds_nothing_that_an_earlier_gate_planted(bench: Bench) -> None:
    assert bench.run(PLANT).verdict is Verdict.PASS
    found = bench.run(FIND)
    assert "planted" not in bench.output(found), bench.output(found)
    assert bench.output(found).count("[]") >= 4


PTH = """
import site, sys
for place in {*site.getsitepackages(), sys.prefix, sys.base_prefix}:
    try:
        open(place + '/onloop-test-planted.pth', 'x').close()
        print('planted', place)
    except OSError:
        pass
"""


def test_a_gate_cannot_put_code_into_the_interpreter_that_onloop_runs_with(bench: Bench) -> None:
    found = bench.run(PTH)
    planted = [*Path(sys.prefix).rglob("onloop-test-planted.pth"), *Path(sys.base_prefix).rglob("onloop-test-*.pth")]
    for path in planted:
        path.unlink()
    assert (found.verdict, bench.output(found), planted) == (Verdict.PASS, "", [])


def test_a_make_on_the_path_of_whoever_starts_a_verifier_judges_nothing(
    bench: Bench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    evil = tmp_path / "evil"
    evil.mkdir()
    (evil / "make").write_text("#!/bin/sh\nexit 0\n")
    (evil / "make").chmod(0o755)
    monkeypatch.setenv("PATH", f"{evil}{os.pathsep}{os.environ['PATH']}")
    write_toolchain(bench.home.store, os.environ["PATH"])  # a second time: what is there stays

    found = bench.ask(CommandGate("check", ("make", "all"), 60_000), bench.submit(Makefile="all:\n\tfalse\n"))

    assert found.verdict is not Verdict.PASS
    assert not found.program.startswith(str(evil))
    assert str(evil) not in toolchain_of(bench.home.store).path


def test_a_toolchain_has_no_folder_that_others_can_write_to_and_none_of_the_store(tmp_path: Path) -> None:
    store, good, shared = (tmp_path / name for name in ("store", "good", "shared"))
    for folder in (store, store / "bin", good, shared):
        folder.mkdir()
    shared.chmod(0o777)
    write_toolchain(store, os.pathsep.join(map(str, (good, shared, store / "bin", tmp_path, "relative", "/absent"))))
    folders = toolchain_of(store).folders
    assert good in folders
    assert not {shared, store / "bin", tmp_path, Path("relative"), Path("/absent")} & set(folders)
    good.chmod(0o777)
    assert good not in toolchain_of(store).folders


@pytest.fixture
def tools() -> Iterator[Path]:
    """A folder of programs; not below /tmp, where a box has its own."""
    with tempfile.TemporaryDirectory(dir=ROOT, prefix=".tools-") as place:
        Path(place).chmod(0o755)
        yield Path(place)


def test_a_program_that_changed_since_the_run_started_is_an_error_in_words(bench: Bench, tools: Path) -> None:
    (tools / "lint").write_text("#!/bin/sh\nexit 0\n")
    (tools / "lint").chmod(0o755)
    (bench.home.store / "toolchain").write_text(f"{tools}\n")
    gate, subject = CommandGate("check", ("lint",), 60_000), bench.submit(a="1")
    pins = toolchain_of(bench.home.store).pinned(("lint", "absent", "{python}", ".venv/bin/x"))
    assert [pin.name for pin in pins] == ["absent", "lint", "{python}"]
    bench.task = replace(bench.task, programs=pins)
    good = bench.ask(gate, subject)
    assert (good.verdict, good.program, good.program_digest) == (Verdict.PASS, str(tools / "lint"), pins[1].digest)

    (tools / "lint").write_text("#!/bin/sh\ntrue\nexit 0\n")
    (tools / "absent").symlink_to("lint")
    changed, appeared = bench.ask(gate, subject), bench.ask(replace(gate, argv=("absent",)), subject)

    assert changed.verdict is appeared.verdict is Verdict.ERROR
    assert f"'lint' was {tools / 'lint'} ({pins[1].digest[:12]}) when the run started" in changed.summary
    assert "'absent' was not there when the run started" in appeared.summary


def test_a_program_of_the_checkout_is_named_with_its_digest_and_what_setup_went_by(bench: Bench) -> None:
    subject = bench.submit(uv__lock="1")
    made = "mkdir bin; printf '#!/bin/sh\\nexit 0\\n' > bin/tool; chmod +x bin/tool; ln -s /etc/shadow bin/odd"
    setup = (("sh", "-c", made),)
    tool = bench.ask(CommandGate("check", ("bin/tool",), 60_000), subject, setup)
    odd = bench.ask(CommandGate("check", ("bin/odd",), 60_000), subject, setup)
    assert (tool.verdict, tool.program, len(tool.program_digest), len(tool.cache_key)) == (
        *(Verdict.PASS, "bin/tool", 64, 64),
    )
    assert odd.program_digest == ""
    other = bench.ask(CommandGate("check", ("bin/tool",), 60_000), subject, (("sh", "-c", f"{made}; true"),))
    assert other.cache_key != tool.cache_key


def test_a_stronger_box_than_there_is_is_an_error_and_no_weaker_one_is_taken(bench: Bench) -> None:
    gate = CommandGate("check", ("true",), 60_000, box=BoxSpec(at_least="bubblewrap", open=OPEN.open))
    found = bench.ask(gate, bench.submit(a="1"))
    assert (found.verdict, found.summary) == (
        Verdict.ERROR,
        "the workflow demands the box bubblewrap, but it opens container",
    )


def test_a_gate_has_the_network_only_where_the_workflow_says_so(bench: Bench) -> None:
    script = "import socket, sys; socket.create_connection(('127.0.0.1', int(sys.argv[1])), 5)"
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = str(listener.getsockname()[1])
        without, having = (bench.run(script, port, box=BoxSpec(network=given)) for given in (False, True))
    assert (without.verdict, without.network) == (Verdict.FAIL, False)
    assert (having.verdict, having.network, having.isolation) == (Verdict.PASS, True, strongest_box().kind)
    assert BoxKind(having.isolation) is not BoxKind.NONE


def test_a_pin_says_where_a_program_was(bench: Bench) -> None:
    assert toolchain_of(bench.home.store).program("no-such-program") == Program("no-such-program")


def test_what_a_gate_gave_on_a_base_is_known_to_every_later_verifier_and_not_run_again(bench: Bench) -> None:
    subject = bench.submit(a="1")
    definition = Definition("w", "", "d" * 64, (), EnvironmentSpec())
    gate = CommandGate("check", ("sh", "-c", "date +%s%N; exit 3"), 60_000)
    contexts = [gate_context_for(bench.opened, verifier(name))(bench.task, definition, lambda: False) for name in "vw"]
    first, second = (base_result(gate, subject, context) for context in contexts)
    assert first == second
    assert (first.evidence.verdict, first.evidence.head, first.evidence.verifier) == (
        *(Verdict.FAIL, subject.base, "verifier:v"),
    )
    key = base_result_key(str(bench.origin.path), subject.base, gate, definition.environment)
    assert bench.opened.gateway.perform(ReadBaseResult(key)) == first
