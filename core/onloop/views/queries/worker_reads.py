"""What the machines do: workers with their slots, and the gates and effects that verifiers are at."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import ClassVar

from onloop.attention.groups import age
from onloop.errors import UnknownThing
from onloop.machine.limits import Millis
from onloop.machine.worker_slots import SlotsTold
from onloop.records import Record
from onloop.store.codec import from_text
from onloop.store.port import Reading
from onloop.store.rows import Job, WorkerRow
from onloop.views.query import Query
from onloop.workflow.hints import nearest, quoted

SILENT_MS = 45_000
"""A worker speaks every ten seconds: of one that was silent for this long nobody knows whether it runs."""


class WorkSlotNow(Record):
    """A slot that is at work: its number, the task, the step at which that is, and since when (ms)."""

    slot: int
    task: str
    step: str
    since: int


class WorkerNow(Record):
    """A worker: what it is called, where and for whom it runs, its slots, and who asked it to drain, if anybody did."""

    id: str
    name: str
    launcher: str
    host: str
    role: str
    slots: int
    at_work: tuple[WorkSlotNow, ...]
    since: int
    said_at: int
    drain_by: str = ""

    @property
    def idle(self) -> int:
        """How many of its slots wait for work."""
        return max(0, self.slots - len(self.at_work))

    def words(self, now: int) -> str:
        """The worker in words, without its name: how many slots, how it stands, for which role, and where."""
        role = f"for {self.role}" if self.role else "for every role"
        busy = f"{len(self.at_work)} of {self.slots} {'slot' if self.slots == 1 else 'slots'} at work"
        drain = f", drains ({self.drain_by} asked)" if self.drain_by else ""
        silent = f", silent for {age(now - self.said_at)}: it may be gone" if self.is_silent(now) else ""
        return f"{busy}{drain}{silent}, {role} on {self.host}"

    def is_silent(self, now: int) -> bool:
        """Whether it was not heard of for long."""
        return now - self.said_at >= SILENT_MS


class VerifierSlot(Record):
    """A gate (`gate`) or an effect (None) that a verifier is at."""

    verifier: str
    task: str
    gate: str | None
    since: int


class MachinesNow(Record):
    """All workers, by name; the verifiers' slots that are at work, and how many jobs wait for one."""

    workers: tuple[WorkerNow, ...]
    verifying: tuple[VerifierSlot, ...]
    waiting: int


class ReadMachines(Query[MachinesNow], frozen=True):
    """What workers and verifiers do at `now` (ms)."""

    name: ClassVar[str] = "machines"
    now: Millis

    def carry_out(self, reading: Reading) -> MachinesNow:
        """See Query."""
        drains = reading.house().drains
        workers = (
            _worker(reading, row, drains[row.id].by if row.id in drains else "") for row in reading.select(WorkerRow)
        )
        jobs = reading.select(Job)
        taken = [job for job in jobs if job.leased_by and job.leased_until > self.now]
        verifying = tuple(VerifierSlot(job.leased_by or "", job.task, job.gate, job.created_at) for job in taken)
        return MachinesNow(
            tuple(sorted(workers, key=lambda each: (each.name, each.id))),
            tuple(sorted(verifying, key=lambda each: (each.verifier, each.since, each.task))),
            len(jobs) - len(taken),
        )


def slot_words(slot: WorkSlotNow, now: int) -> str:
    """A slot in words."""
    at = f" at {slot.step}" if slot.step else ""
    return f"slot {slot.slot}: {slot.task}{at}, for {age(now - slot.since)}"


def meant_workers(known: Sequence[WorkerNow], name: str) -> tuple[WorkerNow, ...]:
    """The workers of that name, or the one with that id; UnknownThing says which there are."""
    found = tuple(each for each in known if name in {each.name, each.id})
    if not found:
        near = nearest(name, [each.name for each in known])
        names = ", ".join(each.name for each in known[:20]) or "none runs"
        raise UnknownThing(f"there is no worker {quoted(name)}", hint=f"{near}known now: {names}")
    return found


def turned_workers(known: Sequence[WorkerNow], names: Iterable[str], *, is_drain: bool) -> tuple[WorkerNow, ...]:
    """Of the workers that are meant, each once, those that do not stand so yet; all of them where every one does."""
    meant = {each.id: each for name in names for each in meant_workers(known, name)}.values()
    return tuple(each for each in meant if bool(each.drain_by) is not is_drain) or tuple(meant)


def _worker(reading: Reading, row: WorkerRow, drain_by: str) -> WorkerNow:
    slots = []
    for told in from_text(SlotsTold, row.told).at_work:
        task = reading.task(told.task)
        slots.append(WorkSlotNow(told.slot, told.task, (task.step if task is not None else None) or "", told.since))
    return WorkerNow(
        row.id,
        row.name,
        row.launcher,
        row.host,
        row.role,
        row.slots,
        tuple(slots),
        row.since,
        row.said_at,
        drain_by,
    )
