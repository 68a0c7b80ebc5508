"""Stopping a task without ending it, and letting it go on: paused, or excluded from its fleet."""

from __future__ import annotations

from typing import assert_never

from onloop.errors import Exit
from onloop.machine import commands as c
from onloop.machine import events as e
from onloop.machine.rules.bypass_standing import is_bypassed
from onloop.machine.rules.decision_builder import (
    DecisionBuilder,
    check_enrolled,
    check_length,
    check_target_at_rest,
    check_words,
    refuse,
)
from onloop.machine.rules.freshness import ago
from onloop.machine.rules.progress import advance, start
from onloop.machine.rules.waves import rejoin, resume_fleet
from onloop.machine.state import Reason, State
from onloop.machine.task import Feedback, Kind, RequestKind

LONGEST_QUESTION = 200
"""How much of a question that nobody has answered is kept for the brief after a pause."""


def apply(course: DecisionBuilder, command: c.Pause | c.Exclude | c.Resume) -> None:
    """Decide a command that stops a task or lets it go on."""
    match command:
        case c.Pause():
            _pause(course, command)
        case c.Exclude():
            _exclude(course, command)
        case c.Resume():
            _resume(course, command)
        case _:
            assert_never(command)


def _pause(course: DecisionBuilder, command: c.Pause) -> None:
    check_words(command.reason, "a reason", f'onloop pause {course.task.id} --reason "…"')
    check_enrolled(course, command.voice.person)
    if course.task.state is State.PAUSED:
        _refuse_again(course)
    _stop(course, Reason.PAUSED, f"paused by {command.voice.person}: {command.reason}")


def _exclude(course: DecisionBuilder, command: c.Exclude) -> None:
    check_words(command.reason, "a reason", f'onloop exclude {course.task.id} --reason "…"')
    check_enrolled(course, command.voice.person)
    task = course.task
    if task.parent is None:
        refuse(f"{task.id} is a run, not a task in a fleet", Exit.USAGE, f'onloop pause {task.id} --reason "…"')
    if task.reason is Reason.EXCLUDED:
        _refuse_again(course)
    _stop(course, Reason.EXCLUDED, f"excluded by {command.voice.person}: {command.reason}")


def _stop(course: DecisionBuilder, reason: Reason, words: str) -> None:
    """Fence off the holder and withdraw open requests; they are asked again after the task resumes."""
    check_target_at_rest(course.task)
    open_questions = [r.question for r in course.task.requests if r.kind is RequestKind.QUESTION]
    unanswered = "".join(f"; nobody has answered: {question[:LONGEST_QUESTION]}" for question in open_questions)
    course.end_lease(reason.value)
    course.close_requests(reason.value)
    course.record(e.Moved(State.PAUSED, reason, words + unanswered))


def _refuse_again(course: DecisionBuilder) -> None:
    task = course.task
    refuse(f"{task.id}: {task.detail}, {ago(task.since, course.now)}", Exit.NOTHING, f"onloop resume {task.id}")


def _resume(course: DecisionBuilder, command: c.Resume) -> None:
    check_length(command.note, "a note")
    check_enrolled(course, command.voice.person)
    task = course.task
    if task.state is not State.PAUSED:
        refuse(f"{task.id} is {task.state.value}, not paused", Exit.NOTHING, f"onloop show {task.id}")
    if not course.facts.run_live:
        refuse(f"the run of {task.id} has ended without it", Exit.ENDED, f'onloop cancel {task.id} --reason "…"')
    if task.kind is Kind.FLEET:
        resume_fleet(course)
        return
    rejoin(course)
    words = f"{task.detail}; then: {command.note or 'go on'}"
    course.record(e.CountersReset(Feedback("resume", words, command.voice.person, course.now)))
    if _waits_for_people_only(course):
        advance(course)
    else:
        start(course)


def _waits_for_people_only(course: DecisionBuilder) -> bool:
    """Whether an agent's work has passed every machine gate, on evidence that counts now: it is not asked for again."""
    step, task = course.step, course.task
    gates, people = step.machine_gates, course.facts.voters
    met = (task.passed(step.id, gate.id) or is_bypassed(task, step, gate, people) for gate in gates)
    return step.role is not None and bool(gates) and all(met)
