"""Keys that come before what they are meant for is shown: each is delivered to exactly that, in order, or is counted.

A key that comes early remembers what was expected then. Enter that would send something never acts for whoever had not
yet seen it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

MOST = 1_000
"""So many early keys are kept."""


@dataclass(frozen=True, slots=True)
class EarlyKey:
    """A key, when it was pressed, and what was expected then; empty if it only waits for the key before it."""

    name: str
    meant_for: str = ""
    at: float = 0.0


@dataclass(frozen=True, slots=True)
class KeyTarget:
    """What takes keys now, whether Enter sends it, and since when it has been there."""

    what: str = ""
    enter_sends: bool = False
    since: float = 0.0


@dataclass(frozen=True, slots=True)
class Fate:
    """What becomes of the first keys of a queue: the first is delivered, or so many are ignored."""

    is_delivered: bool
    ignored: int = 0
    words: str = ""


def tagged(keys: Sequence[EarlyKey], expected: str) -> list[EarlyKey]:
    """The keys; those that were meant for whatever comes are meant for what is expected now."""
    return [key if key.meant_for or not expected else replace(key, meant_for=expected) for key in keys]


def fate_of(keys: Sequence[EarlyKey], shown: KeyTarget) -> Fate:
    """What becomes of the first of these keys, now that nothing is expected any more."""
    first = keys[0]
    if first.meant_for and first.meant_for != shown.what:
        return _ignored(keys, f"{first.meant_for} did not come up")
    if first.name == "enter" and shown.enter_sends and first.at <= shown.since:
        return _ignored(keys, "what it would send was not yet shown; look at it, then press Enter")
    return Fate(is_delivered=True)


def _ignored(keys: Sequence[EarlyKey], why: str) -> Fate:
    """All that were meant for the same are ignored with the first: none overtakes another."""
    count = next((n for n, key in enumerate(keys) if key.meant_for != keys[0].meant_for), len(keys))
    many = f"{count} keys were" if count > 1 else ("Enter was" if keys[0].name == "enter" else "a key was")
    return Fate(is_delivered=False, ignored=count, words=f"{many} ignored: {why}")
