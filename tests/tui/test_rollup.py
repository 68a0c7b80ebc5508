"""Counts of what is below a task: carried up with every change, they are what counting anew would give."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from onloop.machine.state import LIVE, Reason, State
from onloop.machine.store_state import StoreState
from onloop.machine.task import Task
from onloop.records import replace
from onloop_tui.model.ground.rollup import RollupCategory, Tally, one, rollup_category_of
from onloop_tui.model.tree.tree_index import TreeIndex
from onloop_tui.model.tree.tree_rows import sign_as_of

from .test_tree_index import NOON, task

STATES = st.sampled_from([*((state, None) for state in State), (State.PAUSED, Reason.EXCLUDED)])
CHANGES = st.lists(st.tuples(st.integers(0, 30), st.integers(-1, 30), STATES), max_size=60)


def _recounted(tasks: dict[str, Task], above: str) -> tuple[int, ...]:
    counts = [0] * len(RollupCategory)
    for each in tasks.values():
        parent, seen = each.parent, {each.id}
        while parent in tasks and parent not in seen and parent != above:
            seen.add(parent)
            parent = tasks[parent].parent
        if parent == above and above != each.id:
            counts[rollup_category_of(each)] += 1
    return tuple(counts)


def _holds_up(task: Task) -> bool:
    return task.state in LIVE and task.reason is not Reason.EXCLUDED


@given(CHANGES)
def test_counts_carried_up_are_counts_made_anew(changes: list[tuple[int, int, tuple[State, Reason | None]]]) -> None:
    index, tasks = TreeIndex(), dict[str, Task]()
    for number, above, (state, reason) in changes:
        name = f"t{number}"
        parent = f"t{above}" if -1 < above < number else None  # no rings: what they count is nobody's business
        tasks[name] = replace(task(name), parent=parent, state=state, reason=reason)
        index.apply([tasks[name]])
    for name in tasks:
        node = index.held(name)
        assert node.tally.counts == _recounted(tasks, name)
        live = any(_holds_up(tasks[each.id]) for each in node.all_below() if each is not node)
        words, sign = node.tally.words, sign_as_of(node.task, node.tally, StoreState(), NOON)
        assert not (live and (words.startswith("all") or sign.word == "done"))


def test_a_task_taken_out_is_counted_no_more() -> None:
    index = TreeIndex([task(each) for each in ("r", "r.1", "r.1.1", "r.2")])
    index.remove("r.1")
    assert index.held("r").tally.counts == tuple(one(RollupCategory.WORKING))
    assert (index.node("r.1.1"), len(index)) == (None, 2)


def test_words_say_how_many_of_how_many_and_what_the_others_do() -> None:
    counts = {
        RollupCategory.DONE: 3,
        RollupCategory.NEEDS_PERSON: 1,
        RollupCategory.WORKING: 1,
        RollupCategory.STALLED: 0,
    }
    assert Tally(tuple(counts.get(c, 0) for c in RollupCategory)).words == "3 of 5 done · 1 needs you · 1 working"
    assert Tally(tuple(one(RollupCategory.DONE, 5))).words == "all 5 done"
    assert Tally(tuple(one(RollupCategory.NEEDS_PERSON, 2))).words == "0 of 2 done · 2 need you"
    assert Tally((*one(RollupCategory.DONE, 4)[:-2], 1, 0)).words == "4 of 5 done · 1 excluded"
    assert Tally().words == ""


def test_a_stalled_task_is_not_counted_as_running() -> None:
    silent, heard = rollup_category_of(task("r"), idle=True), rollup_category_of(task("r"))
    assert (silent, heard) == (RollupCategory.STALLED, RollupCategory.WORKING)
