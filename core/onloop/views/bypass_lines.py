"""What is shown of a gate that people bypassed: a word of its own, never a pass, with who, why and how proved."""

from __future__ import annotations

from collections.abc import Iterator

from onloop.machine.definition import Definition, Gate, HumanGate, PolicyGate, Step
from onloop.machine.requests import Request, RequestKind
from onloop.machine.rules.bypass_standing import bypasses_now, gates_of, looks_bypassed, said_of_now
from onloop.machine.task import Bypass, Task
from onloop.records import replace
from onloop.times import second_words
from onloop.views.gate_standing import GateLine, GateStatus

BYPASSED_WORD = "BYPASSED"
"""How a bypass is called wherever it is shown."""


def with_bypass(task: Task, step: Step, line: GateLine) -> GateLine:
    """The line of a gate with what people said to let the work past it, if anybody did."""
    said = said_of_now(task, step.id, line.gate)
    if not said:
        return line
    gate = next((each for each in gates_of(step) if each.id == line.gate), None)
    words = "; ".join(bypass_line(each) for each in said)
    if gate is not None and looks_bypassed(task, step, gate):
        return replace(line, mark=GateStatus.BYPASSED, summary=f"not passed, {words}. It stood: {line.summary}")
    quorum = gate.override.quorum if gate is not None and gate.override is not None else 0
    return replace(line, summary=f"{line.summary}; {len(said)} of {quorum} bypasses: {words}")


def bypass_line(bypass: Bypass) -> str:
    """Who bypassed a gate, how that was proved, and why."""
    key = f", key: {bypass.presence}" if bypass.presence else ""
    return f"{BYPASSED_WORD} by {bypass.by} ({bypass.assurance.value}{key}): {bypass.reason}"


def bypass_lines(task: Task) -> Iterator[str]:
    """Every bypass of a task, oldest first: those of the work as it is, and those that are stale with earlier work."""
    now = bypasses_now(task)
    for each in task.bypasses:
        stale = "" if each in now else "; stale: of earlier work"
        stood = f"{each.step}:{each.gate}, which stood at {each.stood}"
        yield f"{second_words(each.at)}  {stood}: {bypass_line(each)}{stale}"


def override_words(definition: Definition, task: Task, request: Request, digest: str) -> tuple[str, ...]:
    """The gates that somebody may let the work past now, who they are, and how; nothing where nobody may."""
    if task.step is None or request.kind is RequestKind.QUESTION:
        return ()
    step = definition.step(task.step)
    wanted = [gate for gate in gates_of(step) if gate.override is not None and gate.override.by]
    owed = [gate for gate in wanted if _is_asked(request, gate) and not _lets_through(task, step, gate)]
    return tuple(
        f"{', '.join(gate.override.by)} may override {gate.id}: "
        f'onloop override {task.id} --gate {gate.id} --digest {digest[:16]} --reason "…"'
        for gate in owed
        if gate.override is not None
    )


def _is_asked(request: Request, gate: Gate) -> bool:
    """Whether a request is about the gate: the gate's own, or the one that asks what now about all the others."""
    what_now = request.kind is RequestKind.CHOICE and not isinstance(gate, HumanGate)
    return what_now or request.gate == gate.id


def _lets_through(task: Task, step: Step, gate: Gate) -> bool:
    """Whether the gate lets the work through by itself, as far as that is recorded."""
    finding = task.policy(step.id, gate.id) if isinstance(gate, PolicyGate) else None
    return task.passed(step.id, gate.id) or (finding is not None and finding.allows)
