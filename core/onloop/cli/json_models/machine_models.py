"""What the verb about workers prints."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

from msgspec import Meta

from onloop.records import Record


class SlotJson(Record):
    """A slot that is at work."""

    slot: Annotated[int, Meta(description="Its number, from 1.")]
    task: str
    step: str
    since: Annotated[int, Meta(description="Milliseconds since the epoch.")]


class WorkerJson(Record):
    """A worker, as it tells of itself."""

    worker: Annotated[str, Meta(description="Its id: name, machine and process.")]
    name: str
    launcher: str
    host: str
    role: Annotated[str, Meta(description="For which it claims; empty for every role.")]
    slots: int
    idle: int
    at_work: Sequence[SlotJson]
    since: int
    said_at: Annotated[int, Meta(description="When it was heard of last.")]
    silent: Annotated[bool, Meta(description="Whether that is so long ago that it may be gone.")]
    drain_by: Annotated[str | None, Meta(description="Who asked it to drain.")]


class VerifyingJson(Record):
    """A gate or an effect that a verifier is at."""

    verifier: str
    task: str
    gate: Annotated[str | None, Meta(description="Null for an effect.")]
    since: Annotated[int, Meta(description="Since when it was asked for.")]


class MachinesJson(Record):
    """What the machines are at."""

    workers: Sequence[WorkerJson]
    verifying: Sequence[VerifyingJson]
    waiting: Annotated[int, Meta(description="Gates and effects that wait for a verifier's slot.")]


class DrainJson(Record):
    """Workers that were asked to drain, or to go on."""

    draining: Sequence[str]
    going_on: Sequence[str]
