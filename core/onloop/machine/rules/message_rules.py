"""Commands by which agents pass things on: messages, checkpoints, how full their context is, and the step itself."""

from __future__ import annotations

from typing import assert_never

from onloop.errors import Exit, Ground, NotAllowed
from onloop.machine import commands as c
from onloop.machine import events as e
from onloop.machine.definition import Step
from onloop.machine.messages import MOST_NOTES, Checkpoint, Handover, Message, Note, unshown
from onloop.machine.rules.decision_builder import (
    DecisionBuilder,
    check_enrolled,
    check_holder,
    check_length,
    check_words,
    refuse,
)
from onloop.machine.rules.independence import barred
from onloop.machine.rules.usage_rules import report_usage
from onloop.machine.state import Reason, State
from onloop.machine.task import Kind, Task

LARGEST_MESSAGE = 4_096
LARGEST_CHECKPOINT = 65_536
MOST_UNREAD = 200
MOST_HANDOVERS = 10
MOST_OPEN = 10
CONTEXT_STEP = 5
"""How many per cent a context must grow or shrink by to be recorded again."""


_ACKNOWLEDGES = (c.Submit, c.Ask, c.Fail, c.Judge, c.Spawn, c.Tell, c.SaveCheckpoint, c.Handoff)


def acknowledge(course: DecisionBuilder, command: c.Command) -> None:
    """Messages shown before an agent's action count as read; a worker that reports a crash read nothing."""
    acts = isinstance(command, _ACKNOWLEDGES) or (
        isinstance(command, c.Release) and command.cause is c.ReleaseCause.RETURNED
    )
    if acts and course.task.shown:
        course.record(e.MessagesAcknowledged(course.task.shown))


def apply(course: DecisionBuilder, command: c.OfRelay) -> None:
    """Decide a command by which something is passed on."""
    match command:
        case c.Tell():
            _tell(course, command)
        case c.Deliver(message, run):
            _deliver(course, message, run)
        case c.MarkShown(agent, epoch, upto):
            check_holder(course.task, agent, epoch)
            if course.task.shown < upto <= course.task.received:
                course.record(e.MessagesShown(upto))
        case c.SaveCheckpoint(agent, epoch, digest, size):
            check_holder(course.task, agent, epoch)
            check_size(size, LARGEST_CHECKPOINT, "a checkpoint")
            course.record(e.CheckpointSaved(Checkpoint(course.step.id, digest, size, agent, course.now)))
        case c.Handoff():
            _hand_off(course, command)
        case c.ReportContext() | c.ReportUsage() | c.Draw():
            _report_on_itself(course, command)
        case _:
            assert_never(command)


def apply_note(course: DecisionBuilder, command: c.OfNotes) -> None:
    """Decide a command about what people tell whoever works on the task."""
    match command:
        case c.SendNote():
            _send_note(course, command)
        case c.MarkNotesShown(agent, epoch, upto, way):
            check_holder(course.task, agent, epoch)
            if any(note.number <= upto for note in unshown(course.task.notes, epoch)):
                course.record(e.NotesShown(upto, agent, epoch, course.task.attempt, way))
        case _:
            assert_never(command)


def check_size(size: int, most: int, what: str) -> None:
    """Refuse text that is empty or larger than `most` bytes."""
    if not 0 < size <= most:
        refuse(f"{what} of {size} bytes is empty or too large", Exit.USAGE, f"use 1 to {most} bytes")


def _send_note(course: DecisionBuilder, command: c.SendNote) -> None:
    task = course.task
    check_words(command.text, "a note", f'onloop note {task.id} "…"')
    check_enrolled(course, command.voice.person)
    if task.kind is Kind.FLEET:
        hint = f'onloop note {task.id} "…" --below tells the agents of its tasks'
        refuse(f"{task.id} is a fleet, and no agent works on it itself", Exit.USAGE, hint)
    waiting = sum(not note.shown for note in task.notes)
    if waiting >= MOST_NOTES:
        words = f"{task.id} has {waiting} notes that no agent has seen; the maximum is {MOST_NOTES}"
        refuse(words, Exit.SPENT, "wait until an agent has seen them")
    course.record(e.NoteSent(Note(command.voice.person, command.text, course.now)))


def _tell(course: DecisionBuilder, command: c.Tell) -> None:
    task = course.task
    check_holder(task, command.agent, command.epoch)
    check_size(command.size, LARGEST_MESSAGE, "a message")
    to = _addressed(course, command.to)
    course.record(e.Told(to, Message(command.kind, command.agent, task.id, command.digest, command.size, course.now)))


def _addressed(course: DecisionBuilder, to: str) -> tuple[str, ...]:
    task = course.task
    if to == "parent" and task.parent is None:
        refuse(f"{task.id} has no parent", Exit.USAGE, "use --to TASK or --to children")
    if to == task.id:
        refuse(f"{task.id} is your own task", Exit.USAGE, "onloop checkpoint keeps what your successor must know")
    if to == "children":
        live = tuple(child.id for child in course.facts.swarm if child.live)
        if not live:
            refuse(f"{task.id} has no working child", Exit.USAGE, "use --to TASK or --to parent")
        return live
    return (task.parent or "",) if to == "parent" else (to,)


