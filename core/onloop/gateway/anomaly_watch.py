"""Looks at what was just recorded, and records what looks wrong, in the same transaction: nobody can skip it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import msgspec

from onloop.attention.noticing import Happened, Past, Said, asks_of_task, noticed, of_last_hour, said_in
from onloop.machine import events as e
from onloop.machine.anomalies import Noticed
from onloop.machine.task import Task
from onloop.store.codec import event_from_text
from onloop.store.port import Transaction
from onloop.store.rows import LastHour

MOST_OF_TASK = 300
"""How many of a task's newest events are looked at."""

_said_from = msgspec.json.Decoder(tuple[Said, ...]).decode
_text_of = msgspec.json.Encoder().encode


def noticed_now(
    tx: Transaction, before: Task | None, after: Task, events: Sequence[e.Event], by: str, now: int
) -> list[Noticed]:
    """What looks wrong about events that were just appended to a task; usually nothing, at next to no cost."""
    if before is None or not any(isinstance(event, e.GateReported | e.Decided | e.Overridden) for event in events):
        return []
    of_task = asks_of_task(before, events)
    spoken = any(isinstance(event, e.Decided | e.Overridden) for event in events)
    if not of_task and not spoken:
        return []
    happened = [Happened(after.id, number, now, by, event) for number, event in enumerate(events, before.version + 1)]
    verdicts = _verdicts(tx, before) if of_task else ()
    return list(noticed(before, happened, Past(tuple(verdicts), _kept(tx, happened, now), tx.house().keys)))


def _kept(tx: Transaction, happened: Sequence[Happened], now: int) -> tuple[Said, ...]:
    """What the person who spoke said of late, with this; it is kept in mind."""
    person, new = said_in(happened)
    if not new:
        return ()
    row = tx.get(LastHour, person)
    said = of_last_hour(_said_from(row.decided) if row is not None else (), new, now)
    tx.put(LastHour(person, _text_of(said).decode()))
    return said


def _verdicts(tx: Transaction, before: Task) -> Iterator[Happened]:
    """What gates said of the task before."""
    for each in tx.log(task=before.id, limit=MOST_OF_TASK, newest=True):
        if each.version <= before.version and each.name == e.GateReported.__name__:
            event = event_from_text(each.name, each.data)
            if isinstance(event, e.GateReported):
                yield Happened(each.task, each.version, each.at, each.principal, event)
