"""What a store keeps beside the log: rows outside the fold, each in a table of its own, keyed by the first field."""

from __future__ import annotations

from collections.abc import Mapping
from hashlib import sha256

from onloop.records import fields_of
from onloop.store.row_kind import StoreRow as StoreRow
from onloop.store.worker_row import WorkerRow as WorkerRow


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

    `uid` is whose process claimed; None where that was not recorded yet. Where a launcher claimed over the network, it
    says which, from which address, and until when (ms) the token is good; 0 means as long as the lease.
    """

    digest: str
    agent: str
    task: str
    epoch: int
    step: str
    uid: int | None = None
    launcher: str = ""
    address: str = ""
    until: int = 0


OVER = 1
"""The time (ms) until which a token is good that was revoked."""


class LauncherSlot(StoreRow):
    """One of the tasks that a launcher may hold at a time: `lease` is the task that takes it, empty while it is free.

    A launcher has as many rows as it may hold tasks, so that nobody has to count what others hold.
    """

    id: str
    launcher: str
    lease: str = ""


class LauncherUse(StoreRow):
    """When a launcher proved itself last (ms); it is written at most once a minute."""

    launcher: str
    at: int


class ReadingSession(StoreRow):
    """What lets a person read over the network: the sha256 of its secret, whose it is, and until when (ms).

    `keys` is a digest of the person's keys when it began: with another passphrase it has ended.
    """

    digest: str
    person: str
    keys: str
    since: int
    expires: int


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


class WorkSlot(StoreRow):
    """One of the tasks that may be worked on at a time in a `scope` (of a fleet, a host or an owner): `lease` takes it.

    A scope has as many rows as it lets run, so that nobody has to count what others hold. It is empty while it is free.
    """

    id: str
    scope: str
    lease: str = ""


class FleetMember(StoreRow):
    """How a task of a fleet stands in its wave (machine.wave_plan.WaveStanding); computed from the task.

    Where it failed, `cause` is that of its attention item, and `words` say it. `retries` counts a person's retries.
    """

    task: str
    fleet: str
    wave: int
    standing: str
    cause: str = ""
    words: str = ""
    retries: int = 0
    priority: int = 0


class EnvironmentRow(StoreRow):
    """An environment that a launcher made for `task`, kept until it is removed, so that a leaked one is found.

    `host` is the machine on which it is; `details` is what its launcher attests, as JSON. Times are ms.
    """

    id: str
    task: str
    run: str
    kind: str
    host: str
    launcher: str
    made_at: int
    used_at: int
    details: str


class Delivery(StoreRow):
    """A webhook that was taken: `waiting` to be carried out from `due` (ms) on, or what came of it, as JSON.

    Its id follows from what tells it from others; `told` is the id that its sender gave it.
    """

    id: str
    hook: str
    told: str
    event: str
    body: str
    at: int
    state: str
    due: int
    tries: int
    times: int
    outcome: str


class DeliveryBody(StoreRow):
    """What a webhook said, with the headers that say what it is, as JSON; kept apart, because lists do not read it."""

    delivery: str
    headers: str
    content: str


class TriggerSubject(StoreRow):
    """What events were about, by a digest of its name: its task, the trigger that owns it, and which event counts last.

    `at` is when that happened (ms): what comes later and is older changes nothing. The task is its `work`: a row with a
    `task` is of that task's run for good.
    """

    id: str
    subject: str
    owner: str
    work: str
    revision: str
    at: int
    delivery: str


class LinkRow(StoreRow):
    """Which task something outside belongs to, found by `machine.links.Link.key`: the last task that was linked to it.

    A task that has ended gives it up to the next.
    """

    key: str
    task: str
    kind: str


class LastHour(StoreRow):
    """What a person decided of late, as JSON, so that what looks wrong is noticed without reading the log."""

    person: str
    decided: str


class FiringRow(StoreRow):
    """A firing of a schedule: `id` is its name and the planned time (ms), so that each happens once.

    `state` is a schedules.firings.FiringState; `run` is what it began or would begin, `words` say what came of it. A
    taken one is somebody's until `leased_until` (ms); it is tried from `next_at` (ms) on.
    """

    id: str
    schedule: str
    planned: int
    state: str
    run: str
    words: str
    attempts: int
    next_at: int
    leased_by: str
    leased_until: int
    done_at: int


class CallRow(StoreRow):
    """A call to a recipient about one cause, kept until the cause has been over for long enough.

    `state` is a calls.call_states.CallState; those of one `message` go out together. Times are ms, 0 for never.
    """

    id: str
    rule: str
    cause: str
    level: int
    recipient: str
    channel: str
    state: str
    since: int
    due_at: int
    sent_at: int
    over_at: int
    message: str
    attempts: int
    leased_until: int
    words: str


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
    "launcherslot": LauncherSlot,
    "launcheruse": LauncherUse,
    "readingsession": ReadingSession,
    "workslot": WorkSlot,
    "environment": EnvironmentRow,
    "lasthour": LastHour,
    "fleetmember": FleetMember,
    "firing": FiringRow,
    "call": CallRow,
    "delivery": Delivery,
    "deliverybody": DeliveryBody,
    "triggersubject": TriggerSubject,
    "link": LinkRow,
    "worker": WorkerRow,
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
