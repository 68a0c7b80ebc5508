"""What a launcher that proved itself by a token may claim: looked at where the claim is made."""

from __future__ import annotations

from onloop.errors import Ground, NotAllowed, unknown_task
from onloop.gates.repository.origin_spelling import fits
from onloop.machine.definition import Definition, Isolation
from onloop.machine.launchers import ANY, Grant
from onloop.machine.principal import Principal
from onloop.machine.rules.independence import opposite, same_hand
from onloop.machine.task import Task, TaskFacts
from onloop.store.port import Reading
from onloop.views.pinned_workflow import definition_of

_STRENGTH = tuple(Isolation)


def grant_now(reading: Reading, who: Principal, now: int) -> Grant | None:
    """What the launcher may do now; None where it needs no token. NotAllowed where its token was revoked or expired."""
    if who.grant is None:
        return None
    minted = reading.house().launchers.get(who.name)
    of_ci = minted is None and who.hand.token.startswith("ci:")
    found = who.grant if of_ci else minted.grant if minted is not None else None
    if found is None or found.until <= now:
        words = f"the token of launcher {who.name} was revoked, or has expired"
        raise NotAllowed(words, hint="a person mints another: onloop token mint", ground=Ground.TOKEN)
    return found


def check_role(who: Principal, grant: Grant, role: str) -> None:
    """NotAllowed where the launcher was not let in for the role."""
    if not has_role(grant, role):
        words = f"launcher {who.name} may not claim for {role}"
        raise NotAllowed(words, hint=f"its token is for {', '.join(grant.roles)}", ground=Ground.RULE)


def has_role(grant: Grant, role: str) -> bool:
    """Whether the grant is for the role."""
    return ANY in grant.roles or role in grant.roles


def sees(grant: Grant, task: Task | TaskFacts) -> bool:
    """Whether a task is in one of the grant's repositories."""
    return fits(grant.repositories, task.origin, task.repo or "")


def may_work_on(grant: Grant, task: Task, definition: Definition) -> bool:
    """Whether the grant is for the task at its step: its repository, its role, and the isolation that the step asks."""
    if not sees(grant, task) or task.step is None:
        return False
    step = definition.step(task.step)
    is_strong = _STRENGTH.index(grant.isolation) >= _STRENGTH.index(step.isolation)
    return is_strong and has_role(grant, step.role or "")


def is_free_for(reading: Reading, who: Principal, grant: Grant, task: Task) -> bool:
    """Whether the grant is for the task, and the launcher's hand has not worked on the other side of its step."""
    definition = definition_of(reading, task)
    if not may_work_on(grant, task, definition):
        return False
    step = definition.step(task.step or "")
    return not same_hand(task, step, opposite(definition, step), who.hand, apart=True)


def check_task(reading: Reading, who: Principal, grant: Grant, task: Task | None, task_id: str) -> None:
    """Refuse a task that the launcher may not work on; one in a repository of others, as if it were not there."""
    if task is None or not sees(grant, task):
        raise unknown_task(task_id)
    if not may_work_on(grant, task, definition_of(reading, task)):
        words = f"launcher {who.name} may not work on {task.id} at {task.step}"
        hint = f"its token is for {', '.join(grant.roles)}, and attests isolation {grant.isolation.value}"
        raise NotAllowed(words, hint=hint, ground=Ground.RULE)
