"""What gates find around them: made once, then only read, each gate with a layer of its own."""

from __future__ import annotations

import os
import sys
import threading
from pathlib import Path

import pytest

from gates.conftest import Origin
from gates.desk import Desk, command, says
from guides.pages import GUIDES, blocks
from onloop.errors import BadInput
from onloop.gates.box.kind import Box, BoxKind
from onloop.gates.environments.box_user import settled
from onloop.gates.environments.place import Layering, copy_over
from onloop.gates.environments.secret_values import SecretMissing, secret_values
from onloop.gates.environments.slots import slot, slot_variables
from onloop.gates.environments.tree_cache import GateStopped, TreeCache
from onloop.gates.repository.mirror import Mirror
from onloop.gates.strongest_box import unused_user, works
from onloop.gates.toolchain import ToolMissing
from onloop.gateway.program_pins import look_in
from onloop.machine.definition import BoxSpec, CacheSpec, CommandGate, Definition, EnvironmentSpec, ToolSpec
from onloop.machine.task import Evidence, Verdict
from onloop.workflow.loader import load
from support.waiting import comes

PYTHON = ToolSpec("python", sys.executable)
BOXES = [
    *(
        (Box(kind, unused_user()), layering)
        for kind in (BoxKind.BUBBLEWRAP, BoxKind.NAMESPACES)
        for layering in Layering
    ),
    (Box(BoxKind.NAMESPACES), Layering.OVERLAY),
    (Box(BoxKind.BUBBLEWRAP), Layering.OVERLAY),
    (Box(BoxKind.LANDLOCK), Layering.COPY),
    (Box(BoxKind.NONE), Layering.COPY),
]
POISON = (
    "echo bad > .venv/lib.py; rm -f made; mkdir -p deep; echo bad > deep/x; echo bad > $HOME/rc; echo bad > $TMPDIR/t;"
    "echo bad > kept.py; chmod 777 .; rm -rf .venv/gone; ln -s /etc/passwd link"
)
LOOK = "cat .venv/lib.py made kept.py .venv/gone/x $HOME/rc; test ! -e $TMPDIR/t; test ! -e deep; test ! -e link"


@pytest.fixture
def desk(origin: Origin, mirror: Mirror) -> Desk:
    return Desk(origin, mirror)


def words(*lines: str) -> tuple[tuple[str, ...], ...]:
    return tuple(("sh", "-ec", line) for line in lines)


def filled(folder: Path) -> None:
    (folder / "x").write_text("x")


def ask(desk: Desk, script: str, files: dict[str, str | bytes] | None = None) -> Evidence:
    return desk.ask(command("sh", "-ec", script), desk.submit(files or {}))


@pytest.mark.parametrize(("box", "layering"), BOXES, ids=lambda value: getattr(value, "name", str(value)))
def test_what_a_gate_writes_reaches_no_other_gate_in_any_box(desk: Desk, box: Box, layering: Layering) -> None:
    if not works(box):
        pytest.skip(f"no {box.name} here")
    desk.box, desk.layering = box, layering
    desk.base({"kept.py": "good\n"})
    setup = "mkdir -p .venv/gone; echo good > .venv/lib.py; echo good > .venv/gone/x; echo good > $HOME/rc"
    desk.environment = EnvironmentSpec(setup=words(setup), build=words("echo good > made"), tools=(PYTHON,))
    assert says(ask(desk, f"{LOOK}; {POISON}", {"a": "1"}))[0] is Verdict.PASS
    again = ask(desk, LOOK, {"a": "2"})
    assert says(again)[0] is Verdict.PASS, desk.output(again)
    assert desk.output(again) == "good\n" * 5


def test_setup_runs_once_for_all_commits_that_leave_its_files_alone(desk: Desk) -> None:
    desk.base({"lock": "1", "kept.py": "base"})
    desk.environment = EnvironmentSpec(setup=words("date +%N > stamp; cat kept.py > seen"), cache_key=("lock",))
    first = ask(desk, "cat stamp seen", {"kept.py": "head"})
    second = ask(desk, "cat stamp seen", {"other": "x"})
    assert desk.output(first) == desk.output(second)
    assert desk.output(first).endswith("base"), "setup ran on the target's own commit"
    assert (first.spent and first.spent.setup_cached, second.spent and second.spent.setup_cached) == (False, True)
    assert first.cache_key == second.cache_key != ""


