"""The rules: (definition, task, facts, command, now) → events, or Refused. Each kind of command has its own module."""

from __future__ import annotations

from onloop.errors import Exit
from onloop.machine import commands as c
from onloop.machine import events as e
from onloop.machine.definition import Definition
from onloop.machine.evolve import evolve
from onloop.machine.rules import (
    agent_reviews,
    child_commands,
    effect_rules,
    elsewhere_rules,
    entering,
    human_decisions,
    message_rules,
    outside_rules,
    overriding,
    ownership,
    putting_right,
    reassigning,
    setback_rules,
    submissions,
    suspension,
    waves,
)
from onloop.machine.rules.decision_builder import DecisionBuilder, Facts, refuse
from onloop.machine.rules.freshness import ago, check_version
from onloop.machine.rules.people.taking_back import take_back
from onloop.machine.rules.progress import enter
from onloop.machine.state import Reason, State
from onloop.machine.task import Kind, Task
from onloop.machine.transition_table import check_move

_OfWork = c.Claim | c.Release | c.EndTurn | c.Fail | c.FireTimer | c.Submit | c.ReportGate | c.ReportBase | c.Ask
_NOT_WHILE_PAUSED = (
    c.Claim,
    c.Approve,
    c.Reject,
    c.Reply,
    c.Reassign,
    c.Retry,
    c.Take,
    c.Override,
    c.TakeBack,
    c.AnswerOutside,
)
"""Commands that would let a task of a paused run continue."""


def decide(
    definition: Definition,
    task: Task | None,
    facts: Facts,
    command: c.Command,
    now: int,
    *,
    id: str,  # noqa: A002
) -> tuple[e.Event, ...]:
    """The events that `command` causes at `now` (ms) for the task called `id`; Refused says why there are none."""
    return tuple(course_of(definition, task, facts, command, now, id=id).events)


def course_of(
    definition: Definition,
    task: Task | None,
    facts: Facts,
    command: c.Command,
    now: int,
    *,
    id: str,  # noqa: A002
) -> DecisionBuilder:
    """What `decide` decides, with the task as it is after those events."""
    if facts.frozen is not None and not _passes_a_freeze(task, command):
        refuse(f"{id} is frozen ({facts.frozen})", Exit.HELD, f"a person can lift it: onloop unfreeze {facts.frozen}")
    if isinstance(command, c.Create):
        if task is not None:
            refuse(f"{id} already exists", Exit.USAGE, f"onloop show {id}")
        return _created(definition, facts, command, now, id)
    if task is None:
        refuse(f"there is no task {id}", Exit.USAGE, "onloop list shows every task")
    if task.ended:
        return _after_its_end(DecisionBuilder(definition, task, facts, now), command)
    if facts.run_paused and isinstance(command, _NOT_WHILE_PAUSED):
        refuse(f"{id} is a part of {task.run}, which is paused", Exit.HELD, f"onloop resume {task.run}")
    check_version(task, getattr(command, "version", None), facts.changes, now)
    course = DecisionBuilder(definition, task, facts, now)
    message_rules.acknowledge(course, command)
    _apply(course, command)
    check_move(task.state, command, course.task.state)
    return course


def _after_its_end(course: DecisionBuilder, command: c.Command) -> DecisionBuilder:
    """Only what says how things stand elsewhere, and what an agent used, is recorded of a task that has ended."""
    task = course.task
    if isinstance(command, c.ReportUsage | c.Draw):
        message_rules.apply(course, command)
        return course
    if isinstance(command, c.ReportCheck):
        return effect_rules.report_check(course, command)
    if not isinstance(command, c.Leave):
        words = f"{task.state.value}, {task.detail}, {ago(task.since, course.now)}"
        refuse(f"{task.id} has ended: {words}", Exit.ENDED, f"onloop show {task.id}")
    return entering.left_afterwards(course, command)


def _passes_a_freeze(task: Task | None, command: c.Command) -> bool:
    """Whether the command moves nothing, or reports the end of a push that was running: the log must record that.

    Its consequences wait until the freeze is lifted. Whoever looks into what is frozen may step in.
    """
    if isinstance(command, c.OfInside | c.RecordLink | c.ReportCheck | c.ReportUsage | c.Draw):
        return True
    intent = task.effect if task is not None else None
    return isinstance(command, c.FinishEffect) and intent is not None and intent.expected is not None