def _deliver(course: DecisionBuilder, message: Message, run: str) -> None:
    task = course.task
    if task.run != run:
        hint = f"send messages only to tasks of your run, {run}"
        raise NotAllowed(f"{task.id} belongs to another run", hint=hint, ground=Ground.FOREIGN)
    if task.kind is Kind.FLEET:
        refuse(f"{task.id} is a fleet, and no agent reads its messages", Exit.USAGE, 'ask a person: onloop ask "…"')
    if len(task.messages) >= MOST_UNREAD:
        refuse(
            f"{task.id} has {len(task.messages)} unread messages; the maximum is {MOST_UNREAD}",
            Exit.SPENT,
            "continue your work; the other agent must first read its messages",
        )
    course.record(e.MessageReceived(message))


def _hand_off(course: DecisionBuilder, command: c.Handoff) -> None:
    task, roles = course.task, {step.role for step in course.definition.steps if step.role}
    check_holder(task, command.agent, command.epoch)
    if not command.why.strip():
        refuse("a reason is needed, and none was given", Exit.USAGE, 'onloop handoff --why "…"')
    for words in (command.why, *command.open):
        check_length(words, "a hand-off")
    if command.to and not command.to.startswith("agent:") and command.to not in roles:
        refuse(
            f"{command.to!r} is neither an agent nor a role of {task.workflow}",
            Exit.USAGE,
            f"use --to agent:NAME, or one of its roles: {', '.join(sorted(roles))}",
        )
    _check_may_take(course, command.to)
    if len(command.open) > MOST_OPEN:
        refuse(f"{len(command.open)} open questions are too many", Exit.USAGE, f"hand on at most {MOST_OPEN}")
    if len(task.handovers) >= MOST_HANDOVERS:
        refuse(
            f"{task.id} was handed on {len(task.handovers)} times at this step; the maximum is {MOST_HANDOVERS}",
            Exit.SPENT,
            'onloop ask "…" puts it before a person',
        )
    hand_over(course, Handover(course.step.id, command.agent, command.to, command.why, course.now, command.open))


def _check_may_take(course: DecisionBuilder, to: str) -> None:
    """Refuse to name an agent that may not claim: the step would wait until a person reassigns it."""
    bar = barred(course.task, course.step, to) if to.startswith("agent:") else ""
    if bar:
        role = course.step.role or "ROLE"
        refuse(
            f"{to} may not take this step: {bar}", Exit.USAGE, f"use --to {role}, or --to agent:NAME of another agent"
        )


def hand_over(course: DecisionBuilder, handover: Handover, words: str = "") -> None:
    """End the lease, which counts as no try, and wait for who was named; gates that run go on running."""
    course.end_lease("handed on")
    course.record(e.HandedOff(handover))
    if not course.task.is_verifying or not course.task.awaited:
        whom = handover.to or course.step.role or "nobody"
        course.record(e.Moved(State.SUBMITTED, Reason.READY, words or f"handed on by {handover.by}; waits for {whom}"))


def _report_on_itself(course: DecisionBuilder, command: c.ReportContext | c.ReportUsage | c.Draw) -> None:
    match command:
        case c.ReportUsage():
            report_usage(course, command)
        case c.Draw(task, spent, parked):
            course.record(e.BudgetDrawn(task, spent, parked))
        case c.ReportContext():
            _report_context(course, command)
        case _:
            assert_never(command)


def _report_context(course: DecisionBuilder, command: c.ReportContext) -> None:
    check_holder(course.task, command.agent, command.epoch)
    if not 0 <= command.percent <= 100:
        refuse(f"{command.percent} % of a context is not 0 to 100 %", Exit.USAGE, "onloop heartbeat --context 0.6")
    before = course.task.context
    if before is None or _band(course.step, before) != _band(course.step, command.percent):
        course.record(e.ContextReported(command.percent))


def _band(step: Step, percent: int) -> tuple[int, bool, bool]:
    limits = step.context
    past = (percent >= limits.soft, percent >= limits.hard) if limits else (False, False)
    return (percent // CONTEXT_STEP, *past)


def is_spent(step: Step, task: Task) -> bool:
    """Whether the holder's context is past the step's hard limit: it starts no round any more."""
    return step.context is not None and task.context is not None and task.context >= step.context.hard


def context_advice(step: Step, task: Task) -> str:
    """What the holder is advised to do about its context; empty below the soft limit, and where there is none."""
    if step.context is None or task.context is None or task.context < step.context.soft:
        return ""
    if is_spent(step, task):
        return f"context {task.context} %, past the hard limit of {step.context.hard} %: onloop handoff --why … now"
    return f"context {task.context} %, past the soft limit of {step.context.soft} %: onloop handoff --why … soon"