def test_a_commit_that_changes_what_setup_goes_by_has_a_setup_of_its_own_without_secrets_and_is_flagged(
    desk: Desk,
) -> None:
    desk.base({"lock": "1"})
    desk.setup_secrets = {"INDEX_TOKEN": "hunter2-token"}
    setup = words('cat lock > seen; test -z "$INDEX_TOKEN" || echo secret > had')
    desk.environment = EnvironmentSpec(setup=setup, cache_key=("lock",), secrets=("INDEX_TOKEN",))
    look = 'cat seen; ls; test -z "$INDEX_TOKEN"'
    ours = ask(desk, look, {"a": "1"})
    theirs = ask(desk, look, {"lock": "evil"})
    assert "had" in desk.output(ours).split()
    assert desk.output(theirs).startswith("evil") and "had" not in desk.output(theirs).split()
    assert [flag.path for flag in theirs.flags] == ["lock"] and not ours.flags
    assert desk.output(ask(desk, "cat seen", {"lock": "1", "b": "2"})) == "1"


def test_setup_goes_by_the_files_that_its_commands_name_and_by_what_caches_hold(desk: Desk) -> None:
    cache = CacheSpec("wheels", words("cat lock > {cache}/seen"), ("lock",))
    setup = (("sh", "./ci/setup.sh", "{cache}"),)
    desk.environment = EnvironmentSpec(caches=(cache,), setup=setup, cache_key=("other",), secrets=("TOKEN",))
    desk.setup_secrets = {"TOKEN": "hunter2-token"}
    script = "cat $1/seen > made; echo {} ${{TOKEN:+secret}} >> made"
    for lock, word in (("a", "one"), ("a", "two"), ("b", "two")):
        desk.base({"lock": f"{lock}\n", "ci/setup.sh": script.format(word)})
        assert desk.output(ask(desk, "cat made", {"x": lock + word})) == f"{lock}\n{word} secret\n"
    theirs = ask(desk, "cat made", {"ci/setup.sh": script.format("evil")})
    assert desk.output(theirs) == "b\nevil\n"
    assert [flag.path for flag in theirs.flags] == ["ci/setup.sh"]


def test_what_build_made_is_not_taken_where_places_are_made_in_another_way(desk: Desk) -> None:
    desk.base({"code": "base"})
    desk.environment = EnvironmentSpec(build=words("cat code > built"))
    subject = desk.submit({"code": "head"})
    for desk.layering in Layering:
        evidence = desk.ask(command("cat", "code", "built"), subject)
        assert says(evidence)[0] is Verdict.PASS, desk.output(evidence)
        assert desk.output(evidence) == "headhead"


def test_files_of_a_commit_are_never_those_that_setup_wrote(desk: Desk) -> None:
    desk.base({"code.py": "base", "gone.py": "base", "kind": "a file"})
    desk.environment = EnvironmentSpec(
        setup=words(
            "echo setup > code.py; echo setup > gone.py; rm kind; mkdir new; echo setup > new/x; echo setup > late.py"
        )
    )
    subject = desk.submit({"late.py": "head\n", "new": "head"}, "gone.py")
    evidence = desk.ask(command("sh", "-ec", "cat code.py; cat late.py; cat kind; cat new; test ! -e gone.py"), subject)
    assert says(evidence)[0] is Verdict.PASS, desk.output(evidence)
    assert desk.output(evidence) == "basehead\na filehead"


def test_build_runs_once_for_a_commit_and_sees_its_own_files(desk: Desk) -> None:
    desk.base({"code": "base"})
    desk.environment = EnvironmentSpec(
        setup=words("echo dep > dep"), build=words("cat dep code > built; date +%N >> built; echo changed > code")
    )
    subject = desk.submit({"code": "head"})
    outputs = {desk.output(desk.ask(command("cat", "built", "code"), subject)) for _ in range(2)}
    assert len(outputs) == 1
    (output,) = outputs
    assert output.startswith("dep\nhead") and output.endswith("changed\n")
    assert desk.output(ask(desk, "cat built", {"code": "next"})).startswith("dep\nnext")


def test_a_virtual_environment_works_in_every_gate(desk: Desk) -> None:
    desk.environment = EnvironmentSpec(
        setup=(("{python}", "-m", "venv", "--without-pip", ".venv"),), tools=(ToolSpec("python", "/usr/bin/python3"),)
    )
    evidence = desk.ask(command(".venv/bin/python", "-c", "import sys; print(sys.prefix)"), desk.submit({"a": "1"}))
    assert says(evidence)[0] is Verdict.PASS, desk.output(evidence)
    assert desk.output(evidence).strip().endswith("/checkout/.venv")
    assert [tool.path for tool in evidence.tools] == ["/usr/bin/python3"] and evidence.tools[0].digest


