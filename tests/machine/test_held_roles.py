"""A role whose agents all end alike is held: bounded, let through one by one, and opened by whoever works."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from onloop.machine.held_roles import (
    ALIKE_ENDS,
    ALIKE_TASKS,
    FIRST_TRIAL_MS,
    LONGEST_TRIAL_MS,
    MOST_NAMED,
    MOST_ROLES,
    WITHIN_MS,
    AgentEnded,
    RoleEvent,
    RoleOpened,
    Streaks,
    TrialAsked,
    TrialBegun,
    cause_of,
    is_cause,
    streaks_after,
)
from support.scenario import NOON

ROLES = st.sampled_from(("implementer", "reviewer"))
CAUSES = st.sampled_from(("crashed: exit code <n>", "returned: nothing was changed"))
TASKS = st.integers(1, 9).map("t{}".format)


@st.composite
def stories(draw: st.DrawFn) -> list[RoleEvent]:
    """Events in the order of their times."""
    now, story = NOON, list[RoleEvent]()
    for _ in range(draw(st.integers(0, 60))):
        now += draw(st.sampled_from((0, 1_000, 30_000, FIRST_TRIAL_MS, WITHIN_MS)))
        role, kind = draw(ROLES), draw(st.integers(0, 9))
        if kind < 7:
            until = draw(st.sampled_from((0, 0, now + 5 * FIRST_TRIAL_MS)))
            story.append(AgentEnded(role, draw(TASKS), draw(CAUSES), "words", now, until))
        elif kind == 7:
            story.append(TrialBegun(role, draw(TASKS), now))
        elif kind == 8:
            story.append(TrialAsked(role, "human:ana", now))
        else:
            story.append(RoleOpened(role, now))
    return story


@given(stories())
def test_a_role_is_held_exactly_for_ends_that_are_alike_with_no_work_in_between(story: list[RoleEvent]) -> None:
    streaks: Streaks = {}
    ends: dict[str, list[AgentEnded]] = {}
    for event in story:
        before = streaks.get(event.role)
        streaks = streaks_after(streaks, event)
        known = ends.setdefault(event.role, [])
        if isinstance(event, AgentEnded):
            held = before is not None and before.is_held
            if known and (known[-1].cause != event.cause or (not held and event.at - known[-1].at >= WITHIN_MS)):
                known.clear()
            known.append(event)
        elif isinstance(event, RoleOpened):
            known.clear()
        streak = streaks.get(event.role)
        assert (streak is None) == (not known)
        if streak is not None:
            assert {end.cause for end in known} == {streak.cause} and streak.count == len(known)
            assert streak.is_held == any(is_enough(known[:n]) for n in range(1, len(known) + 1))
            assert not streak.is_held or streak.next_at > 0


@given(st.integers(1, 12))
def test_trials_come_ever_more_rarely_and_a_person_hastens_one(count: int) -> None:
    streaks = held()
    now = streaks["implementer"].next_at
    for _ in range(count):
        streaks = streaks_after(streaks, TrialBegun("implementer", "t1", now))
        pause = streaks["implementer"].next_at - now
        assert FIRST_TRIAL_MS < pause <= LONGEST_TRIAL_MS
        now += pause

    asked = streaks_after(streaks, TrialAsked("implementer", "human:ana", now - 1))
    assert asked["implementer"].next_at == now - 1


def test_what_is_kept_is_bounded_whoever_ends_how_often() -> None:
    streaks: Streaks = {}
    for n in range(3 * MOST_ROLES):
        streaks = streaks_after(streaks, AgentEnded(f"role{n}", "t1", "crashed", "w", NOON + n))
    for n in range(3 * MOST_NAMED):
        streaks = streaks_after(streaks, AgentEnded("implementer", f"t{n}", "crashed", "w", NOON + 9_999))

    assert len(streaks) == MOST_ROLES and len(streaks["implementer"].tasks) == MOST_NAMED
    assert "role0" not in streaks


def test_a_role_that_is_told_when_waits_until_then() -> None:
    later = NOON + 7 * LONGEST_TRIAL_MS
    streaks = streaks_after(held(), AgentEnded("implementer", "t9", "crashed", "w", NOON, later))

    assert streaks["implementer"].next_at == later


def test_ends_are_alike_where_only_numbers_and_paths_differ() -> None:
    assert cause_of("crashed", "exit code 1: no /a/b") == cause_of("crashed", "exit code 2: no /c/d")
    assert cause_of("crashed", "exit code 1") != cause_of("returned", "exit code 1")


def is_enough(ends: list[AgentEnded]) -> bool:
    return len(ends) >= ALIKE_ENDS and len({end.task for end in ends}) >= ALIKE_TASKS


def held() -> Streaks:
    streaks: Streaks = {}
    for n in range(ALIKE_ENDS):
        streaks = streaks_after(streaks, AgentEnded("implementer", f"t{n}", "crashed", "w", NOON))
    return streaks


def test_a_hold_that_an_earlier_version_recorded_covers_the_same_ends_as_before() -> None:
    recorded = "crashed: exit code <n>: no <path> at <time>"
    words = "exit code 1: no src/app.py at 12:00:07"

    assert cause_of("crashed", words) != recorded.replace("<time>", "<n>:<n>:<n>")
    assert is_cause(recorded.replace("<time>", "<n>:<n>:<n>"), "crashed", words)
    assert is_cause(cause_of("crashed", words), "crashed", "exit code 1: no src/app.py at 23:59:59")
    assert not is_cause(cause_of("crashed", words), "crashed", "exit code 1: no src/other.py at 12:00:07")
