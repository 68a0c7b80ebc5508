"""What comes due for a person who is asked: reminded, escalated, expired; approved never."""

from __future__ import annotations

import pytest

from onloop.errors import Exit
from onloop.machine.commands import FireTimer, TimerKind
from onloop.machine.definition import Escalation, ExpireOutcome, Expiry
from onloop.machine.events import CountersReset, Decided, Escalated, Reminded, RequestClosed, RequestOpened, StepEntered
from onloop.machine.state import Reason, State
from onloop.machine.task import RequestKind
from support.scenario import (
    ANA,
    CLEO,
    Scenario,
    approve,
    claim,
    fire,
    last_move,
    reject,
    report,
    retry,
    submit,
    work,
    workflow,
)
from support.steps import HOUR, develop, human, ship

BACK = "develop.implement"
DAY = 24 * HOUR


def waiting(outcome: ExpireOutcome = ExpireOutcome.HOLD) -> Scenario:
    patient = human(remind_ms=HOUR, escalate=Escalation(4 * HOUR, ("leads",)), expire=Expiry(DAY, outcome))
    return workflow(develop(), ship(patient, on_reject=BACK)).given(claim(), submit(), report())


def test_a_request_arms_what_its_gate_says() -> None:
    loop = waiting()
    opened = loop.asked.opened_at

    assert [(timer.kind, timer.at - opened) for timer in loop.timers] == [
        (TimerKind.REMIND, HOUR),
        (TimerKind.ESCALATE, 4 * HOUR),
        (TimerKind.EXPIRE, DAY),
    ]


def test_a_gate_without_patience_arms_nothing() -> None:
    assert workflow(ship(human(), on_reject="end")).timers == ()


@pytest.mark.parametrize("kind", [TimerKind.REMIND, TimerKind.ESCALATE, TimerKind.EXPIRE])
def test_nothing_fires_before_its_time(kind: TimerKind) -> None:
    loop = waiting()
    due = next(timer.at for timer in loop.timers if timer.kind is kind)

    assert loop.later(due - loop.now - 1).refuses(fire(kind)).exit is Exit.NOTHING
    assert loop.later(due - loop.now).when(fire(kind))


def test_people_are_reminded_again_and_again() -> None:
    loop = waiting().later(HOUR)
    first = fire(TimerKind.REMIND)(loop)

    assert loop.when(first) == (Reminded(loop.asked.id),)
    loop = loop.given(first)
    assert loop.asked.reminders == 1
    assert loop.refuses(first).exit is Exit.NOTHING
    assert loop.refuses(fire(TimerKind.REMIND)).exit is Exit.NOTHING
    assert loop.later(HOUR).given(fire(TimerKind.REMIND)).asked.reminders == 2


def test_a_request_is_escalated_once_and_those_asked_before_may_still_decide() -> None:
    loop = waiting().later(4 * HOUR)
    due = fire(TimerKind.ESCALATE)(loop)

    assert loop.when(due) == (Escalated(loop.asked.id, ("leads",)),)
    loop = loop.given(due)
    assert loop.asked.approvers == ("approvers", "leads")
    assert loop.refuses(due).exit is Exit.NOTHING
    assert loop.given(approve(ANA)).task.ended
    assert loop.given(approve(CLEO)).task.ended


def test_an_expired_request_is_held_for_a_person() -> None:
    loop = waiting(ExpireOutcome.HOLD).later(DAY)

    events = loop.when(fire(TimerKind.EXPIRE))

    assert isinstance(events[0], RequestClosed)
    assert isinstance(events[1], RequestOpened)
    assert events[1].request.kind is RequestKind.CHOICE
    assert last_move(events) == (State.INPUT_REQUIRED, Reason.HALTED)
    assert loop.given(*events, retry()).stands[1] is Reason.APPROVAL_REQUIRED


def test_an_expired_request_may_return_the_work_without_saying_that_a_person_did() -> None:
    loop = waiting(ExpireOutcome.REJECT).later(DAY)

    events = loop.when(fire(TimerKind.EXPIRE))

    assert [type(event) for event in events[:3]] == [RequestClosed, StepEntered, CountersReset]
    assert not any(isinstance(event, Decided) for event in events)
    after = loop.given(*events)
    assert after.stands == (State.SUBMITTED, Reason.READY, BACK)
    assert after.task.feedback[0].text == "nobody decided release in time"
    assert after.task.feedback[0].by == "gateway"


def test_an_expiry_may_end_the_task_as_rejected() -> None:
    expiring = human(expire=Expiry(DAY, ExpireOutcome.REJECT))

    loop = workflow(ship(expiring, on_reject="end")).later(DAY).given(fire(TimerKind.EXPIRE))

    assert loop.stands[:2] == (State.REJECTED, None)


def test_approve_is_no_outcome_of_a_timeout() -> None:
    assert {outcome.value for outcome in ExpireOutcome} == {"hold", "reject"}
    for outcome in ExpireOutcome:
        after = waiting(outcome).later(DAY).given(fire(TimerKind.EXPIRE)).task
        assert after.step != "ship.release" or after.state is State.INPUT_REQUIRED
        assert after.decisions == ()


def test_timers_of_a_request_that_was_decided_do_nothing() -> None:
    loop = waiting().later(DAY)
    old = [FireTimer(timer.kind, timer.token) for timer in loop.timers]
    loop = loop.given(reject(), claim(), submit(work("c" * 40)), report())

    assert [loop.refuses(timer).exit for timer in old] == [Exit.NOTHING] * 3


def test_a_gate_that_was_approved_in_time_expires_no_more_while_another_still_waits() -> None:
    first = human("security", expire=Expiry(DAY, ExpireOutcome.REJECT))
    loop = workflow(ship(first, human("legal", ("leads",)), on_reject="end")).given(approve(ANA, "security"))

    assert loop.later(DAY).timers == ()
    assert loop.later(DAY).given(approve(CLEO, "legal")).stands[0] is State.COMPLETED


def test_a_task_that_has_ended_arms_nothing() -> None:
    assert waiting().given(approve()).timers == ()