def test_a_cache_is_fetched_by_its_key_files_alone_and_is_read_only(desk: Desk) -> None:
    desk.base({"lock": "1", "secret.py": "x"})
    fetch = words("ls > {cache}/seen; cat lock >> {cache}/seen")
    desk.environment = EnvironmentSpec(
        caches=(CacheSpec("wheels", fetch, ("lock",)),), setup=words("cp {cache}/seen got; ! echo x > {cache}/seen")
    )
    evidence = ask(desk, "cat got {cache:wheels}/seen; ! echo bad > {cache}/seen", {"a": "1"})
    assert says(evidence)[0] is Verdict.PASS, desk.output(evidence)
    assert desk.output(evidence).replace("sh: 1: cannot create", "").startswith("lock\n1lock\n1")


def test_variables_are_set_for_setup_build_and_gates_and_a_missing_tool_is_named(desk: Desk) -> None:
    desk.environment = EnvironmentSpec(
        setup=words("echo $FLAVOUR > s"), build=words("echo $FLAVOUR > b"), variables=(("FLAVOUR", "plum"),)
    )
    assert desk.output(ask(desk, "cat s b; echo $FLAVOUR", {"a": "1"})) == "plum\n" * 3
    desk.environment = EnvironmentSpec(tools=(ToolSpec("python", "python9"),))
    verdict, summary = says(desk.ask(command("{python}", "-V"), desk.submit({"a": "2"})))
    assert verdict is Verdict.ERROR and "{python} is 'python9'" in summary


