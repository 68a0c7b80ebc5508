"""The facts about a commit, computed from the mirror. Code that needs them computes them again and trusts no record."""

from __future__ import annotations

from onloop.errors import BadInput
from onloop.gates.repository.mirror import Mirror
from onloop.gates.repository.shown import content_digest
from onloop.machine.task import Submission
from onloop.records import Record


class Provenance(Record):
    """A commit's tree, where it left the target's history, the email addresses of the authors in between, its change.

    `change` is the digest of what differs from the base.
    """

    head: str
    tree: str
    base: str
    authors: tuple[str, ...]
    change: str


def provenance_of(mirror: Mirror, head: str, tip: str) -> Provenance:
    """The facts about a commit in the mirror, with the target at `tip`."""
    base = mirror.merge_base(head, tip)
    change = content_digest(mirror.git, base, head)
    return Provenance(head, mirror.tree(head), base, mirror.authors(base, head), change)


def check_provenance(mirror: Mirror, submission: Submission, target: str) -> None:
    """BadInput if a recorded submission differs from the mirror: people must see what is really there.

    The target may have moved on since; a base that both the target and the head contain still hides nothing.
    """
    head, base = submission.head, submission.base
    tree = mirror.tree(head)
    if tree != submission.tree:
        raise _untrue(head, f"has tree {tree[:12]}, but {submission.tree[:12]} is recorded")
    if not mirror.is_ancestor(base, head):
        raise _untrue(head, f"does not contain its recorded base {base[:12]}")
    if not mirror.holds(target, base):
        raise _untrue(head, f"is recorded on {base[:12]}, which {target} does not contain as it is now")
    if submission.change and submission.change != content_digest(mirror.git, base, head):
        raise _untrue(head, f"changes something else than what is recorded ({submission.change[:12]})")
    authors = mirror.authors(base, head)
    if authors != submission.authors:
        recorded = ", ".join(submission.authors)
        raise _untrue(head, f"was made by {', '.join(authors) or 'nobody'}, but {recorded} is recorded")


def _untrue(head: str, words: str) -> BadInput:
    return BadInput(f"commit {head[:12]} {words}", hint="let its agent submit again: onloop submit")
