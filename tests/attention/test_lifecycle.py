"""A cause is new, seen, acknowledged, and gone when it clears; a snooze ends early when what it hides gets worse."""

from __future__ import annotations

import pytest

from attention.needs import grouped, needing
from onloop.attention.groups import Group
from onloop.attention.items import Tier
from onloop.attention.lifecycle import Life, Stage, acknowledgement, is_asleep, life_of, snooze, state_of
from onloop.machine.marks import Mark, Marks, Seen, Snoozed, stamped
from onloop.machine.state import Reason, State
from onloop.machine.store_state import fold_store
from onloop.records import replace
from support.scenario import ANA, BEN, NOON
from support.steps import HOUR, MINUTE


def failing(*since: int, version: int = 0) -> Group:
    """A cause that tasks share since these times."""
    tasks = [needing(Reason.ROUNDS_EXHAUSTED, "tests: failed", f"r1.{n}", at) for n, at in enumerate(since, 1)]
    (group,) = grouped(*(replace(task, version=version) for task in tasks))
    return group


def marked(*marks: tuple[Mark, int]) -> Marks:
    return fold_store(stamped(mark, at) for mark, at in marks).marks


GROUP = failing(NOON, NOON + MINUTE)
LATER = NOON + HOUR


def test_a_cause_is_new_until_somebody_has_seen_it() -> None:
    assert life_of(GROUP, Marks(), LATER) == Life(Stage.NEW, news=2)
    assert life_of(GROUP, marked((Seen(GROUP.cause, ANA), LATER)), LATER) == Life(Stage.SEEN, ANA, LATER)


def test_who_joins_a_cause_after_it_was_seen_is_news() -> None:
    seen = marked((Seen(GROUP.cause, ANA), LATER))

    assert life_of(failing(NOON, NOON + MINUTE, LATER + 1), seen, LATER + MINUTE).news == 1


def test_a_cause_that_cleared_and_came_back_is_new() -> None:
    marks = marked((acknowledgement(GROUP, ANA, LATER), LATER))
    again = failing(LATER + 1)

    assert life_of(again, marks, LATER + 2).stage is Stage.NEW
    assert life_of(failing(NOON, LATER + 1), marks, LATER + 2).stage is Stage.ACKNOWLEDGED


def test_an_acknowledgement_lapses_after_half_an_hour_unless_another_time_is_given() -> None:
    marks = marked((acknowledgement(GROUP, ANA, LATER), LATER))
    longer = marked((acknowledgement(GROUP, BEN, LATER, 2 * HOUR), LATER))

    held = life_of(GROUP, marks, LATER + 30 * MINUTE - 1)
    assert held == Life(Stage.ACKNOWLEDGED, ANA, LATER, LATER + 30 * MINUTE)
    assert life_of(GROUP, marks, LATER + 30 * MINUTE).stage is Stage.SEEN
    assert life_of(GROUP, longer, LATER + HOUR).by == BEN


def test_what_has_failed_is_acknowledged_for_good_and_what_fails_later_is_not() -> None:
    failed = [replace(needing(Reason.HALTED, "no", f"r{n}", NOON + n), state=State.FAILED, reason=None) for n in (1, 2)]
    (both,) = grouped(*failed)
    assert both.tier is Tier.FYI
    mark = acknowledgement(grouped(failed[0])[0], ANA, NOON + 1)

    life = life_of(both, marked((mark, NOON + 1)), NOON + 1000 * HOUR)

    assert (life.stage, life.until, life.news) == (Stage.ACKNOWLEDGED, None, 1)


ASLEEP = {
    "for a while": (snooze(GROUP, ANA, LATER, for_ms=HOUR), GROUP, LATER + HOUR - 1, True),
    "and no longer": (snooze(GROUP, ANA, LATER, for_ms=HOUR), GROUP, LATER + HOUR, False),
    "while nothing changes": (snooze(GROUP, ANA, LATER, until_change=True), GROUP, LATER + 100 * HOUR, True),
    "a version changed": (
        snooze(GROUP, ANA, LATER, until_change=True),
        failing(NOON, NOON + MINUTE, version=7),
        LATER + 1,
        False,
    ),
    "somebody joined": (
        snooze(GROUP, ANA, LATER, until_change=True),
        failing(NOON, NOON + MINUTE, LATER),
        LATER + 1,
        False,
    ),
    "somebody left": (snooze(GROUP, ANA, LATER, until_change=True), failing(NOON), LATER + 1, False),
    "grown by one of two": (
        snooze(GROUP, ANA, LATER, grows_by=2),
        failing(NOON, NOON + MINUTE, LATER),
        LATER + 1,
        True,
    ),
    "grown by two": (
        snooze(GROUP, ANA, LATER, grows_by=2),
        failing(NOON, NOON + MINUTE, LATER, LATER),
        LATER + 1,
        False,
    ),
    "more pressing": (
        snooze(GROUP, ANA, LATER, for_ms=HOUR),
        replace(GROUP, tier=Tier.DECISION),
        LATER + 1,
        False,
    ),
    "cleared and back": (snooze(GROUP, ANA, LATER, for_ms=HOUR), failing(LATER + 1), LATER + 2, False),
}


@pytest.mark.parametrize(("mark", "group", "now", "asleep"), ASLEEP.values(), ids=ASLEEP)
def test_a_snooze_holds_until_its_time_or_what_was_to_wake_it(
    mark: Snoozed, group: Group, now: int, *, asleep: bool
) -> None:
    assert is_asleep(group, replace(mark, at=LATER), now) is asleep


def test_the_state_of_a_cause_does_not_depend_on_the_order_in_which_it_came_about() -> None:
    tasks = [needing(Reason.CONFLICT, "in a.py", f"r1.{n}", NOON) for n in range(3)]

    assert state_of(*grouped(*tasks)) == state_of(*grouped(*reversed(tasks)))
