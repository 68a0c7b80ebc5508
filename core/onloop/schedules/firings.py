"""Which firings are due: rows of each schedule, compared with the times that it means."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import StrEnum
from hashlib import sha256

from onloop.machine.schedules import KnownSchedule, Missed, Schedule
from onloop.records import Record
from onloop.schedules.planned_times import latest_due, next_time, put_off_by
from onloop.store.rows import FiringRow
from onloop.workflow.zones import zone_named

LEASE_MS = 180_000
"""For how long a firing is one process's before another may begin it."""

LATE_MS = 300_000
"""How late a firing may be before it counts as missed."""

_AHEAD_MS = 25 * 3_600_000
"""How far ahead of the clock a firing may lie and still say what has happened: a clock that was set back is waited for,
one that was years ahead is not."""

KEPT = 30
"""How many firings of a schedule are remembered."""

_ALPHABET = "abcdefghjkmnpqrstvwxyz23456789"


class FiringState(StrEnum):
    """What became of a firing: it waits, somebody begins it, or it is over."""

    WAITING = "waiting"
    TAKEN = "taken"
    STARTED = "started"
    SKIPPED = "skipped"
    FAILED = "failed"


OPEN = frozenset({FiringState.WAITING.value, FiringState.TAKEN.value})


class DueFiring(Record):
    """A firing that whoever has taken it is to begin, as the run of that id."""

    id: str
    schedule: Schedule
    planned: int
    run: str
    attempts: int = 1


def firing_id(name: str, planned: int) -> str:
    """The id of the firing of a schedule at a time that it means."""
    return f"{name}|{planned}"


def asked_id(name: str, at: int) -> str:
    """The id of a firing that somebody asked for, which takes the place of none."""
    return f"{name}|asked|{at}"


def run_of_firing(firing: str, store: str) -> str:
    """The id of the run that a firing begins: always the same, so that it begins once, whoever tries again."""
    number = int.from_bytes(sha256(f"{store}|{firing}".encode()).digest(), "big")
    signs = list[str]()
    for _ in range(9):
        number, index = divmod(number, len(_ALPHABET))
        signs.append(_ALPHABET[index])
    return "s" + "".join(signs)


def reference(known: KnownSchedule, rows: Sequence[FiringRow], now: int) -> int:
    """The moment (ms) up to which all firings of a schedule were seen to."""
    seen = (row.planned for row in rows if row.id == firing_id(row.schedule, row.planned))
    return max((known.since, *(planned for planned in seen if planned <= now + _AHEAD_MS)))


def next_firing(known: KnownSchedule, rows: Sequence[FiringRow], now: int) -> int | None:
    """When the schedule fires next (ms), put off as it will be; in the past where one is due."""
    schedule = known.schedule
    planned = next_time(schedule.cron, schedule.zone, reference(known, rows, now))
    return None if planned is None else planned + put_off_by(schedule.name, planned, schedule.jitter_ms)


def due_moment(known: KnownSchedule, rows: Sequence[FiringRow], now: int) -> int | None:
    """The newest moment whose firing is due and that nobody has seen to; None if there is none."""
    after = reference(known, rows, now)
    first = next_firing(known, rows, now)
    if first is None or (first > now and not known.schedule.jitter_ms):
        return None
    found = latest_due(known.schedule, zone_named(known.schedule.zone), after, now)
    is_seen = found is not None and any(row.id == firing_id(row.schedule, found) for row in rows)
    return None if is_seen else found


def is_too_late(schedule: Schedule, planned: int, now: int) -> bool:
    """Whether a firing was missed, and its schedule runs none that were."""
    return schedule.missed is Missed.SKIP and now - planned > LATE_MS + schedule.jitter_ms


def anything_due(schedules: Mapping[str, KnownSchedule], rows: Mapping[str, Sequence[FiringRow]], now: int) -> bool:
    """Whether a process that begins firings has anything to do."""
    return any(
        not known.is_paused and (due_moment(known, rows.get(name, ()), now) is not None or _may_take(rows, name, now))
        for name, known in schedules.items()
    )


def _may_take(rows: Mapping[str, Sequence[FiringRow]], name: str, now: int) -> bool:
    return any(row.state in OPEN and may_take(row, now) for row in rows.get(name, ()))


def may_take(row: FiringRow, now: int) -> bool:
    """Whether an open firing is nobody's, and it is time to try it. A clock that was set back frees it, too."""
    is_held = row.state == FiringState.TAKEN.value and now < row.leased_until <= now + LEASE_MS
    return not is_held and row.next_at <= now
