"""A branch of our own in the origin: read, made and moved by compare-and-set, even where its history is another."""

from __future__ import annotations

from onloop.errors import Unavailable, UnknownThing
from onloop.gates.repository import merging
from onloop.gates.repository.mirror import Mirror
from onloop.gates.repository.ref_names import check_ref_name

NOWHERE = "0" * 40
"""What stands for the tip of a branch that is not there."""


def tip_of(mirror: Mirror, branch: str) -> str | None:
    """The commit of the origin's branch now; None if there is no such branch."""
    try:
        return mirror.tip(branch)
    except UnknownThing:
        return None


def put_branch(mirror: Mirror, branch: str, expected: str, result: str) -> str | None:
    """Moves the origin's branch from `expected` (NOWHERE: it is not there) to `result`; None, or where it is instead.

    Safe to repeat. Unavailable if the origin refuses.
    """
    ref = f"refs/heads/{check_ref_name(branch)}"
    with mirror.reaching() as access:
        before = "" if expected == NOWHERE else expected
        refusal = merging.push(mirror.git, mirror.bare_origin, ref, before, result, access)
    if refusal is None:
        return None
    tip = tip_of(mirror, branch)
    if tip == result:
        return None
    if (tip or NOWHERE) != expected:
        return tip or NOWHERE
    words = f"the origin did not let {branch} move: {refusal.words}"
    raise Unavailable(words, hint="allow the gateway to push branches onloop/*", kind=refusal.kind)
