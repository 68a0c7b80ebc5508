"""Workflows and the machine's own table as Mermaid. No text of a label can end that label."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from onloop.machine.definition import Definition, HumanGate, Step

LONGEST_LABEL = 80
_PLAIN = frozenset(" -_.,/()")
_BREAK = "<br/>"


def workflow_mermaid(definition: Definition) -> str:
    """A flowchart: steps as boxes, gates on the arrows out of them, people as diamonds, dotted arrows lead back."""
    lines = [
        "flowchart TD",
        "  begin((start))",
        "  done(((completed)))",
        *_rejected(definition),
        *(line for number, step in enumerate(definition.steps) for line in _nodes(number, step)),
        f"  begin --> {_entry(definition, 0)}" if definition.steps else "  begin --> done",
        *(line for number, step in enumerate(definition.steps) for line in _arrows(definition, number, step)),
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


def _nodes(number: int, step: Step) -> Iterator[str]:
    if _has_work(step):
        opening, closing = _shape(step)
        words = (step.id, *_doer(step))
        yield f'  s{number}{opening}"{_BREAK.join(_label(word) for word in words)}"{closing}'
    if step.human_gates:
        words = (step.id, *(_asked(gate) for gate in step.human_gates))
        yield f'  p{number}{{"{_BREAK.join(_label(word) for word in words)}"}}'


def _arrows(definition: Definition, number: int, step: Step) -> Iterator[str]:
    following = _entry(definition, number + 1)
    if _has_work(step):
        gates = ", ".join(_label(gate.id) for gate in (*step.machine_gates, *step.review_gates))
        verified = f'-->|"{gates}"|' if gates else "-->"
        yield f"  s{number} {verified} {f'p{number}' if step.human_gates else following}"
    if step.on_conflict is not None:
        yield f'  s{number} -.->|"conflict"| {_entry_of(definition, step.on_conflict)}'
    if step.on_fail is not None:
        yield f'  s{number} -.->|"failed"| {_entry_of(definition, step.on_fail)}'
    if step.human_gates:
        target = definition.reject_target(step.id)
        back = "rejected" if target is None else _entry_of(definition, target.id)
        yield f'  p{number} -->|"approved"| {following}'
        yield f'  p{number} -.->|"rejected"| {back}'


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
        source = step.fan_out.over or (f"{step.fan_out.count}" if step.fan_out.count else "its agent")
        yield f"fan out by {source}, join {step.fan_out.join.kind.value}"
        yield ", ".join(child.id for child in step.fan_out.steps)
    if step.run is not None:
        yield f"run {' '.join(step.run)}"
    if step.effect is not None:
        yield f"effect {step.effect.value}"


def _asked(gate: HumanGate) -> str:
    return f"{gate.id}: {gate.quorum} of {', '.join(gate.approvers)}"


def _entry(definition: Definition, number: int) -> str:
    """The node at which a step begins, or the end after the last one."""
    if number == len(definition.steps):
        return "done"
    return f"s{number}" if _has_work(definition.steps[number]) else f"p{number}"


def _entry_of(definition: Definition, step_id: str) -> str:
    return _entry(definition, [step.id for step in definition.steps].index(step_id))


def _label(text: str) -> str:
    """Text escaped for Mermaid: every character that is not plain becomes a character code."""
    shown = text if len(text) <= LONGEST_LABEL else f"{text[: LONGEST_LABEL - 1]}…"
    return "".join(c if (c.isascii() and c.isalnum()) or c in _PLAIN else f"#{ord(c)};" for c in shown)
