"""What is nobody's fault costs neither attempt nor round, and goes on by itself."""

from __future__ import annotations

import pytest

from onloop.attention.items import item_of
from onloop.errors import Exit
from onloop.machine import commands as c
from onloop.machine.definition import Attempts, Step
from onloop.machine.held_roles import ALIKE_ENDS, AgentEnded, Streaks, cause_of, streaks_after
from onloop.machine.setbacks import (
    DAY_MS,
    LONGEST_PAUSE_MS,
    MOST_BROKEN,
    MOST_POSTPONED,
    PATIENCE_MS,
    RARE_PAUSE_MS,
    Trouble,
)
from onloop.machine.state import Reason, State
from support.scenario import (
    NOON,
    Play,
    Scenario,
    cancel,
    claim,
    finished,
    fire,
    pause,
    release,
    report,
    retry,
    started,
    submit,
    troubled,
    workflow,
)
from support.steps import HOUR, MINUTE, SECOND, develop, gate, merge

WAITING = workflow(develop())
MERGING = workflow(develop(), merge()).given(claim(), submit(), report())


def unavailable(trouble: Trouble = Trouble.UNREACHABLE, words: str = "the origin is away") -> Play:
    return lambda at: c.Release(at.task.holder or "", at.task.epoch, c.ReleaseCause.UNAVAILABLE, words, trouble)


def not_now(until: int = 0, words: str = "usage limit") -> Play:
    return lambda at: c.Release(at.task.holder or "", at.task.epoch, c.ReleaseCause.NOT_NOW, words, until=until)


def scoping() -> Step:
    return Step("plan.scope", role="implementer")


def again(at: Scenario) -> Scenario:
    """The pause is over."""
    return at.later(max(0, at.task.not_before - at.now)).given(fire(c.TimerKind.RETRY))


def test_a_trouble_of_the_worker_spends_no_attempt_and_is_tried_again_after_longer_and_longer_pauses() -> None:
    at, pauses = WAITING, []
    for _ in range(12):
        at = at.given(claim(), unavailable())
        assert at.stands[:2] == (State.SUBMITTED, Reason.RETRY_BACKOFF)
        pauses.append(at.task.not_before - at.now)
        assert at.refuses(claim()).exit is Exit.NOTHING
        at = again(at)

    assert pauses[:9] == [1000 * 2**n for n in range(9)] and max(pauses) == LONGEST_PAUSE_MS
    assert (at.task.tries, at.task.round, at.task.attempt) == (0, 0, 1)


def test_people_are_told_once_patience_is_over_and_no_longer_when_it_is() -> None:
    at = WAITING
    while at.now - NOON < PATIENCE_MS[Trouble.UNREACHABLE]:
        at = again(at.given(claim(), unavailable()))
        assert item_of(at.task) is None
    at = at.given(claim(), unavailable())

    item = item_of(at.task)
    assert item is not None and (item.reason, item.since) == (Reason.EXTERNAL, NOON)
    assert at.task.not_before - at.now == RARE_PAUSE_MS, "it is tried all the same"
    other = workflow(scoping()).given(claim()).later(-HOUR)
    while (second := item_of(other.task)) is None:
        other = again(other.given(unavailable(), )).given(claim())  # fmt: skip
    assert second.cause == item.cause, "the trouble is the cause, whatever the task"
    holder = at.later(RARE_PAUSE_MS).given(fire(c.TimerKind.RETRY), claim())
    assert item_of(holder.task) is not None
    assert item_of(holder.given(c.Recover(holder.task.holder or "", holder.task.epoch)).task) is None


def test_what_no_waiting_mends_is_told_at_once() -> None:
    at = WAITING.given(claim(), unavailable(Trouble.REFUSED, "cannot run 'clade'"))

    assert item_of(at.task) is not None and at.stands[1] is Reason.RETRY_BACKOFF


def test_what_breaks_onloop_itself_goes_to_a_person_after_a_few_times() -> None:
    at = WAITING
    for _ in range(MOST_BROKEN):
        at = again(at.given(claim(), unavailable(Trouble.BROKEN, "RuntimeError")))
    at = at.given(claim(), unavailable(Trouble.BROKEN, "RuntimeError"))

    assert (at.stands[:2], at.task.tries) == ((State.INPUT_REQUIRED, Reason.HALTED), 0)


def test_an_agent_that_says_not_now_is_left_alone_until_then_and_believed_three_times_a_day() -> None:
    at = WAITING
    for _ in range(MOST_POSTPONED):
        at = at.given(claim(), not_now(at.now + HOUR))
        assert at.refuses(claim()).exit is Exit.NOTHING
        at = again(at)
    assert (at.task.tries, at.now) == (0, NOON + MOST_POSTPONED * HOUR)

    told = at.given(claim(), not_now())
    assert told.stands[:2] == (State.INPUT_REQUIRED, Reason.HALTED) and "4 times within a day" in told.task.detail
    assert told.given(retry(), claim(), not_now()).stands[1] is Reason.RETRY_BACKOFF, "a person's word counts anew"
    tomorrow = again(at.later(DAY_MS).given(claim(), not_now()))
    assert tomorrow.stands[1] is Reason.READY, "and so does another day"


