"""What kept a task from going on through nobody's fault: of which kind, for how long, and when it is tried again.

All that is waited for, and how long, stands here as data.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

from onloop.errors import FailureKind
from onloop.machine.limits import LATEST
from onloop.records import Record

SECOND_MS, MINUTE_MS, DAY_MS = 1_000, 60_000, 86_400_000

FIRST_PAUSE_MS = SECOND_MS
LONGEST_PAUSE_MS = 5 * MINUTE_MS
"""The first pause after a trouble, and the one to which it grows by doubling."""

RARE_PAUSE_MS = 15 * MINUTE_MS
"""The pause once people have been told, so that a trouble of days fills no log."""

FORGOTTEN_MS = 15 * MINUTE_MS
"""A trouble that comes so long after the last try was due is a new one."""

MOST_BROKEN = 3
"""How often in a row something of onloop's own may break before a person is asked."""

MOST_POSTPONED = 3
"""How often a day the agents of a task may say *not now* before a person is asked: it is only an agent's word."""

LONGEST_POSTPONED_MS = DAY_MS
USUAL_POSTPONED_MS = 15 * MINUTE_MS
"""How long *not now* lasts where no time was given."""


class Trouble(StrEnum):
    """Of which kind a trouble is. The first seven are those of `FailureKind`."""

    UNREACHABLE = "unreachable"
    AUTH = "auth"
    REFUSED = "refused"
    MISSING = "missing"
    DAMAGED = "damaged"
    NO_SPACE = "no_space"
    BUSY = "busy"
    ENVIRONMENT = "environment"
    """A clone, a box or a process could not be made."""
    BROKEN = "broken"
    """Something of onloop's own broke, and nobody knows why."""
    NOT_NOW = "not_now"
    """An agent says so."""
    ALIKE = "alike"
    """The agents of its role end alike, whatever the task."""
    AWAITED = "awaited"
    """Nothing is wrong: what an effect began outside is not at its end yet."""


PATIENCE_MS: Mapping[Trouble, int] = {
    Trouble.UNREACHABLE: 30 * MINUTE_MS,
    Trouble.AUTH: 30 * MINUTE_MS,
    Trouble.NO_SPACE: 30 * MINUTE_MS,
    Trouble.BUSY: 30 * MINUTE_MS,
    Trouble.DAMAGED: 30 * MINUTE_MS,
    Trouble.ENVIRONMENT: 5 * MINUTE_MS,
    Trouble.MISSING: 10 * MINUTE_MS,
    Trouble.REFUSED: 0,
    Trouble.BROKEN: 0,
    Trouble.NOT_NOW: 2 * DAY_MS,
    Trouble.ALIKE: LATEST,
    Trouble.AWAITED: LATEST,
}
"""How long each kind goes on before people are told. What no waiting mends is told at once, and tried all the same."""


class Setback(Record):
    """A trouble that lasts: since when, how often it was met, when it is tried again, and whether people are told."""

    trouble: Trouble
    words: str
    since: int
    count: int
    until: int
    told: bool = False


def trouble_of(kind: FailureKind) -> Trouble:
    """The trouble that a kind of failure is."""
    return Trouble(kind.value)


def pause_ms(count: int, *, told: bool = False) -> int:
    """The pause after a trouble was met `count` times in a row (1 or more)."""
    return RARE_PAUSE_MS if told else min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS << min(count - 1, 20))


def met_again(known: Setback | None, trouble: Trouble, words: str, now: int) -> Setback:
    """The setback after a trouble was met at `now` (ms); it goes on from `known` unless that is long past."""
    goes_on = known is not None and known.trouble is not Trouble.NOT_NOW and now - known.until < FORGOTTEN_MS
    since, count = (known.since, known.count + 1) if known is not None and goes_on else (now, 1)
    told = now - since >= PATIENCE_MS[trouble]
    return Setback(trouble, words, since, count, now + pause_ms(count, told=told), told)


def postponed(known: Setback | None, words: str, until: int, now: int) -> Setback:
    """The setback of an agent that says *not now*, until then (ms) but a day at most; 0 is the usual time.

    One who says so again, and has shown no work since, goes on from `known`: else a task could wait for ever unseen.
    """
    until = until or now + USUAL_POSTPONED_MS
    goes_on = known is not None and known.trouble is Trouble.NOT_NOW
    since, count = (known.since, known.count + 1) if known is not None and goes_on else (now, 1)
    told = now - since >= PATIENCE_MS[Trouble.NOT_NOW]
    return Setback(Trouble.NOT_NOW, words, since, count, min(max(until, now), now + LONGEST_POSTPONED_MS), told)


def of_last_day(times: tuple[int, ...], now: int) -> tuple[int, ...]:
    """The times (ms) that are less than a day before `now`, and no more of them than matter."""
    return tuple(at for at in times if now - at < DAY_MS)[-MOST_POSTPONED:]


def setback_words(setback: Setback, now: int) -> str:
    """A setback at `now` (ms) in a sentence."""
    if setback.trouble is Trouble.NOT_NOW:
        return f"not now until {clock_words(setback.until)}: {setback.words}"
    if setback.trouble is Trouble.ALIKE:
        return setback.words
    if setback.trouble is Trouble.AWAITED:
        return f"waits: {setback.words}"
    seconds = max(0, setback.until - now + 999) // SECOND_MS
    times = f", met {setback.count} times in a row" if setback.count > 1 else ""
    return f"{setback.words}; it counts as no attempt and is tried again in {seconds} s{times}"


def clock_words(at: int) -> str:
    """The time of day of a moment (ms) in UTC, such as `18:30 UTC`."""
    minutes = at // MINUTE_MS % (24 * 60)
    return f"{minutes // 60:02}:{minutes % 60:02} UTC"
