"""Commands about children: making one, sending one away, and what their commits became."""

from __future__ import annotations

from typing import assert_never

from onloop.errors import Exit
from onloop.machine import commands as c
from onloop.machine import events as e
from onloop.machine.definition import FanOut, Isolation
from onloop.machine.rules.decision_builder import DecisionBuilder, check_effect, check_holder, check_length, refuse
from onloop.machine.rules.dependencies import conflict_at_begin
from onloop.machine.rules.fan_out import LONGEST_TITLE, Part, make, wait
from onloop.machine.rules.progress import advance, request_gates, start
from onloop.machine.state import Reason, State

SwarmCommand = c.Spawn | c.Dismiss | c.FinishFunnel | c.ReportConflict | c.Proceed

MOST_PATHS = 20


def apply(course: DecisionBuilder, command: SwarmCommand) -> None:
    """Decide a command about the children of a task, or about a task as a child."""
    match command:
        case c.Spawn():
            _spawn(course, command)
        case c.Dismiss(reason):
            course.end(State.CANCELED, reason)
        case c.FinishFunnel(effect_id, submission):
            check_effect(course.task, effect_id)
            course.record(e.Funnelled(submission))
            _go_on(course)
        case c.ReportConflict():
            _conflict(course, command)
        case c.Proceed():
            _proceed(course)
        case _:
            assert_never(command)


def _go_on(course: DecisionBuilder) -> None:
    """The work of others was put together: a task that waited for it begins; of a step, its gates are asked."""
    if course.task.waits_to_begin:
        course.record(e.Unblocked())
        start(course)
    elif course.step.machine_gates:
        request_gates(course)
    else:
        advance(course)


def _proceed(course: DecisionBuilder) -> None:
    """Look again at the siblings that a task waits for; nothing happens to one that waits for something else."""
    if course.task.reason is Reason.DEPENDENCY and course.task.waits_to_begin:
        start(course)


def _spawn(course: DecisionBuilder, command: c.Spawn) -> None:
    check_holder(course.task, command.agent, command.epoch)
    fan_out = course.step.fan_out
    if fan_out is None or not fan_out.spawn:
        refuse(
            f"{course.step.id} does not let its agent make children",
            Exit.USAGE,
            "do the work yourself, then: onloop submit",
        )
    count = len(course.task.children)
    if count >= fan_out.most:
        refuse(
            f"{course.task.id} has {count} children; the maximum at {course.step.id} is {fan_out.most}",
            Exit.SPENT,
            "onloop submit waits for the children that exist",
        )
    title = " ".join(command.title.split())
    if not title or len(title) > LONGEST_TITLE:
        refuse(
            f"a child's title of {len(title)} characters is empty or too long",
            Exit.USAGE,
            f'onloop spawn --title "…", 1 to {LONGEST_TITLE} characters',
        )
    if any(known.title == title for known in course.task.children):
        refuse(f"{course.task.id} already has a child {title!r}", Exit.USAGE, "give each child a title of its own")
    check_length(command.brief, "a brief")
    isolation = _asked(course, fan_out, command.environment)
    after = tuple(dict.fromkeys(_sibling(course, name) for name in command.after))
    make(course, [Part(title, f"{fan_out.brief}\n{command.brief}".strip(), waits=after, isolation=isolation)])


def _sibling(course: DecisionBuilder, name: str) -> str:
    """The child of that id or title; refused where there is none. A child can wait only for what is there already."""
    known = course.task.children
    found = next((made.id for made in known if name in {made.id, made.title}), None)
    if found is None:
        there = ", ".join(f"{made.id} ({made.title[:40]})" for made in known[:MOST_PATHS]) or "none yet"
        refuse(f"{course.task.id} has no child {name[:80]!r} to wait for", Exit.USAGE, f"its children: {there}")
    return found


def _asked(course: DecisionBuilder, fan_out: FanOut, wish: Isolation | None) -> Isolation:
    """The environment that the agent asks for its child, if its workflow lets it choose that one."""
    if wish is None:
        return Isolation.NONE
    if wish not in fan_out.environments:
        named = ", ".join(kind.value for kind in fan_out.environments)
        words = f"{course.step.id} lets its agent make no child in an environment {wish.value}"
        refuse(words, Exit.USAGE, f"use one of: {named}" if named else "leave --environment out")
    return wish


def _conflict(course: DecisionBuilder, command: c.ReportConflict) -> None:
    """Make one child that resolves the conflict; ask a person if that failed, or no such child is declared."""
    check_effect(course.task, command.id)
    fan_out = course.step.fan_out
    paths = ", ".join(command.paths[:MOST_PATHS])
    words = f"the work of {command.child} conflicts with what was merged before it in {paths}"
    if course.task.waits_to_begin:
        conflict_at_begin(course, command, paths)
        return
    tried = any(made.resolves for made in course.task.children)
    course.record(e.EffectFailed(command.id, e.EffectProblem.CONFLICT, words))
    if fan_out is None or not fan_out.resolve or tried:
        course.hold(Reason.CONFLICT, words)
        return
    merged = course.task.joined or ()
    brief = (
        f"Merge what these tasks handed in into one commit, in this order: {', '.join(merged)}. Their commits are in "
        f"your clone below refs/remotes/origin/tasks/. Conflicting files: {paths}. Keep what each of them is for."
    )
    make(course, [Part(f"resolve the conflict in {paths}"[:LONGEST_TITLE], brief, merges=merged)])
    wait(course)
