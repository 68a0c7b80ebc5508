"""The tasks of a store that need somebody, read without all the others."""

from __future__ import annotations

from collections.abc import Mapping

from onloop.attention.idle import STALL_MS
from onloop.machine.definition import Definition
from onloop.machine.state import State
from onloop.machine.task import Task
from onloop.records import Record
from onloop.store.port import Reading, TaskFilter
from onloop.store.rows import Lease
from onloop.views.known_task import known_task
from onloop.views.pinned_workflow import pinned_definition


class NeedingTasks(Record):
    """Tasks by id, with all above them; the workflows of those that ask; and the leases of silent agents."""

    tasks: Mapping[str, Task]
    definitions: Mapping[str, Definition]
    silent: tuple[Lease, ...]


def needing_tasks(at: Reading, now: int) -> NeedingTasks:
    """What needs somebody at `now` (ms), and what stands above it."""
    needing = at.tasks(TaskFilter(states=(State.INPUT_REQUIRED, State.AUTH_REQUIRED, State.FAILED)))
    delayed = at.tasks(TaskFilter(states=(State.SUBMITTED, State.WORKING), delayed=True))
    troubled = [task for task in delayed if task.setback is not None and task.setback.told]
    given = [known_task(at, name) for name, _ in at.claimable(at.house().owners, now)]
    leases = at.silent(now, STALL_MS)
    held = (task for lease in leases if (task := at.task(lease.task)) is not None)
    known = _with_parents(at, {task.id: task for task in (*needing, *troubled, *given, *held)})
    definitions = {digest: pinned_definition(at, digest) for digest in {task.definition for task in needing}}
    return NeedingTasks(known, definitions, tuple(leases))


def _with_parents(at: Reading, tasks: Mapping[str, Task]) -> Mapping[str, Task]:
    """These tasks and all their ancestors."""
    known = dict(tasks)
    missing = {task.parent for task in known.values()} - known.keys()
    while missing:
        above = [task for name in missing if name is not None and (task := at.task(name)) is not None]
        known |= {task.id: task for task in above}
        missing = {task.parent for task in above} - known.keys()
    return known
