"""How much a step, a task or a run may spend, how it is raised, and whether it is spent.

The gateway itself measures claims and time. Tokens and cost are what agents tell, and so may be too low.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from enum import StrEnum
from typing import Annotated

from onloop.machine.limits import Id, Number, Range
from onloop.machine.usage import MicroUsd, StepSpending, Tokens, summed
from onloop.records import Record, replace

LONGEST_MINUTES = 5_256_000
"""Ten years."""
Minutes = Annotated[int, Range(0, LONGEST_MINUTES)]
_MINUTE_MS = 60_000


class Budget(Record):
    """How much may be spent; a figure without a limit is None. With `refuse_unknown`, agents must tell what is limited.

    `minutes` are those for which agents held the task, gates that ran meanwhile included.
    """

    tokens: Tokens | None = None
    micro_usd: MicroUsd | None = None
    minutes: Minutes | None = None
    claims: Number | None = None
    refuse_unknown: bool = False

    @property
    def limits(self) -> bool:
        """Whether anything is limited."""
        return any(figure is not None for figure in _figures(self))


NO_BUDGET = Budget()


class BudgetScope(StrEnum):
    """What a budget is of."""

    STEP = "step"
    TASK = "task"
    RUN = "run"


class BudgetRaised(Record):
    """A person added so much to a budget; `step` says to which step's, of that scope."""

    scope: BudgetScope
    more: Budget
    by: str
    step: str = ""


class Draw(Record):
    """A task of the run spent so much more of the run's budget; `parked` says that it waits for people to add to it."""

    task: Id
    spent: StepSpending
    parked: bool = False


class BudgetDrawn(Record):
    """A task of the run spent so much more; `parked` says that it waits for people to add to a budget."""

    task: str
    spent: StepSpending
    parked: bool = False


class BudgetStanding(Record):
    """Of a task: what people added to its budgets. Of a run's root: what the tasks below spent, and which is parked."""

    raised: tuple[BudgetRaised, ...] = ()
    drawn: StepSpending = StepSpending()
    parked: str = ""

    def more(self, scope: BudgetScope, step: str = "") -> Iterator[Budget]:
        """What people added to that budget."""
        return (each.more for each in self.raised if (each.scope, each.step) == (scope, step))


class RunBudget(Record):
    """The budget of a run, as it is before a decision about one of its tasks, of which `own` is known to it already.

    `parked` names a task that waits for people to add to it.
    """

    budget: Budget
    spent: StepSpending
    own: StepSpending = StepSpending()
    parked: str = ""


class BudgetLine(Record):
    """One limit: of what, how much of it is spent (None where no agent told it), and how much there is."""

    scope: BudgetScope
    figure: str
    spent: int | None
    limit: int
    refuses_unknown: bool = False

    @property
    def is_spent(self) -> bool:
        """Whether nothing is left."""
        return self.spent is not None and self.spent >= self.limit

    @property
    def words(self) -> str:
        """The figure, what is spent and what there is, as a person reads it."""
        told = ", as its agents tell" if self.figure in TOLD else ""
        if self.spent is None:
            return f"{self.figure} of the {self.scope}: no agent tells them; the budget cannot hold them"
        amounts = f"{amount_words(self.figure, self.spent)} of {amount_words(self.figure, self.limit)}"
        return f"{self.figure} of the {self.scope}: {amounts}{told}"


TOLD = frozenset({"tokens", "cost"})
"""The figures that only agents know."""


def added(budgets: Iterable[Budget]) -> Budget:
    """A budget with everything that people added to it; what it does not limit stays unlimited."""
    first, *more = budgets
    columns = zip(_figures(first), *(_figures(each) for each in more), strict=True)
    sums = [None if base is None else base + sum(extra or 0 for extra in extras) for base, *extras in columns]
    return Budget(sums[0], sums[1], sums[2], sums[3], first.refuse_unknown)


def lines_of(scope: BudgetScope, budget: Budget, spent: StepSpending, held_ms: int = 0) -> Iterator[BudgetLine]:
    """Each limit of the budget with what is spent of it; `held_ms` is for how long a holder has had it by now."""
    unknown = budget.refuse_unknown
    tells = spent.claims == 0 or spent.telling > 0
    prices = spent.claims == 0 or spent.priced > 0
    if budget.tokens is not None:
        yield BudgetLine(scope, "tokens", (spent.usage.tokens or 0) if tells else None, budget.tokens, unknown)
    if budget.micro_usd is not None:
        yield BudgetLine(scope, "cost", (spent.usage.micro_usd or 0) if prices else None, budget.micro_usd, unknown)
    if budget.minutes is not None:
        yield BudgetLine(scope, "minutes", (spent.held_ms + held_ms) // _MINUTE_MS, budget.minutes)
    if budget.claims is not None:
        yield BudgetLine(scope, "claims", spent.claims, budget.claims)


def with_raise(standing: BudgetStanding, event: BudgetRaised) -> BudgetStanding:
    """After a person added to a budget: one sum for each budget, so that it does not grow with every raise."""
    same = [each for each in standing.raised if (each.scope, each.step) == (event.scope, event.step)]
    others = tuple(each for each in standing.raised if each not in same)
    columns = zip(_figures(event.more), *(_figures(each.more) for each in same), strict=True)
    sums = [sum(told) if (told := [n for n in each if n is not None]) else None for each in columns]
    merged = replace(event, more=Budget(sums[0], sums[1], sums[2], sums[3]))
    parked = "" if event.scope is BudgetScope.RUN else standing.parked
    return replace(standing, raised=(*others, merged), parked=parked)


def with_draw(standing: BudgetStanding, event: BudgetDrawn) -> BudgetStanding:
    """After a task of the run spent more."""
    parked = event.task if event.parked else standing.parked
    return replace(standing, drawn=summed((standing.drawn, event.spent)), parked=parked)


def left_ms(budget: Budget, spent: StepSpending) -> int | None:
    """For how long agents may hold it yet; None where that has no limit."""
    return None if budget.minutes is None else max(0, budget.minutes * _MINUTE_MS - spent.held_ms)


def amount_words(figure: str, amount: int) -> str:
    """An amount as a person reads it."""
    return usd_words(amount) if figure == "cost" else f"{amount:,}"


def usd_words(micro_usd: int) -> str:
    """Millionths of a dollar as dollars, with cents, and with more where there is less than a cent."""
    if 0 < micro_usd < 10_000:
        return f"$0.{micro_usd:06}".rstrip("0")
    return f"${(micro_usd + 5_000) // 10_000 / 100:,.2f}"


def more_words(budget: Budget) -> str:
    """What was added, in words."""
    named = zip(("tokens", "cost", "minutes", "claims"), _figures(budget), strict=True)
    return ", ".join(f"{name} {amount_words(name, amount)}" for name, amount in named if amount is not None)


def _figures(budget: Budget) -> tuple[int | None, ...]:
    return budget.tokens, budget.micro_usd, budget.minutes, budget.claims
