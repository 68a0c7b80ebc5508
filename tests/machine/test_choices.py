"""What else people decide: reject, reassign, retry, cancel, freeze."""

from __future__ import annotations

import pytest

from onloop.errors import Exit, NotAllowed, Stale
from onloop.machine import commands as c
from onloop.machine.definition import Step
from onloop.machine.events import CountersReset, Decided, EffectProblem, LeaseEnded, Moved, Reassigned, RequestClosed
from onloop.machine.state import Reason, State
from onloop.machine.task import DecisionKind, Feedback, Kind
from support.scenario import (
    ALFA,
    ANA,
    BRAVO,
    CLEO,
    ERROR,
    FAIL,
    NOON,
    OTHER_HEAD,
    Play,
    Scenario,
    approve,
    ask,
    cancel,
    claim,
    create,
    expire_lease,
    give_up,
    reassign,
    reject,
    release,
    report,
    retry,
    started,
    submit,
    voice,
    work,
    workflow,
)
from support.steps import MINUTE, defined, develop, full, human, merge, ship

BACK = "develop.implement"
READY = (State.SUBMITTED, Reason.READY, BACK)


def waiting(on_reject: str | None = BACK) -> Scenario:
    return workflow(develop(), ship(on_reject=on_reject)).given(claim(), submit(), report())


def spent() -> Scenario:
    """Rounds are spent, and a person is asked what now."""
    loop = workflow(develop(rounds=1)).given(claim(), submit(), report("tests", FAIL))
    return loop.given(submit(work(OTHER_HEAD)), report("tests", FAIL))


def test_a_rejection_returns_the_work_with_its_reason() -> None:
    loop = waiting().given(reject(reason="a debug print is left in"))

    assert loop.stands == READY
    assert loop.task.visits == {BACK: 2, "ship.release": 1}
    assert loop.task.feedback == (Feedback("reject", "a debug print is left in", ANA, NOON),)
    assert loop.task.requests == ()
    assert loop.task.decisions[-1].answer is DecisionKind.REJECT


def test_a_rejection_without_on_reject_returns_to_the_last_step_of_an_agent() -> None:
    assert waiting(on_reject=None).given(reject()).stands == READY


def test_a_rejection_at_an_agents_own_step_returns_to_that_step() -> None:
    loop = workflow(develop(human())).given(claim(), submit(), reject())

    assert loop.stands == READY
    assert loop.task.visits == {BACK: 2}


def test_a_rejection_ends_the_task_where_on_reject_says_end() -> None:
    loop = waiting(on_reject="end").given(reject(reason="we drop this program"))

    assert loop.stands[:2] == (State.REJECTED, None)
    assert loop.task.detail == "rejected by human:ana: we drop this program"
    assert loop.task.requests == ()


@pytest.mark.parametrize("reason", ["", " \n"])
def test_a_rejection_needs_a_reason(reason: str) -> None:
    no = waiting().refuses(reject(reason=reason))

    assert (no.exit, no.message) == (Exit.USAGE, "a reason is needed, and none was given")


def test_a_rejection_is_bound_to_what_was_shown_and_to_who_is_asked() -> None:
    assert isinstance(waiting().refuses(reject(digest="f" * 64)), Stale)
    assert isinstance(waiting().refuses(reject(CLEO)), NotAllowed)
    assert isinstance(waiting().refuses(reject(ALFA)), NotAllowed)


def test_one_rejection_outweighs_the_approvals_before_it() -> None:
    loop = workflow(develop(), ship(human(quorum=2), on_reject=BACK)).given(claim(), submit(), report())

    assert loop.given(approve(ANA), reject("human:ben")).stands == READY


def test_a_rejection_resets_rounds_and_attempts() -> None:
    loop = workflow(develop(), ship(on_reject=BACK)).given(claim(), release()).later(MINUTE)
    loop = loop.given(claim(), submit(), report("tests", FAIL), submit(work(OTHER_HEAD)), report())

    loop = loop.given(reject())

    assert (loop.task.tries, loop.task.round) == (0, 0)


def test_a_rejection_past_max_visits_asks_a_person_instead() -> None:
    loop = workflow(develop(max_visits=1), ship(on_reject=BACK)).given(claim(), submit(), report(), reject())

    assert loop.stands == (State.INPUT_REQUIRED, Reason.ROUNDS_EXHAUSTED, BACK)


def test_a_choice_may_be_rejected_too() -> None:
    assert spent().given(reject()).task.visits == {BACK: 2}


def test_a_choice_is_nothing_to_approve() -> None:
    assert spent().refuses(approve()).message.endswith("is a choice, which this command cannot decide")


