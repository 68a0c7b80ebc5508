"""What a stored task and its plain twin say of themselves, in the same words, so that they can be compared."""

from __future__ import annotations

from gateway.plain_model import PlainModel
from gateway.plain_task import PlainTask
from gateway.shop import Shop
from onloop.gateway.denial_counts import COUNTER
from onloop.machine.task import Task
from onloop.store.port import TaskFilter
from onloop.store.rows import IdempotencyRecord, Lease

View = dict[str, object]


def plain_view(task: PlainTask) -> View:
    """Of the model's."""
    asked = task.asked
    return {
        "stands": (task.state, task.reason, task.step or None),
        "held": (task.holder, task.epoch, task.lease_until),
        "counts": (task.attempt, task.tries, task.round, task.visits, task.decided),
        "waits": (task.owner, task.not_before, task.awaited),
        "asked": (asked.kind, asked.gate.id if asked.gate else None, asked.opened, asked.reminders) if asked else None,
        "work": (task.head, task.handed_at),
        "effect": (task.effect, task.is_started, task.result),
        "trouble": (task.trouble and (task.trouble.since, task.trouble.count, task.trouble.until), task.postponed),
    }


def stored_view(task: Task, lease: Lease | None) -> View:
    """Of the store's."""
    now, effect, away = task.submission, task.effect, task.setback
    assert len(task.requests) < 2
    return {
        "stands": (task.state.value, task.reason.value if task.reason else None, task.step),
        "held": (task.holder, task.epoch, lease.expires if lease else None),
        "counts": (task.attempt, task.tries, task.round, dict(task.visits), len(task.decisions)),
        "waits": (task.owner, task.not_before, task.awaited),
        "asked": next(((r.kind.value, r.gate, r.opened_at, r.reminders) for r in task.requests), None),
        "work": (now.head, now.at) if now else ("", 0),
        "effect": (effect and effect.id, bool(effect and effect.expected), task.result),
        "trouble": (away and (away.since, away.count, away.until), task.postponed),
    }


def differences(model: PlainModel, shop: Shop) -> list[str]:
    """Where the store does not say what the model says."""
    with shop.store.reading() as at:
        tasks = {task.id: task for task in at.tasks(TaskFilter())}
        leases = {lease.task: lease for lease in at.select(Lease)}
        freezes, keys = list(at.house().freezes), sum(row.request != COUNTER for row in at.select(IdempotencyRecord))
    found = [f"tasks: {sorted(tasks)} for {sorted(model.tasks)}"] if tasks.keys() != model.tasks.keys() else []
    if (sorted(freezes), keys) != (sorted(model.freezes), len(model.keys)):
        found.append(f"freezes and keys: {freezes}, {keys} for {model.freezes}, {len(model.keys)}")
    for name in tasks.keys() & model.tasks.keys():
        stored, plain = stored_view(tasks[name], leases.get(name)), plain_view(model.tasks[name])
        found += [f"{name}: {what}: {stored[what]} for {plain[what]}" for what in plain if stored[what] != plain[what]]
    return found
