"""A try that is lost: what counts, what is tried again, and when a person is asked."""

from __future__ import annotations

import pytest

from onloop.errors import Exit, NotAllowed
from onloop.machine.commands import Fail, FireTimer, Release, ReleaseCause, TimerKind
from onloop.machine.definition import Attempts, Step
from onloop.machine.events import AttemptEnd, AttemptEnded, BackoffStarted, LeaseEnded, Moved
from onloop.machine.state import Reason, State
from onloop.machine.task import Feedback
from support.scenario import (
    ALFA,
    BRAVO,
    FAIL,
    NOON,
    OTHER_HEAD,
    Scenario,
    claim,
    expire_lease,
    fire,
    give_up,
    release,
    report,
    retry,
    submit,
    work,
    workflow,
)
from support.steps import MINUTE, SECOND, develop

WAITING = (State.SUBMITTED, Reason.RETRY_BACKOFF)


def lost(times: int) -> Scenario:
    """A task on which that many tries were lost."""
    loop = workflow(develop())
    for _ in range(times):
        loop = loop.given(claim(), release()).later(MINUTE)
    return loop


def test_a_crash_ends_the_lease_and_counts_and_pauses() -> None:
    events = workflow(develop()).given(claim()).when(release(detail="signal 9"))

    assert events == (
        LeaseEnded(1, "crashed", step="develop.implement"),
        AttemptEnded(AttemptEnd.CRASHED, 1, Feedback("attempt", "crashed: signal 9", ALFA, NOON)),
        BackoffStarted(NOON + 10 * SECOND),
        Moved(State.SUBMITTED, Reason.RETRY_BACKOFF, "attempt 1 ended (crashed): signal 9"),
    )


@pytest.mark.parametrize("cause", [ReleaseCause.CRASHED, ReleaseCause.STALLED, ReleaseCause.RETURNED])
def test_every_cause_of_release_but_stopped_counts_as_a_try(cause: ReleaseCause) -> None:
    loop = workflow(develop()).given(claim(), release(cause))

    assert loop.stands[:2] == WAITING
    assert (loop.task.tries, loop.task.holder) == (1, None)


def test_a_worker_that_is_stopped_costs_no_try() -> None:
    loop = workflow(develop()).given(claim(), release(ReleaseCause.STOPPED))

    assert loop.stands[:2] == (State.SUBMITTED, Reason.READY)
    assert (loop.task.tries, loop.task.holder) == (0, None)
    assert loop.given(claim()).task.epoch == 2


@pytest.mark.parametrize("cause", list(ReleaseCause))
def test_a_release_while_gates_run_loses_only_the_lease(cause: ReleaseCause) -> None:
    loop = workflow(develop()).given(claim(), submit(), release(cause))

    assert loop.stands[:2] == (State.WORKING, Reason.GATES_RUNNING)
    assert (loop.task.tries, loop.task.holder) == (0, None)
    assert loop.given(report()).stands[0] is State.COMPLETED


def test_only_the_holder_releases() -> None:
    loop = workflow(develop()).given(claim())

    assert isinstance(loop.refuses(Release(BRAVO, 1, ReleaseCause.CRASHED)), NotAllowed)
    assert isinstance(loop.refuses(Release(ALFA, 0, ReleaseCause.CRASHED)), NotAllowed)


def test_an_agent_that_gives_up_loses_the_try_and_says_why_in_the_next_brief() -> None:
    loop = workflow(develop()).given(claim(), give_up("the API is gone"))

    assert loop.stands[:2] == WAITING
    assert loop.task.feedback == (Feedback("attempt", "gave_up: the API is gone", ALFA, NOON),)


def test_an_agent_that_gives_up_while_gates_run_withdraws_its_work() -> None:
    loop = workflow(develop()).given(claim(), submit(), give_up())

    assert loop.stands[:2] == WAITING
    assert loop.refuses(report()).exit is Exit.NOTHING


def test_a_superseded_epoch_cannot_give_up() -> None:
    loop = workflow(develop()).given(claim(), release()).later(MINUTE).given(claim(BRAVO))

    assert isinstance(loop.refuses(Fail(ALFA, 1, "it is hard")), NotAllowed)


