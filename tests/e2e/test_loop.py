"""`onloop loop` as it is typed: one real task through its gates, and what is refused."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from e2e.conftest import end_verifier
from onloop.errors import Exit
from support.world import World

GREETING = 'echo hello > hello.txt; git add -A; git commit -qm "Say hello"'


@pytest.fixture(scope="module")
def merged(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[World, str]]:
    """A world in which a task waits for its approval, and its run."""
    world = World(tmp_path_factory.mktemp("looped"))
    world.init()
    run = world.fleet(world.origin("shop"))
    world.onloop("work", "--role", "implementer", "--once", "--", *world.agent(GREETING))
    world.until(f"{run}.1", "input_required", "approval_required")
    yield world, run
    end_verifier(world)


def test_a_task_that_waits_is_one_request_that_is_open(merged: tuple[World, str]) -> None:
    world, run = merged
    told = world.onloop("loop", "--json").json

    assert [(gate["gate"], gate["asked"], gate["open"]) for gate in told["human_gates"]] == [("release", 1, 1)]
    assert told["live"] == 1 and told["autonomy"]["share"] is None and told["whole"] == {"median": None, "count": 0}
    assert all(gate["runs"] == gate["passed"] > 0 for gate in told["machine_gates"])
    assert world.onloop("loop", "--run", run, "--since", "1d").out.startswith("since ")
    assert world.onloop("loop", "--md").out.startswith("# The loop\n")
    assert world.onloop("loop", "--csv").out.startswith("table,of,figure,value,count\n")


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("--since", "yesterday-ish"), "is no time"),
        (("--since", "2999-01-01"), "is not in the past"),
        (("--since", "999999999999d"), "is not in the past"),
        (("--md", "--csv"), "several formats"),
        (("--run", "nope"), "nope"),
        (("--workflow", "nope"), "nope"),
    ],
)
def test_what_cannot_be_told_is_said(merged: tuple[World, str], words: tuple[str, ...], told: str) -> None:
    ran = merged[0].onloop("loop", *words)

    assert ran.code == Exit.USAGE and told in ran.err and "Traceback" not in ran.err
