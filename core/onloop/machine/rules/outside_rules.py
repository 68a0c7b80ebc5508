"""What the world outside may ask of a task: to be told, to end, to have an agent's question answered."""

from __future__ import annotations

from typing import assert_never

from onloop.errors import Exit
from onloop.machine import commands as c
from onloop.machine import events as e
from onloop.machine.messages import MOST_NOTES, Note
from onloop.machine.requests import RequestKind
from onloop.machine.rules.decision_builder import DecisionBuilder, check_target_at_rest, check_words, refuse
from onloop.machine.rules.progress import start
from onloop.machine.state import LIVE, State
from onloop.machine.task import Feedback, Kind

MOST_WAITING = 5
"""How many signals may wait for an agent: a storm takes no room from what people say."""


def apply(course: DecisionBuilder, command: c.OfOutside) -> None:
    """Decide a command of an integration. None of them decides anything that a person is asked."""
    match command:
        case c.Signal():
            _signal(course, command)
        case c.CallOff():
            _call_off(course, command)
        case c.AnswerOutside():
            _answer(course, command)
        case _:
            assert_never(command)


def _signal(course: DecisionBuilder, command: c.Signal) -> None:
    """Tell the agent, unless it has not seen yet what was told before in the same words."""
    task = course.task
    check_words(command.text, "a signal", "give the trigger a text")
    if task.kind is Kind.FLEET:
        refuse(f"{task.id} is a fleet, and no agent works on it itself", Exit.USAGE, "signal one of its tasks")
    waiting = [note for note in task.notes if note.by == command.by and not note.shown]
    if any(note.text == command.text for note in waiting):
        return
    unseen = sum(not note.shown for note in task.notes)
    if len(waiting) >= MOST_WAITING or unseen >= MOST_NOTES:
        words = f"{task.id} has {len(waiting)} signals of {command.by} that no agent has seen, which is the most"
        refuse(words, Exit.SPENT, "the agent reads the newest state from the source when it sees them")
    course.record(e.NoteSent(Note(command.by, command.text, course.now)))


def _call_off(course: DecisionBuilder, command: c.CallOff) -> None:
    task = course.task
    check_words(command.reason, "a reason", "give the trigger a reason")
    if task.kind is Kind.FLEET and any(state in LIVE for state in course.facts.children):
        refuse(f"{task.id} has tasks that have not ended", Exit.NOT_YET, "a person cancels a fleet")
    check_target_at_rest(task)
    course.end(State.CANCELED, f"called off by {command.by}: {command.reason}")


def _answer(course: DecisionBuilder, command: c.AnswerOutside) -> None:
    """Answer the open question of an agent; counters stay as they are, so that no loop of answers goes on for ever."""
    task = course.task
    check_words(command.text, "an answer", "give the trigger a text")
    request = next((each for each in task.requests if each.kind is RequestKind.QUESTION), None)
    if request is None:
        asked = ", ".join(each.kind.value for each in task.requests) or "nothing"
        refuse(f"no agent's question of {task.id} is open; asked: {asked}", Exit.NOTHING, "a person must decide that")
    course.record(e.RequestClosed(request.id, f"answered from outside by {command.by}"))
    course.record(
        e.AnsweredOutside(Feedback("outside", command.text, command.by, course.now, request.question, request.asked_by))
    )
    start(course)
