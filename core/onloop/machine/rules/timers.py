"""What comes due for a task and when: computed from the task, so that a timer can neither be lost nor fire twice."""

from __future__ import annotations

from collections.abc import Iterator

from onloop.machine.commands import TimerKind
from onloop.machine.definition import Definition, HumanGate, Step
from onloop.machine.people import is_person
from onloop.machine.rules.budget_rules import longest_hold_ms
from onloop.machine.state import Reason, State
from onloop.machine.task import Request, RequestKind, Task
from onloop.records import Record


class Timer(Record):
    """`kind` comes due `at` (ms) for the arming that `token` names."""

    kind: TimerKind
    token: str
    at: int


def armed_timers(definition: Definition, task: Task) -> tuple[Timer, ...]:
    """Every timer of the task but its lease, whose expiry moves with each heartbeat and is a fact of the store."""
    if task.ended or task.step is None:
        return ()
    step = definition.step(task.step)
    return (*_pace(definition, step, task), *(timer for request in task.requests for timer in _patience(step, request)))


def _pace(definition: Definition, step: Step, task: Task) -> Iterator[Timer]:
    if task.state is State.SUBMITTED and task.reason is Reason.RETRY_BACKOFF:
        yield Timer(TimerKind.RETRY, f"{task.epoch}", task.not_before)
    if task.state is State.WORKING and task.reason is Reason.EXTERNAL:
        count = task.setback.count if task.setback is not None else 0
        yield Timer(TimerKind.RETRY, f"{task.epoch}.{count}", task.not_before)
    if task.state is State.WORKING and task.reason is Reason.SCHEDULED:
        yield Timer(TimerKind.RETRY, f"{step.id}#{task.visits.get(step.id, 0)}", task.not_before)
    if task.holder is not None and not is_person(task.holder) and not task.is_verifying:
        yield Timer(TimerKind.TIMEOUT, f"{task.epoch}", task.claimed_at + longest_hold_ms(definition, task, step))


def _patience(step: Step, request: Request) -> Iterator[Timer]:
    gate = next((g for g in step.human_gates if g.id == request.gate), None)
    if gate is None or request.kind is not RequestKind.APPROVAL:
        return
    yield from _gate_timers(gate, request)


def _gate_timers(gate: HumanGate, request: Request) -> Iterator[Timer]:
    if gate.remind_ms is not None:
        due = request.opened_at + gate.remind_ms * (request.reminders + 1)
        yield Timer(TimerKind.REMIND, f"{request.id}#{request.reminders}", due)
    if gate.escalate is not None and not request.escalated:
        yield Timer(TimerKind.ESCALATE, request.id, request.opened_at + gate.escalate.after_ms)
    if gate.expire is not None:
        yield Timer(TimerKind.EXPIRE, request.id, request.opened_at + gate.expire.after_ms)
