"""Whom onloop calls when something needs a person: rules that people adopt for the store.

Where a channel leads, and its secrets, is in `calls.toml` beside the store; here are names alone.
"""

from __future__ import annotations

from typing import Annotated

from onloop.machine.limits import Id, Items, Millis, Number, Words
from onloop.records import Record

MOST_RULES = 50
MOST_RECIPIENTS = 200

_Names = Annotated[tuple[Id, ...], Items(50)]


class QuietHours(Record):
    """From `begins` to `ends` (minutes of the day in the zone), nobody is called but about what is of these tiers."""

    zone: Id
    begins: Number
    ends: Number
    except_tiers: _Names = ("safety",)


class Recipient(Record):
    """Somebody, or a room: by which channels they are called, and when not."""

    name: Id
    channels: _Names
    quiet: QuietHours | None = None


class CallStep(Record):
    """Who is called `after_ms` after the first call, where the cause still needs somebody."""

    after_ms: Millis
    to: _Names


class CallRule(Record):
    """Which causes are called about, how long they must last, whom to call, and then whom.

    An empty list matches everything. Calls of a rule are gathered for `digest_ms`, and go out as one message.
    """

    name: Id
    to: _Names
    tiers: _Names = ()
    kinds: _Names = ()
    workflows: _Names = ()
    runs: _Names = ()
    repos: _Names = ()
    gates: _Names = ()
    whose: _Names = ()
    dwell_ms: Millis = 0
    digest_ms: Millis = 0
    steps: Annotated[tuple[CallStep, ...], Items(10)] = ()


class CallPlan(Record):
    """All rules and recipients; a cause that was over for `again_ms` counts as a new one when it is back."""

    recipients: Annotated[tuple[Recipient, ...], Items(MOST_RECIPIENTS)]
    rules: Annotated[tuple[CallRule, ...], Items(MOST_RULES)]
    again_ms: Millis


class CallsAdopted(Record):
    """A plan is in force, in the place of the one before it; without one, nobody is called."""

    plan: CallPlan | None
    by: Id
    reason: Words
