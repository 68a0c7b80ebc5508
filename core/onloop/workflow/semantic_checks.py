"""Checks whether the parts of a workflow fit together: references, order, and that nothing stays unverified."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from onloop.machine.definition import END
from onloop.records import Record, replace
from onloop.workflow.effect_checks import effect_faults
from onloop.workflow.fan_out_checks import fan_out_faults
from onloop.workflow.gate_checks import BOX_FIELDS, PLACEHOLDERS, box_faults, gate_faults, placeholder_faults
from onloop.workflow.graph_checks import graph_faults
from onloop.workflow.hints import nearest
from onloop.workflow.model import StepPart
from onloop.workflow.positioned_tree import Fault, Path, Side
from onloop.workflow.skip_checks import skip_faults


class Outline(Record):
    """The steps of a file in order: the id and the content of each; None if it could not be read.

    `words` are the placeholders that commands may use.
    """

    ids: tuple[str | None, ...]
    steps: tuple[StepPart | None, ...]
    words: tuple[str, ...] = PLACEHOLDERS

    @property
    def known(self) -> tuple[str, ...]:
        """The ids to which other steps can refer."""
        return tuple(step_id for step_id in self.ids if step_id is not None)

    def step(self, step_id: str) -> StepPart | None:
        """The first step of that id, if it is there and could be read."""
        return self.steps[self.ids.index(step_id)] if step_id in self.ids else None


def semantic_faults(outline: Outline) -> Iterator[Fault]:
    """Everything that does not fit together, in the steps that could be read and in the steps of their children."""
    yield from _faults(outline)
    for number, step in enumerate(outline.steps):
        if step is not None:
            yield from fan_out_faults(_at(number, "fan_out"), step, _inner_faults, outline.words)


def _inner_faults(steps: tuple[StepPart, ...], at: Path, words: Sequence[str]) -> Iterator[Fault]:
    """The same rules for the steps of children, which are below `at`."""
    for fault in _faults(Outline(tuple(step.id for step in steps), steps, tuple(words))):
        yield replace(fault, path=(*at, *fault.path))
    for number, step in enumerate(steps):
        yield from fan_out_faults((*at, *_at(number, "fan_out")), step, _inner_faults, words)


def _faults(outline: Outline) -> Iterator[Fault]:
    for number, step_id in enumerate(outline.ids):
        if step_id is not None and step_id in outline.ids[:number]:
            first = outline.ids.index(step_id) + 1
            yield Fault(("steps", number, "id"), f"step {step_id} is here twice, first as step {first}", "rename one")
    for number, step in enumerate(outline.steps):
        if step is not None:
            for rule in _RULES:
                yield from rule(outline, number, step)
    yield from graph_faults(outline.ids, outline.steps)


def _doers(_: Outline, number: int, step: StepPart) -> Iterator[Fault]:
    if step.uses is not None:  # what it uses could not be put in its place, which is said elsewhere
        return
    doers = [name for name in ("role", "run", "effect", "wait") if getattr(step, name) is not None]
    for extra in doers[1:]:
        yield Fault(
            _at(number, extra), f"{step.id} has both {doers[0]} and {extra}", "split it into two steps", Side.KEY
        )
    if not doers and not step.gates and step.fan_out is None:
        yield Fault(_at(number), f"{step.id} has nothing to do", "give it a role, run, effect, wait or a gate")
    if step.wait is not None and (step.gates or step.fan_out is not None):
        extra = "gates" if step.gates else "fan_out"
        yield Fault(_at(number, extra), f"{step.id} waits, and does nothing else", "make it two steps", Side.KEY)


def _commands(outline: Outline, number: int, step: StepPart) -> Iterator[Fault]:
    if step.run is not None:
        yield from placeholder_faults(_at(number, "run"), step.run, outline.words)
        yield from box_faults(_at(number), "run", step.run, step.open or ())
    else:
        for field in BOX_FIELDS:
            if getattr(step, field):
                words = f"{field} is about a command, and {step.id} runs none"
                yield Fault(_at(number, field), words, "put it into the gate that it is for", Side.KEY)
        if step.overridable_by is not None:
            words = f"overridable_by at a step is about the command of run, and {step.id} runs none"
            yield Fault(_at(number, "overridable_by"), words, "put it into the gate that it is for", Side.KEY)
    yield from gate_faults(_at(number, "gates"), step.gates, outline.words)


def _pauses(_: Outline, number: int, step: StepPart) -> Iterator[Fault]:
    pause, longest = step.attempts.backoff, step.attempts.max_backoff
    if pause is not None and longest is not None and longest < pause:
        yield Fault(
            (*_at(number, "attempts"), "max_backoff"),
            "max_backoff is shorter than backoff",
            "give at least the backoff, which doubles up to it",
        )


def _contexts(_: Outline, number: int, step: StepPart) -> Iterator[Fault]:
    limits, at = step.context, _at(number, "context")
    if limits is None:
        return
    if step.role is None:
        yield Fault(at, f"no agent does {step.id}", "remove context, or give it a role", Side.KEY)
    if limits.soft >= limits.hard:
        yield Fault((*at, "hard"), f"hard is {limits.hard}%, not more than soft, {limits.soft}%", "give more than soft")


def _budgets(_: Outline, number: int, step: StepPart) -> Iterator[Fault]:
    if step.budget is None:
        return
    at = _at(number, "budget")
    if step.role is None:
        yield Fault(at, f"no agent does {step.id}", "remove budget, or give it a role", Side.KEY)
    limits = (step.budget.tokens, step.budget.cost, step.budget.minutes, step.budget.claims)
    if all(limit is None for limit in limits):
        yield Fault(at, "budget limits nothing", "give tokens, cost, minutes or claims", Side.KEY)


def _beginning(_: Outline, number: int, step: StepPart) -> Iterator[Fault]:
    """The first step needs an agent: until one has submitted, there is no commit to check or to decide about."""
    counted = step.fan_out is not None and step.fan_out.over is None
    if number == 0 and step.role is None and step.effect is None and not counted:
        yield Fault(_at(0), f"nothing is submitted yet when {step.id} starts", "begin with a step that has a role")


def _rejecting(outline: Outline, number: int, step: StepPart) -> Iterator[Fault]:
    has_people = any(gate.human is not None for gate in step.gates)
    if step.on_reject is None:
        if has_people and step.role is None and step.effect is None:
            yield Fault(
                _at(number, "gates"),
                f"{step.id} asks people and has no role, so a rejection leads nowhere",
                f"add on_reject: a step, or {END}",
                Side.KEY,
            )
    elif step.on_reject != END:
        yield from _returning(outline, number, step.on_reject)


def _returning(outline: Outline, number: int, target: str) -> Iterator[Fault]:
    misled = tuple(_backward(outline, number, "on_reject", target))
    yield from misled
    found = outline.step(target)
    if not misled and found is not None and not _works(found):
        yield Fault(
            _at(number, "on_reject"),
            f"nobody works at {target}, so it would come back unchanged",
            f"name a step with a role, or {END}",
        )


def _failing(outline: Outline, number: int, step: StepPart) -> Iterator[Fault]:
    if step.on_fail is None:
        return
    dispatches = step.effect is not None and step.effect.dispatch is not None
    if (step.role is not None and not _reviews(step)) or (step.effect is not None and not dispatches):
        who = "its agent, as a round" if step.role is not None else "a person"
        yield Fault(_at(number, "on_fail"), f"a failure of {step.id} goes to {who}", "remove on_fail", Side.KEY)
    else:
        yield from _backward(outline, number, "on_fail", step.on_fail)


def _conflicting(outline: Outline, number: int, step: StepPart) -> Iterator[Fault]:
    """A merge that conflicts can go back to a step whose agent mends it."""
    if step.on_conflict is None:
        return
    if step.effect is None or step.effect.kind not in {"merge", "pull_request", "push_branch"}:
        yield Fault(_at(number, "on_conflict"), f"{step.id} merges nothing", "remove on_conflict", Side.KEY)
        return
    target = outline.step(step.on_conflict)
    yield from _backward(outline, number, "on_conflict", step.on_conflict)
    if target is not None and (target.role is None or _reviews(target)):
        hint = "name the step whose agent did the work"
        yield Fault(_at(number, "on_conflict"), f"no agent commits at {step.on_conflict}", hint)


def _naming(_: Outline, number: int, step: StepPart) -> Iterator[Fault]:
    if step.agent is not None and step.role is None:
        yield Fault(_at(number, "agent"), f"no agent does {step.id}", "give it a role, or remove agent", Side.KEY)


def _backward(outline: Outline, number: int, field: str, target: str) -> Iterator[Fault]:
    if target not in outline.known:
        yield Fault(_at(number, field), *_no_such_step(outline, target))
    elif outline.ids.index(target) > number:
        back = ", ".join(dict.fromkeys(outline.known[: number + 1]))
        yield Fault(_at(number, field), f"{field} leads forward to {target}", f"name one of: {back}")


def _reviewing(_: Outline, number: int, step: StepPart) -> Iterator[Fault]:
    """A review needs an agent that did not do the work, and a step to which a failure leads."""
    reviews = [index for index, gate in enumerate(step.gates) if gate.review is not None]
    for index in reviews[1:]:
        yield Fault((*_at(number, "gates"), index), f"{step.id} asks for two reviews", "raise the quorum of one")
    if not reviews:
        return
    at = (*_at(number, "gates"), reviews[0])
    if step.role is None:
        yield Fault(at, f"{step.id} has no agent that could review", "give the step a role, such as reviewer")
    elif not step.not_by:
        yield Fault(
            at, f"{step.id} lets the agent that did the work review it", "add not_by: [the step that did the work]"
        )
    if step.on_fail is None:
        yield Fault(at, f"a fail of {step.id} leads nowhere", "add on_fail: the step that does the work again")


def _reviews(step: StepPart) -> bool:
    return any(gate.review is not None for gate in step.gates)


def _antagonists(outline: Outline, number: int, step: StepPart) -> Iterator[Fault]:
    if step.not_by and step.role is None:
        yield Fault(_at(number, "not_by"), f"no agent does {step.id}", "remove not_by, or give it a role", Side.KEY)
        return
    for index, other in enumerate(step.not_by):
        at = (*_at(number, "not_by"), index)
        found = outline.step(other)
        if other not in outline.known:
            yield Fault(at, *_no_such_step(outline, other))
        elif other == step.id:
            yield Fault(at, f"{step.id} is not_by itself", "name an earlier step")
        elif found is not None and not _works(found):
            yield Fault(at, f"no agent does {other}", "name a step with a role")


def _effect(outline: Outline, number: int, _: StepPart) -> Iterator[Fault]:
    yield from effect_faults(outline.ids, outline.steps, number)


def _skipping(outline: Outline, number: int, step: StepPart) -> Iterator[Fault]:
    yield from skip_faults(_at(number), step, outline.steps[number + 1 :])


def _works(step: StepPart) -> bool:
    """Whether agents or children work at the step."""
    return step.role is not None or step.fan_out is not None


def _no_such_step(outline: Outline, name: str) -> tuple[str, str]:
    known = tuple(dict.fromkeys(outline.known))
    return f"there is no step {name}", f"{nearest(name, known)}steps: {', '.join(known)}"


def _at(number: int, field: str | None = None) -> Path:
    return ("steps", number) if field is None else ("steps", number, field)


_RULES: tuple[Callable[[Outline, int, StepPart], Iterator[Fault]], ...] = (
    _doers,
    _commands,
    _pauses,
    _contexts,
    _budgets,
    _beginning,
    _rejecting,
    _failing,
    _conflicting,
    _naming,
    _reviewing,
    _antagonists,
    _effect,
    _skipping,
)
