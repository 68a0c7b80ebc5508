"""What a decision about a task takes from the budget of its run."""

from __future__ import annotations

from onloop.machine import commands as c
from onloop.machine.rules.budget_rules import is_run_spent, of_root
from onloop.machine.state import Reason
from onloop.machine.task import Task
from onloop.machine.usage import beyond
from onloop.store.port import Reading


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
    spent = beyond(after.spending.whole, before.spending.whole)
    return c.Draw(after.id, spent, is_parked and is_run_spent(of_root(root), spent))
