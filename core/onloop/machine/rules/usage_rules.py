"""What an agent tells of tokens and cost: from whom it counts, and what is new of it."""

from __future__ import annotations

from onloop.errors import Exit
from onloop.machine import commands as c
from onloop.machine import events as e
from onloop.machine.rules.budget_rules import held_by_budget
from onloop.machine.rules.decision_builder import DecisionBuilder, check_holder, refuse
from onloop.machine.usage import MOST_SOURCES, SourcedUsage, Usage, grown


def report_usage(course: DecisionBuilder, command: c.ReportUsage) -> None:
    """Record what is new. Whoever held the task last may tell it afterwards, too: agents say it when they end.

    Where that spends a budget, the holder is stopped; not while its gates run, for its work has been handed in.
    """
    task, lease = course.task, course.task.spending.lease
    is_last = (lease.agent, lease.epoch) == (command.agent, command.epoch) and task.epoch == command.epoch
    if not is_last:
        check_holder(task, command.agent, command.epoch)
    _check_figures(command)
    known = lease.told.get(command.source) if is_last else None
    if is_last and known is None and len(lease.told) >= MOST_SOURCES:
        words = f"{len(lease.told)} sources told of this lease, and {command.source!r} is another"
        refuse(words, Exit.SPENT, f"tell sums under one of them: {', '.join(sorted(lease.told))}")
    before = known or SourcedUsage(Usage())
    after = SourcedUsage(grown(before.usage, command.usage), command.model or before.model)
    if after != before:
        step = lease.step if is_last else course.step.id
        course.record(e.UsageTold(command.epoch, step, command.agent, command.source, after.usage, after.model))
        if task.holder == command.agent and not task.is_verifying and course.facts.frozen is None:
            held_by_budget(course)


def _check_figures(command: c.ReportUsage) -> None:
    told = command.usage
    if not command.source.strip():
        refuse("it is not said whose figures these are", Exit.USAGE, "name a source, such as the agent's program")
    if not told.is_told:
        refuse("no figure was told", Exit.USAGE, "onloop heartbeat --tokens-in 12000 --tokens-out 800")
    if told.cached is not None and told.cached > (told.input or 0):
        words = f"{told.cached} tokens from a cache are more than the {told.input or 0} that went in"
        refuse(words, Exit.USAGE, "count those from a cache among those that went in, too")
