"""The operations on calls: rows, set by comparison, so that of many gateways one sends each."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, ClassVar

from onloop.calls.wanted_calls import (
    LEASE_MS,
    CallBatch,
    CallState,
    batches,
    by_cause,
    changes_at,
    may_send,
    quiet_words,
)
from onloop.gateway.service import Gateway, Write, append_store_event
from onloop.machine.call_rules import CallPlan
from onloop.machine.limits import Id, Items, Millis, Statement
from onloop.machine.outside_troubles import OutsideMended, OutsideTrouble
from onloop.machine.principal import TIMERS
from onloop.machine.store_state import HOUSE, StoreState
from onloop.records import replace
from onloop.store.port import Reading, Transaction
from onloop.store.rows import CallRow
from onloop.views.overview_projector import board_of_store
from onloop.views.query import Query

TOLD_AFTER = 3
"""After so many tries in a row people are told that a channel takes no calls."""


class ReadCalls(Query[tuple[CallRow, ...]], frozen=True):
    """The calls that are remembered, the newest first."""

    name: ClassVar[str] = "calls"

    def carry_out(self, reading: Reading) -> tuple[CallRow, ...]:
        """See Query."""
        return tuple(sorted(reading.select(CallRow), key=lambda row: (row.due_at, row.id), reverse=True))


def is_call_due(reading: Reading, now: int, channels: Sequence[str]) -> bool:
    """Whether TakeCalls would find something to do; cheap where nobody is to be called."""
    house, rows = reading.house(), reading.select(CallRow)
    if house.calls is None:
        return bool(rows) or any(subject.startswith("channel:") for subject in house.troubles)
    changes = changes_at(house.calls, board_of_store(reading, now).shown, rows, now)
    return bool(changes.puts or changes.gone) or any(may_send(row, now, channels) for row in rows)


class TakeCalls(Write[tuple[CallBatch, ...]], frozen=True):
    """Bring the rows up to date with what needs people now; the answer is the messages that `who` is to send.

    `channels` are those that its machine knows.
    """

    name: ClassVar[str] = "take_calls"
    who: Id
    channels: Annotated[tuple[Id, ...], Items(200)] = ()

    def carry_out(self, gateway: Gateway) -> tuple[CallBatch, ...]:
        """See Write."""

        def body(tx: Transaction) -> tuple[CallBatch, ...]:
            now, house = gateway.clock(), tx.house()
            shown = board_of_store(tx, now).shown if house.calls is not None else ()
            changes = changes_at(house.calls, shown, tx.select(CallRow), now)
            for row in changes.puts:
                tx.put(row)
            for gone in changes.gone:
                tx.delete(CallRow, gone)
            _end_troubles(tx, house, now)
            if house.calls is None:
                return ()
            tiers = {cause: group.tier.name.lower() for cause, group in by_cause(shown).items()}
            due = [row for row in tx.select(CallRow) if may_send(row, now, self.channels)]
            due = [row for row in due if not _is_quiet(house.calls, row, tiers, now)]
            return tuple(_taken(tx, batch, now) for batch in batches(due))

        return gateway.store.transact(body, about=HOUSE)


def _is_quiet(plan: CallPlan, row: CallRow, tiers: dict[str, str], now: int) -> bool:
    recipient = next((each for each in plan.recipients if each.name == row.recipient), None)
    return bool(quiet_words(recipient, tiers.get(row.cause, ""), now))


def _taken(tx: Transaction, batch: CallBatch, now: int) -> CallBatch:
    rows = tuple(
        replace(
            row,
            state=CallState.SENDING.value,
            message=batch.message,
            attempts=row.attempts + 1,
            leased_until=now + LEASE_MS,
        )
        for row in batch.rows
    )
    for row in rows:
        tx.put(row)
    return replace(batch, rows=rows)


def _end_troubles(tx: Transaction, house: StoreState, now: int) -> None:
    """A channel that no recipient has any more fails nobody."""
    used = (
        {channel for each in house.calls.recipients for channel in each.channels} if house.calls is not None else set()
    )
    for subject in house.troubles:
        kind, _, name = subject.partition(":")
        if kind == "channel" and name not in used:
            append_store_event(tx, OutsideMended(subject), now, TIMERS.id)


class FinishCalls(Write[bool], frozen=True):
    """Say what came of a message; the answer is whether it was still open. With `again_ms`, it is tried again then."""

    name: ClassVar[str] = "finish_calls"
    message: Id
    channel: Id
    calls: Annotated[tuple[Id, ...], Items(1_000)]
    sent: bool
    words: Statement = ""
    way_out: Statement = ""
    again_ms: Millis = 0

    def carry_out(self, gateway: Gateway) -> bool:
        """See Write."""

        def body(tx: Transaction) -> bool:
            now, is_ours, attempts = gateway.clock(), False, 0
            for call in self.calls:
                row = tx.get(CallRow, call)
                if row is None or row.message != self.message or row.state != CallState.SENDING.value:
                    continue
                is_ours, attempts = True, max(attempts, row.attempts)
                tx.put(self._after(row, now))
            if is_ours:
                self._tell(tx, attempts, now)
            return is_ours

        return gateway.store.transact(body, about=HOUSE)

    def _after(self, row: CallRow, now: int) -> CallRow:
        after = replace(row, words=self.words[:500], leased_until=0)
        if self.sent:
            return replace(after, state=CallState.SENT.value, sent_at=now)
        return replace(after, state=CallState.WAITING.value, due_at=now + self.again_ms)

    def _tell(self, tx: Transaction, attempts: int, now: int) -> None:
        subject = f"channel:{self.channel}"
        known = tx.house().troubles.get(subject)
        if self.sent and known is not None:
            append_store_event(tx, OutsideMended(subject), now, TIMERS.id)
        elif not self.sent and self.words and attempts >= TOLD_AFTER and known is None:
            append_store_event(tx, OutsideTrouble(subject, self.words, self.way_out, now), now, TIMERS.id)
