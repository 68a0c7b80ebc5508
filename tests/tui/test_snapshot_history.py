"""What snapshots share: tasks of which a few change at a time, and the journal of which changed."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from onloop.machine.task import Kind, Task
from onloop.records import replace
from onloop_tui.model.ground import journal, layered_tasks
from onloop_tui.model.ground.journal import Journal
from onloop_tui.model.ground.layered_tasks import LayeredTasks
from onloop_tui.model.ground.snapshot import Snapshot
from support.tui_scenes import NOON

BATCHES = st.lists(st.lists(st.sampled_from("abcdefghij"), max_size=5), max_size=12)


def task(name: str, version: int) -> Task:
    return Task(name, name, "t", Kind.WORK, "d", "w", "s", NOON, NOON, version)


@given(BATCHES, st.integers(0, 6))
def test_layered_tasks_are_the_dict_that_was_changed_in_the_same_way_and_earlier_ones_stay(
    batches: list[list[str]], most: int
) -> None:
    layered_tasks.MOST_OVER, before = most, layered_tasks.MOST_OVER
    try:
        known, plain = LayeredTasks.of({}), dict[str, Task]()
        for version, names in enumerate(batches):
            earlier, was = known, dict(plain)
            changed = [task(name, version) for name in dict.fromkeys(names)]
            plain |= {each.id: each for each in changed}
            known = known.after(changed)

            assert known == plain
            assert (list(known), len(known)) == (list(plain), len(plain)), "in the same order"
            assert list(known.values()) == list(plain.values())
            assert list(known.items()) == list(plain.items())
            assert all((name in known) is (name in plain) for name in "abcdefghijk")
            assert earlier == was
    finally:
        layered_tasks.MOST_OVER = before


@given(BATCHES)
def test_a_journal_knows_what_changed_since_any_place_at_which_it_was_written(batches: list[list[str]]) -> None:
    written = Journal()
    for seq, names in enumerate(batches):
        written = written.after(seq * 10, names)

    assert written.since(5) is None
    for seq in range(len(batches)):
        assert written.since(seq * 10) == frozenset(name for names in batches[seq + 1 :] for name in names)


def test_two_that_go_on_from_one_journal_know_nothing_of_each_other() -> None:
    one = Journal().after(1, ["a"])
    left, right = one.after(2, ["left"]), one.after(2, ["right"])

    assert (left.since(1), right.since(1), one.since(1)) == (frozenset({"left"}), frozenset({"right"}), frozenset())


def test_a_journal_forgets_the_oldest_of_very_many_changes() -> None:
    written = Journal()
    for seq in range(journal.MOST + 1):
        written = written.after(seq, [str(seq)])

    assert written.since(0) is None
    assert len(written.entries) == journal.KEPT + 1
    assert written.since(journal.MOST - 1) == frozenset({str(journal.MOST)})


def test_a_view_that_was_away_for_thousands_of_changes_is_told_which_tasks_they_were() -> None:
    first = snapshot = Snapshot().after([task(name, 1) for name in "abc"], Snapshot().house, 1)
    for seq in range(2, 5_000):
        snapshot = snapshot.after([replace(snapshot.tasks["b"], version=seq)], snapshot.house, seq)

    assert snapshot.changed_since(first.seq) == frozenset({"b"})
