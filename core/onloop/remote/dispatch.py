"""What each verb of the protocol does, on a gateway over the file: for a resident one, and for a client without one."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from onloop.errors import BadInput
from onloop.gateway.service import Gateway
from onloop.store.port import Reading
from onloop.store.rows import columns

Values = Sequence[Any]


def _perform(gateway: Gateway, values: Values) -> object:
    principal, task, command, key = values
    return gateway.perform(principal, task, command, key=key)


def _create(gateway: Gateway, values: Values) -> object:
    principal, ids, commands, pinned, key = values
    return gateway.create(principal, list(zip(ids, commands, strict=True)), pinned, key=key)


def _claim(gateway: Gateway, values: Values) -> object:
    principal, agent, role, task, lease_ms, key = values
    return gateway.claim(principal, agent, role, task=task, lease_ms=lease_ms, key=key)


def _heartbeat(gateway: Gateway, values: Values) -> object:
    principal, lease_ms, progress, news = values
    return gateway.heartbeat(principal, lease_ms=lease_ms, progress=progress, news=news)


def _record_house(gateway: Gateway, values: Values) -> object:
    principal, event, key = values
    return gateway.record_house(principal, event, key=key)  # type: ignore[func-returns-value]


def _take_job(gateway: Gateway, values: Values) -> object:
    verifier, lease_ms, effects, busy = values
    return gateway.take_job(verifier, lease_ms, effects=effects, busy=busy)


CALLS: Mapping[str, Callable[[Gateway, Values], object]] = {
    "perform": _perform,
    "create": _create,
    "claim": _claim,
    "heartbeat": _heartbeat,
    "record_house": _record_house,
    "take_job": _take_job,
    "tick": lambda gateway, _: gateway.tick(),
    "put_back": lambda gateway, values: gateway.put_back(values[0]),
    "free_jobs": lambda gateway, _: gateway.free_jobs(),
    "keep": lambda gateway, values: gateway.keep(values[0]),
    "keep_for": lambda gateway, values: gateway.keep_for(values[0], values[1]),
    "deny": lambda gateway, values: gateway.deny(*values),
    "agent": lambda gateway, values: gateway.agent(*values),
}
"""The verbs of a gateway. Asked again after a lost answer, with the same values, each gives the same answer."""


def _select(at: Reading, values: Values) -> object:
    kind, equal = values
    unknown = equal.keys() - set(columns(kind))
    if unknown:
        raise BadInput(f"{kind.__name__} has no {sorted(unknown)[0]!r}", hint=f"one of {', '.join(columns(kind))}")
    return at.select(kind, **equal)


def _log(at: Reading, values: Values) -> object:
    after, before, limit, run, task, newest = values
    return at.log(after=after, before=before, limit=limit, run=run, task=task, newest=newest)


LOOKS: Mapping[str, Callable[[Reading, Values], object]] = {
    "task": lambda at, values: at.task(values[0]),
    "tasks": lambda at, values: at.tasks(values[0]),
    "child_states": lambda at, values: at.child_states(values[0]),
    "claimable": lambda at, values: at.claimable(*values),
    "held": lambda at, values: at.held(values[0]),
    "house": lambda at, _: at.house(),
    "log": _log,
    "last_seq": lambda at, _: at.last_seq(),
    "get": lambda at, values: at.get(values[0], values[1]),
    "select": _select,
    "silent": lambda at, values: at.silent(values[0], values[1]),
    "due": lambda at, values: at.due(values[0], values[1]),
    "blob": lambda at, values: at.blob(values[0]),
}
"""The reads of a store."""
