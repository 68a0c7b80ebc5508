"""A store, or some of its runs, as lines of JSON that verify by themselves and are checked before an import."""

from __future__ import annotations

import base64
import json
import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from hashlib import sha256
from itertools import chain
from pathlib import Path
from typing import Any, Protocol, cast

from onloop.errors import StoreError
from onloop.machine.digest import Json, canonical
from onloop.machine.store_state import HOUSE
from onloop.records import MutableRecord, Record, field, values_of
from onloop.store.chain import GENESIS, base_of, link, log_link
from onloop.store.codec import to_text
from onloop.store.port import Reading, Recorded, Transaction
from onloop.store.rows import LOG, ROWS, TABLES, Archived, Head, StoreRow, table_of
from onloop.store.rows import columns as columns_of
from onloop.store.verification import Fold, fold_log, verify

FORMAT = 1
LONGEST_LINE = 256 * 1024 * 1024
BATCH = 5000
BEFORE_EVERY_EVENT = -(2**63)
COLUMNS_OF_OLD_BRIEFS = 4
"""Until schema 4 a brief's row had more columns. It is dropped, because it is made again from its task."""


class Content(MutableRecord):
    """What a file holds: events in order, rows beside the log, bytes by digest, and what its first line says."""

    about: Mapping[str, Any]
    events: list[Recorded] = field(default_factory=list)
    rows: list[StoreRow] = field(default_factory=list)
    blobs: list[bytes] = field(default_factory=list)


def lines_of(
    about: Mapping[str, Json], events: Iterable[Recorded], rows: Iterable[StoreRow], blobs: Iterable[bytes]
) -> Iterator[bytes]:
    """The lines of a file: what it is, then everything in it, then a digest over all lines before."""
    running, count = sha256(), 0
    first: dict[str, Json] = {"onloop": "log", "format": FORMAT, **about}
    for told in chain((first,), _body(events, rows, blobs)):
        count += 1
        line = canonical(told) + b"\n"
        running.update(line)
        yield line
    yield canonical({"lines": count - 1, "sha256": running.hexdigest()}) + b"\n"


def _body(events: Iterable[Recorded], rows: Iterable[StoreRow], blobs: Iterable[bytes]) -> Iterator[dict[str, Json]]:
    for event in events:
        yield {"event": list(values_of(event))}
    for row in rows:
        yield {table_of(type(row)): [getattr(row, column) for column in columns_of(type(row))]}
    for content in blobs:
        yield {"blob": base64.b64encode(content).decode("ascii")}


def export_lines(reading: Reading, blobs: Iterable[bytes]) -> Iterator[bytes]:
    """The whole store as lines; `import_content` makes an equal one of them."""
    log = reading.get(Head, LOG) or Head(LOG, 0, GENESIS)
    about: dict[str, Json] = {"what": "store", "seq": log.count, "hash": log.hash}
    rows = (row for kind in ROWS if kind is not Head for row in reading.select(kind))
    return lines_of(about, events_of(reading), rows, blobs)


def events_of(reading: Reading, run: str | None = None) -> Iterator[Recorded]:
    """Every event of the log, or of one run, in order."""
    after = 0
    while batch := reading.log(after=after, limit=BATCH, run=run):
        yield from batch
        after = batch[-1].seq


Item = Mapping[str, Any] | Recorded | StoreRow | bytes
"""What a line of a file holds: the first one what the file is, each other an event, a row beside the log, or bytes."""


def items_of(lines: Iterable[bytes], name: str) -> Iterator[Item]:
    """What a file holds, line by line; StoreError names the first changed line, the last one included.

    Use no item before the end has been reached.
    """
    running, number, is_over = sha256(), 0, False
    for number, line in enumerate(lines, 1):
        where = f"{name}:{number}"
        if is_over:
            raise _foreign(where, "a line after the last one")
        told = _object(line, where)
        if number == 1:
            if told.get("onloop") != "log" or told.get("format") != FORMAT:
                raise _foreign(where, f"it is not an export of format {FORMAT}")
            yield told
        elif "sha256" in told:
            if told != {"lines": number - 2, "sha256": running.hexdigest()}:
                raise _foreign(where, "the digest over all lines does not match")
            is_over = True
        else:
            yield from _item(told, where)
        running.update(line)
    if not is_over:
        raise _foreign(name, "its last line is missing: it was cut")


def read_lines(lines: Iterable[bytes], name: str) -> Content:
    """Everything in a file; StoreError as `items_of`."""
    items = items_of(lines, name)
    content = Content(cast("Mapping[str, Any]", next(items)))
    for item in items:
        match item:
            case Recorded():
                content.events.append(item)
            case bytes():
                content.blobs.append(item)
            case StoreRow():
                content.rows.append(item)
    return content


class ImportSource(Record):
    """A file that was read once, line by line, and can be read again: what it says it is, and what was archived."""

    name: str
    lines: Callable[[], Iterable[bytes]]
    about: Mapping[str, Any]
    archived: tuple[Archived, ...]


def surveyed(lines: Callable[[], Iterable[bytes]], name: str) -> ImportSource:
    """The source that `lines` gives, each time it is asked; StoreError as `items_of`."""
    items = items_of(lines(), name)
    about = cast("Mapping[str, Any]", next(items))
    return ImportSource(name, lines, about, tuple(item for item in items if isinstance(item, Archived)))


