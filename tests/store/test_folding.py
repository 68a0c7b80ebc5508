"""What is wrong with a log is named, event by event, even where somebody made every hash fit."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import apsw
import pytest

from onloop.machine.events import Created, Moved
from onloop.machine.state import State
from onloop.machine.store_state import Frozen
from onloop.machine.task import Kind
from onloop.records import Record, replace
from onloop.store.chain import GENESIS, link
from onloop.store.codec import Logged, to_text
from onloop.store.port import Recorded
from onloop.store.rows import LOG, Archived
from onloop.store.sqlite.database import FILE, create_store
from onloop.store.sqlite.tables import Tables
from onloop.store.verification import fold_log

CREATED = Created("Fix it", Kind.WORK, "feature", "d1", "human:ana", "r1")
MOVED = Moved(State.WORKING)
NOON = 1_700_000_000_000


class Forged(Record):
    """An event as a forger counts it; its hash fits."""

    seq: int
    event: Logged
    run: str = "r1"
    run_seq: int = 1
    task: str = "r1"
    version: int = 1


def _put(tables: Tables, *forged: Forged) -> None:
    ends: dict[str, str] = {}
    for f in forged:
        name, data = type(f.event).__name__, to_text(f.event)
        event = Recorded(f.seq, f.run, f.run_seq, f.task, f.version, name, data, NOON, "human:ana", "", "")
        event = replace(event, hash=link(ends.get(f.run, GENESIS), event))
        ends[f.run] = event.hash
        tables.insert([event])


@pytest.fixture
def tables(tmp_path: Path) -> Iterator[Tables]:
    create_store(tmp_path)
    connection = apsw.Connection(str(tmp_path / FILE))
    yield Tables(connection)
    connection.close()


FIRST = Forged(1, CREATED)
WRONG = {
    "a version left out": (
        Forged(2, MOVED, run_seq=2, version=3),
        ["event 2 (r1, Moved): version: 3, expected 2"],
    ),
    "a place in the run left out": (
        Forged(2, MOVED, run_seq=3, version=2),
        ["event 2 (r1, Moved): run_seq: 3, expected 2"],
    ),
    "a sequence left out": (
        Forged(3, MOVED, run_seq=2, version=2),
        [
            "event 3 (r1, Moved): seq: expected 2",
            "the log has 2 events, and 0 archived ones, up to sequence 3",
        ],
    ),
    "an event of the house in a run": (
        Forged(2, Frozen("all", "human:ana", "stop"), run_seq=2, version=2),
        ["event 2 (r1, Frozen): run: r1, expected house"],
    ),
    "a task that begins otherwise than by being created": (
        Forged(2, MOVED, run="r2", task="r2"),
        ["event 2 (r2, Moved): data: r2: the first event is Moved, not Created"],
    ),
}


@pytest.mark.parametrize(("second", "problems"), WRONG.values(), ids=WRONG)
def test_each_thing_that_is_wrong_is_named_and_nothing_else(
    tables: Tables, second: Forged, problems: list[str]
) -> None:
    _put(tables, FIRST, second)

    assert fold_log(tables)[1] == problems


def test_a_run_with_the_name_of_the_log_is_held_against_the_logs_own_chain(tables: Tables) -> None:
    _put(tables, FIRST, Forged(2, CREATED, run=LOG, task="r2"))

    _, problems = fold_log(tables)

    assert problems[0] == "event 2 (r2, Created): run_seq: 1, expected 2"
    assert problems[1].startswith("event 2 (r2, Created): its hash does not follow from the event before it: ")


@pytest.mark.parametrize(("seq", "last"), [(1, 3), (2, 3), (3, 3)])
def test_a_log_with_archived_events_ends_where_all_of_them_ended(tables: Tables, seq: int, last: int) -> None:
    tables.put(Archived("r0", 2, "ee", 1, NOON, 3, "ff"))
    _put(tables, replace(FIRST, seq=seq))

    fold, problems = fold_log(tables)

    assert problems == []
    assert fold.heads[LOG].count == last


def test_more_may_not_be_missing_than_was_archived(tables: Tables) -> None:
    tables.put(Archived("r0", 2, "ee", 1, NOON, 3, "ff"))
    _put(tables, replace(FIRST, seq=4))

    assert fold_log(tables)[1] == [
        "event 4 (r1, Created): seq: expected 1",
        "the log has 1 events, and 2 archived ones, up to sequence 4",
    ]
