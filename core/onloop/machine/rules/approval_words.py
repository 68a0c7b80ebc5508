"""What people are asked when a step may be left: one sentence, made of the gateway's own facts."""

from __future__ import annotations

from collections.abc import Iterable

from onloop.machine.definition import Step
from onloop.machine.flags import flagged_clauses
from onloop.machine.rules.bypass_standing import bypass_words
from onloop.machine.rules.flagging import flags_of
from onloop.machine.task import Task


def approval_question(task: Task, step: Step) -> str:
    """The question of an approval in one sentence, made of the gateway's own facts."""
    head = task.submission.head[:12] if task.submission else "nothing"
    where = f" in {task.repo}" if task.repo else ""
    told = "".join(f" It {clause}." for clause in flagged_clauses(flags_of(task)))
    again = f" Asked again (changed_since_approval): {task.voided}." if task.voided else ""
    return f"May {head}{where} pass {step.id}?{told}{again}{amended_words(task)}{bypass_words(task)}"


def waiting_words(task: Task, gates: Iterable[str]) -> str:
    """That the task waits for an approval of these gates, and why that is asked again if it is."""
    again = f", again (changed_since_approval): {task.voided}" if task.voided else ""
    return f"approval of {', '.join(gates)}{again}"


def amended_words(task: Task) -> str:
    """That the workflow of this run was amended, by whom and why, as sentences; empty where it was not."""
    return "".join(f" The workflow was amended by {a.by}: {a.reason}." for a in task.amendments)