def test_reassign_revokes_the_lease_and_names_the_owner() -> None:
    events = workflow(develop()).given(claim()).when(reassign(BRAVO, "it knows this code"))

    assert events == (
        LeaseEnded(1, "reassigned", step="develop.implement"),
        Reassigned(BRAVO, ANA),
        CountersReset(Feedback("handoff", "it knows this code", ANA, NOON)),
        Moved(State.SUBMITTED, Reason.READY, "waits for agent:bravo"),
    )


def test_after_reassign_only_the_new_owner_may_claim_and_the_old_epoch_never_writes() -> None:
    loop = workflow(develop()).given(claim(), reassign(BRAVO))

    assert loop.task.wanted == BRAVO
    assert isinstance(loop.refuses(submit(agent=ALFA, epoch=1)), NotAllowed)
    assert isinstance(loop.refuses(claim(ALFA)), NotAllowed)
    loop = loop.given(claim(BRAVO))
    assert (loop.task.holder, loop.task.epoch) == (BRAVO, 2)
    assert isinstance(loop.refuses(submit(agent=ALFA, epoch=1)), NotAllowed)


def test_a_task_may_be_given_to_everyone_in_a_role() -> None:
    review = Step("review.code", role="senior")
    loop = workflow(develop(), review).given(reassign("senior"))

    assert isinstance(loop.refuses(claim()), NotAllowed)
    assert loop.given(claim(BRAVO, "senior")).task.holder == BRAVO


@pytest.mark.parametrize("to", ["senior", "agent:", "agent:a b", "agent:../x"])
def test_a_task_is_given_to_nobody_who_could_not_claim_it(to: str) -> None:
    no = workflow(develop()).refuses(reassign(to))

    assert no.exit is Exit.USAGE and "implementer" in no.hint


def test_reassign_keeps_the_history_and_resets_the_counters() -> None:
    loop = workflow(develop()).given(claim(), submit(), report("tests", FAIL), reassign())

    assert (loop.task.round, loop.task.tries, loop.task.attempt) == (0, 0, 1)
    assert [f.kind for f in loop.task.feedback] == ["gate", "handoff"]
    assert loop.task.workers == {BACK: (ALFA,)}


def test_the_owner_is_of_the_step_only() -> None:
    loop = workflow(develop(), ship(on_reject=BACK)).given(reassign(BRAVO), claim(BRAVO), submit(), report(), reject())

    assert loop.task.wanted == "implementer"


def test_a_choice_may_be_answered_by_giving_the_task_to_another() -> None:
    loop = spent().given(reassign(BRAVO))

    assert loop.stands == READY
    assert loop.task.requests == ()
    assert loop.task.decisions[-1].answer is DecisionKind.REASSIGN


def test_a_task_under_verification_may_be_given_away_and_the_late_report_is_dropped() -> None:
    loop = workflow(develop()).given(claim(), submit(), reassign(BRAVO))

    assert loop.refuses(report()).exit is Exit.NOTHING
    loop = loop.given(claim(BRAVO))
    assert loop.refuses(report()).exit is Exit.NOTHING
    assert loop.given(submit(work(OTHER_HEAD)), report()).stands[0] is State.COMPLETED


def test_an_approval_or_a_step_without_an_agent_cannot_be_given_to_an_agent() -> None:
    assert waiting().refuses(reassign()).exit is Exit.HELD
    assert workflow(develop(human())).given(claim(), submit()).refuses(reassign()).exit is Exit.HELD
    assert workflow(develop(), full()).given(claim(), submit(), report()).refuses(reassign()).exit is Exit.HELD


def test_reassign_needs_a_reason_and_a_new_owner() -> None:
    assert workflow(develop()).refuses(reassign(reason=" ")).exit is Exit.USAGE
    assert workflow(develop()).refuses(reassign(to="")).exit is Exit.USAGE


def test_retry_resets_rounds_and_attempts_and_its_note_goes_into_the_brief() -> None:
    loop = workflow(develop(rounds=1)).given(claim(), release()).later(MINUTE)
    loop = loop.given(claim(), submit(), report("tests", FAIL), submit(work(OTHER_HEAD)), report("tests", FAIL))
    assert (loop.task.tries, loop.task.round) == (1, 1)

    events = loop.when(retry("use snapshot()"))

    assert [type(event) for event in events] == [Decided, RequestClosed, CountersReset, Moved]
    loop = loop.given(*events)
    assert loop.stands == READY
    assert (loop.task.tries, loop.task.round) == (0, 0)
    assert (loop.task.feedback[-1].kind, loop.task.feedback[-1].text) == ("retry", "use snapshot()")
    assert loop.task.decisions[-1].answer is DecisionKind.RETRY


def test_retry_after_an_errored_gate_runs_the_gates_again_without_an_agent() -> None:
    loop = workflow(develop()).given(claim(), submit(), report("tests", ERROR), retry())

    assert loop.stands == (State.WORKING, Reason.GATES_RUNNING, BACK)
    assert (loop.task.holder, loop.task.awaited) == (None, ("tests",))
    assert loop.task.found(BACK, "tests") is None
    assert loop.given(report()).stands[0] is State.COMPLETED


