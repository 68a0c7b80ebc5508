"""What people ask about whose a request is to answer, and about work that they do themselves."""

from __future__ import annotations

from onloop.machine.judgements import NOT_KNOWN, Hand
from onloop.machine.limits import Id, Number, Words
from onloop.machine.voice import Voice
from onloop.records import Record


class HandOn(Record):
    """Make an open request somebody's to answer: `human:NAME` or `group:NAME`. Who may answer it stays as it is."""

    request: Id
    to: Id
    voice: Voice
    reason: Words
    version: Number | None = None


class Take(Record):
    """A person takes the work: whoever held it loses the lease, and they hold it as its author, by the same gates.

    `hand` and `apart` are as in a claim.
    """

    voice: Voice
    reason: Words = ""
    hand: Hand = NOT_KNOWN
    apart: bool = False
    version: Number | None = None
