"""Checks of the graph that steps form: whether each is reached, leads to an end, and leads back where all came by."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from onloop.machine.definition import END
from onloop.workflow.hints import nearest, quoted
from onloop.workflow.model import NextPart, StepPart
from onloop.workflow.positioned_tree import Fault, Path, Side
from onloop.workflow.rule_checks import rule_faults
from onloop.workflow.step_flow import StepFlow, flow_of, names

_BACK = ("on_fail", "on_reject", "on_conflict")


def graph_faults(ids: Sequence[str | None], steps: Sequence[StepPart | None]) -> Iterator[Fault]:
    """What is wrong with where the steps of one list lead; the list itself is where paths begin."""
    known = tuple(dict.fromkeys(name for name in ids if name is not None))
    faults = [
        fault
        for place, step in enumerate(steps)
        for fault in _next_faults(("steps", place, "next"), step.next if step is not None and step.next else (), known)
    ]
    yield from faults
    if any(step is not None and step.next for step in steps) and not faults:
        yield from _flow_faults(ids, steps, flow_of(ids, steps))


def _next_faults(at: Path, ways: Sequence[NextPart], known: Sequence[str]) -> Iterator[Fault]:
    for number, way in enumerate(ways):
        is_last = number == len(ways) - 1
        if way.when is not None:
            yield from rule_faults((*at, number, "when"), way.when)
        if way.when is not None and is_last:
            words = "nothing says where it leads where no rule is true"
            yield Fault((*at, number), words, "add a last one without when, such as {to: end}")
        elif way.when is None and not is_last:
            words = f"to {way.to} has no when, so nothing after it is ever tried"
            yield Fault((*at, number), words, "put it last, or give it a when")
        if way.to != END and way.to not in known:
            hint = f"{nearest(way.to, known)}steps: {', '.join(known)}, or {END}"
            yield Fault((*at, number, "to"), f"there is no step {way.to}", hint)


def _flow_faults(ids: Sequence[str | None], steps: Sequence[StepPart | None], flow: StepFlow) -> Iterator[Fault]:
    reached, ends = flow.reached(), flow.leading_to(flow.end)
    for place, step in enumerate(steps):
        if step is None:
            continue
        if place not in reached:
            hint = "name it as `to` of a step before it, or remove it"
            yield Fault(("steps", place, "id"), f"no way leads to {step.id}", hint)
            continue
        if place not in ends:
            path: Path = ("steps", place, "next") if step.next else ("steps", place)
            yield Fault(path, f"no way leads from {step.id} to the end", f"let a rule lead on, or say {{to: {END}}}")
        yield from _way_back_faults(ids, place, step, flow)


def _way_back_faults(ids: Sequence[str | None], place: int, step: StepPart, flow: StepFlow) -> Iterator[Fault]:
    """A way back may lead only to a step that every way here came by: else work would come back that was never done.

    So what is on a task's way is always a way through the file, and what vouches for its work is on it.
    """
    targets: list[tuple[Path, str]] = [(("next", number, "to"), way.to) for number, way in enumerate(step.next or ())]
    targets += [((field,), target) for field in _BACK if (target := getattr(step, field)) is not None]
    came_by = flow.always_before(place)
    for field, target in targets:
        back = ids.index(target) if target in ids else place + 1
        if back <= place and back not in came_by:
            words = f"{field[0]} leads back to {quoted(target)}, and not every way to {step.id} comes by it"
            yield Fault(("steps", place, *field), words, f"name one of: {names(ids, came_by)}", Side.VALUE)
