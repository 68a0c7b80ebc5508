"""Every row says what its agent owns, what it waits for and who may act, in the smallest terminal too."""

from __future__ import annotations

from typing import Any

import pytest

from onloop.attention.groups import groups_of
from onloop.attention.items import item_of
from onloop.attention.responsibility import Actor, named_files, ownership_of, part_words, shared_ownership
from onloop.attention.viewer import Viewer
from onloop.machine.offspring import Offspring
from onloop.machine.state import REASONS, Reason, State
from onloop.machine.store_state import StoreState
from onloop.machine.task import Request, RequestKind, Task
from onloop.records import replace
from onloop.store.rows import Lease
from onloop_tui.model.agents.agent_rows import agent_line, agent_rows
from onloop_tui.model.drawing.text_line import plain, width_of
from onloop_tui.model.ground.rollup import RollupCategory, Tally
from onloop_tui.model.ground.snapshot import Snapshot
from onloop_tui.model.inbox.inbox_lines import row_lines
from onloop_tui.model.inbox.order import shown_rows
from onloop_tui.model.tree.tree_rows import RowPosition, row_line
from support.tui_scenes import MINUTE, NOON

from .test_tree_index import task

PARTS = (
    "store: keep with each link when it ends, add(url, ends=None), in links/store.py and tests/test_store.py",
    "service: shorten(url, days=None), and an ended link leads nowhere, in links/service.py",
    "command line: add URL --days N, and say what was typed wrong, in links/cli.py and tests/test_cli.py",
)
ROOT = replace(
    task("r"),
    repo="link-shortener",
    title="the links of a team can end",
    reason=Reason.CHILDREN_RUNNING,
    children=tuple(Offspring(f"r.{n}", title) for n, title in enumerate(PARTS, 1)),
)


def part(number: int, **more: Any) -> Task:
    return replace(task(f"r.{number}"), repo="link-shortener", title=PARTS[number - 1], step="develop.part", **more)


ASKED = Request("q", RequestKind.APPROVAL, "develop.part", "?", NOON, gate="release", approvers=("leads",))
ASKS = part(1, state=State.INPUT_REQUIRED, reason=Reason.APPROVAL_REQUIRED, requests=(ASKED,), since=NOON)
CHECKED = part(2, reason=Reason.GATES_RUNNING, awaited=("tests",), holder="agent:bea", since=NOON)
WORKED_ON = part(3, holder="agent:cai", since=NOON)
LEAD = Viewer("human:ana", ("leads",))


def snapshot() -> Snapshot:
    leases = [Lease(t.id, 1, t.holder or "", NOON + MINUTE, NOON, NOON) for t in (CHECKED, WORKED_ON)]
    return Snapshot().after((ROOT, ASKS, CHECKED, WORKED_ON), StoreState(), 1, leases=leases).at(NOON)


@pytest.mark.parametrize("width", [76, 136])
def test_the_parts_of_a_swarm_are_told_apart_in_the_tree(width: int) -> None:
    def row(shown: Task) -> str:
        drawn = row_line(shown, RowPosition(1, None, Tally(), ROOT), (), StoreState(), NOON, width)
        assert width_of(drawn) <= width
        return plain(drawn)

    for shown, words in ((ASKS, ("store", "leads: approval")), (CHECKED, ("service", "verifier: tests"))):
        assert all(word in row(shown) for word in words), row(shown)
    assert "command line" in row(WORKED_ON) and "cai: work" in row(WORKED_ON)
    assert ("links/store.py" in row(ASKS)) is (width > 110)
    assert "link-shortener" not in row(ASKS), "what they share stands in the row of the run"


@pytest.mark.parametrize("width", [76, 136])
def test_an_agents_row_has_its_part_and_what_it_waits_for(width: int) -> None:
    rows = [plain(agent_line(row, NOON, width)) for row in agent_rows(snapshot())]

    assert len(rows) == 2 and all(len(row) <= width for row in rows)
    assert "service" in rows[0] and "verifier:" in rows[0]
    assert "command line" in rows[1] and "part" in rows[1]