def test_gates_that_exclude_each_other_wait_and_each_has_a_slot_and_ports_of_its_own(
    desk: Desk, tmp_path: Path
) -> None:
    both = tmp_path / "both"
    both.mkdir()
    enter = f"mkdir {both}/lock && echo $ONLOOP_SLOT $ONLOOP_PORT_BASE && sleep 0.3 && rmdir {both}/lock"
    outputs: list[str] = []
    subject = desk.submit({"a": "1"})

    def run(word: str) -> None:
        gate = command("sh", "-ec", enter, box=BoxSpec(open=("container",)))  # type: ignore[arg-type]
        evidence = desk.ask(type(gate)(gate.id, gate.argv, gate.timeout_ms, box=gate.box, exclusive=word), subject)
        outputs.append(f"{evidence.verdict.value} {desk.output(evidence)}".strip())

    threads = [threading.Thread(target=run, args=("port",)) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [line.split()[0] for line in outputs] == ["pass"] * 3, outputs


def test_one_makes_a_folder_while_others_wait_and_a_killed_maker_leaves_nothing(tmp_path: Path) -> None:
    cache, begun = TreeCache(tmp_path / "trees"), tmp_path / "begun"

    def never_done(folder: Path) -> None:
        begun.write_text(str(folder))
        threading.Event().wait()

    pid = os.fork()
    if pid == 0:
        with cache.held("k", never_done, lambda: False):
            os._exit(0)
    assert comes(lambda: begun.exists() and begun.read_text())
    with pytest.raises(GateStopped), cache.held("k", lambda _: None, lambda: True):
        pass
    os.kill(pid, 9)
    os.waitpid(pid, 0)
    with cache.held("k", filled, lambda: False) as (path, was_there):
        assert not was_there and [entry.name for entry in path.iterdir() if not entry.name.startswith(".")] == ["x"]
        assert not cache.remove("k"), "it is in use"
    assert not Path(begun.read_text()).exists()


def test_the_cache_keeps_what_was_used_last(tmp_path: Path) -> None:
    cache = TreeCache(tmp_path / "trees", most=2)
    for key in "abc":
        with cache.held(key, filled, lambda: False):
            pass
    assert sorted(tree.key for tree in cache.sizes()) == ["b", "c"]


def test_a_copy_never_writes_through_a_link(tmp_path: Path) -> None:
    outside, below, above, target = (tmp_path / name for name in ("outside", "below", "above", "target"))
    for folder in (outside, below, above / "src", target):
        folder.mkdir(parents=True)
    (outside / "x").write_text("ours")
    (below / "src").symlink_to(outside)
    (above / "src" / "x").write_text("theirs")
    copy_over((below, above), target)
    assert (outside / "x").read_text() == "ours" and (target / "src" / "x").read_text() == "theirs"


def test_a_setup_that_breaks_on_the_targets_own_files_is_no_fault_of_the_commit_and_nothing_of_it_is_kept(
    desk: Desk,
) -> None:
    desk.base({"lock": "bad"})
    desk.environment = EnvironmentSpec(setup=words("echo half > half; grep -q good lock"), cache_key=("lock",))
    theirs = desk.ask(command("true"), desk.submit({"a": "1"}))
    assert says(theirs)[0] is Verdict.ERROR and theirs.summary.startswith("setup `sh -ec")
    own = desk.ask(command("true"), desk.submit({"lock": "worse"}))
    assert says(own)[0] is Verdict.FAIL, "this commit changed what setup goes by"
    assert says(desk.ask(command("cat", "half"), desk.submit({"lock": "good"})))[0] is Verdict.PASS


def test_a_secret_is_read_from_a_private_file_of_a_person_and_a_missing_one_is_named(tmp_path: Path) -> None:
    file = tmp_path / "secrets.toml"
    with pytest.raises(SecretMissing, match="INDEX_TOKEN"):
        secret_values(file, ("INDEX_TOKEN",))
    file.write_text('INDEX_TOKEN = "long enough"\n')
    file.chmod(0o644)
    with pytest.raises(BadInput, match="open to others"):
        secret_values(file, ("INDEX_TOKEN",))
    file.chmod(0o600)
    assert secret_values(file, ("INDEX_TOKEN",)) == {"INDEX_TOKEN": "long enough"}


def test_the_user_of_a_box_is_the_same_for_every_verifier_of_a_store(tmp_path: Path) -> None:
    first, second = (Box(BoxKind.BUBBLEWRAP, user) for user in (61_200, 61_201))
    assert settled(first, tmp_path / "kept") == first
    assert settled(second, tmp_path / "kept") == (first if os.geteuid() == 0 else second)
    assert settled(Box(BoxKind.BUBBLEWRAP), tmp_path / "kept") == Box(BoxKind.BUBBLEWRAP)


def test_the_environment_of_the_guide_works_as_it_stands_there(desk: Desk) -> None:
    example = next(b.code for b in blocks(GUIDES["workflows"]) if b.code.startswith("workflow: shop\n"))
    definition = load(example.encode(), "shop.yaml")
    (tests,) = (gate for step in definition.steps for gate in step.gates if isinstance(gate, CommandGate))
    desk.environment = definition.environment
    body = "import os, unittest\n\nclass T(unittest.TestCase):\n    def test_it(self):\n        {}\n"
    good = desk.submit(
        {"tests/__init__.py": "", "tests/test_a.py": body.format("assert os.environ['SHOP_MODE'] == 'test'")}
    )
    evidence = desk.ask(tests, good)
    assert says(evidence)[0] is Verdict.PASS, desk.output(evidence)
    assert evidence.program == ".venv/bin/python"


def test_a_command_may_have_words_of_any_length_and_form(desk: Desk) -> None:
    script = "echo /" + "x" * 5_000 + "/../y > /dev/null; echo fine"
    evidence = desk.ask(command("sh", "-c", script), desk.submit({"a": "1"}))
    assert (says(evidence)[0], desk.output(evidence)) == (Verdict.PASS, "fine\n")
    assert says(desk.ask(command("env", f"A={script}", "true"), desk.submit({"a": "2"})))[0] is Verdict.PASS


def test_a_slot_is_nobody_elses_while_it_is_held_and_its_ports_neither(tmp_path: Path) -> None:
    with slot(tmp_path) as first, slot(tmp_path) as second:
        held = [slot_variables(number) for number in (first, second)]
    with slot(tmp_path) as again:
        assert (first, second, again) == (0, 1, 0)
    begins = [int(each["ONLOOP_PORT_BASE"]) for each in held]
    assert begins[1] - begins[0] >= int(held[0]["ONLOOP_PORT_COUNT"])


def test_a_run_whose_tool_is_not_there_does_not_begin_and_what_is_there_is_named(tmp_path: Path) -> None:
    programs = tmp_path / "bin"
    programs.mkdir()
    (programs / "widget-2").write_text("#!/bin/sh\n")
    (programs / "widget-2").chmod(0o755)
    store = tmp_path / "apart" / "store"
    store.mkdir(parents=True, mode=0o700)
    (store / "toolchain").write_text(f"{programs}\n")
    wanted = Definition("w", "", "d" * 64, (), EnvironmentSpec(tools=(ToolSpec("widget", "widget-3"),)))
    with pytest.raises(ToolMissing, match=r"'widget-3'.*there is: widget-2"):
        look_in(store)(wanted)
    there = Definition("w", "", "d" * 64, (), EnvironmentSpec(tools=(ToolSpec("widget", "widget-2"),)))
    assert [program.path for program in look_in(store)(there)] == [str(programs / "widget-2")]
