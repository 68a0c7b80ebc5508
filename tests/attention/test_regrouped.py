"""A person tells failures apart, or makes several causes one: it holds for what fails later, and nothing is lost."""

from __future__ import annotations

import pytest

from attention.needs import grouped, needing
from onloop.attention.board import Board, board_of
from onloop.attention.groups import Group
from onloop.attention.lifecycle import acknowledgement
from onloop.attention.regrouped import check_merge, check_split
from onloop.errors import BadInput
from onloop.machine.marks import Mark, stamped
from onloop.machine.regrouping import CauseRestored, CausesMerged, CauseSplit
from onloop.machine.state import Reason
from onloop.machine.store_state import fold_store
from onloop.machine.task import Task
from support.scenario import ANA, NOON

THREE = ("tests: got 3, want 4", "tests: got 5, want 4", "tests: got 5, want 4")
"""Three failures with one signature, in two texts."""


def failing(*texts: str, first: int = 1, reason: Reason = Reason.ROUNDS_EXHAUSTED) -> list[Task]:
    """Tasks that wait for people with these words."""
    return [needing(reason, text, f"r1.{number}", NOON + number) for number, text in enumerate(texts, first)]


def board(tasks: list[Task], *marks: Mark) -> Board:
    return board_of(grouped(*tasks), fold_store(stamped(mark, NOON + 100) for mark in marks), {}, NOON + 200)


def members(*groups: Group) -> list[list[str]]:
    return sorted([item.task for item in group.members] for group in groups)


def test_a_cause_says_how_many_different_texts_share_it_and_shows_each() -> None:
    (group,) = grouped(*failing(*THREE))

    assert (group.text_count, [(text.text, text.count, text.task) for text in group.texts]) == (
        2,
        [(THREE[1], 2, "r1.2"), (THREE[0], 1, "r1.1")],
    )
    assert grouped(*failing(THREE[0], "tests:  got 3, want 4"))[0].text_count == 1


def test_split_by_texts_each_text_is_a_cause_also_for_what_fails_later() -> None:
    (group,) = grouped(*failing(*THREE))
    mark = CauseSplit(group.cause, ANA)

    now = board(failing(*THREE), mark)
    later = board(failing(*THREE, "tests: got 3, want 4", "tests: got 9, want 4"), mark)

    assert members(*now.shown) == [["r1.1"], ["r1.2", "r1.3"]]
    assert members(*later.shown) == [["r1.1", "r1.4"], ["r1.2", "r1.3"], ["r1.5"]]
    assert {one.cause for one in now.shown} < {one.cause for one in later.shown}
    assert all([act.words for act in one.acts] == [f"one text of {group.cause} by {ANA}"] for one in now.shown)
    assert members(*board(failing(*THREE), mark, CauseRestored(group.cause, ANA)).shown) == [["r1.1", "r1.2", "r1.3"]]


def test_tasks_told_apart_are_one_cause_together_and_the_rest_keeps_its_name() -> None:
    (group,) = grouped(*failing(*THREE))

    rest, apart = sorted(board(failing(*THREE), CauseSplit(group.cause, ANA, ("r1.1", "r1.3"))).shown, key=len_of)

    assert (rest.cause, members(rest), members(apart)) == (group.cause, [["r1.2"]], [["r1.1", "r1.3"]])


def len_of(group: Group) -> int:
    return len(group.members)


def test_merged_causes_are_one_row_under_the_first_ones_name_even_when_its_own_are_gone() -> None:
    one, other = failing("tests: no name 'a'"), failing("tests: no name 'b'", first=5)
    (first,), (second,) = grouped(*one), grouped(*other)
    mark = CausesMerged(first.cause, ANA, (second.cause,))

    (both,) = board([*one, *other], mark).shown
    (left,) = board(other, mark).shown

    assert (both.cause, members(both), both.text_count) == (first.cause, [["r1.1", "r1.5"]], 2)
    assert (left.cause, members(left)) == (first.cause, [["r1.5"]])


def test_acts_are_applied_in_their_order_so_a_text_can_be_split_off_and_merged_elsewhere() -> None:
    tasks = [*failing(*THREE), *failing("tests: no name 'a'", first=7)]
    group, other = sorted(grouped(*tasks), key=len_of, reverse=True)
    split = CauseSplit(group.cause, ANA)
    odd = next(one for one in board(tasks, split).shown if members(one) == [["r1.1"]])

    now = board(tasks, split, CausesMerged(other.cause, ANA, (odd.cause,)))

    assert members(*now.shown) == [["r1.1", "r1.7"], ["r1.2", "r1.3"]]
    again = board(tasks, CausesMerged(other.cause, ANA, (group.cause,)), CauseSplit(other.cause, ANA))
    assert members(*again.shown) == [["r1.1"], ["r1.2", "r1.3"], ["r1.7"]]


def test_what_is_hidden_by_the_name_of_a_cause_is_shown_again_when_it_is_split() -> None:
    (group,) = grouped(*failing(*THREE))
    taken = acknowledgement(group, ANA, NOON + 100)

    assert board(failing(*THREE), taken).shown == ()
    assert len(board(failing(*THREE), taken, CauseSplit(group.cause, ANA)).shown) == 2


def test_what_is_asked_for_a_decision_stays_one_row_whatever_is_recorded() -> None:
    asked = [needing(Reason.APPROVAL_REQUIRED, "a", f"r1.{n}", NOON, gate="review") for n in (1, 2)]
    (group,) = grouped(*asked)

    assert board(asked, CauseSplit(group.cause, ANA, ("r1.1",))).shown == (group,)
    with pytest.raises(BadInput, match="is no failure with a text"):
        check_split(group)


def test_a_split_or_merge_that_would_mislead_is_refused_in_words() -> None:
    (same,) = grouped(*failing("tests: x", "tests: x"))
    (other,) = grouped(*failing("conflict", reason=Reason.CONFLICT))

    with pytest.raises(BadInput, match="have the same text"):
        check_split(same)
    with pytest.raises(BadInput, match=r"'r9' does not have cause"):
        check_split(same, ("r9",))
    with pytest.raises(BadInput, match=r"all tasks of cause .* are named"):
        check_split(same, ("r1.1", "r1.2"))
    with pytest.raises(BadInput, match=r"is about conflict, and .* about rounds_exhausted"):
        check_merge((same, other))
