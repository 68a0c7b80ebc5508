"""Counts denials in the log: requests refused because of who asked. The number of entries is bounded.

The first of its kind is recorded at once, then one entry a minute with the count since. A resident gateway keeps
the count in memory; if every process opens the file itself, a row beside the log keeps it.
"""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress

from onloop.errors import Ground, OnloopError
from onloop.machine.denials import (
    LONGEST_NAME,
    MINUTE_MS,
    OTHERS,
    Burst,
    Denied,
    burst_key,
    gathered,
    is_alarming,
    is_due,
)
from onloop.machine.principal import Principal, PrincipalKind
from onloop.machine.store_state import HOUSE, StoreEvent
from onloop.records import MutableRecord, field, replace
from onloop.store.port import Reading, Store, Transaction
from onloop.store.rows import IdempotencyRecord, idempotency_key
from onloop.text import safe

DENIALS = "gateway:denials"
"""Who writes these facts."""

COUNTER = "denied"
"""The value of the request field in the row that keeps a count."""

MOST_PENDING = 200
FORGOTTEN_MS = 60 * MINUTE_MS
"""How long after a burst's last entry a leftover count is still looked for."""

_PLAIN_VERB = re.compile(r"[a-z][a-z' ]{0,39}")

Append = Callable[[Transaction, StoreEvent, int, str], None]


class Denials(MutableRecord):
    """The denials that one process has counted and not recorded yet; threads may share it."""

    append: Append
    _pending: dict[str, Denied] = field(default_factory=dict)
    _said: dict[str, tuple[int, int]] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def count(self, store: Store, denied: Denied) -> None:
        """Count the denial, and record it if it is due. An error here does not change the caller's refusal."""
        with self._lock:
            now = self._due(denied)
        if now is not None:
            with suppress(OnloopError, OSError):
                store.transact(lambda tx: self._record(tx, now), about=HOUSE)

    def _due(self, denied: Denied) -> Denied | None:
        key = burst_key(denied)
        if key not in self._said and len(self._said) >= MOST_PENDING:
            self._said = {known: said for known, said in self._said.items() if denied.at - said[0] < MINUTE_MS}
            if len(self._said) >= MOST_PENDING:  # the log would count it under OTHERS, so this does too
                denied = replace(denied, principal=OTHERS, verb="several things", peer="")
                key = burst_key(denied)
        said_at, total = self._said.get(key, (0, 0))
        waiting = self._pending.get(key)
        whole = replace(denied, count=denied.count + (waiting.count if waiting is not None else 0))
        rings = is_alarming(denied.ground, total + whole.count) and not is_alarming(denied.ground, total)
        if key in self._said and denied.at - said_at < MINUTE_MS and not rings:
            self._pending[key] = whole
            return None
        self._pending.pop(key, None)
        self._said[key] = (denied.at, total + whole.count)
        return whole

    def has_overdue(self, now: int) -> bool:
        """Whether a count is due to be recorded: its minute is over."""
        with self._lock:
            return any(now - self._said_at(key) >= MINUTE_MS for key in self._pending)

    def _said_at(self, key: str) -> int:
        return self._said.get(key, (0, 0))[0]

    def settle(self, store: Store, now: int, *, all_of_them: bool = False) -> None:
        """Record every count whose minute is over, of this process and of processes that have ended."""
        with self._lock:
            late = [key for key in self._pending if all_of_them or now - self._said_at(key) >= MINUTE_MS]
            waiting = [replace(self._pending.pop(key), at=now) for key in late]
            for key, denied in zip(late, waiting, strict=True):
                self._said[key] = (now, self._said.get(key, (0, 0))[1] + denied.count)
        with suppress(OnloopError, OSError):
            with store.reading() as reading:
                found = (*waiting, *left_behind(reading, now))
            if found:
                store.transact(lambda tx: self._record_all(tx, found), about=HOUSE)

    def _record_all(self, tx: Transaction, found: Sequence[Denied]) -> None:
        for denied in found:
            self._record(tx, denied, at_once=True)

    def _record(self, tx: Transaction, denied: Denied, *, at_once: bool = False) -> None:
        bursts = tx.house().denials
        short = gathered(bursts, denied)
        known, row = bursts.get(burst_key(short)), counter_key(short)
        kept = _kept(tx, row)
        whole = replace(short, count=short.count + kept)
        if at_once or is_due(known, whole):
            if whole.count:
                self.append(tx, whole, denied.at, DENIALS)
            tx.delete(IdempotencyRecord, row)
        elif denied.ground is not Ground.TOKEN:  # polling with an ended token must not cost a write each time
            tx.put(IdempotencyRecord(row, COUNTER, json.dumps({"count": str(whole.count)}), denied.at))


def counter_key(denied: Denied | Burst) -> str:
    """The key of the row that keeps the count of unrecorded denials."""
    return idempotency_key(DENIALS, f"{denied.principal}|{denied.verb}|{denied.ground.value}")


def _kept(at: Reading, row: str) -> int:
    known = at.get(IdempotencyRecord, row)
    return int(json.loads(known.reply)["count"]) if known is not None else 0


def left_behind(at: Reading, now: int) -> tuple[Denied, ...]:
    """What processes that have ended counted, once its minute is over; without a count, which `_record` adds."""
    over = [b for b in at.house().denials.values() if MINUTE_MS <= now - b.at < FORGOTTEN_MS]
    return tuple(
        Denied(b.principal, b.verb, b.ground, b.subject, b.peer, 0, now) for b in over if _kept(at, counter_key(b))
    )


def denied_of(who: Principal, verb: str, subject: str, ground: Ground, peer: str, now: int) -> Denied:
    """The fact that `who`, or the user at the other end where they are nobody, was refused."""
    name = who.id if who.kind is not PrincipalKind.NOBODY else peer or "nobody"
    plain = verb if _PLAIN_VERB.fullmatch(verb) else "do something"
    return Denied(safe(name[:LONGEST_NAME]), plain, ground, safe(subject[:LONGEST_NAME]), peer, at=now)
