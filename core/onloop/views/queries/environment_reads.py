"""The environments that launchers have made and not yet removed."""

from __future__ import annotations

from typing import ClassVar

from onloop.machine.limits import Id
from onloop.store.port import Reading
from onloop.store.rows import EnvironmentRow
from onloop.views.query import Query


class ReadEnvironments(Query[tuple[EnvironmentRow, ...]], frozen=True):
    """Every environment that is kept, or those of one task; the oldest first."""

    name: ClassVar[str] = "environments"
    task: Id = ""

    def carry_out(self, reading: Reading) -> tuple[EnvironmentRow, ...]:
        """See Query."""
        rows = reading.select(EnvironmentRow, task=self.task) if self.task else reading.select(EnvironmentRow)
        return tuple(sorted(rows, key=lambda row: (row.made_at, row.id)))
