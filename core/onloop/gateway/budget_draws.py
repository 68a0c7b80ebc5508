"""The budget of a run, as a decision about one of its tasks sees it, and what such a decision takes from it."""

from __future__ import annotations

from onloop.machine import commands as c
from onloop.machine.budgets import RunBudget
from onloop.machine.rules.budget_rules import of_root
from onloop.machine.state import Reason
from onloop.machine.task import Task
from onloop.machine.usage import beyond
from onloop.records import replace
from onloop.store.port import Reading


def run_budget(tx: Reading, task: Task, root: Task | None) -> RunBudget | None:
    """The budget of the task's run; None where it has none, or the task is its root."""
    if root is None or root.id == task.id or not root.budget.limits:
        return None
    known = of_root(root)
    parked = root.id if root.reason is Reason.BUDGET_EXHAUSTED else known.parked
    found = tx.task(parked) if parked else None
    is_parked = found is not None and found.reason is Reason.BUDGET_EXHAUSTED and found.id != task.id
    return replace(known, own=task.spending.whole, parked=parked if is_parked else "")


def draw_of(tx: Reading, before: Task | None, after: Task) -> c.Draw | None:
    """What the root of a run with a budget is told of a task below it; None where nothing was spent."""
    if before is None or after.id == after.run:
        return None
    is_parked = after.reason is Reason.BUDGET_EXHAUSTED and before.reason is not after.reason
    if before.spending == after.spending and not is_parked:
        return None
    root = tx.task(after.run)
    if root is None or not root.budget.limits:
        return None
    return c.Draw(after.id, beyond(after.spending.whole, before.spending.whole), is_parked)
