"""What a store keeps beside the log: rows outside the fold, each in a table of its own, keyed by the first field."""

from __future__ import annotations

from dataclasses import dataclass, fields


@dataclass(frozen=True, slots=True)
class Row:
    """Something kept beside the log."""


@dataclass(frozen=True, slots=True)
class Lease(Row):
    """Who holds `task` until when (ms); heartbeats move `expires` and `beat_at`, signs of work `progress_at`."""

    task: str
    epoch: int
    agent: str
    expires: int
    beat_at: int
    progress_at: int


@dataclass(frozen=True, slots=True)
class Token(Row):
    """What an agent proves itself with: the sha256 of the secret, bound to one task, epoch and step."""

    digest: str
    agent: str
    task: str
    epoch: int
    step: str


@dataclass(frozen=True, slots=True)
class Pinned(Row):
    """A workflow as a run pinned it: the file's bytes, and what they mean."""

    digest: str
    name: str
    source: str
    compiled: str


@dataclass(frozen=True, slots=True)
class Job(Row):
    """Something that the verifier or the effect executor must do; `leased_until` (ms) is 0 while nobody does it."""

    id: str
    task: str
    gate: str | None
    created_at: int
    leased_by: str | None = None
    leased_until: int = 0


@dataclass(frozen=True, slots=True)
class Due(Row):
    """A timer of a task, waiting in the store; `at` is ms."""

    id: str
    task: str
    kind: str
    token: str
    at: int


@dataclass(frozen=True, slots=True)
class Remembered(Row):
    """The answer that was given under an idempotency key, and the digest of what was asked."""

    key: str
    request: str
    reply: str
    at: int


@dataclass(frozen=True, slots=True)
class Head(Row):
    """The end of one run's chain: how many events it has, and the hash of the last."""

    run: str
    count: int
    hash: str


@dataclass(frozen=True, slots=True)
class Glance(Row):
    """What `check` answers while nothing changes: for the agent of `epoch`, with HEAD at `commit`, nothing frozen."""

    task: str
    epoch: int
    commit_id: str
    exit: int
    text: str
    json: str


ROWS: tuple[type[Row], ...] = (Lease, Token, Pinned, Job, Due, Remembered, Head, Glance)


def columns(kind: type[Row]) -> tuple[str, ...]:
    """The fields of a kind of row, the key first."""
    return tuple(slot.name for slot in fields(kind))


def key_of(row: Row) -> str:
    """The key of a row: its first field."""
    return str(getattr(row, columns(type(row))[0]))
