"""Retry one, then the rest: the outcome of earlier retries with the same cause, in words for the person who decides."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from onloop.attention.groups import Group, age
from onloop.machine.state import State
from onloop.machine.task import Decision, DecisionKind, RequestKind, Task
from onloop.views.work_warnings import WorkWarning
from onloop_tui.model.drawing.text_line import Tone
from onloop_tui.model.drawing.warning_lines import Remark, warning_remarks

MOST_NAMED = 3


@dataclass(frozen=True, slots=True)
class Remedy:
    """The members that a retry may help, and the retried ones: passed since, still trying, or failed again."""

    step: str
    rest: tuple[Task, ...]
    passed: tuple[Task, ...]
    trying: tuple[Task, ...]
    failed: tuple[Task, ...]

    def remarks(self, now: int) -> tuple[tuple[str, Tone], ...]:
        """The remarks for and against retrying the rest."""
        remarks: list[tuple[str, Tone]] = []
        if self.passed:
            remarks.append((f"✓ {_names(self.passed)} retried, and passed {self.step} since", Tone.GOOD))
        else:
            remarks += warning_remarks(WorkWarning.RETRY_UNPROVED, self.step, len(self.passed))
            remarks.append(("  t on the row retries one first; its outcome shows whether a retry helps", Tone.DIM))
        remarks += [
            told for task in self.trying[:MOST_NAMED] for told in self._retried(task, now, "has not passed yet")
        ]
        remarks += [told for task in self.failed[:MOST_NAMED] for told in self._retried(task, now, "failed again")]
        return tuple(remarks)

    def _retried(self, task: Task, now: int, became: str) -> tuple[Remark, ...]:
        last = _last_retry(task, self.step)
        when = f"{age(now - last.at)} ago" if last is not None else "before"
        return warning_remarks(WorkWarning.RETRIED, task.id, when, became)


def remedy_of(group: Group, members: Sequence[Task], run: Iterable[Task], steps: Sequence[str]) -> Remedy:
    """The retries of the cause in a run: `members` have the cause now, `run` is all tasks of the run."""
    have = {task.id for task in members}
    since = min((task.since for task in members), default=group.since)
    tried = [
        task
        for task in run
        if task.id not in have and (last := _last_retry(task, group.step)) is not None and last.at >= since
    ]
    passed = tuple(task for task in tried if _is_past(task, group.step, steps))
    return Remedy(
        step=group.step,
        rest=tuple(task for task in members if any(r.kind is RequestKind.CHOICE for r in task.requests)),
        passed=passed,
        trying=tuple(task for task in tried if task not in passed and not task.ended),
        failed=tuple(task for task in members if _last_retry(task, group.step) is not None),
    )


def _last_retry(task: Task, step: str) -> Decision | None:
    retries = (d for d in reversed(task.decisions) if d.answer is DecisionKind.RETRY and d.step == step)
    return next(retries, None)


def _is_past(task: Task, step: str, steps: Sequence[str]) -> bool:
    if task.state is State.COMPLETED:
        return True
    are_known = task.step in steps and step in steps
    return are_known and not task.ended and steps.index(task.step or "") > steps.index(step)


def _names(tasks: Sequence[Task]) -> str:
    named = ", ".join(f"{task.id} ({task.repo})" if task.repo else task.id for task in tasks[:MOST_NAMED])
    more = f" and {len(tasks) - MOST_NAMED} more" if len(tasks) > MOST_NAMED else ""
    return f"{named}{more} {'were' if len(tasks) > 1 else 'was'}"
