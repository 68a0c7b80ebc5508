"""What policies may ask about besides what every rule may: who approved, what it cost, and when it is."""

from __future__ import annotations

from collections.abc import Mapping
from hashlib import sha256
from typing import Any

from onloop.machine.definition import Definition
from onloop.machine.digest import canonical
from onloop.machine.rules.flagging import is_under_pin
from onloop.machine.rules.people.entitlement import People
from onloop.machine.rules.rule_facts import rule_facts
from onloop.machine.task import Decision, DecisionKind, Task

_MINUTE_MS, _HOUR_MS, _DAY_MS = 60_000, 3_600_000, 86_400_000


def policy_facts(definition: Definition, task: Task, people: People, now: int) -> Mapping[str, Any]:
    """The facts for a policy at the step where the task stands, at `now` (ms); `people` are all whose word counts."""
    return {
        **rule_facts(definition, task),
        "people": _people(task, people),
        "budget": _budget(task, now),
        "time": _time(now),
    }


def facts_digest(facts: Mapping[str, Any]) -> str:
    """The digest of everything that a policy was given."""
    return sha256(canonical(_spelt(facts))).hexdigest()


def _spelt(value: Any) -> Any:
    """The value for canonical JSON, which has no fractions."""
    match value:
        case Mapping():
            return {str(key): _spelt(each) for key, each in value.items()}
        case list() | tuple():
            return [_spelt(each) for each in value]
        case float():
            return repr(value)
        case _:
            return value


def approvals_now(task: Task) -> tuple[Decision, ...]:
    """The approvals of what counts now: this commit and base, under the workflow that counts."""
    head, base = (task.submission.head, task.submission.base) if task.submission is not None else ("", "")
    approved = (decision for decision in task.decisions if decision.answer is DecisionKind.APPROVE)
    return tuple(d for d in approved if (d.head, d.base) == (head, base) and is_under_pin(task, d))


def _people(task: Task, people: People) -> Mapping[str, Any]:
    approvals = [decision for decision in approvals_now(task) if decision.by in people]
    approvers = sorted({who.removeprefix("human:") for decision in approvals for who in decision.voices})
    workers = sorted({who for held in task.workers.values() for who in held})
    gates = {decision.gate or "" for decision in approvals}
    groups = {group for who in approvers for group in people.get(f"human:{who}", ())}
    return {
        "sponsor": task.sponsor,
        "authors": list(task.submission.authors) if task.submission is not None else [],
        "workers": workers,
        "approvers": approvers,
        "approvals": {gate: _voices(d for d in approvals if (d.gate or "") == gate) for gate in sorted(gates)},
        "groups": {g: [who for who in approvers if g in people.get(f"human:{who}", ())] for g in sorted(groups)},
        "independent": _is_independent(task, approvals, workers),
    }


def _voices(decisions: Any) -> list[str]:
    return sorted({who.removeprefix("human:") for decision in decisions for who in decision.voices})


def _is_independent(task: Task, approvals: list[Decision], workers: list[str]) -> bool:
    """Whether somebody approved, and nobody among them began the work, held it, or has their address on a commit."""
    barred = {task.sponsor, *workers}
    return bool(approvals) and not any(d.own_address or barred & d.voices for d in approvals)


def _budget(task: Task, now: int) -> Mapping[str, Any]:
    current = [found for found in task.evidence.values() if task.is_current(found)]
    return {
        "minutes": max(0, now - task.created_at) // _MINUTE_MS,
        "gate_minutes": sum(found.duration_ms for found in current) // _MINUTE_MS,
        "claims": task.epoch,
        "children": task.born,
        **_used(task),
    }


def _used(task: Task) -> Mapping[str, Any]:
    """What agents took and told; a figure that nobody told is not there, so that no rule takes it for nothing."""
    spent = task.spending.whole
    tokens, micro_usd = spent.usage.tokens, spent.usage.micro_usd
    return {
        "agent_minutes": spent.held_ms // _MINUTE_MS,
        "telling": spent.telling,
        **({} if tokens is None else {"tokens": tokens}),
        **({} if micro_usd is None else {"cost": micro_usd / 1_000_000}),
    }


def _time(now: int) -> Mapping[str, Any]:
    """The moment in UTC, by the calendar alone: no clock and no time zone is asked."""
    days, rest = divmod(now, _DAY_MS)
    return {"hour": rest // _HOUR_MS, "weekday": (days + 3) % 7 + 1, "date": date_words(days)}


def date_words(days: int) -> str:
    """The date that many days after 1970-01-01, such as 2027-02-28."""
    era, day = divmod(days + 719_468, 146_097)  # days since 1 March of the year 0, in eras of 400 years
    year = (day - day // 1_460 + day // 36_524 - day // 146_096) // 365
    left = day - (365 * year + year // 4 - year // 100)
    month = (5 * left + 2) // 153
    of_month, number = left - (153 * month + 2) // 5 + 1, month + 3 if month < 10 else month - 9
    return f"{era * 400 + year + (number <= 2):04}-{number:02}-{of_month:02}"
