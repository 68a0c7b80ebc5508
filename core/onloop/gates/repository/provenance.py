"""What is true of a commit, computed from the mirror: whoever needs it computes it again, and believes no record."""

from __future__ import annotations

from dataclasses import dataclass

from onloop.errors import BadInput
from onloop.gates.repository.mirror import Mirror
from onloop.machine.task import Submission


@dataclass(frozen=True, slots=True)
class Provenance:
    """Of a commit: its tree, where it left the target's history, and the addresses of who made what is between."""

    head: str
    tree: str
    base: str
    authors: tuple[str, ...]


def provenance_of(mirror: Mirror, head: str, tip: str) -> Provenance:
    """What the mirror says of a commit that it holds, with the target at `tip`."""
    base = mirror.merge_base(head, tip)
    return Provenance(head, mirror.tree(head), base, mirror.authors(base, head))


def check_provenance(mirror: Mirror, now: Submission, target: str) -> None:
    """BadInput where a recorded submission says something else than the mirror does: what is shown must be what is.

    A base that the target and the head both contain hides nothing, though the target may have moved on since.
    """
    tree = mirror.tree(now.head)
    if tree != now.tree:
        raise _untrue(now, f"has tree {tree[:12]}, and {now.tree[:12]} is recorded")
    if not mirror.is_ancestor(now.base, now.head):
        raise _untrue(now, f"does not contain its recorded base {now.base[:12]}")
    if not mirror.holds(target, now.base):
        raise _untrue(now, f"is recorded on {now.base[:12]}, which {target} does not contain as it is now")
    authors = mirror.authors(now.base, now.head)
    if authors != now.authors:
        raise _untrue(now, f"was made by {', '.join(authors) or 'nobody'}, and {', '.join(now.authors)} is recorded")


def _untrue(now: Submission, words: str) -> BadInput:
    return BadInput(f"commit {now.head[:12]} {words}", hint="let its agent submit again: onloop submit")
