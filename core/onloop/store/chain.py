"""The hash chain of a run: each event's hash covers the event before it."""

from __future__ import annotations

from hashlib import sha256

from onloop.machine.digest import canonical
from onloop.store.codec import to_text
from onloop.store.port import Entry, Recorded
from onloop.store.rows import Head

GENESIS = "0" * 64
"""The hash before a run's first event."""


def link(previous: str, event: Recorded) -> str:
    """The hash of `event` after `previous`, sha256 hex over every column but the hash itself."""
    columns = (event.run, event.run_seq, event.task, event.version, event.name, event.data, event.at, event.principal)
    return sha256(canonical([previous, *columns, event.key])).hexdigest()


def sealed(entry: Entry, head: Head, seq: int, version: int) -> tuple[Recorded, Head]:
    """The entry as it goes into the log after `head`, and the head after it."""
    draft = Recorded(
        seq=seq,
        run=entry.run,
        run_seq=head.count + 1,
        task=entry.task,
        version=version,
        name=type(entry.event).__name__,
        data=to_text(entry.event),
        at=entry.at,
        principal=entry.principal,
        key=entry.key,
        hash="",
    )
    seal = link(head.hash, draft)
    columns = {slot: getattr(draft, slot) for slot in Recorded.__slots__}
    return Recorded(**{**columns, "hash": seal}), Head(entry.run, head.count + 1, seal)
