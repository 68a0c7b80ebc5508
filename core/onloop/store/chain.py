"""The hash chains: each event's hash covers the one before it in its run, and the log's covers every event in order."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from hashlib import sha256

import msgspec

from onloop.machine.digest import LARGEST, Json, canonical, canonical_row
from onloop.records import values_of
from onloop.store.codec import to_text
from onloop.store.port import EventEntry, EventRow, Recorded
from onloop.store.rows import LOG, Archived, Head

_encode = msgspec.json.Encoder().encode

GENESIS = "0" * 64
"""The hash before a run's first event, and before the log's."""

columns_of: Callable[[Recorded], EventRow] = values_of
"""An event as its bare columns."""


def link(previous: str, event: Recorded) -> str:
    """The hash of `event` after `previous` in its run, sha256 hex over every column but the hash and the sequence."""
    return row_link(previous, columns_of(event))


def row_link(previous: str, row: EventRow) -> str:
    """The `link` hash of an event given as columns; ValueError if canonical JSON cannot carry it."""
    _, run, run_seq, task, version, name, data, at, principal, key, _ = row
    columns = (previous, run, run_seq, task, version, name, data, at, principal, key)
    try:  # a faster way to the same bytes, for columns of the expected types
        if 0 <= run_seq <= LARGEST and 0 <= version <= LARGEST and 0 <= at <= LARGEST:
            return sha256(_encode(columns)).hexdigest()
    except TypeError:
        pass
    return sha256(canonical_row(columns)).hexdigest()


def log_link(previous: str, seq: int, event_hash: str) -> str:
    """The hash of the whole log after the event with that sequence and hash."""
    return sha256(f"{previous}{seq}:{event_hash}".encode()).hexdigest()


def base_of(archived: Sequence[Archived]) -> str:
    """The hash before the log's first event: it covers what was archived, and where the log ended before that."""
    if not archived:
        return GENESIS
    ordered = sorted(archived, key=lambda gone: gone.run)
    told: list[Json] = [[a.run, a.count, a.hash, a.first_seq, a.at, a.log_seq, a.log_hash] for a in ordered]
    return sha256(canonical(told)).hexdigest()


def sealed(entry: EventEntry, head: Head, log: Head, version: int) -> tuple[Recorded, Head, Head]:
    """The entry as it goes into the log after the heads of its run and of the log, and both heads after it."""
    seq, run_seq, name, data = log.count + 1, head.count + 1, type(entry.event).__name__, to_text(entry.event)
    columns = (entry.run, run_seq, entry.task, version, name, data, entry.at, entry.principal, entry.key)
    end = row_link(head.hash, (seq, *columns, ""))
    return Recorded(seq, *columns, end), Head(entry.run, run_seq, end), Head(LOG, seq, log_link(log.hash, seq, end))
