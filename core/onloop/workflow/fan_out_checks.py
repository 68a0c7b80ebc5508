"""Checks of a fan-out: whether its fields fit together, and what the steps of its children may not do."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from onloop.machine.definition import SCORE_GATE
from onloop.workflow.combinations import combinations
from onloop.workflow.gate_checks import gate_faults, placeholder_faults
from onloop.workflow.model import FanOutPart, StepPart
from onloop.workflow.part_checks import part_faults, walked_by_children
from onloop.workflow.positioned_tree import Fault, Path, Side

DEEPEST = 4
"""How deep fan-outs may be nested."""

_SOURCES = ("over", "count", "spawn", "branches", "matrix")
_KINDS = ("none", "clone", "box", "container", "vm")
Inner = Callable[[tuple[StepPart, ...], Path, Sequence[str]], Iterator[Fault]]


def fan_out_faults(at: Path, step: StepPart, inner: Inner, words: Sequence[str]) -> Iterator[Fault]:
    """What is wrong with the fan-out that `at` leads to; `inner` checks the steps of the children.

    `words` are the placeholders that the file's commands may use.
    """
    fan_out = step.fan_out
    if fan_out is None:
        return
    if at.count("fan_out") > DEEPEST:
        yield Fault(at, f"{step.id} nests fan-outs {at.count('fan_out')} deep", f"nest at most {DEEPEST}")
        return
    yield from _source_faults(at, step, fan_out)
    yield from part_faults(at, fan_out)
    yield from _join_faults(at, fan_out, words)
    if fan_out.resolve is not None:
        yield from gate_faults((*at, "resolve", "gates"), fan_out.resolve.gates, words)
    values = tuple(f"matrix.{name}" for name in fan_out.matrix or ())
    for below, steps in walked_by_children(at, fan_out):
        yield from _walk_faults(below, steps, inner, (*words, *values))


def _walk_faults(at: Path, steps: Sequence[StepPart], inner: Inner, words: Sequence[str]) -> Iterator[Fault]:
    """What is wrong with the steps that a child walks, whose list is below `at`."""
    for number, child in enumerate(steps):
        yield from _child_faults((*at, "steps", number), child)
    if steps[0].role is None and steps[0].fan_out is None:
        yield Fault((*at, "steps", 0), f"nothing is submitted yet when {steps[0].id} starts", "give it a role")
    yield from inner(tuple(steps), at, words)


def _source_faults(at: Path, step: StepPart, fan_out: FanOutPart) -> Iterator[Fault]:
    given = [name for name in _SOURCES if getattr(fan_out, name) is not None]
    if not given:
        yield Fault(at, f"{step.id} does not say where its children come from", f"give one of: {', '.join(_SOURCES)}")
    for extra in given[1:]:
        yield Fault((*at, extra), f"{step.id} has both {given[0]} and {extra}", "keep one", Side.KEY)
    if fan_out.spawn and step.role is None:
        yield Fault((*at, "spawn"), f"{step.id} has no agent that could spawn", "give the step a role", Side.KEY)
    if fan_out.environments and not fan_out.spawn:
        words = f"{step.id} has no agent that could choose an environment for a child"
        yield Fault((*at, "environments"), words, "give the steps of its children an isolation", Side.KEY)
    yield from _environment_faults(at, step, fan_out)
    if not fan_out.spawn and (step.role is not None or step.run is not None or step.effect is not None):
        yield Fault(
            at,
            f"{step.id} has work of its own beside its children",
            "move the work to a step before this one",
            Side.KEY,
        )


def _environment_faults(at: Path, step: StepPart, fan_out: FanOutPart) -> Iterator[Fault]:
    """An agent may not ask for less than its own step, or a step of the children, demands."""
    demanding = max((step, *(fan_out.steps or ())), key=lambda each: _KINDS.index(each.isolation))
    for number, kind in enumerate(fan_out.environments):
        if _KINDS.index(kind) < _KINDS.index(demanding.isolation):
            words = f"{kind} is less than {demanding.isolation}, which {demanding.id} demands"
            yield Fault((*at, "environments", number), words, f"name {demanding.isolation}, or what isolates more")


def _join_faults(at: Path, fan_out: FanOutPart, words: Sequence[str]) -> Iterator[Fault]:
    join = fan_out.join
    if join.quorum is not None and join.best_of is not None:
        yield Fault((*at, "join", "best_of"), "a join is either a quorum or best_of", "keep one", Side.KEY)
    most = fan_out.count or len(fan_out.branches or ()) or len(combinations(fan_out)) or fan_out.most
    if join.quorum is not None and join.quorum > most:
        yield Fault(
            (*at, "join", "quorum"),
            f"quorum is {join.quorum}, but there are at most {most} children",
            f"give at most {most}",
        )
    if join.best_of is not None:
        path = (*at, "join", "best_of", "score", "command")
        yield from placeholder_faults(path, join.best_of.score.command, [word for word in words if word != "report"])


def _child_faults(at: Path, child: StepPart) -> Iterator[Fault]:
    if child.effect is not None:
        yield Fault(
            (*at, "effect"),
            f"{child.id} is a step of a child, and a child may have no effect",
            "merge in a step after the fan-out",
            Side.KEY,
        )
    if child.skip is not None:
        words = f"{child.id} is a step of a child, which begins with what its parent says"
        yield Fault((*at, "skip"), words, "skip the step that fans out", Side.KEY)
    for number, gate in enumerate(child.gates):
        if gate.id == SCORE_GATE:
            yield Fault((*at, "gates", number, "id"), f"gate id {SCORE_GATE} is taken by best_of", "use another id")