def test_not_now_lasts_a_day_at_most_and_says_until_when() -> None:
    far = WAITING.given(claim(), not_now(NOON + 5 * DAY_MS))
    soon = WAITING.given(claim(), not_now(NOON + HOUR + 30 * MINUTE))

    assert far.task.not_before == NOON + DAY_MS
    assert soon.task.detail == "not now until 23:43 UTC: usage limit"


def test_people_are_told_of_a_task_whose_agents_say_not_now_day_after_day() -> None:
    at, told = WAITING, []
    for _ in range(4):
        at = at.given(claim(), not_now(at.now + DAY_MS))
        told.append(at.task.setback is not None and at.task.setback.told)
        at = again(at)

    assert told == [False, False, True, True]
    assert at.given(claim(), submit()).task.setback is None


def test_an_effect_that_meets_a_trouble_keeps_its_intent_and_is_tried_again_by_a_timer() -> None:
    at = MERGING.given(started(), troubled())

    assert at.stands == (State.WORKING, Reason.EXTERNAL, "ship.merge")
    assert at.task.effect is not None and at.task.effect.expected is not None
    assert at.refuses(troubled()).exit is Exit.NOTHING
    at = again(at)
    assert at.stands == (State.WORKING, Reason.EFFECT_RUNNING, "ship.merge")
    done = at.given(finished())
    assert (done.stands[0], done.task.setback, len(done.task.requests)) == (State.COMPLETED, None, 0)


def test_gates_that_meet_a_trouble_are_asked_for_again_and_their_holder_keeps_the_task() -> None:
    at = workflow(develop()).given(claim(), submit(), troubled(Trouble.NO_SPACE, "the disk is full"))

    assert at.stands[:2] == (State.WORKING, Reason.EXTERNAL) and at.task.holder is not None
    assert [timer.kind for timer in at.timers] == [c.TimerKind.RETRY], "its holder's time does not run"
    at = again(at)
    assert (at.stands[1], at.task.awaited, at.task.round) == (Reason.GATES_RUNNING, ("tests",), 0)
    assert at.given(report()).stands[0] is State.COMPLETED


def test_a_person_can_have_it_tried_at_once_or_end_it_although_the_target_may_have_moved() -> None:
    away = MERGING.given(started(), troubled())

    assert away.given(retry()).stands[1] is Reason.EFFECT_RUNNING
    assert away.given(cancel()).stands[0] is State.CANCELED
    assert away.given(pause()).stands[0] is State.PAUSED


def test_trouble_that_is_long_past_is_forgotten() -> None:
    at = again(WAITING.given(claim(), unavailable()))
    later = at.later(HOUR).given(claim(), unavailable())

    assert later.task.setback is not None and (later.task.setback.count, later.task.setback.since) == (1, later.now)


def test_the_attempt_is_never_past_the_most_and_begins_anew_with_a_person() -> None:
    at = workflow(develop(attempts=Attempts(max=2, backoff_ms=SECOND))).given(claim(), release()).later(MINUTE)
    at = at.given(fire(c.TimerKind.RETRY), claim())
    assert at.task.attempt == 2
    spent = at.given(release())

    assert spent.task.attempt == 2
    assert spent.given(retry(), claim()).task.attempt == 1


def test_a_step_is_not_too_slow_for_the_time_in_which_its_holder_was_away() -> None:
    at = workflow(develop(timeout_ms=10 * MINUTE)).given(claim()).later(HOUR).given(c.Return(1, HOUR))

    (timer,) = at.timers
    assert timer.at - at.now == 10 * MINUTE


def test_while_its_role_is_held_for_just_that_end_a_task_pays_no_attempt() -> None:
    streaks: Streaks = {}
    for n in range(ALIKE_ENDS):
        cause = cause_of("crashed", "exit code 1")
        streaks = streaks_after(streaks, AgentEnded("implementer", f"t{n}", cause, "exit code 1", NOON))
    at = WAITING.given(claim()).knowing(hold=streaks["implementer"])

    held = at.given(release(detail="exit code 2"))
    assert (held.stands[:2], held.task.tries) == ((State.SUBMITTED, Reason.READY), 0), "numbers make no difference"
    assert held.refuses(claim()).exit is Exit.NOTHING
    assert at.given(release(detail="no such file")).task.tries == 1
    assert at.given(release(c.ReleaseCause.STALLED, "silent")).task.tries == 1


@pytest.mark.parametrize("command", [troubled(), c.ReportTrouble(Trouble.BUSY, "late", gate="other")])
def test_a_trouble_that_nobody_waits_for_is_refused(command: Play | c.Command) -> None:
    assert WAITING.given(claim()).refuses(command).exit is Exit.NOTHING


def test_a_gate_that_answers_while_another_waits_leaves_the_timer_of_the_other() -> None:
    two = workflow(develop(gate("tests"), gate("lint"))).given(claim(), submit(), troubled(), report("lint"))

    assert [timer.kind for timer in two.timers] == [c.TimerKind.RETRY]
    assert again(two).task.awaited == ("tests",)
