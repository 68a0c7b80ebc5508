"""Troubles with what lies outside a task: a schedule that could not begin its work, a channel that takes no calls."""

from __future__ import annotations

from collections.abc import Mapping

from onloop.machine.limits import Id, Millis, Statement
from onloop.records import Record

MOST_TROUBLES = 200
"""How many are kept in mind; what happened first is forgotten first, and stays in the log."""


class OutsideTrouble(Record):
    """`subject` (`schedule:NAME`, `channel:NAME`) fails; `words` say how, and `way_out` what a person does."""

    subject: Id
    words: Statement
    way_out: Statement = ""
    at: Millis = 0


class OutsideMended(Record):
    """`subject` works again, or is there no more."""

    subject: Id


OutsideEvent = OutsideTrouble | OutsideMended
OutsideTroubles = Mapping[str, OutsideTrouble]


def troubles_after(troubles: OutsideTroubles, event: OutsideEvent) -> OutsideTroubles:
    """The troubles after the event: one for each subject, told since it began."""
    others = {key: known for key, known in troubles.items() if key != event.subject}
    if isinstance(event, OutsideMended):
        return others
    after = {**others, event.subject: event}
    return dict(list(after.items())[-MOST_TROUBLES:])
