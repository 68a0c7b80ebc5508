"""`onloop workflow export` and `import`: the workflow on stdout, what was lost on stderr, and an exit code for it."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest

from support.zygote import zygote

PLAN = (Path(__file__).with_name("examples") / "10-plan-implement.fabro").read_text()
LINE = re.compile(r"plan\.fabro:[0-9]+:[0-9]+: (lost|changed|unverified|prose|carried): .+; .+")


Onloop = Callable[..., tuple[int, str, str]]


@pytest.fixture
def onloop(tmp_path: Path) -> Onloop:
    def run(*words: str) -> tuple[int, str, str]:
        given = {"HOME": str(tmp_path), "ONLOOP_STORE": str(tmp_path / "store")}
        return zygote().run(("workflow", *words), given, tmp_path, None)

    (tmp_path / "plan.fabro").write_text(PLAN)
    return run


def test_an_export_says_what_others_do_not_obey_and_its_import_loses_nothing(onloop: Onloop, tmp_path: Path) -> None:
    code, out, err = onloop("export", "attractor", "feature")
    assert (code, out.splitlines()[0]) == (10, "digraph feature {")
    assert "feature:113:5: carried: effect of ship.merge" in err
    (tmp_path / "f.dot").write_text(out)
    code, out, err = onloop("import", "f.dot")
    assert (code, err) == (0, "")
    assert "workflow: feature\n" in out
    assert onloop("import", "f.dot", "--strict")[0] == 0
    code, out, _ = onloop("export", "mermaid", "swarm-feature")
    assert (code, out.splitlines()[0]) == (10, "flowchart TD")


def test_an_import_prints_the_workflow_and_what_was_lost_and_strict_prints_nothing(onloop: Onloop) -> None:
    code, out, err = onloop("import", "plan.fabro")
    assert code == 10
    assert "workflow: plan-implement" in out
    assert all(LINE.fullmatch(line) for line in err.splitlines()[:-1])
    code, out, err = onloop("import", "plan.fabro", "--json")
    printed = json.loads(out)
    assert (code, printed["exit"], printed["imported"]) == (10, 10, "fabro")
    assert {loss["kind"] for loss in printed["losses"]} == {"lost", "unverified"}
    assert {loss["file"] for loss in printed["losses"]} == {"plan.fabro"}
    code, out, err = onloop("import", "plan.fabro", "--strict")
    assert (code, out) == (2, "")
    assert "plan.fabro:8:" in err


@pytest.mark.parametrize(
    ("words", "says"),
    [
        ("export", "to which format?"),
        ("export dotty feature", "'dotty' is no format here"),
        ("export symphony feature", "'symphony' is no format here"),
        ("export fabro", "which workflow?"),
        ("export fabro featur", "did you mean feature?"),
        ("import", "which file?"),
        ("import gone.dot", "gone.dot cannot be read"),
        ("import plan.txt", "does not say its format"),
        ("import plan.fabro --format mermaid", "'mermaid' is no format here"),
        ("import plan.fabro --format speckit", "plan.fabro:1:"),
        ("list --strict", "takes none of that"),
    ],
)
def test_what_cannot_be_used_is_said_with_what_would_work(onloop: Onloop, words: str, says: str) -> None:
    code, out, err = onloop(*words.split())
    assert (code, out) == (2, "")
    assert says in err
    assert "Traceback" not in err
