"""The patch between two commits, as a person would be shown it."""

from __future__ import annotations

from onloop.gates.repository.mirror import Mirror
from onloop.gates.repository.patches import BoundedPatch, PatchBudget, bounded_patch


def bounded(mirror: Mirror, base: str, head: str, budget: PatchBudget | None = None) -> BoundedPatch:
    """The patch of every file, in the order of git's list."""
    return bounded_patch(mirror.git, base, head, mirror.diff_stat(base, head), (), budget)


def patch(mirror: Mirror, base: str, head: str) -> str:
    """Its text."""
    return bounded(mirror, base, head).text