def _created(definition: Definition, facts: Facts, command: c.Create, now: int, task_id: str) -> DecisionBuilder:
    _check_wave(command, facts)
    created = e.Created(**command.facts, programs=facts.programs)
    course = DecisionBuilder(definition, evolve(None, created, id=task_id, at=now), facts, now, [created])
    if command.kind is Kind.FLEET:
        course.record(e.Moved(State.WORKING, Reason.CHILDREN_RUNNING, "its repositories are being worked on"))
    else:
        enter(course, definition.steps[0])
    return course


def _check_wave(command: c.Create, facts: Facts) -> None:
    """Refuse a task of a fleet with waves that is in none of them, or in one that has begun."""
    if facts.waves is not None and command.parent == command.run and command.wave <= facts.waves.current:
        words = f"{command.repo} would begin at once, and {command.run} begins its tasks in waves"
        refuse(words, Exit.HELD, f"onloop fleet add {command.run} --targets FILE")


_OfOthers = c.TakeBack | c.OfRelay | c.OfNotes | c.OfInside | c.OfWave | c.OfElsewhere | c.OfOutside | c.Override
_OnTask = c.Spoken | c.EffectCommand | c.OfTrouble | c.OfChildren | _OfOthers | _OfWork
"""Every command but the one that begins a task."""


def _apply(course: DecisionBuilder, command: _OnTask) -> None:
    match command:
        case c.Claim() | c.Release() | c.EndTurn() | c.Fail() | c.FireTimer():
            ownership.apply(course, command)
        case c.Submit() | c.ReportGate() | c.ReportBase():
            submissions.apply(course, command)
        case c.Ask() | c.Approve() | c.Reject() | c.Reply() | c.Retry() | c.Cancel():
            human_decisions.apply(course, command)
        case c.Pause() | c.Exclude() | c.Resume() | c.Amend() | c.Retarget() | c.Reassign() | c.HandOn() | c.Take():
            _apply_to_course(course, command)
        case c.Judge() | c.Spawn() | c.Dismiss() | c.FinishFunnel() | c.ReportConflict() | c.Proceed():
            _apply_in_swarm(course, command)
        case c.ReportTrouble() | c.Recover() | c.Return() | c.ReportEnvironment():
            setback_rules.apply(course, command)
        case (
            c.StartEffect()
            | c.FinishEffect()
            | c.FailEffect()
            | c.VoidEffect()
            | c.Settle()
            | c.RecordLink()
            | c.ReportCheck()
        ):
            effect_rules.apply(course, command)
        case _:
            _apply_others(course, command)


def _apply_others(course: DecisionBuilder, command: _OfOthers) -> None:
    match command:
        case c.Signal() | c.CallOff() | c.AnswerOutside():
            outside_rules.apply(course, command)
        case c.Override():
            overriding.override(course, command)
        case c.TakeBack():
            take_back(course, command)
        case c.BeginWaves() | c.AddWave() | c.Admit() | c.HoldBack():
            waves.apply(course, command)
        case c.Follow() | c.Adopt() | c.Hear() | c.EndElsewhere():
            elsewhere_rules.apply(course, command)
        case c.Enter() | c.Leave():
            entering.apply(course, command)
        case c.SendNote() | c.MarkNotesShown():
            message_rules.apply_note(course, command)
        case _:
            message_rules.apply(course, command)


def _apply_to_course(
    course: DecisionBuilder, command: c.Pause | c.Exclude | c.Resume | c.OfPin | c.Reassign | c.OfHands
) -> None:
    match command:
        case c.Amend() | c.Retarget():
            putting_right.apply(course, command)
        case c.Reassign() | c.HandOn() | c.Take():
            reassigning.apply(course, command)
        case _:
            suspension.apply(course, command)


def _apply_in_swarm(course: DecisionBuilder, command: c.OfChildren) -> None:
    if isinstance(command, c.Judge):
        agent_reviews.apply(course, command)
    else:
        child_commands.apply(course, command)
