"""Decides who may step into a task's environment, and records that they left."""

from __future__ import annotations

from typing import assert_never

from onloop.errors import Exit
from onloop.machine import commands as c
from onloop.machine import events as e
from onloop.machine.entered_environment import LONGEST_INSIDE_MS, MOST_INSIDE, Stay, inside_now
from onloop.machine.rules.decision_builder import DecisionBuilder, check_enrolled, refuse
from onloop.machine.task import Kind


def apply(course: DecisionBuilder, command: c.OfInside) -> None:
    """Decide a command of a person who steps in or out; it moves nothing and decides nothing."""
    match command:
        case c.Enter():
            _enter(course, command)
        case c.Leave():
            _leave(course, command)
        case _:
            assert_never(command)


def left_afterwards(course: DecisionBuilder, command: c.Leave) -> DecisionBuilder:
    """Record that a person left after the task had ended, which it remains."""
    _leave(course, command)
    return course


def _enter(course: DecisionBuilder, command: c.Enter) -> None:
    task, person = course.task, command.voice.person
    check_enrolled(course, person)
    if task.kind is Kind.FLEET:
        refuse(f"{task.id} is a fleet, and has no environment itself", Exit.USAGE, f"onloop tree {task.id}")
    if not 0 < command.most_ms <= LONGEST_INSIDE_MS:
        refuse(f"{command.most_ms} ms inside is not possible", Exit.USAGE, "stay for at most a day: --most 8h")
    inside = inside_now(task.inside, course.now)
    if any(stay.session == command.session for stay in task.inside):
        refuse(f"session {command.session} has begun already", Exit.USAGE, f"onloop enter {task.id}")
    if len(inside) >= MOST_INSIDE:
        words = f"{len(inside)} people are inside {task.id}; the maximum is {MOST_INSIDE}"
        refuse(words, Exit.SPENT, "wait until one of them has left")
    until = course.now + command.most_ms
    course.record(e.PersonEntered(Stay(command.session, person, command.place, command.host, course.now, until)))


def _leave(course: DecisionBuilder, command: c.Leave) -> None:
    person = command.voice.person
    stay = next((each for each in course.task.inside if each.session == command.session), None)
    if stay is None or stay.person != person:
        words = f"{person} is not inside {course.task.id} under {command.session}"
        refuse(words, Exit.USAGE, f"onloop show {course.task.id} says who is")
    lasted = max(0, min(course.now, stay.until) - stay.since)
    course.record(e.PersonLeft(stay.session, person, lasted, command.how, command.transcript))
