"""What the gateway refused because of who asked: counted by who, what and on which ground, and bounded."""

from __future__ import annotations

from collections.abc import Mapping

from onloop.errors import Ground
from onloop.machine.limits import Id, Millis, Number
from onloop.records import Record, replace

MINUTE_MS, HOUR_MS = 60_000, 3_600_000
QUIET_MS = 8 * HOUR_MS
"""After how long without another one a burst of denials is over, and the next begins at zero."""

MOST_BURSTS = 100
"""The most bursts that are kept; those with the oldest last denial are removed first."""

MOST_AT_ONCE = 30
"""How many bursts may have been heard of within a minute before all others are counted as one."""

LONGEST_NAME = 100
OTHERS = "others"
"""The principal that stands for everybody beyond `MOST_AT_ONCE`, so that a flood of names stays bounded."""


class Denied(Record):
    """`principal` was denied `count` times since the last such event about it.

    `subject` is the task or the person that the last of them was about, `peer` the user whose process asked, where
    the kernel told.
    """

    principal: Id
    verb: Id
    ground: Ground
    subject: Id = ""
    peer: Id = ""
    count: Number = 1
    at: Millis = 0


class Burst(Record):
    """All denials of one principal, verb and ground with no long pause between them; times in ms."""

    principal: str
    verb: str
    ground: Ground
    subject: str
    peer: str
    count: int
    since: int
    at: int


Bursts = Mapping[str, Burst]


def burst_key(denied: Denied) -> str:
    """The key under which denials are counted together."""
    return f"{denied.principal}|{denied.verb}|{denied.ground.value}"


def counted(bursts: Bursts, denied: Denied) -> Bursts:
    """The bursts after `denied`; only the newest are kept."""
    key = burst_key(denied)
    known = bursts.get(key)
    goes_on = known is not None and denied.at - known.at < QUIET_MS
    count = denied.count + (known.count if known is not None and goes_on else 0)
    since = known.since if known is not None and goes_on else denied.at
    said = (denied.principal, denied.verb, denied.ground, denied.subject, denied.peer)
    after = {**bursts, key: Burst(*said, count, since, denied.at)}
    if len(after) <= MOST_BURSTS:
        return after
    return dict(sorted(after.items(), key=lambda pair: (pair[1].at, pair[0]))[-MOST_BURSTS:])


def gathered(bursts: Bursts, denied: Denied) -> Denied:
    """`denied` with names of bearable length, and in the name of all others where too many are heard of at once."""
    short = replace(
        denied,
        principal=denied.principal[:LONGEST_NAME],
        verb=denied.verb[:LONGEST_NAME],
        subject=denied.subject[:LONGEST_NAME],
    )
    if burst_key(short) in bursts:
        return short
    fresh = sum(denied.at - burst.at < MINUTE_MS for burst in bursts.values())
    return short if fresh < MOST_AT_ONCE else replace(short, principal=OTHERS, verb="several things", peer="")


ALARMING: Mapping[Ground, int] = {Ground.PASSPHRASE: 5, Ground.TOKEN: 3, Ground.SUPERSEDED: 10, Ground.RULE: 3}
"""How often it takes until people are told: a mistyped passphrase, or a lease that ended meanwhile, is no attack."""

_SILENT = frozenset({Ground.HOOK})
"""What agents' own processes tell of themselves calls nobody: it is counted, and shown among the figures."""


def is_alarming(ground: Ground, count: int) -> bool:
    """Whether so many denials on that ground are something that people must look at."""
    return ground not in _SILENT and count >= ALARMING.get(ground, 1)


def is_due(known: Burst | None, denied: Denied) -> bool:
    """Whether a denial is said now: the first, one a minute later, and the one that makes the burst alarming."""
    if known is None or denied.at - known.at >= MINUTE_MS:
        return True
    before = known.count
    return not is_alarming(denied.ground, before) and is_alarming(denied.ground, before + denied.count)
