"""What a task has spent, and how its budgets stand, in words: agents' words are said to be theirs."""

from __future__ import annotations

from collections.abc import Iterator

from onloop.machine.budgets import BudgetLine, RunBudget, usd_words
from onloop.machine.definition import Definition
from onloop.machine.rules.budget_rules import budget_lines, of_root
from onloop.machine.state import Reason
from onloop.machine.task import Task
from onloop.machine.usage import StepSpending
from onloop.records import replace
from onloop.store.port import Reading
from onloop.store.rows import Lease

NOT_TOLD = "–"
"""What stands for a figure that nobody told."""


def run_budget(tx: Reading, task: Task, root: Task | None) -> RunBudget | None:
    """The budget of the task's run; None where it has none, or the task is its root."""
    if root is None or root.id == task.id or not root.budget.limits:
        return None
    known = of_root(root)
    parked = root.id if root.reason is Reason.BUDGET_EXHAUSTED else known.parked
    found = tx.task(parked) if parked else None
    is_parked = found is not None and found.reason is Reason.BUDGET_EXHAUSTED and found.id != task.id
    return replace(known, own=task.spending.whole, parked=parked if is_parked else "")


def budgets_of(reading: Reading, definition: Definition, task: Task, lease: Lease | None) -> tuple[BudgetLine, ...]:
    """Each limit that holds the task where it stands; of a lease that goes on, up to when its holder was heard last."""
    root = task if task.id == task.run else reading.task(task.run)
    return budget_lines(definition, task, run_budget(reading, task, root), lease.beat_at if lease else task.claimed_at)


def used_words(spent: StepSpending) -> str:
    """Tokens and cost as agents told them, with how many claims told any; empty where none did."""
    used = spent.usage
    if not used.is_told:
        return ""
    told = f"{spent.telling} of {spent.claims} claims tell tokens"
    cached = f", {used.cached:,} of them from a cache" if used.cached else ""
    tokens = f"{_count(used.input)} tokens in{cached}, {_count(used.output)} out"
    least = "" if spent.telling >= spent.claims else "at least "
    return f"{least}{tokens}, {cost_words(spent)}; {told}"


def cost_words(spent: StepSpending) -> str:
    """What it cost as agents told it; a dash where none did."""
    return NOT_TOLD if spent.usage.micro_usd is None else usd_words(spent.usage.micro_usd)


def limit_words(lines: tuple[BudgetLine, ...]) -> Iterator[str]:
    """Each limit with what is spent of it."""
    for each in lines:
        yield f"{each.words}{' — spent' if each.is_spent else ''}"


def short_tokens(tokens: int | None) -> str:
    """Tokens in a few characters; a dash where they were not told."""
    if tokens is None:
        return NOT_TOLD
    for size, sign in ((1_000_000_000, "G"), (1_000_000, "M"), (1_000, "k")):
        if tokens >= size:
            return f"{tokens / size:.1f}{sign}" if tokens < 10 * size else f"{tokens // size}{sign}"
    return str(tokens)


def _count(tokens: int | None) -> str:
    return NOT_TOLD if tokens is None else f"{tokens:,}"
