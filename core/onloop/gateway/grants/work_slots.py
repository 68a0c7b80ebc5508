"""How many tasks of a scope are worked on at once: a row for each that may be, which a claim takes and its end frees.

Rows are picked, never counted. They are made when the first task of the scope is claimed, under the lock of its run.
"""

from __future__ import annotations

from onloop.machine.task import Task
from onloop.records import replace
from onloop.store.port import TaskFilter, Transaction
from onloop.store.rows import WorkSlot
from onloop.views.work_scopes import WorkScope, scopes_of


def pick_slots(tx: Transaction, task: Task, root: Task | None) -> tuple[WorkSlot, ...] | None:
    """A free slot in each scope of the task, which are this transaction's to take; None where a scope is full."""
    picked = list[WorkSlot]()
    for scope in scopes_of(task, root):
        slot = tx.pick(WorkSlot, scope=scope.name, lease="")
        if slot is None and not tx.select(WorkSlot, scope=scope.name):
            _furnish(tx, scope, task.run)
            slot = tx.pick(WorkSlot, scope=scope.name, lease="")
        if slot is None:
            return None
        picked.append(slot)
    return tuple(picked)


def _furnish(tx: Transaction, scope: WorkScope, run: str) -> None:
    """Make the rows of a scope. Those of a run that was begun before there were any are taken by what is held in it."""
    root = tx.task(run)
    held = [
        task.id for task in tx.tasks(TaskFilter(run=run)) if task.holder is not None and scope in scopes_of(task, root)
    ]
    leases = [*held[: scope.most], *[""] * (scope.most - len(held))]
    for number, lease in enumerate(leases):
        tx.put(WorkSlot(f"{scope.name}/{number:05}", scope.name, lease))


def is_full(tx: Transaction, scope: WorkScope) -> bool:
    """Whether nothing more may be worked on in the scope, as far as can be said before its run is locked."""
    is_free = tx.pick(WorkSlot, scope=scope.name, lease="") is not None
    return not is_free and bool(tx.select(WorkSlot, scope=scope.name))


def take_slots(tx: Transaction, task: Task) -> None:
    """Somebody works on the task from now on."""
    for slot in pick_slots(tx, task, tx.task(task.run)) or ():
        tx.put(replace(slot, lease=task.id))


def free_work_slots(tx: Transaction, task_id: str) -> None:
    """Nobody works on the task any more."""
    for slot in tx.select(WorkSlot, lease=task_id):
        tx.put(replace(slot, lease=""))
