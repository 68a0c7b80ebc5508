"""What a store shows at first sight: all of a small one, of a large one what needs somebody and how much there is."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from onloop.machine.definition import Definition
from onloop.machine.limits import Millis
from onloop.machine.store_state import StoreState
from onloop.machine.task import Task
from onloop.records import Record
from onloop.store.port import Reading
from onloop.store.rows import Lease
from onloop.views.needing_tasks import needing_tasks
from onloop.views.query import Query

FEW = 2_000
"""So many tasks are read at once: that takes no longer than a person sees."""


class FirstSight(Record):
    """The tasks that need somebody with those above them, their workflows, and the leases that are silent.

    `unread` is how many other tasks the store has. Where they are few, nothing is read here: `unread` are all of them.
    """

    tasks: tuple[Task, ...]
    definitions: Mapping[str, Definition]
    state: StoreState
    seq: int
    leases: tuple[Lease, ...]
    unread: int


class ReadFirstSight(Query[FirstSight], frozen=True):
    """What of a large store needs somebody at `now` (ms), and how many tasks it has besides: before all is read."""

    name: ClassVar[str] = "first_sight"
    now: Millis

    def carry_out(self, reading: Reading) -> FirstSight:
        """See Query."""
        count, house, seq = reading.task_count(), reading.house(), reading.last_seq()
        if count <= FEW:
            return FirstSight((), {}, house, seq, (), count)
        found = needing_tasks(reading, self.now)
        return FirstSight(
            tuple(found.tasks.values()), found.definitions, house, seq, found.silent, count - len(found.tasks)
        )
