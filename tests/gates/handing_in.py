"""Handing in as an agent does: a process of its own gathers the bytes, and they go through the quarantine."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from onloop.gates.intake.collection import collected
from onloop.gates.intake.quarantine import Admission, admit, arrived
from onloop.gates.repository.mirror import Mirror


def handed_in(
    mirror: Mirror, environment: Path, task: str, number: int, *, target: str = "main", known: Sequence[str] = ()
) -> str:
    """The commit that came into the mirror from a clone."""
    quarantine = mirror.path.parent / "quarantine"
    mirror.refresh(target)
    with (
        collected(environment, environment.parent / "none", target, known) as collection,
        arrived(quarantine, collection) as arrival,
    ):
        return admit(arrival, Admission(mirror, target, task, number))


def left_uncommitted(environment: Path, target: str = "main") -> tuple[str, ...]:
    """What the agent's side says is changed and not committed."""
    with collected(environment, environment.parent / "none", target) as collection:
        return collection.manifest.left
