"""One decision for all repositories with a cause: the list, remarks for or against it, and the command for each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from onloop.attention.groups import age
from onloop.machine import commands as c
from onloop.machine.task import Task
from onloop_tui.dialogs.bulk_dialog import BulkPlan
from onloop_tui.dialogs.questions import fields_for
from onloop_tui.model.decide.bulk_lines import BulkEntry
from onloop_tui.model.decide.retry_rest import Remedy
from onloop_tui.model.drawing.text_line import Tone
from onloop_tui.model.ground.acts import Act

LONGEST_TITLE = 300


def retry_plan(cause: str, words: str, remedy: Remedy, now: int) -> BulkPlan:
    """The plan to retry every repository with the cause; a command is refused if its task has changed since."""
    versions = {task.id: task.version for task in remedy.rest}

    def make(task: str, voice: c.Voice, typed: Mapping[str, str]) -> c.Command:
        return c.Retry(voice, typed.get("words", ""), versions[task])

    title = f"retry {_count(remedy.rest)} with cause {cause}: {words}"
    return BulkPlan(title[:LONGEST_TITLE], _entries(remedy.rest, now), make, fields_for(Act.RETRY), remedy.remarks(now))


def no_worse_plan(tasks: Sequence[Task], words: str, now: int) -> BulkPlan:
    """The plan to go on where the base is red; a command is refused if its task has changed since."""
    versions = {task.id: task.version for task in tasks}

    def make(task: str, voice: c.Voice, typed: Mapping[str, str]) -> c.Command:
        return c.Retry(voice, typed.get("words", ""), versions[task], no_worse=True)

    remarks = (("agents start; gates allow what fails on each one's own base, and nothing more", Tone.DIM),)
    title = f"go on with {_count(tasks)} no worse than the base: {words}"
    return BulkPlan(title[:LONGEST_TITLE], _entries(tasks, now), make, fields_for(Act.NO_WORSE), remarks)


def exclude_plan(tasks: Sequence[Task], words: str, now: int) -> BulkPlan:
    """The plan to exclude these repositories from their run; a command is refused if its task has changed since."""
    versions = {task.id: task.version for task in tasks}

    def make(task: str, voice: c.Voice, typed: Mapping[str, str]) -> c.Command:
        return c.Exclude(voice, typed["words"], versions[task])

    remarks = (
        ("the run can end without excluded tasks; onloop resume includes one again while the run lives", Tone.DIM),
    )
    title = f"exclude {_count(tasks)}: {words}"
    return BulkPlan(title[:LONGEST_TITLE], _entries(tasks, now), make, fields_for(Act.EXCLUDE), remarks)


def _count(tasks: Sequence[Task]) -> str:
    return f"{len(tasks)} task{'s' if len(tasks) != 1 else ''}"


def _entries(tasks: Sequence[Task], now: int) -> tuple[BulkEntry, ...]:
    return tuple(
        BulkEntry(task.id, f"{task.repo or task.title} · {task.step} · {age(now - task.since)}") for task in tasks
    )