def _object(line: bytes, where: str) -> dict[str, Any]:
    try:
        told = json.loads(line) if len(line) <= LONGEST_LINE else None
    except (ValueError, RecursionError):
        told = None
    if not isinstance(told, dict):
        raise _foreign(where, "it is not a JSON object")
    return told


def _item(told: dict[str, Any], where: str) -> Iterator[Item]:
    kind, values = next(iter(told.items())) if len(told) == 1 else ("", "")
    try:
        if kind == "event":
            yield cast("Recorded", _record(Recorded, values))
        elif kind == "blob":
            yield base64.b64decode(values, validate=True)
        elif kind != "brief" or len(values) != COLUMNS_OF_OLD_BRIEFS:
            yield cast("StoreRow", _record(TABLES[kind], values))
    except (KeyError, TypeError, ValueError):
        raise _foreign(where, f"it does not hold a valid {kind or 'row'} of this version") from None


def _record(kind: Callable[..., Any], values: Any) -> Any:
    if not isinstance(values, list) or not all(isinstance(v, str | int | None) for v in values):
        raise TypeError(values)
    return kind(*values)


def _foreign(where: str, why: str) -> StoreError:
    return StoreError(f"{where}: {why}", hint="export it again from its store")


def check_chains(events: Iterable[Recorded], name: str) -> dict[str, Head]:
    """The head of every run; StoreError names the first event whose hash does not follow."""
    heads: dict[str, Head] = {}
    for event in events:
        _follow(heads, event, name)
    return heads


def _follow(heads: dict[str, Head], event: Recorded, name: str) -> None:
    head = heads.get(event.run, Head(event.run, 0, GENESIS))
    if event.run_seq != head.count + 1 or link(head.hash, event) != event.hash:
        words = f"event {event.seq} ({event.task}, {event.name}) does not follow from the one before it"
        raise _foreign(name, words)
    heads[event.run] = Head(event.run, event.run_seq, event.hash)


class FillableStore(Transaction, Protocol):
    """A transaction on a store that may be filled with what was recorded elsewhere."""

    def insert(self, events: Iterable[Recorded]) -> None:
        """Put events into the log as they were recorded, with the numbers and hashes that they have."""
        ...


def import_source(tables: FillableStore, source: ImportSource) -> Fold:
    """Put a whole store's content into an empty one; the state is folded anew. StoreError says what does not fit."""
    if tables.last_seq() or tables.log(after=BEFORE_EVERY_EVENT, limit=1):  # whatever its head says
        raise StoreError(
            f"the store has {tables.last_seq()} events already", hint="import into a new folder: --store DIR"
        )
    if source.about.get("what") != "store":
        raise _foreign(source.name, "it holds archived runs, not a whole store; onloop store archive --read lists them")
    heads = _put_items(tables, source)
    for head in heads:
        tables.put(head)
    fold, problems = fold_log(tables)
    put_fold(tables, fold)
    problems += verify(tables).problems
    if problems:
        raise _foreign(source.name, problems[0])
    return fold


def _put_items(tables: FillableStore, source: ImportSource) -> list[Head]:
    """Put what a source holds into the tables, a batch of events at a time; the answer is where every chain ends."""
    end, heads, batch = base_of(source.archived), dict[str, Head](), list[Recorded]()
    for item in items_of(source.lines(), source.name):
        match item:
            case Recorded():
                _follow(heads, item, source.name)
                end = log_link(end, item.seq, item.hash)
                batch.append(item)
            case bytes():
                tables.put_blob(item)
            case StoreRow():
                tables.put(item)
        if len(batch) == BATCH:
            tables.insert(batch)
            batch.clear()
    tables.insert(batch)
    if end != source.about.get("hash") or type(source.about.get("seq")) is not int:
        raise _foreign(source.name, "its events do not end where its first line says")
    return [*heads.values(), Head(LOG, source.about["seq"], end)]


def put_fold(tables: FillableStore, fold: Fold) -> None:
    """Store everything that a log folds to."""
    for task in fold.tasks.values():
        tables.put_task(task)
    if HOUSE in fold.heads:
        tables.put_house(fold.house)


def state_digest(fold: Fold) -> str:
    """The digest of everything that a log folds to: the same in every version that reads it."""
    states = [to_text(fold.tasks[task_id]) for task_id in sorted(fold.tasks)]
    return sha256("\n".join([*states, to_text(fold.house)]).encode()).hexdigest()


def write_file(path: Path, lines: Iterable[bytes]) -> None:
    """Write lines to a new file (0600), durably; StoreError when it is there already or cannot be written."""
    try:
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as out:
            out.writelines(lines)
            out.flush()
            os.fsync(out.fileno())
        folder = os.open(path.parent, os.O_RDONLY)
        os.fsync(folder)
        os.close(folder)
    except OSError as problem:
        raise StoreError(f"{path} cannot be written: {problem.strerror}", hint="name a new file") from None


def file_lines(path: Path) -> Iterator[bytes]:
    """The lines of a file, read as they are asked for; StoreError says why it cannot be read."""
    try:
        with path.open("rb") as source:
            yield from iter(lambda: source.readline(LONGEST_LINE + 1), b"")
    except OSError as problem:
        raise StoreError(f"{path} cannot be read: {problem.strerror}", hint="name a file that was exported") from None
