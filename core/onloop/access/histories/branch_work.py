"""Work that is handed in from a branch of the origin, for agents on machines that have nothing of ours."""

from __future__ import annotations

from onloop.access.histories.kin import kin_of
from onloop.access.opening import GatewayHandle
from onloop.access.submission import held_task, receive
from onloop.errors import Exit, Refused
from onloop.gates.intake.branch_collection import branch_collected
from onloop.machine.principal import Principal
from onloop.machine.task import Task


def hand_in_branch(opened: GatewayHandle, agent: Principal, statement: str, *, key: str = "") -> Task:
    """Submit what the branch that the agent's claim named holds: through quarantine, as if its bytes had been sent.

    What the gates of this step have answered about is not submitted again.
    """
    task = held_task(opened, agent)
    if not task.branch:
        hint = "claim with --branch NAME, or hand in from a clone: onloop submit"
        raise Refused(f"the claim of {task.id} named no branch", exit=Exit.USAGE, hint=hint)
    mirror = opened.mirror(task.origin or "")
    mirror.create()
    mirror.refresh(task.target)
    with branch_collected(mirror, task.branch, task.target, kin_of(task)) as collection:
        if _is_judged(collection.manifest.commit, task):
            return task
        return receive(opened, agent, statement, collection, key=key)


def _is_judged(commit: str, task: Task) -> bool:
    """Whether the gates of this step have answered about this commit."""
    return any(each.step == task.step and each.head == commit for each in task.evidence.values())
