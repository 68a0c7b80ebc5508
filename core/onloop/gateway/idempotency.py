"""Idempotency keys: a request under a key happens once, no matter how often or how late it is repeated.

A key belongs to the principal that used it. Only its digest is stored, because a claim's key opens the
agent's secret.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from hashlib import sha256

from onloop.errors import BadInput, Exit, Refused
from onloop.identity.passphrase import without_keys
from onloop.machine import commands as c
from onloop.machine.principal import Principal, PrincipalKind
from onloop.machine.store_state import PersonEnrolled, StoreEvent
from onloop.records import replace
from onloop.store.codec import to_text
from onloop.store.port import Reading, Transaction
from onloop.store.rows import IdempotencyRecord, idempotency_key

KEY_LIMIT = 200
SHORTEST_CLAIM_KEY = 16
RETENTION_MS = 7 * 24 * 3_600_000
"""How long a key is remembered, at least."""

FORGOTTEN_AT_ONCE = 4
"""The number of old keys that each new one removes: enough to keep up, few enough not to delay a caller."""

OWN = "~"
"""The prefix of a key that a client generates to retry after a lost reply: it is remembered, but not logged."""


def request_digest(principal: Principal, *words: str) -> str:
    """The digest of a request that is given as words."""
    return sha256("|".join((principal.id, *words)).encode("utf-8", "surrogateescape")).hexdigest()


def asked_command(principal: Principal, task_id: str, command: c.Command) -> str:
    """The digest of a command. It excludes when a submission was made, how it was packed, and the digest of its change.

    It also excludes when and from where a person proved who they are, and what they were not shown.
    """
    if isinstance(command, c.Submit):
        command = replace(command, submission=replace(command.submission, at=0, bundle="", change=""))
    if isinstance(command, c.Spoken):
        command = replace(
            command, voice=replace(command.voice, proved_at=None, decided=0, uid=None, address="", why="")
        )
    if isinstance(command, c.Approve):
        command = replace(command, unseen=())
    return request_digest(principal, task_id, type(command).__name__, to_text(command))


def owner_of_key(principal: Principal, command: c.Command) -> Principal:
    """The owner of a command's key. The gateway makes a submission for an agent, so its key is the agent's."""
    if isinstance(command, c.Submit):
        return Principal(PrincipalKind.AGENT, command.agent.removeprefix("agent:"))
    return principal


def asked_creations(principal: Principal, creations: Sequence[tuple[str, c.Create]]) -> str:
    """The digest of a run's beginning. The run id is excluded, because a retry generates a new one."""
    plain = [replace(command, run="", parent=command.parent and "run") for _, command in creations]
    places = [task_id.removeprefix(command.run) for task_id, command in creations]
    return request_digest(principal, "Create", *places, *map(to_text, plain))


def asked_event(principal: Principal, event: StoreEvent) -> str:
    """The digest of a store event. The keys of a passphrase are excluded, because each try has a new salt."""
    if isinstance(event, PersonEnrolled):
        event = without_keys(event)
    return request_digest(principal, type(event).__name__, to_text(event))


def lookup(reading: Reading, principal: Principal, key: str, request: str) -> Mapping[str, str] | None:
    """The answer stored under `key`, or None; Refused if the key belongs to another request."""
    if not key:
        return None
    if len(key) > KEY_LIMIT:
        raise BadInput(f"an idempotency key of {len(key)} characters", hint=f"use at most {KEY_LIMIT}")
    known = reading.get(IdempotencyRecord, idempotency_key(principal.id, key))
    if known is None:
        return None
    if known.request != request:
        raise Refused(
            f"key {key!r} was used for another request", exit=Exit.USAGE, hint="use a fresh key for every new request"
        )
    reply: Mapping[str, str] = json.loads(known.reply)
    return reply


def remember(
    tx: Transaction, principal: Principal, key: str, request: str, now: int, reply: Mapping[str, str] | None = None
) -> None:
    """Keep the answer under `key`, if there is one, and forget a few keys that are older than the retention."""
    if key:
        place = idempotency_key(principal.id, key)
        tx.put(IdempotencyRecord(place, request, json.dumps(dict(reply or {})), now))
        tx.forget(now - RETENTION_MS, FORGOTTEN_AT_ONCE)


def logged(key: str) -> str:
    """The key as the log shows it."""
    return "" if key.startswith(OWN) else key


def check_claim_key(key: str) -> None:
    """Refuse a key that could be guessed, because the key gives access to the agent's secret."""
    if key and len(key) < SHORTEST_CLAIM_KEY:
        raise BadInput(
            f"a claim's key of {len(key)} characters is too short: whoever guesses it gets the agent's secret",
            hint=f"use {SHORTEST_CLAIM_KEY} or more random characters: --key $(openssl rand -hex 16)",
        )
