"""Records with some fields changed: frozen ones give another, a draft is changed where it is."""

from __future__ import annotations

from dataclasses import FrozenInstanceError, dataclass
from dataclasses import replace as replaced

import pytest

from onloop.machine.record import draft, replace, settled
from onloop.machine.task import Feedback, Kind, Task

TASK = Task("t", "r", "Fix it", Kind.WORK, "d", "feature", "human:ana", 1, 2, visits={"a": 1})


def test_a_frozen_record_gives_another_and_stays_as_it_is() -> None:
    before = replaced(TASK)

    after = replace(TASK, step="a.b", tries=3)

    assert after == replaced(before, step="a.b", tries=3)
    assert before == TASK
    assert type(after) is Task


def test_a_draft_is_changed_where_it_is_and_what_it_was_made_of_stays() -> None:
    before, made = replaced(TASK), draft(TASK)

    after = replace(made, step="a.b", tries=3)

    assert after is made
    assert (made.step, made.tries) == ("a.b", 3)
    assert before == TASK


def test_a_draft_of_a_draft_is_another() -> None:
    first = draft(TASK)

    replace(draft(first), tries=9)

    assert first.tries == 0


def test_a_settled_draft_is_a_frozen_record_like_any_other() -> None:
    record = settled(replace(draft(TASK), tries=3))

    assert type(record) is Task
    assert record == replaced(TASK, tries=3)
    assert replace(record, tries=4) is not record
    assert record.tries == 3
    with pytest.raises(FrozenInstanceError):
        record.tries = 5  # type: ignore[misc]


def test_what_was_never_a_draft_is_settled_already() -> None:
    assert settled(TASK) is TASK


@dataclass(frozen=True, slots=True)
class _Nothing:
    pass


@dataclass(frozen=True, slots=True)
class _One:
    only: str


def test_records_of_no_field_and_of_one_are_records_too() -> None:
    assert replace(_Nothing()) == _Nothing()
    assert replace(_One("ab"), only="cd") == _One("cd")
    assert settled(draft(_One("ab"))) == _One("ab")


def test_a_field_that_no_record_of_the_kind_has_is_an_error() -> None:
    with pytest.raises(KeyError):
        replace(Feedback("gate", "x", "y", 1), nothing=1)  # type: ignore[call-arg]
