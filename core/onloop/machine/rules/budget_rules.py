"""Whether a budget is spent, and what follows: a person is asked, who adds to it or ends the work."""

from __future__ import annotations

from onloop.errors import Exit
from onloop.machine import events as e
from onloop.machine.budgets import TOLD, Budget, BudgetLine, BudgetScope, RunBudget, added, left_ms, lines_of
from onloop.machine.definition import Definition, Step
from onloop.machine.people import is_person
from onloop.machine.rules.decision_builder import DecisionBuilder, refuse
from onloop.machine.state import Reason
from onloop.machine.task import Task
from onloop.machine.usage import StepSpending, beyond, summed

_FIGURES = ("tokens", "micro_usd", "minutes", "claims")
_NAMES = dict(zip(("tokens", "cost", "minutes", "claims"), _FIGURES, strict=True))


def own_budget(task: Task, scope: BudgetScope, budget: Budget | None, step: str = "") -> Budget:
    """A budget with what people added to it."""
    return added((budget or Budget(), *task.budgets.more(scope, step)))


def of_root(root: Task) -> RunBudget:
    """The budget of the run whose root this is, with what its tasks spent."""
    budget = own_budget(root, BudgetScope.RUN, root.budget)
    return RunBudget(budget, summed((root.budgets.drawn, root.spending.whole)), parked=root.budgets.parked)


def is_run_spent(run: RunBudget, more: StepSpending) -> bool:
    """Whether the run's own budget holds its tasks, once they have spent so much more."""
    lines = lines_of(BudgetScope.RUN, run.budget, summed((run.spent, more)))
    return any(_stops(line, for_claim=True) for line in lines)


def budget_lines(definition: Definition, task: Task, run: RunBudget | None, now: int) -> tuple[BudgetLine, ...]:
    """Every limit that holds the task where it stands, the narrowest first."""
    held_ms = max(0, now - task.claimed_at) if task.holder is not None and not is_person(task.holder) else 0
    found = list[BudgetLine]()
    if task.step is not None and (step := definition.step(task.step)).budget is not None:
        budget = own_budget(task, BudgetScope.STEP, step.budget, step.id)
        found += lines_of(BudgetScope.STEP, budget, task.spending.of(step.id), held_ms)
    if definition.budget is not None:
        budget = own_budget(task, BudgetScope.TASK, definition.budget)
        found += lines_of(BudgetScope.TASK, budget, task.spending.whole, held_ms)
    run = of_root(task) if task.id == task.run else run
    if run is not None:
        own = task.spending.whole if task.id == task.run else run.own
        spent = summed((run.spent, beyond(task.spending.whole, own)))
        found += lines_of(BudgetScope.RUN, run.budget, spent, held_ms)
    return tuple(found)


def held_by_budget(course: DecisionBuilder, *, for_claim: bool = False) -> bool:
    """Whether a budget is spent; then a person is asked. Claims count only before another one is given.

    An agent that tells nothing is held where the budget says so, once an agent that held the task has told nothing.
    """
    line = next((each for each in _lines(course) if _stops(each, for_claim=for_claim)), None)
    if line is None:
        return False
    if line.scope is BudgetScope.RUN and for_claim and course.facts.run_budget is not None:
        _check_not_asked_yet(course, course.facts.run_budget, line)
    course.hold(Reason.BUDGET_EXHAUSTED, line.words)
    return True


def _lines(course: DecisionBuilder) -> tuple[BudgetLine, ...]:
    return budget_lines(course.definition, course.task, course.facts.run_budget, course.now)


def _stops(line: BudgetLine, *, for_claim: bool) -> bool:
    if line.figure == "claims" and not for_claim:
        return False
    return line.is_spent or (line.spent is None and line.refuses_unknown)


def _check_not_asked_yet(course: DecisionBuilder, run: RunBudget, line: BudgetLine) -> None:
    """A run asks once: while one of its tasks waits for people to add to its budget, the others just wait."""
    if run.parked:
        task = course.task
        words = f"{task.id} waits, because {run.parked} is asked about the budget of {task.run}: {line.words}"
        refuse(words, Exit.NOTHING, f"a person adds to it: onloop retry {task.run} --more {line.figure}=…")


def raise_budgets(course: DecisionBuilder, more: Budget, by: str) -> None:
    """Add to each budget of the task that limits such a figure: where one of them is spent, to the spent ones alone."""
    lines, task = _lines(course), course.task
    parts: dict[tuple[BudgetScope, str], dict[str, int]] = {}
    for name, field in _NAMES.items():
        amount = getattr(more, field)
        if amount is None:
            continue
        limiting = [line for line in lines if line.figure == name and not _is_of_others(task, line)]
        if not limiting:
            where = f"onloop retry {task.run} --more {name}={amount}" if _run_limits(lines, name) else "leave it out"
            refuse(f"no budget of {task.id} limits its {name}", Exit.USAGE, where)
        for line in [each for each in limiting if each.is_spent] or limiting:
            step = (task.step or "") if line.scope is BudgetScope.STEP else ""
            parts.setdefault((line.scope, step), {})[field] = amount
    for (scope, step), figures in parts.items():
        found = [figures.get(field) for field in _FIGURES]
        course.record(e.BudgetRaised(scope, Budget(found[0], found[1], found[2], found[3]), by, step))


def check_budgets_left(course: DecisionBuilder) -> None:
    """Refuse to go on while a budget is spent: it would stop at once."""
    line = next((each for each in _lines(course) if _stops(each, for_claim=True)), None)
    if line is None:
        return
    task = course.task
    whose = task.run if _is_of_others(task, line) else task.id
    example = "amend the workflow" if line.spent is None else f"onloop retry {whose} --more {line.figure}=…"
    refuse(f"a budget of {whose} is still spent: {line.words}", Exit.SPENT, f"{example}, or onloop cancel {task.id}")


def _is_of_others(task: Task, line: BudgetLine) -> bool:
    return line.scope is BudgetScope.RUN and task.id != task.run


def _run_limits(lines: tuple[BudgetLine, ...], name: str) -> bool:
    return any(line.scope is BudgetScope.RUN and line.figure == name for line in lines)


def longest_hold_ms(definition: Definition, task: Task, step: Step) -> int:
    """For how long a holder may have the task: the timeout of its step, or what is left of a budget's minutes."""
    limits = [step.timeout_ms]
    if step.budget is not None:
        budget = own_budget(task, BudgetScope.STEP, step.budget, step.id)
        limits += [left for left in [left_ms(budget, task.spending.of(step.id))] if left is not None]
    if definition.budget is not None:
        budget = own_budget(task, BudgetScope.TASK, definition.budget)
        limits += [left for left in [left_ms(budget, task.spending.whole)] if left is not None]
    return min(limits)


def silent_words(line: BudgetLine) -> str:
    """That an agent tells nothing of what is limited; empty where it does, or where the gateway measures it itself."""
    return line.words if line.figure in TOLD and line.spent is None else ""
