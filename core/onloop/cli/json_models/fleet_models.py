"""What `onloop fleet show` prints."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

from msgspec import Meta

from onloop.machine.state import Reason, State
from onloop.records import Record


class WaveCauseJson(Record):
    """A cause with which tasks of a wave failed."""

    cause: Annotated[str, Meta(description="As `onloop attention` names it.")]
    count: int
    words: str


class WaveJson(Record):
    """How a wave stands. Its tasks are counted once each, whatever was retried."""

    wave: int
    standing: Annotated[str, Meta(description="passed, on, halted, asked, or held.")]
    size: int
    completed: int
    begun: Annotated[int, Meta(description="At risk: begun, and not judged.")]
    ready: Annotated[int, Meta(description="May be claimed, and nobody has yet.")]
    stopped: Annotated[int, Meta(description="Failed, and a person is asked what now.")]
    lost: Annotated[int, Meta(description="Ended, and not done.")]
    excluded: Annotated[int, Meta(description="Taken out before it had failed.")]
    given_up: Annotated[int, Meta(description="Taken out after it had failed.")]
    held: int
    failed: int
    retried: int
    causes: Sequence[WaveCauseJson]


class FleetStandingJson(Record):
    """How a fleet stands."""

    run: str
    title: str
    state: State
    reason: Reason | None
    detail: str
    wave: Annotated[int, Meta(description="The wave that began last; 0 for a fleet without waves.")]
    waves: Sequence[WaveJson]
    halted: Annotated[str, Meta(description="Why it stands still until a person lifts that; empty where it does not.")]
    asks: Annotated[Sequence[str], Meta(description="What is asked of a person about the whole fleet.")]
