"""What looks wrong in the log without being forbidden: facts of the whole store, counted and bounded."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Annotated

from onloop.machine.limits import Id, Items, Millis, Words
from onloop.records import Record

MOST_KEPT = 100
"""The most anomalies that are kept in mind; the oldest are forgotten first, and stay in the log."""

TOLD_FOR_MS = 7 * 24 * 3_600_000
"""For how long people are told of one."""


class AnomalyKind(StrEnum):
    """What looks wrong."""

    BYPASS = "bypass"
    """A person let work on past a gate."""
    BYPASS_BURST = "bypass_burst"
    """One person bypassed many gates in a short time."""
    HASTY = "hasty"
    """A change was approved within seconds of being asked about."""
    MANY_APPROVALS = "many_approvals"
    """One person approved a great many in a row."""
    SELF_DEALING = "self_dealing"
    """Whoever approved has the address that the commits carry."""
    FLIPPED = "flipped"
    """A gate failed, and then passed on the very same work."""
    FEWER_TESTS = "fewer_tests"
    """A gate that had failed passes with fewer tests than it ran before."""
    NEW_AUTHORITY = "new_authority"
    """Somebody decided with a key that was enrolled minutes before."""


class Noticed(Record):
    """Something looks wrong about `about` (a principal), in `task` where it is about one.

    `events` show it, as TASK#NUMBER: the number is the event's `version` in `onloop log TASK --json`.
    """

    kind: AnomalyKind
    about: Id
    words: Words
    task: Id = ""
    events: Annotated[tuple[Id, ...], Items(20)] = ()
    at: Millis = 0


class Anomaly(Record):
    """One kind of thing that looks wrong about one principal: the newest finding, and how many there were."""

    last: Noticed
    count: int = 1
    since: int = 0


Anomalies = Mapping[str, Anomaly]


def anomaly_key(noticed: Noticed) -> str:
    """The key under which findings are counted together: those that are about one task each stay apart."""
    return f"{noticed.kind.value}|{noticed.about}|{noticed.task}"


def with_noticed(known: Anomalies, noticed: Noticed) -> Anomalies:
    """The anomalies after another finding; only the newest are kept."""
    key = anomaly_key(noticed)
    before = known.get(key)
    count, since = (before.count + 1, before.since) if before is not None else (1, noticed.at)
    after = {**known, key: Anomaly(noticed, count, since)}
    if len(after) <= MOST_KEPT:
        return after
    return dict(sorted(after.items(), key=lambda pair: (pair[1].last.at, pair[0]))[-MOST_KEPT:])
