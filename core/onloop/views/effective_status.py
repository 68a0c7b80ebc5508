"""How tasks stand as of now: what time, a freeze, a full fleet or a silent agent changes is seen, and not written."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import ClassVar

from onloop.attention.idle import Pulse, idle_reason
from onloop.attention.responsibility import UNKNOWN, Ownership, ownership_of
from onloop.machine.held_roles import Streak, hold_of
from onloop.machine.limits import Id, Millis
from onloop.machine.state import Reason, State
from onloop.machine.store_state import Frozen, covering
from onloop.machine.task import Task
from onloop.records import Record
from onloop.store.port import Reading, TaskFilter
from onloop.store.rows import Lease, SubAgent
from onloop.views.known_task import known_task
from onloop.views.query import Query
from onloop.views.sub_agents import sub_agents_of
from onloop.views.work_scopes import has_room, scopes_of

MANY = 100
"""From how many held tasks on all leases are read, instead of theirs one by one."""


class EffectiveStatus(Record):
    """Why a task is not moving as of now, the freeze that covers it, and whether its lease has run out unnoticed.

    `sub_agents` are those in the process of whoever holds it, as that agent says.
    """

    reason: Reason | None
    freeze: Frozen | None
    lapsed: bool = False
    sub_agents: tuple[SubAgent, ...] = ()
    progress_at: int = 0
    """When its holder moved last (ms); 0 where nobody holds it."""


def effective_status(
    task: Task, *, frozen: str | None, slot_free: bool, now: int, lease: Pulse | None = None
) -> tuple[State, Reason | None]:
    """State and reason as they are now; `lease` is that of the task, if it has one."""
    if task.ended:
        return task.state, None
    if frozen is not None:
        return task.state, Reason.FROZEN
    reason = task.reason
    if task.state is State.SUBMITTED and reason is Reason.RETRY_BACKOFF and task.not_before <= now:
        reason = Reason.READY
    if task.state is State.SUBMITTED and reason is Reason.READY and not slot_free:
        reason = Reason.NO_SLOT
    idle = idle_reason(task, lease, now) if lease is not None else None
    return task.state, idle[0] if idle is not None else reason


def effective_statuses(at: Reading, tasks: Iterable[Task], now: int) -> Mapping[str, EffectiveStatus]:
    """How each task stands as of now, by its id: what is recorded may be older than a freeze, or than its own clock."""
    house = at.house()
    known = tuple(tasks)
    leases = _leases(at, [task.id for task in known if task.holder is not None])
    within = sub_agents_of((lease for lease in leases.values() if lease), at.select(SubAgent) if leases else ())
    free: dict[str, bool] = {}
    roots: dict[str, Task | None] = {}
    found: dict[str, EffectiveStatus] = {}
    for task in known:
        if task.run not in roots:
            roots[task.run] = task if task.id == task.run else at.task(task.run)
        scope = covering(house, task)
        lease = leases.get(task.id)
        is_free = _is_slot_free(at, task, roots, free)
        _, reason = effective_status(task, frozen=scope, slot_free=is_free, now=now, lease=lease)
        lapsed = lease is not None and lease.expires <= now
        freeze = house.freezes[scope] if scope and not task.ended else None
        found[task.id] = EffectiveStatus(
            reason, freeze, lapsed, within.get(task.id, ()), lease.progress_at if lease is not None else 0
        )
    return found


def _leases(at: Reading, held: Sequence[str]) -> Mapping[str, Lease | None]:
    """The leases of these tasks: one by one, or all at once where they are many."""
    if len(held) < MANY:
        return {task: at.get(Lease, task) for task in held}
    known = {lease.task: lease for lease in at.select(Lease)}
    return {task: known.get(task) for task in held}


def _is_slot_free(at: Reading, task: Task, roots: Mapping[str, Task | None], free: dict[str, bool]) -> bool:
    """Whether each scope of the task has room; `free` keeps what is known of scopes."""
    for scope in scopes_of(task, roots[task.run]):
        if scope.name not in free:
            free[scope.name] = has_room(at, scope)
    return all(free[scope.name] for scope in scopes_of(task, roots[task.run]))


class TaskNow(Record):
    """A task, how it stands as of now, what it owns, and the scope of the freeze that covers it, though it has ended.

    Where one task is asked for, `run` is the root of its run, and `hold` that of its role, where that is held.
    """

    task: Task
    effective_status: EffectiveStatus
    frozen: str | None = None
    run: Task | None = None
    hold: Streak | None = None
    owns: Ownership = UNKNOWN


class ReadTasksNow(Query[tuple[TaskNow, ...]], frozen=True):
    """The tasks that fit, oldest first, and how each stands at `now` (ms)."""

    name: ClassVar[str] = "tasks_now"
    now: Millis
    wanted: TaskFilter = TaskFilter()

    def carry_out(self, reading: Reading) -> tuple[TaskNow, ...]:
        """See Query."""
        tasks = reading.tasks(self.wanted)
        found = effective_statuses(reading, tasks, self.now)
        above = {task.id: task for task in tasks if task.children}
        for name in {task.parent for task in tasks if task.parent is not None and task.parent not in above}:
            if (parent := reading.task(name)) is not None:
                above[name] = parent
        return tuple(
            TaskNow(
                task,
                found[task.id],
                owns=ownership_of(task, found[task.id].reason, self.now, above.get(task.parent or "")),
            )
            for task in tasks
        )


class ReadTaskNow(Query[TaskNow], frozen=True):
    """A task, and how it stands at `now` (ms); UnknownThing if there is none of that id."""

    name: ClassVar[str] = "task_now"
    task: Id
    now: Millis

    def carry_out(self, reading: Reading) -> TaskNow:
        """See Query."""
        task = known_task(reading, self.task)
        stands, house = effective_statuses(reading, (task,), self.now)[task.id], reading.house()
        parent = reading.task(task.parent) if task.parent is not None else None
        owns = ownership_of(task, stands.reason, self.now, parent)
        return TaskNow(task, stands, covering(house, task), reading.task(task.run), hold_of(house.roles, task), owns)
