"""The workflows that runs have pinned."""

from __future__ import annotations

from functools import lru_cache
from typing import ClassVar

from onloop.errors import UnknownThing
from onloop.machine.definition import Definition
from onloop.machine.limits import Digest
from onloop.machine.task import Task
from onloop.store.codec import from_text
from onloop.store.port import Reading
from onloop.store.rows import PinnedWorkflow
from onloop.views.query import Query


def definition_of(reading: Reading, task: Task) -> Definition:
    """The workflow that the task's run pinned."""
    return pinned_definition(reading, task.definition)


def pinned_definition(reading: Reading, digest: str) -> Definition:
    """The workflow with that digest."""
    pinned = reading.get(PinnedWorkflow, digest)
    if pinned is None:
        raise UnknownThing(f"no run has pinned a workflow with digest {digest[:12]}", hint="onloop store verify")
    return _decoded(pinned.compiled)


@lru_cache(maxsize=64)
def _decoded(compiled: str) -> Definition:
    return from_text(Definition, compiled)


class ReadDefinition(Query[Definition], frozen=True):
    """The workflow that a task's run pinned."""

    name: ClassVar[str] = "definition"
    digest: Digest

    def carry_out(self, reading: Reading) -> Definition:
        """See Query."""
        return pinned_definition(reading, self.digest)
