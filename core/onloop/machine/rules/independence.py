"""The judgements of reviewing agents, and who may not review. A judgement is never evidence."""

from __future__ import annotations

from collections.abc import Sequence

from onloop.machine.definition import Definition, ReviewGate, Step
from onloop.machine.limits import NETWORK_UID
from onloop.machine.task import NOT_KNOWN, Hand, Judgement, Task

_SEPARATORS = ("-", "_", ".", "+")


def judged(task: Task, step: Step, gate: ReviewGate) -> tuple[Judgement, ...]:
    """The judgements that count now: of this visit, and about the commit, merge-base and workflow that count."""
    return tuple(j for j in task.judgements if (j.step, j.gate) == (step.id, gate.id) and counts_now(task, j))


def counts_now(task: Task, judgement: Judgement) -> bool:
    """Whether a judgement is of its step's last visit, and about the commit, merge-base and workflow that count."""
    now = task.submission
    return (
        judgement.visit == task.visits.get(judgement.step, 0)
        and now is not None
        and (judgement.head, judgement.base, judgement.definition) == (now.head, now.base, task.definition)
    )


def is_reviewed(task: Task, step: Step, gate: ReviewGate) -> bool:
    """Whether enough different agents judged it, all with pass; a missing judgement means no."""
    found = judged(task, step, gate)
    return len({j.by for j in found}) >= gate.quorum and all(j.passes for j in found)


def same_agent(one: str, other: str) -> bool:
    """Whether two ids are one agent's: equal, or one is the other with a suffix (`alfa`, `alfa-2`)."""
    short, long = sorted((one.casefold(), other.casefold()), key=len)
    return long == short or long.startswith(tuple(f"{short}{sign}" for sign in _SEPARATORS))


def is_among(email: str, authors: Sequence[str]) -> bool:
    """Whether commits carry this address, in whatever case."""
    return bool(email) and email.casefold() in {author.casefold() for author in authors}


def worked_before(task: Task, step: Step, agent: str) -> str | None:
    """The first step of `not_by` that the agent worked on, under this id or one like it."""
    return next(
        (name for name in step.not_by if any(same_agent(agent, who) for who in task.workers.get(name, ()))), None
    )


def barred(task: Task, step: Step, agent: str) -> str:
    """Why that agent may not take the step, which needs an independent agent; empty if it may."""
    before = worked_before(task, step, agent)
    if before is not None:
        return f"{agent} worked on {before} of {task.id}, and {step.id} is not_by {before}"
    said = [j.by for gate in step.review_gates for j in judged(task, step, gate)]
    return f"{agent} already reviewed {task.id}" if any(same_agent(agent, by) for by in said) else ""


def opposite(definition: Definition, step: Step) -> tuple[str, ...]:
    """The steps that whoever does `step` may not have done: those it is `not_by`, and those that are not by it."""
    return (*step.not_by, *(other.id for other in definition.steps if step.id in other.not_by))


def same_hand(task: Task, step: Step, sides: tuple[str, ...], hand: Hand, *, apart: bool) -> str:
    """Why the claimer may not: the same process, the same token or, if users are `apart`, the same user.

    Empty if it may.
    """
    for name in sides:
        for other in task.hands.get(name, ()):
            if hand.process and hand.process == other.process:
                return f"process {hand.process} worked on {name} of {task.id}, and may not work on {step.id} too"
            if hand.token and hand.token == other.token:
                return f"{hand.token} worked on {name} of {task.id}, and may not work on {step.id} too"
            if apart and hand.uid not in {None, NETWORK_UID} and hand.uid == other.uid:
                return f"user {hand.uid} worked on {name} of {task.id}, and may not work on {step.id} too"
    return ""


def is_independent(task: Task, step: Step) -> bool:
    """Whether the review and the work were claimed by hands that are known to be apart; False if one is unknown."""
    judge = task.hands.get(step.id, ())[-1:]
    steps = step.not_by or tuple(name for name in task.workers if name != step.id)
    makers = [hand for name in steps for hand in task.hands.get(name, (NOT_KNOWN,) * (name in task.workers))]
    return bool(judge and makers) and all(_are_apart(judge[0], maker) for maker in makers)


def _are_apart(one: Hand, other: Hand) -> bool:
    """Whether two hands are different users of one machine, or different tokens from different addresses.

    Of one over the network and one on the gateway's machine, nobody says that they are apart.
    """
    if None in {one.uid, other.uid}:
        return False
    if (one.uid, other.uid) == (NETWORK_UID, NETWORK_UID):
        known = one.token and other.token and one.address and other.address
        return bool(known) and one.token != other.token and one.address != other.address
    return NETWORK_UID not in {one.uid, other.uid} and one.uid != other.uid