def test_the_pause_doubles_up_to_its_bound() -> None:
    pace = Attempts(max=20, backoff_ms=10 * SECOND, max_backoff_ms=MINUTE)

    assert [pace.pause_ms(n) // SECOND for n in (1, 2, 3, 4, 5, 19)] == [10, 20, 40, 60, 60, 60]
    assert lost(1).given(claim(), release()).task.not_before == NOON + MINUTE + 20 * SECOND


def test_the_retry_timer_makes_the_task_ready_when_the_pause_is_over() -> None:
    loop = workflow(develop()).given(claim(), release())

    assert loop.refuses(fire(TimerKind.RETRY)).exit is Exit.NOTHING
    loop = loop.later(10 * SECOND).given(fire(TimerKind.RETRY))

    assert loop.stands[:2] == (State.SUBMITTED, Reason.READY)


def test_a_retry_timer_of_an_earlier_pause_does_nothing() -> None:
    loop = workflow(develop()).given(claim(), release())
    old = loop.timers[0]

    loop = loop.later(MINUTE).given(claim(), release()).later(MINUTE)

    assert loop.refuses(FireTimer(TimerKind.RETRY, old.token)).exit is Exit.NOTHING
    assert loop.given(fire(TimerKind.RETRY)).stands[1] is Reason.READY


def test_a_person_is_asked_when_the_attempts_are_spent() -> None:
    loop = lost(2).given(claim(), release(detail="exit code 70"))

    assert loop.stands == (State.INPUT_REQUIRED, Reason.ATTEMPTS_EXHAUSTED, "develop.implement")
    assert loop.asked.question == "exit code 70; 3 of 3 attempts at develop.implement are spent"
    assert loop.asked.approvers == ()


def test_tries_lost_at_one_step_do_not_count_at_the_next() -> None:
    loop = workflow(develop(), Step("polish.words", role="writer")).given(claim(), release()).later(MINUTE)
    loop = loop.given(claim(), submit(), report("tests", FAIL), submit(work(OTHER_HEAD)), report())

    assert loop.stands[2] == "polish.words"
    assert (loop.task.tries, loop.task.round, loop.task.feedback) == (0, 0, ())


def test_rounds_are_no_attempts() -> None:
    loop = workflow(develop()).given(claim(), submit(), report("tests", FAIL))

    assert (loop.task.round, loop.task.tries) == (1, 0)


def test_an_agent_that_takes_too_long_loses_the_try() -> None:
    loop = workflow(develop()).given(claim())

    assert loop.later(45 * MINUTE - 1).refuses(fire(TimerKind.TIMEOUT)).exit is Exit.NOTHING
    loop = loop.later(45 * MINUTE).given(fire(TimerKind.TIMEOUT))

    assert loop.stands[:2] == WAITING
    assert loop.task.holder is None


def test_a_last_try_that_takes_too_long_is_held_as_timed_out() -> None:
    loop = lost(2).given(claim()).later(45 * MINUTE).given(fire(TimerKind.TIMEOUT))

    assert loop.stands[:2] == (State.INPUT_REQUIRED, Reason.TIMED_OUT)


def test_the_timeout_does_not_run_while_gates_do() -> None:
    loop = workflow(develop()).given(claim(), submit())

    assert loop.timers == ()
    assert loop.later(45 * MINUTE).refuses(FireTimer(TimerKind.TIMEOUT, "1")).exit is Exit.NOTHING


def test_a_timeout_of_an_earlier_owner_does_nothing() -> None:
    loop = workflow(develop()).given(claim(), release()).later(45 * MINUTE).given(claim(BRAVO))

    assert loop.refuses(FireTimer(TimerKind.TIMEOUT, "1")).exit is Exit.NOTHING


def test_an_expired_lease_counts_as_a_lost_try_and_fences_the_old_owner() -> None:
    loop = workflow(develop()).given(claim()).knowing(lease_expires=NOON + 5 * SECOND)

    assert loop.later(5 * SECOND - 1).refuses(expire_lease()).exit is Exit.NOTHING
    loop = loop.later(5 * SECOND).given(expire_lease())

    assert loop.stands[:2] == WAITING
    assert loop.task.feedback[0].text == "lease_expired: nothing was heard from agent:alfa"
    assert isinstance(loop.refuses(submit(agent=ALFA, epoch=1)), NotAllowed)


def test_a_lease_that_expires_while_gates_run_loses_nothing_but_the_lease() -> None:
    loop = workflow(develop()).given(claim(), submit()).knowing(lease_expires=NOON).given(expire_lease())

    assert loop.stands[:2] == (State.WORKING, Reason.GATES_RUNNING)
    assert (loop.task.holder, loop.task.tries) == (None, 0)
    assert loop.given(report()).stands[0] is State.COMPLETED


@pytest.mark.parametrize("epoch", [0, 2])
def test_only_the_lease_of_the_present_epoch_expires(epoch: int) -> None:
    loop = workflow(develop()).given(claim()).knowing(lease_expires=NOON)

    assert loop.refuses(expire_lease(epoch)).exit is Exit.NOTHING


def test_a_lease_that_the_store_does_not_know_does_not_expire() -> None:
    assert workflow(develop()).given(claim()).later(MINUTE).refuses(expire_lease()).exit is Exit.NOTHING


def test_a_person_may_end_the_pause() -> None:
    loop = workflow(develop()).given(claim(), release(), retry())

    assert loop.stands[:2] == (State.SUBMITTED, Reason.READY)
    assert loop.given(claim()).task.holder == ALFA
