"""The store as it stood at a place in its log: what has not changed since is as it is, the rest is folded from events.

So no copy of the past is kept: nothing is written for it, nothing is out of date, and nothing is believed but the log.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice
from typing import Any

from onloop.errors import StoreError
from onloop.machine.evolve import evolve
from onloop.machine.store_state import HOUSE, StoreState, evolve_store
from onloop.machine.task import Task
from onloop.store.codec import event_from_text
from onloop.store.port import StorePast
from onloop.store.trusted_rows import checked_event

AT_ONCE = 500
"""Of how many tasks the events are read at a time."""

EventsOf = Callable[[Sequence[str]], Sequence[tuple[Any, ...]]]
"""The events of these tasks up to the place, each task's in order, as bare columns."""


def past_of(changed: Iterable[Sequence[Any]], events_of: EventsOf) -> StorePast:
    """The past that follows from the tasks that changed since, each with whether it had begun, and their events."""
    begun, gone = list[str](), list[str]()
    for name, had_begun in changed:
        (begun if had_begun else gone).append(name)
    house = StoreState()
    for row in events_of((HOUSE,)):
        house = evolve_store(house, _fact(row))
    return StorePast(tuple(_folded(begun, events_of)), tuple(gone), house)


def _folded(names: Sequence[str], events_of: EventsOf) -> Iterator[Task]:
    for portion in portions(names):
        tasks: dict[str, Task] = {}
        for row in events_of(portion):
            tasks[row[3]] = _after(tasks.get(row[3]), row)
        yield from (tasks[name] for name in portion if name in tasks)


def portions(names: Sequence[str]) -> Iterator[Sequence[str]]:
    """The names in order, so many at a time as one statement may name."""
    rest = iter(names)
    while portion := tuple(islice(rest, AT_ONCE)):
        yield portion


def _after(task: Task | None, row: tuple[Any, ...]) -> Task:
    try:
        return evolve(task, _fact(row), id=row[3], at=row[7])
    except ValueError as problem:
        words = f"event {row[0]} ({row[3]}, {row[5]}) does not follow from those before it: {problem}"
        raise StoreError(words, hint="onloop store verify; restore a backup") from None


def _fact(row: tuple[Any, ...]) -> Any:
    _, _, _, _, _, name, data, *_ = checked_event(row)
    return event_from_text(name, data)
