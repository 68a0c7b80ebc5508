"""The task's own branch gets the work: made once, moved only from where we put it."""

from __future__ import annotations

from onloop.gates.contents.clonable import push_brought
from onloop.gates.repository.branch_push import NOWHERE, put_branch, tip_of
from onloop.machine.events import EffectProblem
from onloop.verifier.effects.outside_deed import CannotBeDone, OutsideDeed


def push_branch(deed: OutsideDeed) -> str:
    """Carry out the effect; the answer says how it ended."""
    put_own_branch(deed)
    return deed.done(deed.submission.head, f"{deed.branch} holds {deed.submission.head[:12]}")


def put_own_branch(deed: OutsideDeed) -> None:
    """Record the intent and move the branch. CannotBeDone if somebody else has moved it: their commits are not ours."""
    head = deed.submission.head
    tip = tip_of(deed.mirror, deed.branch)
    if tip not in {None, head, deed.effect.expected, *deed.task.pushed}:
        words = f"{deed.branch} is at {(tip or '')[:12]}, where onloop never put it"
        raise CannotBeDone(EffectProblem.CHANGED, words)
    deed.begin(tip or NOWHERE, head)
    if tip == head:
        return
    push_brought(deed.mirror, deed.submission.base, head)
    deed.check_may_act()
    elsewhere = put_branch(deed.mirror, deed.branch, tip or NOWHERE, head)
    if elsewhere is not None:
        raise CannotBeDone(EffectProblem.CHANGED, f"{deed.branch} moved to {elsewhere[:12]} meanwhile")
    deed.recorder.reached("moved")
