"""The slots of a worker, as it tells what each of them works at."""

from __future__ import annotations

from typing import Annotated

from onloop.machine.limits import Id, Items, Millis, Number
from onloop.records import Record

MOST_SLOTS = 100
"""How many agents one worker may run at once."""


class SlotWork(Record):
    """What a slot works at: its number from 1, the task, and since when (ms)."""

    slot: Number
    task: Id
    since: Millis


class SlotsTold(Record):
    """The slots of a worker that are at work."""

    at_work: Annotated[tuple[SlotWork, ...], Items(MOST_SLOTS)] = ()
