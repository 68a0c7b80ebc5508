"""What a store keeps beside the log: rows outside the fold, each in a table of its own, keyed by the first field."""

from __future__ import annotations

from collections.abc import Mapping
from hashlib import sha256

from onloop.records import Record, fields_of


class StoreRow(Record):
    """Something kept beside the log."""


class Lease(StoreRow):
    """Who holds `task` until when (ms); heartbeats move `expires` and `beat_at`, signs of work `progress_at`.

    A lease that ran out during a freeze, when nothing may end it, expires at 0, whatever the clock says.
    """

    task: str
    epoch: int
    agent: str
    expires: int
    beat_at: int
    progress_at: int


class SubAgent(StoreRow):
    """A sub-agent that the holder of `task`'s lease reports in its own process; it is removed with that lease.

    `name` is its id among its siblings, `since` and `said_at` are when it was first and last spoken of (ms).
    """

    id: str
    task: str
    epoch: int
    name: str
    kind: str
    doing: str
    since: int
    said_at: int


class Token(StoreRow):
    """An agent's token: the sha256 of the secret, bound to one task, epoch and step, and one user.

    `uid` is whose process claimed; None where that was not recorded yet.
    """

    digest: str
    agent: str
    task: str
    epoch: int
    step: str
    uid: int | None = None


class PinnedWorkflow(StoreRow):
    """A workflow as a run pinned it: the file's bytes, and what they mean."""

    digest: str
    name: str
    source: str
    compiled: str


class Job(StoreRow):
    """Work for the verifier or the effect executor; `leased_until` (ms) is 0 while nobody does it."""

    id: str
    task: str
    gate: str | None
    created_at: int
    leased_by: str | None = None
    leased_until: int = 0


class TimerRow(StoreRow):
    """A timer of a task, waiting in the store; `at` is ms."""

    id: str
    task: str
    kind: str
    token: str
    at: int


class IdempotencyRecord(StoreRow):
    """The answer that was given under an idempotency key, and the digest of what was asked."""

    key: str
    request: str
    reply: str
    at: int


def idempotency_key(principal: str, key: str) -> str:
    """The row key of a principal's idempotency key: it belongs to that principal, and is stored as a digest."""
    return sha256(f"{principal}|{key}".encode("utf-8", "surrogateescape")).hexdigest()


LOG = ""
"""The name under which the head of the whole log is kept among those of the runs."""


class Head(StoreRow):
    """The end of a run's chain, or of the log's: how many events it has, and the hash after the last."""

    run: str
    count: int
    hash: str


class CachedAnswer(StoreRow):
    """What `check` answers while nothing changes: for the agent of `epoch`, with HEAD at `commit`, nothing frozen."""

    task: str
    epoch: int
    commit_id: str
    exit: int
    text: str
    json: str


class BriefRow(StoreRow):
    """What `next` says before the CachedAnswer: the brief of the task's step, as text and as a JSON string."""

    task: str
    text: str
    json: str


class Archived(StoreRow):
    """A finished run that was moved to a file: the end of its chain, and the log's head when it went."""

    run: str
    count: int
    hash: str
    first_seq: int
    at: int
    log_seq: int
    log_hash: str


class BaseResultRow(StoreRow):
    """A gate's result on a commit that a target has, kept for ever: a machine.base_result.BaseResult as JSON.

    `key` is base_result_key's; `base` and `gate` say what it is about, `at` when it was found (ms).
    """

    key: str
    base: str
    gate: str
    result: str
    at: int


TABLES: Mapping[str, type[StoreRow]] = {
    "lease": Lease,
    "token": Token,
    "pinned": PinnedWorkflow,
    "job": Job,
    "due": TimerRow,
    "remembered": IdempotencyRecord,
    "head": Head,
    "glance": CachedAnswer,
    "brief": BriefRow,
    "archived": Archived,
    "subagent": SubAgent,
    "baseresult": BaseResultRow,
}
"""Each kind of row by the name of its table, which exports use too."""

ROWS = tuple(TABLES.values())
_NAMES = {kind: name for name, kind in TABLES.items()}


def table_of(kind: type[StoreRow]) -> str:
    """The name of the table that rows of this kind are kept in."""
    return _NAMES[kind]


_COLUMNS: Mapping[type[StoreRow], tuple[str, ...]] = {kind: fields_of(kind) for kind in ROWS}


def columns(kind: type[StoreRow]) -> tuple[str, ...]:
    """The fields of a kind of row, the key first."""
    return _COLUMNS[kind]


def key_of(row: StoreRow) -> str:
    """The key of a row: its first field."""
    return str(getattr(row, columns(type(row))[0]))
