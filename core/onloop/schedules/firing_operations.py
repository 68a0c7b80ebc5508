"""The operations on firings: each is a row, set by comparison, so that many gateways begin each one once."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import ClassVar

from onloop.errors import Exit, Refused, UnknownThing
from onloop.gateway.service import Gateway, Write, append_store_event
from onloop.machine import commands as c
from onloop.machine.limits import Id, Millis, Statement
from onloop.machine.operation import DeniedAct
from onloop.machine.outside_troubles import OutsideMended, OutsideTrouble
from onloop.machine.principal import EFFECTS, TIMERS, Principal
from onloop.machine.schedules import KnownSchedule, Overlap, Schedule
from onloop.machine.state import LIVE
from onloop.machine.store_state import HOUSE
from onloop.records import Record, replace
from onloop.schedules.firings import (
    KEPT,
    LEASE_MS,
    OPEN,
    DueFiring,
    FiringState,
    anything_due,
    asked_id,
    due_moment,
    firing_id,
    is_too_late,
    may_take,
    next_firing,
    run_of_firing,
)
from onloop.store.port import Reading, TaskFilter, Transaction
from onloop.store.rows import FiringRow
from onloop.text import safe
from onloop.views.query import Query

_NOBODY_THERE = "missed: nobody was there at its time"
_AGAIN_MS = 5_000
"""How soon it is looked again whether the run has ended for which a firing waits."""


class ScheduleStanding(Record):
    """A schedule: when it fires next (ms; None: never or paused), its last firings (newest first), and a live run."""

    known: KnownSchedule
    next_at: int | None
    firings: tuple[FiringRow, ...]
    running: str


class ReadSchedules(Query[tuple[ScheduleStanding, ...]], frozen=True):
    """Every schedule in force at `now` (ms), by name."""

    name: ClassVar[str] = "schedules"
    now: Millis

    def carry_out(self, reading: Reading) -> tuple[ScheduleStanding, ...]:
        """See Query."""
        rows = firings_by_schedule(reading)
        return tuple(
            ScheduleStanding(
                known,
                None if known.is_paused else next_firing(known, rows[name], self.now),
                tuple(reversed(rows[name])),
                _running(reading, rows[name]),
            )
            for name, known in sorted(reading.house().schedules.items())
        )


def firings_by_schedule(reading: Reading) -> Mapping[str, Sequence[FiringRow]]:
    """The firings that are remembered, by schedule, oldest first."""
    found = defaultdict[str, list[FiringRow]](list)
    for row in sorted(reading.select(FiringRow), key=lambda row: (row.planned, row.id)):
        found[row.schedule].append(row)
    return found


def is_anything_due(reading: Reading, now: int) -> bool:
    """Whether TakeFirings would find something to do; cheap where nothing is scheduled."""
    schedules = reading.house().schedules
    return bool(schedules) and anything_due(schedules, firings_by_schedule(reading), now)


def _running(reading: Reading, rows: Sequence[FiringRow]) -> str:
    """The run of an earlier firing that still goes on; empty if there is none."""
    for row in reversed(rows):
        task = reading.task(row.run) if row.state == FiringState.STARTED.value else None
        if task is not None and not task.ended:
            return row.run
    return ""


class TakeFirings(Write[tuple[DueFiring, ...]], frozen=True):
    """See to every firing that is due: the answer is those that `who` is to begin. A lease keeps others from them."""

    name: ClassVar[str] = "take_firings"
    who: Id

    def carry_out(self, gateway: Gateway) -> tuple[DueFiring, ...]:
        """See Write."""

        def body(tx: Transaction) -> tuple[DueFiring, ...]:
            now, house = gateway.clock(), tx.house()
            rows = firings_by_schedule(tx)
            for name, known in rows.items():
                _forget(tx, known, is_gone=name not in house.schedules)
            found = list[DueFiring]()
            for name, schedule in house.schedules.items():
                if not schedule.is_paused:
                    found += _Taking(gateway, tx, self.who, now).of(schedule, list(rows.get(name, ())))
            return tuple(found)

        return gateway.store.transact(body, about=HOUSE)


def _forget(tx: Transaction, known: Sequence[FiringRow], *, is_gone: bool) -> None:
    """Remove what is over and old, or all of a schedule that is there no more."""
    closed = [row for row in known if row.state not in OPEN]
    for row in known if is_gone else closed[:-KEPT]:
        tx.delete(FiringRow, row.id)


class _Taking(Record):
    """Sees to the firings of one schedule after the other, in one transaction."""

    gateway: Gateway
    tx: Transaction
    who: str
    now: int

    def of(self, known: KnownSchedule, rows: list[FiringRow]) -> Sequence[DueFiring]:
        planned = due_moment(known, rows, self.now)
        if planned is not None:
            self._supersede(rows)
            rows.append(self._new(known.schedule, planned))
        open_rows = [row for row in rows if row.state in OPEN and may_take(row, self.now)]
        return [due for row in open_rows[-1:] if (due := self._take(known.schedule, row, rows)) is not None]

    def _supersede(self, rows: list[FiringRow]) -> None:
        """What still waits when the next firing is due is not begun any more: one is enough."""
        for number, row in enumerate(rows):
            if row.state == FiringState.WAITING.value:
                rows[number] = self._put(row, FiringState.SKIPPED, f"a newer one took its place; {row.words}")

    def _new(self, schedule: Schedule, planned: int) -> FiringRow:
        firing = firing_id(schedule.name, planned)
        row = new_row(firing, schedule.name, planned, run_of_firing(firing, self.tx.house().id), self.now)
        if is_too_late(schedule, planned, self.now):
            return self._put(row, FiringState.SKIPPED, _NOBODY_THERE)
        self.tx.put(row)
        return row

    def _take(self, schedule: Schedule, row: FiringRow, rows: Sequence[FiringRow]) -> DueFiring | None:
        running = _running(self.tx, rows)
        if running and running != row.run and not self._has_way(schedule, row, running):
            return None
        taken = replace(
            row,
            state=FiringState.TAKEN.value,
            leased_by=self.who,
            leased_until=self.now + LEASE_MS,
            attempts=row.attempts + 1,
        )
        self.tx.put(taken)
        return DueFiring(row.id, schedule, row.planned, row.run, taken.attempts)

    def _has_way(self, schedule: Schedule, row: FiringRow, running: str) -> bool:
        """Whether a firing may begin although a run of an earlier one went on; what becomes of it is recorded."""
        match schedule.overlap:
            case Overlap.SKIP:
                self._put(row, FiringState.SKIPPED, f"{running} still went on")
                return False
            case Overlap.QUEUE:
                self.tx.put(replace(row, words=f"waits until {running} has ended", next_at=self.now + _AGAIN_MS))
                return False
            case Overlap.REPLACE:
                return self._dismissed(schedule, row, running)

    def _dismissed(self, schedule: Schedule, row: FiringRow, running: str) -> bool:
        try:
            why = c.Dismiss(f"schedule {schedule.name} began anew")
            self.gateway.advance(self.tx, EFFECTS, running, why, "")
            for task in self.tx.tasks(TaskFilter(run=running, states=tuple(LIVE))):
                with suppress(Refused):  # an effect that moves something outside ends by itself
                    self.gateway.advance(self.tx, EFFECTS, task.id, why, "")
        except Refused as no:
            words = f"{running} could not be ended: {no.message}"
            self.tx.put(replace(row, words=words, next_at=self.now + _AGAIN_MS))
            return False
        return True

    def _put(self, row: FiringRow, state: FiringState, words: str) -> FiringRow:
        closed = replace(row, state=state.value, words=words[:500].strip("; "), leased_until=0, done_at=self.now)
        self.tx.put(closed)
        return closed


def new_row(firing: str, name: str, planned: int, run: str, now: int, words: str = "") -> FiringRow:
    """A firing that waits to be begun."""
    return FiringRow(firing, name, planned, FiringState.WAITING.value, run, words, 0, now, "", 0, 0)


class FinishFiring(Write[bool], frozen=True):
    """Say what came of a firing that `who` has taken; the answer is whether it was still theirs.

    With `again_ms`, it is tried again then. A schedule that begins nothing is shown to people until it does.
    """

    name: ClassVar[str] = "finish_firing"
    who: Id
    firing: Id
    began: bool
    words: Statement = ""
    way_out: Statement = ""
    again_ms: Millis = 0
    tell: bool = False

    def carry_out(self, gateway: Gateway) -> bool:
        """See Write."""

        def body(tx: Transaction) -> bool:
            row = tx.get(FiringRow, self.firing)
            if row is None or row.state != FiringState.TAKEN.value or row.leased_by != self.who:
                return False
            now = gateway.clock()
            state = FiringState.STARTED if self.began else FiringState.FAILED
            after = replace(row, words=self.words[:500], leased_until=0)
            if self.again_ms:
                tx.put(replace(after, state=FiringState.WAITING.value, next_at=now + self.again_ms))
            else:
                tx.put(replace(after, state=state.value, done_at=now))
            self._tell(tx, f"schedule:{row.schedule}", now)
            return True

        return gateway.store.transact(body, about=HOUSE)

    def _tell(self, tx: Transaction, subject: str, now: int) -> None:
        known = tx.house().troubles.get(subject)
        if self.began and known is not None:
            append_store_event(tx, OutsideMended(subject), now, TIMERS.id)
        elif self.tell and (known is None or known.words != self.words):
            trouble = OutsideTrouble(subject, self.words, self.way_out, now if known is None else known.at)
            append_store_event(tx, trouble, now, TIMERS.id)


class AskFiring(Write[str], frozen=True):
    """Have a schedule fire now, beside the times that it means; the answer is the id of the firing.

    Refused while a run of it goes on, unless the schedule says to wait for it or to replace it.
    """

    name: ClassVar[str] = "ask_firing"
    principal: Principal
    schedule: Id

    @property
    def attempt(self) -> DeniedAct:
        """What a denial of it says."""
        return DeniedAct(self.principal, "fire a schedule", self.schedule)

    def carry_out(self, gateway: Gateway) -> str:
        """See Write."""

        def body(tx: Transaction) -> str | Refused:
            now, known = gateway.clock(), tx.house().schedules.get(self.schedule)
            if known is None:
                hint = f"in force: {', '.join(sorted(tx.house().schedules)) or 'none'}"
                raise UnknownThing(f"there is no schedule {safe(self.schedule, 64)!r}", hint=hint)
            rows = firings_by_schedule(tx).get(self.schedule, ())
            running = _running(tx, rows)
            if running and known.schedule.overlap is Overlap.SKIP:
                words = f"{running} of {self.schedule} still goes on"
                return Refused(words, exit=Exit.HELD, hint=f"wait for it, or: onloop cancel {running}")
            if known.is_paused:
                words = f"{self.schedule} is paused by {known.paused_by}"
                return Refused(words, exit=Exit.HELD, hint=f"onloop schedule resume {self.schedule}")
            firing = asked_id(self.schedule, now)
            run = run_of_firing(firing, tx.house().id)
            tx.put(new_row(firing, self.schedule, now, run, now, f"asked for by {self.principal.id}"))
            return firing

        return gateway.transact(body, about=HOUSE)
