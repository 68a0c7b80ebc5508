"""A person inside a task's environment: stepping in beside its agent, and leaving."""

from __future__ import annotations

from onloop.machine.limits import Digest, Id, Millis, Words
from onloop.machine.voice import Voice
from onloop.records import Record

MOST_INSIDE = 20
"""How many people may be inside of one task's environment at a time."""

LONGEST_INSIDE_MS = 86_400_000
"""How long a person may stay at most, in ms: a day."""


class Stay(Record):
    """A person's stay in a task's environment: `session` is its id, `place` what they entered, on the machine `host`.

    It is over at `until` (ms) at the latest, whether somebody said so or not.
    """

    session: str
    person: str
    place: str
    host: str
    since: int
    until: int


class PersonEntered(Record):
    """A person opened a shell in the task's environment."""

    stay: Stay


class PersonLeft(Record):
    """Their shell ended, after `lasted_ms`; `transcript` is the digest of what was shown in it, where that was kept."""

    session: str
    person: str
    lasted_ms: int
    how: str = ""
    transcript: str = ""


class Enter(Record):
    """A person wants to open a shell in the task's environment, for at most `most_ms`; `place` says what it is."""

    session: Id
    voice: Voice
    place: Words
    host: Id
    most_ms: Millis


class Leave(Record):
    """The person's shell ended, `how`; `transcript` is the digest of what it showed, if that is kept."""

    session: Id
    voice: Voice
    how: Words = ""
    transcript: Digest = ""


def inside_now(stays: tuple[Stay, ...], now: int) -> tuple[Stay, ...]:
    """The stays that last at `now` (ms)."""
    return tuple(stay for stay in stays if stay.until > now)