@pytest.mark.parametrize("width", [76, 136])
def test_a_row_of_the_inbox_has_its_part_and_who_may_act(width: int) -> None:
    seen = snapshot()
    (row,) = shown_rows(seen.board, seen.board.shown, seen.tasks, NOON, LEAD)
    first, second = (plain(line) for line in row_lines(row, 0, NOON, width))

    assert "store · links/store.py" in first and "for you" in second
    (row,) = shown_rows(seen.board, seen.board.shown, seen.tasks, NOON)
    assert "for leads" in plain(row_lines(row, 0, NOON, width)[1])


def test_the_telling_part_of_a_title_is_what_no_sibling_has() -> None:
    assert part_words(PARTS[0], [*PARTS[1:]])[0] == "store"
    assert part_words("expiry (1 of 3)", ["expiry (2 of 3)", "expiry (3 of 3)"]) == ("(1 of 3)", "")
    assert part_words("fix: the store", ["fix: the shelf"]) == ("store", "")
    assert part_words("the same", ["the same"]) == ("the same", "")
    assert part_words("x" * 90 + ": y", [])[0] == "x" * 90 + ": y"


def test_files_are_the_paths_that_a_text_names() -> None:
    text = "Build it (see README.md). Touch src/api/, docs/*.md and a/b.py, not http://x.y/z, and/or, 1.2, $OUT/c.py"
    assert named_files(text) == ("README.md", "src/api/", "docs/*.md", "a/b.py")


def test_every_reason_says_who_may_act_and_only_what_asks_a_person_names_a_person() -> None:
    for state, reasons in REASONS.items():
        for reason in (*reasons, *([None] if state is State.WORKING else [])):
            found = ownership_of(replace(WORKED_ON, state=state, reason=reason), reason, NOON)
            asks = state in {State.INPUT_REQUIRED, State.AUTH_REQUIRED, State.PAUSED} or reason is Reason.FROZEN
            assert (found.actor is Actor.PERSON) is asks, (state, reason)
            assert found.now()
    assert ownership_of(replace(WORKED_ON, state=State.COMPLETED), None, NOON).now() == ""


def test_several_members_are_counted_as_what_they_are() -> None:
    def words(*repos: str | None) -> str:
        tasks = {f"q{n}": replace(ASKS, id=f"q{n}", parent=None, repo=repo) for n, repo in enumerate(repos)}
        (group,) = groups_of(item for item in map(item_of, tasks.values()) if item is not None)
        return shared_ownership(group, tasks, NOON)[0]

    assert words("a", "b") == "2 repos"
    assert words("a", "b", "b") == "3 tasks, 2 repos"
    assert words("a", "a") == "2 tasks of a"
    assert words(None, None) == "2 tasks", "a run is no repository"


@pytest.mark.parametrize("width", [76, 136])
def test_a_run_that_asks_a_person_itself_says_so_beside_the_counts_below_it(width: int) -> None:
    tally = Tally(tuple(3 * (category is RollupCategory.DONE) for category in RollupCategory))
    asks = replace(ROOT, state=State.INPUT_REQUIRED, reason=Reason.APPROVAL_REQUIRED, requests=(ASKED,), step="a.ship")
    rows = [
        plain(row_line(task, RowPosition(0, True, tally), (), StoreState(), NOON, width, viewer=LEAD))
        for task in (asks, ROOT)
    ]

    assert "you" in rows[0] and "all 3 done" in rows[0]
    assert "you" not in rows[1] and "all 3 done" in rows[1]


def test_a_fleet_does_not_wait_for_no_parts() -> None:
    fleet = replace(ROOT, children=())

    assert ownership_of(fleet, Reason.CHILDREN_RUNNING, NOON).now() == "the tasks below"
    assert ownership_of(ROOT, Reason.CHILDREN_RUNNING, NOON).now() == "3 parts below"
