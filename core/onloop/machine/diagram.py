"""Workflows and the machine's own table as Mermaid. No text of a label can end that label."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from onloop.machine.definition import END, Definition, FanOut, HumanGate, Step, inner_steps
from onloop.machine.step_marks import Mark

LONGEST_LABEL = 80
_PLAIN = frozenset(" -_.,/()")
_BREAK = "<br/>"
_STYLES: Mapping[Mark, str] = {
    Mark.HERE: "stroke-width:4px",
    Mark.PASSED: "fill:#d3f9d8",
    Mark.NOT_TAKEN: "stroke-dasharray:4,opacity:0.4",
}


def workflow_mermaid(definition: Definition, marks: Mapping[str, Mark] | None = None) -> str:
    """A flowchart: steps as boxes, gates on the arrows out of them, people as diamonds, dotted arrows lead back.

    `marks` say how a task stands to its steps.
    """
    lines = [
        "flowchart TD",
        "  begin((start))",
        "  done(((completed)))",
        *_rejected(definition),
        *(line for number, step in enumerate(definition.steps) for line in _nodes(number, step)),
        f"  begin --> {_entry(definition, 0)}" if definition.steps else "  begin --> done",
        *(line for number, step in enumerate(definition.steps) for line in _arrows(definition, number, step)),
        *(_marked(definition, marks) if marks else ()),
    ]
    return "\n".join(lines) + "\n"


def table_mermaid(rows: Iterable[tuple[str, str, str]]) -> str:
    """A state diagram of (state, trigger, state) rows: the first row's state begins, one that nothing leaves ends."""
    moves: dict[tuple[str, str], list[str]] = {}
    for before, trigger, after in rows:
        moves.setdefault((before, after), []).append(trigger)
    names = {name: f"s{number}" for number, name in enumerate(dict.fromkeys(name for pair in moves for name in pair))}
    left = {before for before, _ in moves}
    lines = ["stateDiagram-v2", *(f'  state "{_label(name)}" as {state}' for name, state in names.items())]
    if names:
        lines.append("  [*] --> s0")
    lines += [
        f"  {names[before]} --> {names[after]}: {', '.join(_label(t) for t in dict.fromkeys(triggers))}"
        for (before, after), triggers in moves.items()
    ]
    lines += [f"  {state} --> [*]" for name, state in names.items() if name not in left]
    return "\n".join(lines) + "\n"


def _marked(definition: Definition, marks: Mapping[str, Mark]) -> Iterator[str]:
    """The steps in the colours of how a task stands to them."""
    yield from (f"  classDef {mark.name.lower()} {style}" for mark, style in _STYLES.items())
    for number, step in enumerate(definition.steps):
        mark = marks.get(step.id)
        if mark is not None:
            nodes = (*((f"s{number}",) if _has_work(step) else ()), *((f"p{number}",) if step.human_gates else ()))
            yield f"  class {','.join(nodes)} {mark.name.lower()}"


def _nodes(number: int, step: Step) -> Iterator[str]:
    if _has_work(step):
        opening, closing = _shape(step)
        words = (step.id, *_doer(step))
        yield f'  s{number}{opening}"{_BREAK.join(_label(word) for word in words)}"{closing}'
    if step.human_gates:
        words = (step.id, *(_asked(gate) for gate in step.human_gates))
        yield f'  p{number}{{"{_BREAK.join(_label(word) for word in words)}"}}'


def _arrows(definition: Definition, number: int, step: Step) -> Iterator[str]:
    if _has_work(step):
        gates = ", ".join(_label(gate.id) for gate in (*step.machine_gates, *step.review_gates))
        if step.human_gates:
            yield f"  s{number} {_arrow(gates)} p{number}"
        else:
            yield from (f"  s{number} {_arrow(gates, rule)} {to}" for rule, to in _ways_on(definition, step))
    if step.on_conflict is not None:
        yield f'  s{number} -.->|"conflict"| {_entry_of(definition, step.on_conflict)}'
    if step.on_fail is not None:
        yield f'  s{number} -.->|"failed"| {_entry_of(definition, step.on_fail)}'
    if step.human_gates:
        target = definition.reject_target(step.id)
        back = "rejected" if target is None else _entry_of(definition, target.id)
        yield from (f"  p{number} {_arrow('approved', rule)} {to}" for rule, to in _ways_on(definition, step))
        yield f'  p{number} -.->|"rejected"| {back}'


