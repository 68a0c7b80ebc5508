"""Agents that hold a task but show no sign of life or of work, found from the lease at the moment, without writing."""

from __future__ import annotations

from typing import Protocol

from onloop.attention.items import AttentionItem, idle_item
from onloop.machine.people import is_person
from onloop.machine.state import Reason, State
from onloop.machine.task import Task

STALL_MS = 15 * 60_000
"""How long an agent may show no progress before a person is told."""


class Pulse(Protocol):
    """What a lease says about its agent: when it expires, the last heartbeat, and the last sign of work (ms)."""

    @property
    def epoch(self) -> int:
        """The epoch of the lease."""

    @property
    def expires(self) -> int:
        """When the lease expires."""

    @property
    def beat_at(self) -> int:
        """The last heartbeat."""

    @property
    def progress_at(self) -> int:
        """The last sign of work."""


def silence(pulse: Pulse, now: int, stall_ms: int = STALL_MS) -> tuple[Reason, int] | None:
    """Why and since when (ms) an agent is idle, judged by its lease alone; None if it is not.

    An agent is disconnected if it sent no heartbeat for more than half of its lease. Lost contact is not a failure.
    """
    if 2 * (now - pulse.beat_at) > pulse.expires - pulse.beat_at:
        return Reason.DISCONNECTED, pulse.beat_at
    if now - pulse.progress_at > stall_ms:
        return Reason.STALLED, pulse.progress_at
    return None


def idle_reason(task: Task, pulse: Pulse, now: int, stall_ms: int = STALL_MS) -> tuple[Reason, int] | None:
    """Why and since when (ms) the agent that works on `task` is idle; None if it is not, or if none works on it.

    A person who took it is not: they go home, and send no heartbeat.
    """
    if task.state is not State.WORKING or task.reason is not None or task.holder is None or task.epoch != pulse.epoch:
        return None
    if is_person(task.holder):
        return None
    return silence(pulse, now, stall_ms)


def idle_item_of(task: Task, pulse: Pulse, now: int, stall_ms: int = STALL_MS) -> AttentionItem | None:
    """The attention item of a task whose agent is idle; None if it is not."""
    reason = idle_reason(task, pulse, now, stall_ms)
    return None if reason is None else idle_item(task, *reason)