def test_retry_of_a_failed_run_step_runs_it_again() -> None:
    loop = workflow(develop(), full()).given(claim(), submit(), report(), report("run", FAIL), retry())

    assert loop.stands == (State.WORKING, Reason.GATES_RUNNING, "test.full")


def test_there_is_nothing_to_retry_while_the_task_moves() -> None:
    assert workflow(develop()).given(claim()).refuses(retry()).exit is Exit.NOTHING
    assert waiting().refuses(retry()).exit is Exit.HELD


@pytest.mark.parametrize("who", ["human:eve", ALFA])
def test_nobody_but_the_enrolled_retries_reassigns_or_cancels(who: str) -> None:
    assert isinstance(spent().refuses(c.Retry(voice(who), "again")), NotAllowed)
    assert isinstance(spent().refuses(c.Reassign(BRAVO, voice(who), "it is mine")), NotAllowed)
    assert isinstance(spent().refuses(c.Cancel(voice(who), "enough")), NotAllowed)


def test_cancel_ends_the_task_with_its_lease_and_its_requests() -> None:
    held = workflow(develop()).given(claim())
    assert held.when(cancel("not needed")) == (
        LeaseEnded(1, "canceled", step="develop.implement"),
        Moved(State.CANCELED, None, "canceled by human:ana: not needed"),
    )
    after = waiting().given(cancel("")).task
    assert (after.requests, after.detail) == ((), "canceled by human:ana")
    assert [d.answer for d in after.decisions] == [DecisionKind.CANCEL]


def test_a_canceled_task_waits_for_no_verifier_and_no_effect() -> None:
    verified = workflow(develop()).given(claim(), submit(), cancel()).task
    merging = workflow(develop(), merge()).given(claim(), submit(), report(), cancel()).task

    assert (verified.awaited, merging.effect) == ((), None)


def test_cancel_is_refused_while_the_target_is_being_moved() -> None:
    loop = workflow(develop(), merge()).given(claim(), submit(), report(), started())

    assert loop.refuses(cancel()).exit is Exit.UNAVAILABLE


ENDED = {
    State.COMPLETED: lambda: workflow(develop()).given(claim(), submit(), report()),
    State.CANCELED: lambda: workflow(develop()).given(cancel()),
    State.REJECTED: lambda: waiting(on_reject="end").given(reject()),
}
EVERYTHING: tuple[c.Command | Play, ...] = (
    claim(),
    submit(agent=ALFA, epoch=1),
    report(),
    release(),
    give_up(),
    ask(),
    reassign(),
    retry(),
    cancel(),
    expire_lease(),
    c.FireTimer(c.TimerKind.TIMEOUT, "1"),
    c.FireTimer(c.TimerKind.RETRY, "1"),
    c.Approve("r1.1/release/1", "", voice()),
    c.Reject("r1.1/release/1", "", voice(), "no"),
    c.Reply("r1.1/question/1", voice(), "yes"),
    c.StartEffect("e", "a", "b"),
    c.FinishEffect("e", "b"),
    c.FailEffect("e", EffectProblem.ERROR, "no"),
    c.VoidEffect("e", work(), "main moved"),
    c.Settle(),
)
NAMES = [type(one).__name__ if isinstance(one, c.Command) else f"play {n}" for n, one in enumerate(EVERYTHING)]


@pytest.mark.parametrize("state", ENDED)
@pytest.mark.parametrize("command", EVERYTHING, ids=NAMES)
def test_a_task_that_has_ended_never_moves_again(state: State, command: c.Command | Play) -> None:
    loop = ENDED[state]().knowing(lease_expires=0)
    assert loop.stands[0] is state

    assert loop.refuses(command).exit is Exit.ENDED


@pytest.mark.parametrize("command", EVERYTHING, ids=NAMES)
def test_a_freeze_refuses_everything(command: c.Command | Play) -> None:
    loop = workflow(develop()).given(claim(), submit()).knowing(frozen="repo:billing", lease_expires=0)

    no = loop.refuses(command)

    assert (no.exit, no.message) == (Exit.HELD, "r1.1 is frozen (repo:billing)")
    assert no.hint == "a person can lift it: onloop unfreeze repo:billing"


def test_nothing_is_created_in_a_freeze() -> None:
    assert Scenario(defined(develop())).knowing(frozen="all").refuses(create(Kind.WORK)).exit is Exit.HELD


def test_what_was_frozen_goes_on_where_it_stood() -> None:
    loop = workflow(develop()).given(claim(), submit()).knowing(frozen="all")
    assert loop.refuses(report()).exit is Exit.HELD

    assert loop.knowing(frozen=None).given(report()).stands[0] is State.COMPLETED
