"""What people put right in a live run: its workflow, where its work is done, and that its base is red."""

from __future__ import annotations

from typing import assert_never

from onloop.errors import Exit
from onloop.machine import commands as c
from onloop.machine import events as e
from onloop.machine.base_facts import Amendment
from onloop.machine.definition import Definition
from onloop.machine.rules.decision_builder import (
    DecisionBuilder,
    check_enrolled,
    check_length,
    check_target_at_rest,
    check_words,
    refuse,
)
from onloop.machine.rules.looking_first import checked_step, must_be_green, red_on_base
from onloop.machine.rules.progress import ask_again, request_gates, start
from onloop.machine.state import Reason, State
from onloop.machine.task import Feedback, Kind, Verdict


def apply(course: DecisionBuilder, command: c.OfPin) -> None:
    """Decide a command that puts something right in a live run."""
    match command:
        case c.Amend():
            _amend(course, command)
        case c.Retarget():
            _retarget(course, command)
        case _:
            assert_never(command)


def _amend(course: DecisionBuilder, command: c.Amend) -> None:
    person, task = command.voice.person, course.task
    check_words(command.reason, "a reason", f'onloop amend {task.id} --workflow FILE --reason "…"')
    check_enrolled(course, person)
    check_target_at_rest(task)
    amended = course.facts.amended
    if amended is None or command.definition not in {amended.digest, amended.file}:
        refuse(f"no workflow is stored as {command.definition[:12]}", Exit.USAGE, "onloop amend stores it first")
    _check_fits(course, amended)
    bars = any(gate.not_by_amender for step in course.definition.steps for gate in step.human_gates) or any(
        amendment.bars for amendment in task.amendments
    )
    amendment = Amendment(person, course.now, task.definition, amended.digest, command.reason, bars)
    was_judged = bool(task.awaited) or any(found.step == task.step for found in task.evidence.values())
    course.record(e.Amended(amendment, amended.name))
    course.definition = amended
    if task.kind is Kind.WORK and task.state is not State.PAUSED:
        words = f"the workflow was amended: {command.reason}"
        _go_on(course, Feedback("amended", words, person, course.now), was_judged)


def _check_fits(course: DecisionBuilder, amended: Definition) -> None:
    """Refuse a workflow that does not have the step where the task stands, done in the same way, or changes nothing."""
    task = course.task
    if amended.digest == task.definition:
        refuse(f"{task.id} walks {amended.digest[:12]} already", Exit.NOTHING, "change the file, commit it, then amend")
    if task.kind is Kind.FLEET:
        return
    step, names = course.step, [step.id for step in amended.steps]
    if step.id not in names:
        refuse(
            f"{task.id} stands at {step.id}, which the new workflow does not have",
            Exit.USAGE,
            f"keep that step; it has {', '.join(names)}",
        )
    after = amended.step(step.id)
    if (step.role is None, step.effect, step.fan_out is None) != (
        after.role is None,
        after.effect,
        after.fan_out is None,
    ):
        refuse(f"{step.id} would be done in another way", Exit.USAGE, "keep who does it: a role, run, effect or people")
    if step.fan_out is not None or task.brief or task.merges or task.reason is Reason.CHILDREN_RUNNING:
        refuse(f"{task.id} is divided among children", Exit.HELD, "amend it when its step has no children")


def _go_on(course: DecisionBuilder, feedback: Feedback, was_judged: bool) -> None:
    """Have what was handed in judged by the new gates, or begin again where nothing was; nobody loses a lease."""
    task, step = course.task, course.step
    course.close_requests("amended")
    course.record(e.CountersReset(feedback, course.facts.programs))
    if task.submission is not None and step.role is None:
        ask_again(course)
    elif was_judged and step.machine_gates:
        request_gates(course)
    elif task.holder is None:
        start(course)


def _retarget(course: DecisionBuilder, command: c.Retarget) -> None:
    person, task = command.voice.person, course.task
    check_enrolled(course, person)
    check_length(command.reason, "a reason")
    if task.kind is Kind.FLEET or task.brief or task.merges:
        refuse(f"{task.id} has no repository of its own to put right", Exit.USAGE, "name a task of the fleet")
    if task.submission is not None:
        refuse(
            f"work on {task.id} was handed in for {task.target} of {task.repo}",
            Exit.HELD,
            f"cancel it, and begin another: onloop fleet add {task.run} --targets FILE",
        )
    if (task.origin, task.target) == (command.origin, command.target):
        words = f"{task.id} is about {task.target} of {task.repo} already"
        refuse(words, Exit.NOTHING, "name another branch or origin")
    check_target_at_rest(task)
    course.end_lease("retargeted")
    course.record(e.Retargeted(command.repo, command.origin, command.target, person, command.reason))
    if task.state is State.PAUSED:
        return
    course.close_requests("retargeted")
    words = f"it is about {command.target} of {command.repo} now"
    course.record(e.CountersReset(Feedback("retargeted", words, person, course.now)))
    start(course)


def accept_red_base(course: DecisionBuilder, person: str) -> None:
    """Record that a person goes on although gates fail on the base. What gave no verdict there cannot be compared."""
    task, step = course.task, checked_step(course.definition)
    red = red_on_base(course.definition, task)
    if step is None or not red or task.reason is not Reason.GATE_FAILED:
        refuse(f"nothing is red on the base of {task.id}", Exit.NOTHING, f"onloop retry {task.id}")
    unknown = [found.gate for found in red if found.verdict is not Verdict.FAIL]
    if unknown:
        refuse(
            f"{', '.join(unknown)} gave no verdict on the base, so nothing can be no worse",
            Exit.HELD,
            f"mend the workflow: onloop amend {task.id} --workflow FILE",
        )
    course.record(e.BaseAccepted(step.id, person, tuple(found.gate for found in red)))


def check_not_red(course: DecisionBuilder) -> None:
    """Refuse to hand out a task whose base is red before a person has said how to go on."""
    task = course.task
    if must_be_green(task) and red_on_base(course.definition, task):
        refuse(
            f"{task.id} is red on its base, so no agent starts",
            Exit.HELD,
            f"onloop retry {task.id} --no-worse-than-base, or onloop amend {task.id} --workflow FILE",
        )
