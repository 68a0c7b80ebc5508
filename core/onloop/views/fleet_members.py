"""The rows of tasks in waves, and what the store says of a wave by them."""

from __future__ import annotations

from collections import Counter

from onloop.attention.groups import group_of
from onloop.attention.items import item_of
from onloop.machine.state import State
from onloop.machine.task import Task
from onloop.machine.wave_plan import MOST_CAUSES, FailedAlike, WaveReport, WaveStanding
from onloop.machine.wave_standing import retries_of, standing_of
from onloop.records import replace
from onloop.store.port import Reading
from onloop.store.rows import FleetMember
from onloop.text import safe

LONGEST_CAUSE = 200


def member_of(task: Task) -> FleetMember | None:
    """The row of a task that is in a wave; None for any other."""
    if task.wave == 0:
        return None
    standing = standing_of(task)
    cause, words = _cause_of(task) if standing in {WaveStanding.STOPPED, WaveStanding.GIVEN_UP} else ("", "")
    return FleetMember(task.id, task.run, task.wave, standing.value, cause, words, retries_of(task), task.priority)


def _cause_of(task: Task) -> tuple[str, str]:
    """The cause of its failure as its attention item has it, or had it, and words for it."""
    stop = task.stop
    failed = task if stop is None else replace(task, state=State.INPUT_REQUIRED, reason=stop.reason, detail=stop.detail)
    item = item_of(failed)
    if item is None:
        return "", ""
    words = ": ".join(filter(None, (group_of([item]).headline, item.detail)))
    return item.cause, safe(words, LONGEST_CAUSE)


def wave_report(reading: Reading, fleet: str, wave: int) -> WaveReport:
    """How a wave of a fleet stands now."""
    counted = reading.standings(fleet, wave)
    counts = Counter[str]()
    for each in counted:
        counts[each.standing] += each.count
    retried = sum(each.count for each in counted if each.retried)
    failed = (standing.value for standing in (WaveStanding.STOPPED, WaveStanding.GIVEN_UP) if counts[standing.value])
    rows = [
        row for standing in failed for row in reading.select(FleetMember, fleet=fleet, wave=wave, standing=standing)
    ]
    return WaveReport(
        wave,
        **{standing.value: counts[standing.value] for standing in WaveStanding},
        retried=retried,
        causes=_alike(rows),
    )


def _alike(rows: list[FleetMember]) -> tuple[FailedAlike, ...]:
    """The causes with the most tasks, in an order that the same rows always give."""
    words = {row.cause: row.words for row in sorted(rows, key=lambda row: row.task, reverse=True)}
    counts = Counter(row.cause for row in rows if row.cause)
    in_order = sorted(counts.items(), key=lambda pair: (-pair[1], pair[0]))
    return tuple(FailedAlike(cause, count, words[cause]) for cause, count in in_order[:MOST_CAUSES])
