"""Checks of effects: on every way to one there is work, and something that vouches for it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from onloop.machine.effect_specs import OUTSIDE_WORDS, OWN_CHECK, REPORTS, is_own_check
from onloop.records import Record, replace
from onloop.workflow.model import EffectPart, GatePart, StepPart
from onloop.workflow.positioned_tree import Fault, Path, Side
from onloop.workflow.step_flow import StepFlow, flow_of

_PLACEHOLDER = re.compile(r"\{([a-z_.]+)\}")


class _Passed(Record):
    """What was passed on one way: work, a command, and a person since the last work."""

    worked: bool = False
    ran: bool = False
    asked: bool = False

    def at(self, step: StepPart) -> _Passed:
        """The same after `step` was passed, too."""
        works = step.role is not None or step.fan_out is not None
        ran = step.run is not None or any(gate.command is not None or _asks_checks(gate) for gate in step.gates)
        asked = any(gate.human is not None for gate in step.gates)
        return replace(
            self, worked=self.worked or works, ran=self.ran or ran, asked=asked or (self.asked and not works)
        )


def _asks_checks(gate: GatePart) -> bool:
    """Whether an app that is named has run something on the exact commit."""
    return gate.github is not None and bool(gate.github.checks)


def effect_faults(ids: Sequence[str | None], steps: Sequence[StepPart | None], place: int) -> Iterator[Fault]:
    """What is wrong with the effect at that place; nothing is said where a step before it cannot be read."""
    step = steps[place]
    if step is None or step.effect is None:
        return
    at: Path = ("steps", place)
    if step.gates:
        yield Fault((*at, "gates"), f"effect {step.id} has gates", "put them in a step before it", Side.KEY)
    yield from _own_faults((*at, "effect"), step.id, step.effect)
    if None in steps[:place]:
        return
    found = _ways_to(place, steps, flow_of(ids, steps))
    for passed, way in found.items():
        came = _came_words(way, ids) if len(found) > 1 or any(s is not None and s.next for s in steps[:place]) else ""
        if not passed.worked:
            words = f"{step.id} has nothing to {_verb(step.effect.kind)}{came}"
            yield Fault((*at, "effect"), words, "put a step with a role before it")
        elif step.effect.kind not in REPORTS and not passed.ran and not passed.asked:
            hint = "give an earlier step a command gate or run, or the last agent's step or one after it a human gate"
            yield Fault((*at, "effect"), f"nothing is verified before {step.id}{came}", hint)


def _verb(kind: str) -> str:
    """What an effect of that kind would do to the work."""
    return kind if kind == "merge" else f"say in a {kind.replace('_', ' ')}" if kind in _SAYING else "put outside"


_SAYING = frozenset({"comment", "status", "check_run"})


def _own_faults(at: Path, step: str, effect: EffectPart) -> Iterator[Fault]:
    """What is wrong with what an effect is to do in particular."""
    if effect.merge is not None and effect.merge.auto and effect.merge.via != "pull_request":
        words = f"{step} pushes, and a forge merges by itself only pull requests"
        yield Fault((*at, "merge", "auto"), words, "write via: pull_request, or remove auto", Side.KEY)
    for path, name in _check_names(effect):
        if is_own_check(name):
            words = f"{name} is the gateway's own check, which says how the task stands"
            yield Fault((*at, *path), words, f"call it {OWN_CHECK}/…, or leave the step out")
    for path, text in _texts(effect):
        for name in _PLACEHOLDER.findall(text):
            if name not in OUTSIDE_WORDS:
                words = f"{{{name}}} stands for nothing in an effect"
                yield Fault((*at, *path), words, f"write one of {', '.join(f'{{{word}}}' for word in OUTSIDE_WORDS)}")


def _check_names(effect: EffectPart) -> Iterator[tuple[Path, str]]:
    """The names under which an effect says something of a commit."""
    if effect.status is not None:
        yield ("status", "context"), effect.status.context or ""
    if effect.check_run is not None:
        yield ("check_run", "name"), effect.check_run.name


def _texts(effect: EffectPart) -> Iterator[tuple[Path, str]]:
    """The texts of an effect in which words stand for what is known of the task."""
    if effect.pull_request is not None:
        yield ("pull_request", "title"), effect.pull_request.title or ""
    if effect.comment is not None:
        yield ("comment", "text"), effect.comment.text or ""
    if effect.release_tag is not None:
        yield ("release_tag", "tag"), effect.release_tag.tag
        yield ("release_tag", "message"), effect.release_tag.message or ""
    if effect.dispatch is not None:
        yield ("dispatch", "ref"), effect.dispatch.ref or ""
        yield from ((("dispatch", "inputs", name), text) for name, text in effect.dispatch.inputs.items())


def _ways_to(place: int, steps: Sequence[StepPart | None], flow: StepFlow) -> dict[_Passed, tuple[int, ...]]:
    """What may have been passed before that place, each with a way on which it is so."""
    ways: list[dict[_Passed, tuple[int, ...]]] = [{} for _ in range(place + 1)]
    ways[0][_Passed()] = ()
    for here in range(place):
        step = steps[here]
        for passed, way in ways[here].items() if step is not None else ():
            for to in flow.ahead(here):
                if to <= place and step is not None:
                    ways[to].setdefault(passed.at(step), (*way, here))
    return ways[place]


def _came_words(way: Sequence[int], ids: Sequence[str | None]) -> str:
    return f" on the way {' → '.join(ids[place] or '?' for place in way)}" if way else ""
