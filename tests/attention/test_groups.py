"""What needs a person: an item per task, a row per cause, in an order that can be explained."""

from __future__ import annotations

import random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from attention.needs import grouped, needing
from onloop.attention.groups import HEADLINES, age, groups_of
from onloop.attention.items import TIERS, AttentionItem, Tier, item_of
from onloop.machine.definition import Escalation
from onloop.machine.state import REASONS, Reason, State
from onloop.machine.task import RequestKind, Task
from onloop.records import replace
from support.scenario import NOON
from support.steps import HOUR, MINUTE, SECOND, defined, human, ship

NEEDS = REASONS[State.INPUT_REQUIRED] | REASONS[State.AUTH_REQUIRED]


def mixed(tasks: list[Task]) -> list[Task]:
    """The tasks in an order that has nothing to do with age or cause."""
    return sorted(tasks, key=lambda task: task.id[::-1])


@pytest.mark.parametrize("reason", sorted(NEEDS))
def test_every_reason_for_which_a_person_must_act_makes_an_item_with_a_tier_and_a_headline(reason: Reason) -> None:
    item = item_of(needing(reason, "it is so", gate="release"))

    assert item is not None
    assert (item.reason, item.tier, item.detail) == (reason, TIERS[reason], "it is so")
    (group,) = groups_of([item])
    assert group.headline and "{" not in group.headline


def test_the_tables_know_exactly_these_reasons() -> None:
    assert (
        TIERS.keys()
        == HEADLINES.keys()
        == NEEDS
        | {Reason.STALLED, Reason.DISCONNECTED, Reason.FAILED, Reason.DENIED, Reason.EXTERNAL, Reason.READY}
        | {Reason.ANOMALY}
    )


@pytest.mark.parametrize("state", sorted(set(State) - {State.INPUT_REQUIRED, State.AUTH_REQUIRED, State.FAILED}))
def test_a_task_that_needs_nobody_makes_no_item(state: State) -> None:
    assert item_of(replace(needing(Reason.QUESTION), state=state, reason=None)) is None


def test_five_hundred_failures_with_three_causes_are_three_rows() -> None:
    words = (
        "tests: {n} of {m} failed in /srv/repo{n}/app.py",
        "tests: no module named kvlite at line {n}",
        "lint: {m} problems after {n} ms",
    )
    tasks = [
        needing(Reason.ROUNDS_EXHAUSTED, words[n % 3].format(n=n, m=n * 7), f"r1.{n}", NOON + n) for n in range(500)
    ]

    rows = grouped(*mixed(tasks))

    assert sorted(len(row.members) for row in rows) == [166, 167, 167]
    assert {len({member.signature for member in row.members}) for row in rows} == {1}
    assert [member.since for member in rows[0].members] == sorted(member.since for member in rows[0].members)


def test_approvals_of_the_same_gate_are_one_row_whatever_their_commits() -> None:
    rows = grouped(
        *(needing(Reason.APPROVAL_REQUIRED, f"approval of {word}", f"r1.{word}", gate="release") for word in "abc"),
        needing(Reason.APPROVAL_REQUIRED, "approval of a", "r1.9", gate="security"),
    )

    assert [(len(row.members), row.gate, row.detail) for row in rows] == [(3, "release", ""), (1, "security", "")]


def test_questions_with_different_words_are_different_rows() -> None:
    rows = grouped(
        needing(Reason.QUESTION, "Which port?", "r1.1"),
        needing(Reason.QUESTION, "Which colour?", "r1.2"),
        needing(Reason.QUESTION, "Which port?", "r1.3"),
    )

    assert [len(row.members) for row in rows] == [2, 1]


ONE = needing(Reason.ROUNDS_EXHAUSTED, "tests: failed")


@pytest.mark.parametrize(
    "other",
    [
        replace(ONE, reason=Reason.TIMED_OUT),
        replace(ONE, step="test.full"),
        replace(ONE, workflow="other"),
        replace(ONE, definition="e" * 64),
        replace(ONE, detail="quite different"),
        needing(Reason.ROUNDS_EXHAUSTED, "tests: failed", gate="release"),
    ],
    ids=["reason", "step", "workflow", "definition", "words", "gate"],
)
def test_another_reason_step_workflow_gate_or_wording_is_another_cause(other: Task) -> None:
    assert len(grouped(ONE, other)) == 2


def test_another_repository_run_or_title_is_the_same_cause() -> None:
    assert len(grouped(ONE, replace(ONE, id="r9.1", run="r9", repo="other", title="Another"))) == 1


def test_rows_come_by_tier_then_doublings_then_age() -> None:
    tasks = [
        needing(Reason.HALTED, "old", "t1", since=NOON - HOUR),
        *(needing(Reason.GATE_FAILED, "network", f"g{n}", since=NOON) for n in range(4)),
        *(needing(Reason.CONFLICT, "conflict", f"c{n}", since=NOON - MINUTE) for n in range(3)),
        *(needing(Reason.TIMED_OUT, "slow", f"s{n}", since=NOON - HOUR) for n in range(2)),
        needing(Reason.QUESTION, "Which?", "q1", since=NOON + HOUR),
        needing(Reason.CHANGED_SINCE_APPROVAL, "moved", "m1", since=NOON + HOUR),
    ]

    assert [row.reason for row in grouped(*mixed(tasks))] == [
        Reason.CHANGED_SINCE_APPROVAL,
        Reason.QUESTION,
        Reason.GATE_FAILED,
        Reason.TIMED_OUT,
        Reason.CONFLICT,
        Reason.HALTED,
    ]


