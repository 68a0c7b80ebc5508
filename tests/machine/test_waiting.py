"""A step that waits: time moves it on, a person may sooner, and nothing else."""

from __future__ import annotations

from onloop.attention.items import item_of
from onloop.machine import commands as c
from onloop.machine.definition import Step
from onloop.machine.state import Reason, State
from onloop.machine.task import Verdict
from support.scenario import claim, fire, pause, report, resume, retry, submit, workflow
from support.steps import HOUR, develop, merge, ship

PAUSE = Step("triage.wait", wait_ms=HOUR)
AGAIN = Step("triage.plan", role="planner")


def test_a_step_that_waits_goes_on_when_its_time_is_over() -> None:
    waiting = workflow(develop(), PAUSE, AGAIN).given(claim(), submit(), report())
    assert (waiting.task.state, waiting.task.reason, waiting.task.holder) == (State.WORKING, Reason.SCHEDULED, None)
    assert waiting.task.not_before == waiting.now + HOUR
    assert [(timer.kind, timer.at) for timer in waiting.timers] == [(c.TimerKind.RETRY, waiting.now + HOUR)]
    assert item_of(waiting.task) is None, "nobody is told of a timer that runs"

    on = waiting.later(HOUR).given(fire(c.TimerKind.RETRY))
    assert (on.task.step, on.task.state, on.task.reason) == ("triage.plan", State.SUBMITTED, Reason.READY)


def test_a_wait_can_end_a_task_begin_an_effect_or_ask_people() -> None:
    for step, state in ((None, State.COMPLETED), (merge(), State.WORKING), (ship(), State.INPUT_REQUIRED)):
        steps = (develop(), PAUSE) if step is None else (develop(), PAUSE, step)
        on = workflow(*steps).given(claim(), submit(), report()).later(HOUR).given(fire(c.TimerKind.RETRY))
        assert on.task.state is state, step


def test_a_person_may_end_the_wait_and_after_a_pause_it_begins_anew() -> None:
    waiting = workflow(develop(), PAUSE, AGAIN).given(claim(), submit(), report())
    assert waiting.given(retry()).task.step == "triage.plan"
    paused = waiting.given(pause())
    assert paused.timers == ()
    resumed = paused.later(2 * HOUR).given(resume())
    assert (resumed.task.reason, resumed.task.not_before) == (Reason.SCHEDULED, resumed.now + HOUR)


def test_each_visit_arms_a_timer_of_its_own() -> None:
    """What fired for one visit never ends the wait of the next."""
    back = Step("check.open", gates=(*develop().gates,), on_fail="develop.implement", max_visits=9)
    first = workflow(develop(), PAUSE, back).given(claim(), submit(), report())
    token = first.timers[0].token
    looked = first.later(HOUR).given(fire(c.TimerKind.RETRY), report(verdict=Verdict.FAIL))
    second = looked.given(claim(), submit(), report())
    assert second.task.reason is Reason.SCHEDULED
    assert second.timers[0].token != token
