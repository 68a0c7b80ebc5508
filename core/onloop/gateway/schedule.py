"""The rows that follow from a task: its timers, its jobs, and the end of its lease."""

from __future__ import annotations

from collections.abc import Mapping

from onloop.gateway.grants.launcher_slots import free_slots
from onloop.gateway.grants.work_slots import free_work_slots, take_slots
from onloop.machine.definition import Definition
from onloop.machine.forge_check import CHECK_JOB
from onloop.machine.own_check import due_check
from onloop.machine.rules.looking_first import base_job
from onloop.machine.rules.timers import armed_timers
from onloop.machine.state import Reason
from onloop.machine.task import Task
from onloop.records import replace
from onloop.store.port import Transaction
from onloop.store.rows import Job, Lease, LinkRow, TimerRow
from onloop.views.fleet_members import member_of
from onloop.views.sub_agents import forget_sub_agents


def sync_rows(tx: Transaction, definition: Definition, before: Task | None, after: Task, now: int) -> None:
    """Update the rows beside the log to match the task; all of them are computed from it."""
    if (
        before is not None
        and before.holder is not None
        and (after.holder, after.epoch) != (before.holder, before.epoch)
    ):
        tx.delete(Lease, after.id)
        free_slots(tx, before)
        free_work_slots(tx, after.id)
        forget_sub_agents(tx, after.id)
    if after.holder is not None and (before is None or before.epoch != after.epoch):
        take_slots(tx, after)
    _sync_timers(tx, definition, after)
    if (member := member_of(after)) is not None:
        tx.put(member)
    for link in after.links[len(before.links) if before is not None else 0 :]:
        tx.put(LinkRow(link.key, after.id, link.kind.value))
    _sync_jobs(tx, before, after, now)


def due_rows(definition: Definition, task: Task) -> tuple[TimerRow, ...]:
    """The rows of the timers that a task has armed, its lease left out."""
    return tuple(
        TimerRow(f"{task.id}|{timer.kind.value}|{timer.token}", task.id, timer.kind.value, timer.token, timer.at)
        for timer in armed_timers(definition, task)
    )


def job_gates(task: Task) -> Mapping[str, str | None]:
    """The jobs that a task waits for, by id: each with its gate, or None for the effect under way.

    In the pause after a trouble there is none but the one that tells the forge.
    """
    if task.reason is Reason.EXTERNAL:
        return _check_job(task)
    asked = _request_number(task)
    gates: dict[str, str | None] = _check_job(task)
    gates |= {f"{task.id}/{task.step}/{gate}/{asked}": gate for gate in task.awaited}
    for step, check in task.base_checks.items():
        gates |= {f"{task.id}/{step}/{base_job(gate)}/{check.number}": base_job(gate) for gate in check.awaited}
    return gates | ({task.effect.id: None} if task.effect is not None else {})


def _check_job(task: Task) -> dict[str, str | None]:
    """The job that has the forge show how the task stands, where it does not yet."""
    check = due_check(task)
    return {} if check is None else {f"{task.id}/{CHECK_JOB}/{check.head[:16]}.{check.standing.value}": CHECK_JOB}


def _sync_timers(tx: Transaction, definition: Definition, task: Task) -> None:
    wanted = {row.id: row for row in due_rows(definition, task)}
    stored = {row.id: row for row in tx.select(TimerRow, task=task.id)}
    for row_id in stored.keys() - wanted.keys():
        tx.delete(TimerRow, row_id)
    for row_id, row in wanted.items():
        if stored.get(row_id) != row:
            tx.put(row)


def _sync_jobs(tx: Transaction, before: Task | None, task: Task, now: int) -> None:
    if before is not None and _jobs_follow_from(before) == _jobs_follow_from(task):
        return
    wanted = job_gates(task)
    stored = {job.id for job in tx.select(Job, task=task.id)}
    for job_id in stored - wanted.keys():
        tx.delete(Job, job_id)
    for job_id, gate in wanted.items():
        if job_id not in stored:
            tx.put(Job(job_id, task.id, gate, now))


def _jobs_follow_from(task: Task) -> tuple[object, ...]:
    gates = task.awaited, task.effect, task.submission, task.reason is Reason.EXTERNAL, task.base_checks
    return *gates, due_check(task)


def _request_number(task: Task) -> str:
    submission = task.submission
    return f"{submission.head[:16]}.{submission.at}" if submission else "0"


def is_away(lease: Lease, now: int) -> bool:
    """Whether a lease has run out, and nothing has recorded that: its holder may come back."""
    return 0 < lease.expires <= now


def mark_spent(tx: Transaction, lease: Lease | None, now: int) -> None:
    """Set an expired lease that a freeze keeps to expire at 0, so that it stays expired if the clock is set back."""
    if lease is not None and is_away(lease, now):
        tx.put(replace(lease, expires=0))