def test_one_more_of_a_kind_moves_no_row_until_they_have_doubled() -> None:
    old = [needing(Reason.TIMED_OUT, "slow", f"s{n}", since=NOON) for n in range(4)]
    new = [needing(Reason.CONFLICT, "conflict", f"c{n}", since=NOON + 1) for n in range(8)]

    assert [row.reason for row in grouped(*old, *new[:7])] == [Reason.TIMED_OUT, Reason.CONFLICT]
    assert [row.reason for row in grouped(*old, *new)] == [Reason.CONFLICT, Reason.TIMED_OUT]


def test_a_place_in_the_queue_can_be_explained() -> None:
    (row,) = grouped(*(needing(Reason.GATE_FAILED, "network", f"g{n}", since=NOON + n) for n in range(3)))

    assert row.why(NOON + 3 * MINUTE) == "tier 2 broken · 3 waiting · longest 3m"


TASKS = st.lists(
    st.builds(
        lambda reason, detail, since, number: needing(reason, detail, f"r1.{number}", since),
        st.sampled_from(sorted(NEEDS)),
        st.sampled_from(("a: 1 failed", "a: 2 failed", "b: 1 failed")),
        st.integers(NOON, NOON + HOUR),
        st.integers(1, 10_000),
    ),
    max_size=40,
    unique_by=lambda task: task.id,
)


@given(TASKS, st.randoms(use_true_random=False))
def test_every_item_is_in_one_row_and_the_order_of_arrival_changes_nothing(
    tasks: list[Task], chance: random.Random
) -> None:
    rows = grouped(*tasks)
    shuffled = list(tasks)
    chance.shuffle(shuffled)

    members: list[AttentionItem] = [member for row in rows for member in row.members]
    assert sorted(member.task for member in members) == sorted(task.id for task in tasks)
    assert len({row.cause for row in rows}) == len(rows)
    assert all({member.cause for member in row.members} == {row.cause} for row in rows)
    assert [row.tier for row in rows] == sorted(row.tier for row in rows)
    assert grouped(*shuffled) == rows


def test_the_tiers_are_safety_decision_broken_stalled_and_what_is_for_information() -> None:
    assert sorted(Tier) == [Tier.SAFETY, Tier.DECISION, Tier.BROKEN, Tier.STALLED, Tier.FYI]


def test_a_task_that_has_failed_is_told_last_of_all() -> None:
    failed = replace(needing(Reason.HALTED, "2 failed", "r9"), state=State.FAILED, reason=None, requests=())

    rows = grouped(failed, needing(Reason.HALTED, "held", "r8", since=NOON + HOUR))

    assert [(row.reason, row.tier) for row in rows] == [(Reason.HALTED, Tier.STALLED), (Reason.FAILED, Tier.FYI)]
    assert (rows[1].headline, rows[1].detail) == ("failed at develop.implement", "2 failed")


def asked(**more: Any) -> Task:
    """A task that waits for an approval, of which people are reminded hourly and which others may give after four."""
    task = replace(needing(Reason.APPROVAL_REQUIRED, gate="release"), step="ship.release", **more)
    return replace(
        task, requests=tuple(replace(r, kind=RequestKind.APPROVAL, step="ship.release") for r in task.requests)
    )


CLOCKED = defined(ship(human(remind_ms=HOUR, escalate=Escalation(4 * HOUR, ("leads",)))))


def test_the_clock_of_an_item_is_the_first_of_its_request_to_run_out() -> None:
    item = item_of(asked(), CLOCKED)

    assert item is not None and item.clock == NOON + HOUR
    unknown = item_of(asked())
    assert unknown is not None and unknown.clock is None


def test_who_was_reminded_once_stays_overdue_though_the_next_reminder_is_to_come() -> None:
    waiting = asked()
    reminded = replace(waiting, requests=(replace(waiting.requests[0], reminders=1),))

    item = item_of(reminded, CLOCKED)

    assert item is not None
    assert groups_of([item])[0].is_overdue(NOON + HOUR + 1)


def test_what_is_overdue_comes_first_in_its_tier_and_only_there() -> None:
    item = item_of(asked(), CLOCKED)
    assert item is not None
    late, many, safety = (
        *groups_of([item]),
        *grouped(*(needing(Reason.QUESTION, "Which?", f"q{n}", NOON - HOUR) for n in range(9))),
        *grouped(needing(Reason.POLICY_VIOLATION, "no", "p1", NOON + HOUR)),
    )

    before = sorted((late, many, safety), key=lambda row: row.place(NOON + HOUR - 1))
    after = sorted((late, many, safety), key=lambda row: row.place(NOON + HOUR))

    assert (before, after) == ([safety, many, late], [safety, late, many])
    assert late.why(NOON + 2 * HOUR) == "tier 1 decision · a clock has run out · 1 waiting · longest 2h00m"


@pytest.mark.parametrize(
    ("ms", "words"),
    [
        (-5, "0s"),
        (999, "0s"),
        (40 * SECOND, "40s"),
        (MINUTE, "1m"),
        (HOUR - 1, "59m"),
        (2 * HOUR + 9 * MINUTE, "2h09m"),
        (24 * HOUR - 1, "23h59m"),
        (76 * HOUR, "3d4h"),
    ],
)
def test_an_age_is_said_in_its_two_largest_units(ms: int, words: str) -> None:
    assert age(ms) == words
