"""What is true of a commit, computed from the mirror: whoever needs it computes it again, and believes no record."""

from __future__ import annotations

from onloop.errors import BadInput
from onloop.gates.repository.mirror import Mirror
from onloop.machine.task import Submission
from onloop.records import Record


class Provenance(Record):
    """Of a commit: its tree, where it left the target's history, and the addresses of who made what is between."""

    head: str
    tree: str
    base: str
    authors: tuple[str, ...]


def provenance_of(mirror: Mirror, head: str, tip: str) -> Provenance:
    """What the mirror says of a commit that it holds, with the target at `tip`."""
    base = mirror.merge_base(head, tip)
    return Provenance(head, mirror.tree(head), base, mirror.authors(base, head))


def check_provenance(mirror: Mirror, submission: Submission, target: str) -> None:
    """BadInput where a recorded submission says something else than the mirror does: what is shown must be what is.

    A base that the target and the head both contain hides nothing, though the target may have moved on since.
    """
    tree = mirror.tree(submission.head)
    if tree != submission.tree:
        raise _untrue(submission, f"has tree {tree[:12]}, and {submission.tree[:12]} is recorded")
    if not mirror.is_ancestor(submission.base, submission.head):
        raise _untrue(submission, f"does not contain its recorded base {submission.base[:12]}")
    if not mirror.holds(target, submission.base):
        raise _untrue(
            submission, f"is recorded on {submission.base[:12]}, which {target} does not contain as it is now"
        )
    authors = mirror.authors(submission.base, submission.head)
    if authors != submission.authors:
        raise _untrue(
            submission, f"was made by {', '.join(authors) or 'nobody'}, and {', '.join(submission.authors)} is recorded"
        )


def _untrue(submission: Submission, words: str) -> BadInput:
    return BadInput(f"commit {submission.head[:12]} {words}", hint="let its agent submit again: onloop submit")
