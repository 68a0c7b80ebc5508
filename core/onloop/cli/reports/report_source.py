"""Where a report comes from: the whole at once, its tasks some hundred at a time, each read once and kept on disk."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from tempfile import SpooledTemporaryFile
from typing import IO, TypeVar

from onloop.gateway.port import GatewayPort
from onloop.machine.task import Kind
from onloop.store.codec import from_text, to_text
from onloop.store.port import TaskFilter
from onloop.views.queries.reads import ReadTasks
from onloop.views.reporting.pace import SEED, Estimate, estimate
from onloop.views.reporting.report_queries import PAGE, ReadReportTasks, ReadRunReport
from onloop.views.reporting.report_records import RunReport, TaskLine

_IN_MEMORY = 4_000_000
"""How many bytes of tasks are kept in memory before a file is."""
ThingT = TypeVar("ThingT")


class ReportSource:
    """The report of one run. Its tasks are read from the gateway the first time they are wanted, and kept."""

    def __init__(self, gateway: GatewayPort, run: str) -> None:
        self._gateway = gateway
        self.report: RunReport = gateway.perform(ReadRunReport(run, gateway.clock()))
        self._kept: IO[bytes] | None = None

    @property
    def estimate(self) -> Estimate:
        """How long the rest may take; the same for the same report."""
        report = self.report
        return estimate(report.history.pace, report.left, SEED)

    def lines(self) -> Iterator[TaskLine]:
        """Its tasks, in their order."""
        self._kept = kept = self._kept or self._read()
        kept.seek(0)
        for line in kept:
            yield from_text(TaskLine, line.decode())

    def in_time_order(
        self,
        things: Callable[[TaskLine], Iterable[tuple[int, ThingT]]],
        others: Iterable[tuple[int, str, str, ThingT]] = (),
    ) -> Iterator[tuple[int, str, str, ThingT]]:
        """What happened at which time, to the task of which id and name; the first one first. `others` come between."""
        found = [(at, line.task, line.name, thing) for line in self.lines() for at, thing in things(line)]
        yield from sorted((*others, *found), key=lambda each: each[0])

    def closing(self) -> str:
        """Whether tasks changed while the report was made; empty where none did."""
        wanted = TaskFilter(run=self.report.run, changed_after=self.report.seq)
        changed = sum(task.kind is Kind.WORK for task in self._gateway.perform(ReadTasks(wanted)))
        if not changed:
            return ""
        words = "1 task" if changed == 1 else f"{changed} tasks"
        return f"{words} changed while this report was made, and may be shown as of a moment later."

    def close(self) -> None:
        """Forget what was kept."""
        if self._kept is not None:
            self._kept.close()

    def _read(self) -> IO[bytes]:
        kept = SpooledTemporaryFile(_IN_MEMORY)  # noqa: SIM115 - closed by close
        report = self.report
        for start in range(0, len(report.tasks), PAGE):
            page = ReadReportTasks(report.run, report.tasks[start : start + PAGE], report.history.at)
            kept.writelines(to_text(line).encode() + b"\n" for line in self._gateway.perform(page))
        return kept
