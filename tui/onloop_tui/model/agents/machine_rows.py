"""What the machines are at, as rows below the agents: workers with their slots, gates and effects of verifiers."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from onloop.attention.groups import age
from onloop.views.queries.worker_reads import MachinesNow, VerifierSlot, WorkerNow, WorkSlotNow, slot_words
from onloop_tui.model.detail.row_detail import RowDetail, headed
from onloop_tui.model.drawing.signs import Sign
from onloop_tui.model.drawing.text_line import Line, Span, Tone, column, fitted, hanging, line, spread

_SIGN, _NAME = 9, 17
_BRANCH = Span("        └ ", Tone.DIM)
RUNS = Sign("●", "runs", Tone.GOOD)
DRAINS = Sign("◐", "drains", Tone.WARN)
SILENT = Sign("○", "silent", Tone.WARN)
VERIFIES = Sign("●", "checks", Tone.GOOD)
MACHINES = "machines"
"""The id of the row above them."""
_OF_WORKERS, _OF_SLOTS, _OF_GATES = "worker ", "slot ", "verifies "


@dataclass(frozen=True, slots=True)
class MachineRow:
    """A row: a worker, one of its slots that is at work, or a verifier's; `task` is what it is at, if it is one."""

    id: str
    worker: WorkerNow | None = None
    slot: WorkSlotNow | None = None
    verifying: VerifierSlot | None = None

    @property
    def task(self) -> str:
        """The task that it is at."""
        return self.slot.task if self.slot is not None else self.verifying.task if self.verifying is not None else ""

    @property
    def gate(self) -> str:
        """The gate that it is at; empty for a slot or an effect."""
        return (self.verifying.gate or "") if self.verifying is not None else ""

    def sign(self, now: int) -> Sign:
        """How it stands."""
        if self.worker is None:
            return VERIFIES
        return SILENT if self.worker.is_silent(now) else DRAINS if self.worker.drain_by else RUNS


def machine_rows(found: MachinesNow) -> Iterator[MachineRow]:
    """The workers, each with its slots below it, then what verifiers are at."""
    for worker in found.workers:
        yield MachineRow(f"{_OF_WORKERS}{worker.id}", worker)
        for slot in worker.at_work:
            yield MachineRow(f"{_OF_SLOTS}{worker.id} {slot.slot}", worker, slot)
    for each in found.verifying:
        yield MachineRow(f"{_OF_GATES}{each.verifier} {each.task} {each.gate or ''}", verifying=each)


def machine_line(row: MachineRow, now: int, width: int) -> Line:
    """A row as a line of `width` columns."""
    if row.slot is not None:
        return fitted((_BRANCH, Span(slot_words(row.slot, now), Tone.PLAIN)), width)
    sign = row.sign(now).span(_SIGN)
    if row.worker is not None:
        name = (column(row.worker.name, _NAME - 1, Tone.STRONG), Span(" "))
        return fitted((sign, *name, Span(row.worker.words(now))), width)
    job = row.verifying
    if job is None:
        return ()
    left = (sign, column(job.verifier, _NAME - 1, Tone.STRONG), Span(f" {_at(job)}"))
    return spread(left, (Span(f" for {age(now - job.since)}", Tone.DIM),), width)


def machine_words(found: MachinesNow) -> str:
    """All of it in a line: slots at work and idle, and what waits; empty where nothing is known."""
    if not found.workers and not found.verifying and not found.waiting:
        return ""
    busy = sum(len(each.at_work) for each in found.workers)
    idle = sum(each.idle for each in found.workers)
    draining = sum(bool(each.drain_by) for each in found.workers)
    workers = len(found.workers)
    told = (
        f"{workers} {'worker' if workers == 1 else 'workers'}: {busy} slots at work, {idle} idle",
        f"{draining} draining" if draining else "",
        f"gates and effects: {len(found.verifying)} under way, {found.waiting} waiting",
    )
    return " · ".join(filter(None, told))


def machine_detail(row: MachineRow, now: int) -> RowDetail:
    """What is said below the list of a worker, or of what a verifier is at."""
    worker = row.worker

    def about(width: int) -> tuple[Line, ...]:
        if worker is None:
            words = _at(row.verifying) if row.verifying is not None else ""
            return (*headed(row.task, words, width), *hanging((), "o shows what it writes", width, Tone.DIM))
        keys = "Z lets it go on" if worker.drain_by else "Z asks it to drain: it ends once its agents have"
        lead = (Span("  "),)
        slots = tuple(piece for slot in worker.at_work for piece in hanging(lead, slot_words(slot, now), width))
        heard = age(now - worker.said_at)
        whose = f"{worker.id}, of {worker.launcher}, for {age(now - worker.since)}; heard {heard} ago"
        idle = (line(f"  {worker.idle} idle", Tone.DIM),) if worker.idle else ()
        return (
            *headed(worker.name, worker.words(now), width),
            *hanging((), whose, width),
            *slots,
            *idle,
            *hanging((), keys, width, Tone.DIM),
        )

    return RowDetail(row.id, None, about)


def _at(job: VerifierSlot) -> str:
    return f"gate {job.gate} of {job.task}" if job.gate else f"an effect of {job.task}"
