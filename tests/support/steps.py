"""Steps and gates of workflows for tests, in words."""

from __future__ import annotations

from typing import Any

from onloop.machine.definition import (
    ArtefactGate,
    Attempts,
    CommandGate,
    Definition,
    Effect,
    FanOut,
    FileGate,
    HumanGate,
    Join,
    JoinKind,
    PolicyGate,
    ReviewGate,
    Step,
)

SECOND, MINUTE, HOUR = 1_000, 60_000, 3_600_000


def gate(gate_id: str = "tests") -> CommandGate:
    """A command gate."""
    return CommandGate(gate_id, ("make", gate_id), timeout_ms=MINUTE)


def notes() -> ArtefactGate:
    """A gate that asks for the artefact notes.md."""
    return ArtefactGate("notes", "notes.md", min_bytes=40)


def version() -> FileGate:
    """A gate that asks for a file in the commit."""
    return FileGate("version", "VERSION", contains="2.")


def human(gate_id: str = "release", approvers: tuple[str, ...] = ("approvers",), **more: Any) -> HumanGate:
    """A gate that people answer."""
    return HumanGate(gate_id, approvers, **more)


def develop(*gates: CommandGate | ArtefactGate | FileGate | HumanGate | PolicyGate, **more: Any) -> Step:
    """The agent's step, with the gate `tests` unless others are named."""
    given: dict[str, Any] = {
        "id": "develop.implement",
        "role": "implementer",
        "rounds": 2,
        "attempts": Attempts(max=3, backoff_ms=10 * SECOND, max_backoff_ms=MINUTE),
        "timeout_ms": 45 * MINUTE,
    }
    return Step(gates=gates or (gate(),), **{**given, **more})


def full(**more: Any) -> Step:
    """A step that the verifier runs."""
    return Step("test.full", run=("make", "integration"), **more)


def ship(*gates: HumanGate | PolicyGate, **more: Any) -> Step:
    """A step that people alone decide."""
    return Step("ship.release", gates=gates or (human(),), **more)


def merge(on_conflict: str | None = None) -> Step:
    """The effect."""
    return Step("ship.merge", effect=Effect.MERGE, on_conflict=on_conflict)


def defined(*steps: Step) -> Definition:
    """A workflow of these steps."""
    return Definition("feature", "what is tested", "d" * 64, steps)


def reviewed(quorum: int = 1, **more: Any) -> Step:
    """A step at which another agent judges what was developed."""
    given: dict[str, Any] = {"role": "reviewer", "not_by": ("develop.implement",), "on_fail": "develop.implement"}
    return Step("review.code", gates=(ReviewGate("verdict", quorum),), **{**given, **more})


def parts(count: int | None = 2, join: Join | None = None, **more: Any) -> Step:
    """A step that fans out, whose children walk the agent's step."""
    of_fan_out = ("most", "resolve", "spawn", "over", "max_parallel", "environments")
    own: dict[str, Any] = {name: more.pop(name) for name in of_fan_out if name in more}
    given: dict[str, Any] = {"resolve": (Step("funnel.resolve", role="resolver"),), **own}
    fan_out = FanOut((develop(),), count=count, join=join or Join(), **given)
    return Step("develop.parts", fan_out=fan_out, **more)


def spawning(**more: Any) -> Step:
    """A step whose agent makes the children."""
    return parts(None, spawn=True, role="implementer", **more)


def quorum(count: int) -> Join:
    """So many are enough."""
    return Join(JoinKind.QUORUM, count)
