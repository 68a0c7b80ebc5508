"""Checks whether a step may be skipped where its gates pass already."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from onloop.workflow.model import StepPart
from onloop.workflow.positioned_tree import Fault, Path, Side


def skip_faults(at: Path, step: StepPart, later: Sequence[StepPart | None]) -> Iterator[Fault]:
    """What is wrong with `skip: when_met` on a step below `at`, before the `later` ones.

    Gates that pass before the work is done prove nothing: a step that owes a change needs one that is known to fail.
    """
    if step.skip is None:
        return
    path = (*at, "skip")
    looking = [gate for gate in step.gates if gate.command is not None or gate.file is not None]
    if step.role is None or step.fan_out is not None:
        yield Fault(path, f"no agent does {step.id}, so none can be spared", "remove skip, or give it a role", Side.KEY)
    elif any(gate.artefact is not None or gate.review is not None for gate in step.gates):
        words = f"{step.id} asks for something that only an agent hands over, so its gates are never met before"
        yield Fault(path, words, "remove skip, or the artefact and review gates", Side.KEY)
    elif any(gate.github is not None or gate.http is not None for gate in step.gates):
        words = f"{step.id} asks outside about a commit, and before its work there is none of its own"
        yield Fault(path, words, "remove skip, or the github and http gates", Side.KEY)
    elif not looking:
        yield Fault(path, f"{step.id} has no gate that could be met", "give it a command or file gate", Side.KEY)
    elif any(other is not None and other.effect for other in later) and not any(g.fails_on_base for g in looking):
        words = f"{step.id} owes a change, and no gate of it is known to fail before the change is made"
        yield Fault(path, words, "write fails_on_base: true on the gate that proves the work, or remove skip", Side.KEY)