def _ways_on(definition: Definition, step: Step) -> Iterator[tuple[str, str]]:
    """Each way on: its rule, and the node where it leads."""
    if not step.next:
        yield "", _entry_of(definition, definition.followers(step.id)[0])
    for rule in step.next:
        condition = _label(rule.when) if rule.when else "else" if len(step.next) > 1 else ""
        yield condition, _entry_of(definition, rule.to)


def _arrow(words: str, rule: str = "") -> str:
    label = _BREAK.join(filter(None, (words, rule)))
    return f'-->|"{label}"|' if label else "-->"


def _rejected(definition: Definition) -> tuple[str, ...]:
    ends = any(step.human_gates and definition.reject_target(step.id) is None for step in definition.steps)
    return ("  rejected(((rejected)))",) if ends else ()


def _has_work(step: Step) -> bool:
    return (
        step.role is not None
        or step.fan_out is not None
        or step.effect is not None
        or bool(step.machine_gates)
        or not step.gates
    )


def _shape(step: Step) -> tuple[str, str]:
    if step.effect is not None:
        return "[[", "]]"
    return ("[", "]") if step.role is not None else ("([", "])")


def _doer(step: Step) -> Iterator[str]:
    if step.role is not None:
        yield f"role {step.role}"
    if step.fan_out is not None:
        yield f"fan out by {_source(step.fan_out)}, join {step.fan_out.join.kind.value}"
        mending = {child.id for child in step.fan_out.resolve}
        yield ", ".join(child.id for child in inner_steps(step.fan_out) if child.id not in mending)
    if step.run is not None:
        yield f"run {' '.join(step.run)}"
    if step.effect is not None:
        yield f"effect {step.effect.value}"
    if step.wait_ms is not None:
        yield f"wait {_span(step.wait_ms)}"


def _span(ms: int) -> str:
    """A duration as a workflow file would write it, in the largest unit that says it whole."""
    units = (("d", 86_400_000), ("h", 3_600_000), ("m", 60_000), ("s", 1_000))
    return next((f"{ms // size}{unit}" for unit, size in units if ms % size == 0), f"{ms}ms")


def _source(fan_out: FanOut) -> str:
    if fan_out.branches:
        return ", ".join(f"{b.name} after {', '.join(b.after)}" if b.after else b.name for b in fan_out.branches)
    if fan_out.matrix:
        return " and ".join(name for name, _ in fan_out.matrix[0])
    return fan_out.over or (f"{fan_out.count}" if fan_out.count else "its agent")


def _asked(gate: HumanGate) -> str:
    return f"{gate.id}: {gate.quorum} of {', '.join(gate.approvers)}"


def _entry(definition: Definition, number: int) -> str:
    """The node at which a step begins, or the end after the last one."""
    if number == len(definition.steps):
        return "done"
    return f"s{number}" if _has_work(definition.steps[number]) else f"p{number}"


def _entry_of(definition: Definition, step_id: str) -> str:
    if step_id == END:
        return "done"
    return _entry(definition, [step.id for step in definition.steps].index(step_id))


def _label(text: str) -> str:
    """Text escaped for Mermaid: every character that is not plain becomes a character code."""
    shown = text if len(text) <= LONGEST_LABEL else f"{text[: LONGEST_LABEL - 1]}…"
    return "".join(c if (c.isascii() and c.isalnum()) or c in _PLAIN else f"#{ord(c)};" for c in shown)
