"""What has changed in a store since somebody looked: for whoever follows it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, ClassVar

from onloop.machine.definition import Definition
from onloop.machine.limits import Digest, Items
from onloop.machine.store_state import StoreState
from onloop.machine.task import Task
from onloop.records import Record
from onloop.store.port import Reading, Seq, TaskFilter
from onloop.store.rows import Lease, SubAgent
from onloop.views.pinned_workflow import pinned_definition
from onloop.views.query import Query


class StoreChanges(Record):
    """The tasks that changed, their workflows that were not known, the state of the store, and all leases."""

    tasks: tuple[Task, ...]
    definitions: Mapping[str, Definition]
    state: StoreState
    seq: int
    leases: tuple[Lease, ...]
    sub_agents: tuple[SubAgent, ...]


class ReadStoreChanges(Query[StoreChanges], frozen=True):
    """What has changed after a place in the log; everything where that is None. `known` are digests of workflows."""

    name: ClassVar[str] = "store_changes"
    after: Seq | None = None
    known: Annotated[tuple[Digest, ...], Items(10_000)] = ()

    def carry_out(self, reading: Reading) -> StoreChanges:
        """See Query."""
        tasks = tuple(reading.tasks(TaskFilter(changed_after=self.after)))
        unknown = {task.definition for task in tasks} - set(self.known)
        definitions = {digest: pinned_definition(reading, digest) for digest in sorted(unknown)}
        leases = tuple(reading.select(Lease))
        within = tuple(reading.select(SubAgent)) if leases else ()
        return StoreChanges(tasks, definitions, reading.house(), reading.last_seq(), leases, within)
