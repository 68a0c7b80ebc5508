"""What a decision must know besides the task: read in the transaction in which it is made."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence

from onloop.errors import unknown_task
from onloop.machine import commands as c
from onloop.machine.definition import Definition
from onloop.machine.held_roles import hold_of
from onloop.machine.people import in_force
from onloop.machine.rules.decision_builder import Facts
from onloop.machine.state import State
from onloop.machine.store_state import covering
from onloop.machine.task import Kind, Task
from onloop.store.port import Reading
from onloop.store.rows import Job, Lease
from onloop.views.children import handed_lists, slot_free, swarm_of
from onloop.views.known_task import known_task
from onloop.views.pinned_workflow import definition_of, pinned_definition

FIRST_LOOKED_AT = 32
"""The number of claimable tasks to look at first; a few are usually enough, even if thousands wait."""


def definition_for(tx: Reading, before: Task | None, command: c.Command, task_id: str) -> Definition:
    """The workflow of the task, or of the one that the command creates; UnknownThing if there is no task."""
    if before is not None:
        return definition_of(tx, before)
    if isinstance(command, c.Create):
        return pinned_definition(tx, command.definition)
    raise unknown_task(task_id)


def facts_of(tx: Reading, task: Task | None, actor: str, definition: Definition, command: c.Command, now: int) -> Facts:
    """What else is true of the task at `now` (ms), for a decision about it that `actor` asks for."""
    house = tx.house()
    if task is None:
        return Facts(people=house.groups, former=house.former_groups)
    lease = tx.get(Lease, task.id)
    children = tuple(tx.child_states(task.id)) if task.kind is Kind.FLEET or task.born else ()
    root = task if task.id == task.run else tx.task(task.run)
    return Facts(
        frozen=covering(house, task, actor),
        lease_expires=lease.expires if lease else None,
        slot_free=has_slot(tx, task, root),
        hold=hold_of(house.roles, task),
        children=children,
        people=house.groups,
        former=house.former_groups,
        delegations=in_force(house.delegations.values(), house.groups, now) if house.delegations else (),
        swarm=swarm_of(tx, task),
        handed=handed_lists(tx, definition, task, command),
        amended=pinned_definition(tx, command.definition) if isinstance(command, c.Amend) else None,
        run_live=root is None or not root.ended,
        run_paused=root is not None and root is not task and root.state is State.PAUSED,
    )


def has_slot(tx: Reading, task: Task, root: Task | None) -> bool:
    """Whether one more agent may work on the task: `max_parallel` of its parent and of its run leave room."""
    parent = tx.task(task.parent) if task.parent is not None else None
    if parent is not None and not slot_free(tx, task, parent, definition_of(tx, parent)):
        return False
    return root is None or root.max_parallel is None or tx.held(task.run) < root.max_parallel


def waiting_tasks(at: Reading, roles: Sequence[str], now: int) -> Iterator[tuple[str, str]]:
    """See Reading.claimable: all of them, one after the other."""
    first = at.claimable(roles, now, FIRST_LOOKED_AT)
    yield from first
    if len(first) == FIRST_LOOKED_AT:
        yield from at.claimable(roles, now)[FIRST_LOOKED_AT:]


def waiting_jobs(tx: Reading, now: int, *, effects: bool, busy: Collection[str] = ()) -> list[Job]:
    """The jobs that nobody works on. Jobs of frozen tasks are excluded: a freeze stops them.

    Jobs in `busy` are excluded, and so are effects on a repository that already has one running.
    """
    jobs = tx.select(Job)
    taken = {known_task(tx, job.task).origin for job in jobs if effects and job.gate is None and job.id in busy}
    free = [
        job
        for job in jobs
        if job.leased_until <= now and (job.gate is None) == effects and job.id not in busy
        if not taken or known_task(tx, job.task).origin not in taken
    ]
    house = tx.house()
    return [job for job in free if covering(house, known_task(tx, job.task)) is None] if house.freezes else free
