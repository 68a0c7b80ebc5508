"""Workers that people asked to drain: they claim nothing more, and end when their agents have."""

from __future__ import annotations

from collections.abc import Mapping

from onloop.machine.limits import Id, Words
from onloop.records import Record

MOST_DRAINS = 200
"""How many are kept in mind; what was asked first is forgotten first, and stays in the log."""


class DrainAsked(Record):
    """The worker with this id (`NAME@HOST:PROCESS-START`) is to claim nothing more."""

    worker: Id
    by: Id
    reason: Words = ""


class DrainLifted(Record):
    """The worker is to go on, where it has not ended yet."""

    worker: Id
    by: Id


DrainEvent = DrainAsked | DrainLifted
Drains = Mapping[str, DrainAsked]


def drains_after(drains: Drains, event: DrainEvent) -> Drains:
    """Who is asked to drain after the event."""
    others = {key: known for key, known in drains.items() if key != event.worker}
    if isinstance(event, DrainLifted):
        return others
    return dict(list({**others, event.worker: event}.items())[-MOST_DRAINS:])
