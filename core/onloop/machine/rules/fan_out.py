"""A step that makes children: which ones, what they walk, and what becomes of the step when they end."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from hashlib import sha256
from typing import assert_never

from onloop.errors import Exit
from onloop.machine import events as e
from onloop.machine.combined_steps import with_values
from onloop.machine.definition import Definition, Effect, FanOut, Isolation
from onloop.machine.fan_out_parts import Combination, part_of, variables_of
from onloop.machine.rules.decision_builder import DecisionBuilder, refuse
from onloop.machine.rules.join import Child, Enough, Impossible, Unfinished, join_progress, joined
from onloop.machine.state import Reason, State
from onloop.machine.task import Offspring, Task
from onloop.machine.waiting_lines import PartLine, part_line, places_waited_for
from onloop.records import Record, replace

LONGEST_TITLE = 200


class Part(Record):
    """A child that is wanted: what it is called, what it is told, and whom it waits for.

    `part` is the branch or combination that it does. `after` are places among those that are wanted with it, and
    `waits` the ids of children that are there.
    """

    title: str
    brief: str
    part: str = ""
    after: tuple[int, ...] = ()
    waits: tuple[str, ...] = ()
    merges: tuple[str, ...] = ()
    isolation: Isolation = Isolation.NONE


def child_definition(definition: Definition, step_id: str, *, resolves: bool, part: str = "") -> Definition:
    """The workflow that a child of the step walks; its digest follows from the parent's, so it needs no file."""
    fan_out = definition.step(step_id).fan_out
    if fan_out is None:
        raise ValueError(f"{step_id} makes no children")
    kind = "resolve" if resolves else f"child/{part}" if part else "child"
    digest = sha256(f"{definition.digest}/{step_id}/{kind}".encode()).hexdigest()
    if resolves or not part:
        return replace(definition, digest=digest, steps=fan_out.resolve if resolves else fan_out.steps)
    branch = next((branch for branch in fan_out.branches if branch.name == part), None)
    if branch is not None:
        return replace(definition, digest=digest, steps=branch.steps)
    values = next(combination for combination in fan_out.matrix if part_of(combination) == part)
    known = definition.environment
    environment = replace(known, variables=(*known.variables, *variables_of(values)))
    steps = tuple(with_values(step, values) for step in fan_out.steps)
    return replace(definition, digest=digest, steps=steps, environment=environment)


def parts_of(fan_out: FanOut) -> tuple[str, ...]:
    """The parts of the fan-out whose children walk a workflow of their own; one without a name where all walk one."""
    named = (*(branch.name for branch in fan_out.branches), *(part_of(values) for values in fan_out.matrix))
    return named or ("",)


def begin(course: DecisionBuilder, fan_out: FanOut) -> None:
    """Make the children that the step says, or one in place of each that was lost; then wait for them."""
    lost = [child for child in course.facts.swarm if not child.live and not child.done and not child.made.resolves]
    if course.task.children:
        _replace(course, lost)
        return
    wanted = wanted_parts(fan_out, course.task.title, course.facts.handed)
    if isinstance(wanted, str):
        course.hold(Reason.HALTED, f"{fan_out.over}: {wanted}")
        return
    if not wanted or len(wanted) > fan_out.most:
        where = f"{fan_out.over} lists" if fan_out.over else "the step asks for"
        course.hold(Reason.HALTED, f"{where} {len(wanted)} children, and 1 to {fan_out.most} are allowed")
        return
    make(course, wanted)
    wait(course)


def _replace(course: DecisionBuilder, lost: list[Child]) -> None:
    """Make one in the place of each that was lost; what waited for one of them waits for the new one."""
    places = {child.id: place for place, child in enumerate(lost)}
    if lost:
        make(
            course,
            [
                Part(
                    made.title,
                    made.brief,
                    made.part,
                    after=tuple(places[name] for name in made.after if name in places),
                    waits=tuple(name for name in made.after if name not in places),
                    isolation=made.isolation,
                )
                for made in (child.made for child in lost)
            ],
        )
    wait(course)


def wanted_parts(fan_out: FanOut, title: str, handed: Mapping[str, tuple[str, ...]]) -> list[Part] | str:
    """The children that a step is to make, or in words why a list cannot be divided."""
    if fan_out.over is not None:
        return _of_lines(fan_out, [part_line(line) for line in handed.get(fan_out.over, ())])
    short = title[: LONGEST_TITLE - 80]
    if fan_out.branches:
        places = {branch.name: place for place, branch in enumerate(fan_out.branches)}
        return [
            Part(
                f"{short} ({branch.name})",
                f"{fan_out.brief}\n{branch.brief}".strip(),
                branch.name,
                tuple(places[name] for name in branch.after),
            )
            for branch in fan_out.branches
        ]
    if fan_out.matrix:
        return [_of_values(fan_out, short, values) for values in fan_out.matrix]
    return [Part(f"{title[: LONGEST_TITLE - 20]} ({n} of {fan_out.count})", fan_out.brief) for n in _counted(fan_out)]


def _counted(fan_out: FanOut) -> range:
    return range(1, (fan_out.count or 0) + 1)


def _of_values(fan_out: FanOut, title: str, values: Combination) -> Part:
    told = "\n".join(f"{name}: {value}" for name, value in values)
    return Part(f"{title} ({part_of(values)})"[:LONGEST_TITLE], f"{fan_out.brief}\n{told}".strip(), part_of(values))


def _of_lines(fan_out: FanOut, lines: Sequence[PartLine]) -> list[Part] | str:
    places = places_waited_for(lines)
    if isinstance(places, str):
        return places
    titles = _titles([line.text for line in lines])
    return [
        Part(title, f"{fan_out.brief}\n{line.text}".strip(), after=after)
        for title, line, after in zip(titles, lines, places, strict=True)
    ]


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


def make(course: DecisionBuilder, wanted: list[Part]) -> None:
    """Record children under ids numbered from the count so far, so that the same history makes the same ids."""
    first = course.task.born + 1
    ids = [f"{course.task.id}.{number}" for number in range(first, first + len(wanted))]
    course.record(
        e.FannedOut(
            tuple(
                Offspring(
                    made,
                    p.title,
                    p.brief,
                    p.merges,
                    p.isolation,
                    p.part,
                    (*p.waits, *(ids[place] for place in p.after)),
                )
                for made, p in zip(ids, wanted, strict=True)
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
