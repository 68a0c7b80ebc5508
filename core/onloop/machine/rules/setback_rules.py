"""What no agent is to blame for: the task waits, goes on by itself, and loses neither attempt nor round."""

from __future__ import annotations

from typing import NoReturn, assert_never

from onloop.errors import Exit
from onloop.machine import commands as c
from onloop.machine import events as e
from onloop.machine.effect_specs import deed_words
from onloop.machine.held_roles import is_cause
from onloop.machine.rules.decision_builder import DecisionBuilder, check_effect, check_holder, refuse
from onloop.machine.rules.environment_rules import attest
from onloop.machine.rules.looking_first import is_asked_on_base, look_first
from onloop.machine.setbacks import (
    MOST_BROKEN,
    MOST_POSTPONED,
    Setback,
    Trouble,
    met_again,
    of_last_day,
    postponed,
    setback_words,
)
from onloop.machine.state import Reason, State


def apply(course: DecisionBuilder, command: c.OfTrouble) -> None:
    """Decide a command about a trouble, or about its end."""
    match command:
        case c.ReportTrouble():
            _report(course, command)
        case c.Recover(agent, epoch):
            check_holder(course.task, agent, epoch)
            if course.task.setback is not None:
                course.record(e.Recovered())
        case c.Return(epoch, away_ms):
            holder = course.task.holder
            if holder is None or course.task.epoch != epoch:
                refuse(f"nobody holds {course.task.id} under epoch {epoch}", Exit.NOT_YOURS, "stop work on it")
            course.record(e.Returned(holder, away_ms))
        case c.ReportEnvironment():
            attest(course, command)
        case _:
            assert_never(command)


def _report(course: DecisionBuilder, command: c.ReportTrouble) -> None:
    """The verifier or the effect could not do its part: it is asked again when the pause is over."""
    task = course.task
    if task.reason is Reason.EXTERNAL:
        _refuse_late(course)
    if command.effect:
        check_effect(task, command.effect)
    elif is_asked_on_base(task, command.gate):
        _wait(course, met_again(task.setback, command.trouble, command.detail, course.now), "set back")
        return
    elif command.gate not in task.awaited:
        _refuse_late(course)
    setback = met_again(task.setback, command.trouble, command.detail, course.now)
    course.record(e.SetBack(setback))
    course.record(e.Moved(State.WORKING, Reason.EXTERNAL, setback_words(setback, course.now)))


def _refuse_late(course: DecisionBuilder) -> NoReturn:
    refuse(f"{course.task.id} waits for no such answer now", Exit.NOTHING, "discard the report")


def resume(course: DecisionBuilder) -> None:
    """The pause after a trouble is over: what could not be done is asked for again."""
    task = course.task
    if task.effect is not None:
        deed = deed_words(task.effect.kind, task.target)
        again = (
            "looked at again" if task.setback is not None and task.setback.trouble is Trouble.AWAITED else "tried again"
        )
        course.record(e.Moved(State.WORKING, Reason.EFFECT_RUNNING, f"{deed}, {again}"))
    elif task.awaited:
        course.record(e.Moved(State.WORKING, Reason.GATES_RUNNING, f"verifying {', '.join(task.awaited)}, again"))
    elif not look_first(course):
        course.record(e.Moved(State.SUBMITTED, Reason.READY, "the pause is over"))


def set_back(course: DecisionBuilder, trouble: Trouble, words: str) -> None:
    """The worker could not do its part: another is given the task when the pause is over."""
    setback = met_again(course.task.setback, trouble, words, course.now)
    if trouble is Trouble.BROKEN and setback.count > MOST_BROKEN:
        course.hold(Reason.HALTED, f"this broke {setback.count} times in a row: {words}")
        return
    _wait(course, setback, "set back")


def postpone(course: DecisionBuilder, words: str, until: int) -> None:
    """The agent says *not now*: the task waits until then, but past so many times a day a person is asked."""
    said = len(of_last_day(course.task.postponed, course.now))
    if said >= MOST_POSTPONED:
        course.hold(Reason.HALTED, f"its agents said *not now* {said + 1} times within a day; the last: {words}")
        return
    _wait(course, postponed(course.task.setback, words, until, course.now), "not now")


def is_alike(course: DecisionBuilder, end: e.AttemptEnd, words: str) -> bool:
    """Whether the role is held because its agents end exactly so: then it is not for the task to pay."""
    hold = course.facts.hold
    return hold is not None and is_cause(hold.cause, end.value, words)


def wait_for_role(course: DecisionBuilder, end: e.AttemptEnd, words: str) -> None:
    """The task waits, as it was, until its role is held no longer."""
    course.end_lease(end.value)
    course.record(e.SetBack(Setback(Trouble.ALIKE, words, course.now, 1, course.now), end.value))
    course.record(e.Moved(State.SUBMITTED, Reason.READY, f"its role is held: {words}"))


def _wait(course: DecisionBuilder, setback: Setback, why: str) -> None:
    course.end_lease(why)
    course.record(e.SetBack(setback))
    course.record(e.Moved(State.SUBMITTED, Reason.RETRY_BACKOFF, setback_words(setback, course.now)))
