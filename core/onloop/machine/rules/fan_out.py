"""A step that makes children: which ones, what they walk, and what becomes of the step when they end."""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import sha256
from typing import assert_never

from onloop.errors import Exit
from onloop.machine import events as e
from onloop.machine.definition import Definition, Effect, FanOut
from onloop.machine.rules.decision_builder import DecisionBuilder, refuse
from onloop.machine.rules.join import Child, Enough, Impossible, Unfinished, join_progress, joined
from onloop.machine.state import Reason, State
from onloop.machine.task import Offspring, Task
from onloop.records import replace

LONGEST_TITLE = 200


def child_definition(definition: Definition, step_id: str, *, resolves: bool) -> Definition:
    """The workflow that a child of the step walks; its digest follows from the parent's, so it needs no file."""
    fan_out = definition.step(step_id).fan_out
    if fan_out is None:
        raise ValueError(f"{step_id} makes no children")
    part = "resolve" if resolves else "child"
    digest = sha256(f"{definition.digest}/{step_id}/{part}".encode()).hexdigest()
    return replace(definition, digest=digest, steps=fan_out.resolve if resolves else fan_out.steps)


def begin(course: DecisionBuilder, fan_out: FanOut) -> None:
    """Make the children that the step says, or one in place of each that was lost; then wait for them."""
    lost = [child for child in course.facts.swarm if not child.live and not child.done and not child.made.resolves]
    if course.task.children:
        _replace(course, lost)
        return
    wanted = _wanted(course, fan_out)
    if not wanted or len(wanted) > fan_out.most:
        where = f"{fan_out.over} lists" if fan_out.over else "the step asks for"
        course.hold(Reason.HALTED, f"{where} {len(wanted)} children, and 1 to {fan_out.most} are allowed")
        return
    make(course, wanted)
    wait(course)


def _replace(course: DecisionBuilder, lost: list[Child]) -> None:
    if lost:
        make(course, [(child.made.title, child.made.brief) for child in lost])
    wait(course)


def _wanted(course: DecisionBuilder, fan_out: FanOut) -> list[tuple[str, str]]:
    if fan_out.over is not None:
        lines = course.facts.handed.get(fan_out.over, ())
        return [(title, f"{fan_out.brief}\n{line}".strip()) for title, line in zip(_titles(lines), lines, strict=True)]
    title = course.task.title[: LONGEST_TITLE - 20]
    return [(f"{title} ({n} of {fan_out.count})", fan_out.brief) for n in range(1, (fan_out.count or 0) + 1)]


def _titles(lines: Sequence[str]) -> list[str]:
    """A unique title for each line: the title connects a lost child with the one that replaces it."""
    titles: list[str] = []
    for line in lines:
        title, number = line[:LONGEST_TITLE], 1
        while title in titles:
            number += 1
            title = f"{line[: LONGEST_TITLE - 10]} ({number})"
        titles.append(title)
    return titles


def make(course: DecisionBuilder, wanted: list[tuple[str, str]], *, merges: tuple[str, ...] = ()) -> None:
    """Record children under ids numbered from the count so far, so that the same history makes the same ids."""
    first = course.task.born + 1
    course.record(
        e.FannedOut(
            tuple(
                Offspring(f"{course.task.id}.{number}", title, brief, merges)
                for number, (title, brief) in enumerate(wanted, first)
            )
        )
    )


def wait(course: DecisionBuilder) -> None:
    """Wait until the join has enough children."""
    course.end_lease("waits for its children")
    count = len(course.task.children)
    course.record(e.Moved(State.WORKING, Reason.CHILDREN_RUNNING, f"waits for {count} children"))


def settle(course: DecisionBuilder) -> None:
    """Look at the children: go on waiting, merge what they did, or ask a person."""
    fan_out = course.step.fan_out
    if fan_out is None:
        raise ValueError(f"{course.step.id} makes no children")
    if any(child.live and child.made.resolves for child in course.facts.swarm):
        return
    found = verdict(fan_out, course.facts.swarm)
    if isinstance(found, Impossible):
        course.hold(Reason.HALTED, found.words)
    elif isinstance(found, Enough):
        if found.losers:
            refuse(f"children of {course.task.id} are still working", Exit.NOT_YET, "dismiss them first")
        _funnel(course, found)


def verdict(fan_out: FanOut, swarm: tuple[Child, ...]) -> Enough | Unfinished | Impossible:
    """The join's outcome over the children, without those that a later child replaced."""
    replaced = _replaced(swarm)
    return joined(fan_out.join, [child for child in swarm if child.id not in replaced])


def join_words(definition: Definition, task: Task, swarm: tuple[Child, ...]) -> str:
    """How the children of the current step stand towards its join; empty where it makes none."""
    fan_out = definition.step(task.step).fan_out if task.step else None
    if fan_out is None or not swarm:
        return ""
    if task.joined is not None:
        return f"joined: the work of {', '.join(task.joined)} counts"
    mending = [child.id for child in swarm if child.live and child.made.resolves]
    if mending:
        return f"{mending[0]} mends a conflict between them{_asked_words(swarm)}"
    found = verdict(fan_out, swarm)
    match found:
        case Impossible(words):
            return words
        case Enough(winners):
            return f"enough: {', '.join(child.id for child in winners)}"
        case Unfinished():
            return join_progress(fan_out.join, swarm) + _asked_words(swarm)
        case _:
            assert_never(found)


def _asked_words(swarm: tuple[Child, ...]) -> str:
    asked = [child.id for child in swarm if child.state is State.INPUT_REQUIRED]
    return f"; a person is asked about {', '.join(asked)}" if asked else ""


def _replaced(swarm: tuple[Child, ...]) -> set[str]:
    """The lost children that a later child with the same title replaced."""
    return {
        child.id
        for number, child in enumerate(swarm)
        if not child.live
        and not child.done
        and any(later.made.title == child.made.title for later in swarm[number + 1 :])
    }


def _funnel(course: DecisionBuilder, found: Enough) -> None:
    workers = dict.fromkeys(agent for child in course.facts.swarm if child.done for agent in child.workers)
    hands = dict.fromkeys(hand for child in course.facts.swarm if child.done for hand in child.hands)
    course.record(e.Joined(tuple(child.id for child in found.winners), tuple(workers), tuple(hands)))
    request_funnel(course)


def request_funnel(course: DecisionBuilder) -> None:
    """Have the gateway merge the commits that count, in order."""
    task = course.task
    course.record(e.EffectRequested(f"{task.id}/{course.step.id}/{task.effects + 1}", Effect.FUNNEL))
    count = len(task.joined or ())
    course.record(e.Moved(State.WORKING, Reason.EFFECT_RUNNING, f"merging the work of {count} children"))
