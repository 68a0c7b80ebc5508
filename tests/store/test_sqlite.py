"""What only the durable store has: a file that may be foreign, newer, damaged or busy, and killed writers."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import apsw
import pytest

from onloop.errors import BadInput, StoreError, Unavailable
from onloop.machine.events import Created
from onloop.machine.evolve import evolve
from onloop.machine.task import Kind
from onloop.store.port import EventEntry, Transaction
from onloop.store.sqlite.database import FILE, SCHEMA_VERSION, SqliteStore, create_store
from onloop.store.sqlite.fair_lock import FairLock
from onloop.store.verification import verify

WRITER = """
import sys, itertools
from pathlib import Path
from onloop.machine.events import Created
from onloop.machine.evolve import evolve
from onloop.machine.task import Kind
from onloop.store.port import EventEntry
from onloop.store.sqlite.database import SqliteStore
store = SqliteStore(Path(sys.argv[1]))
for number in itertools.count():
    task = f"{sys.argv[2]}{number}"
    event = Created("t", Kind.WORK, "w", "d", "human:a", task)
    def write(tx):
        tx.append([EventEntry(task, task, event, 1, "human:a")])
        tx.put_task(evolve(None, event, id=task, at=1))
    store.transact(write)
    print(task, flush=True)
"""


def _environment() -> dict[str, str]:
    core = Path(__file__).parents[2] / "core"
    return {**os.environ, "PYTHONPATH": str(core)}


def test_a_folder_without_a_store_says_how_to_make_one(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="there is no store in") as told:
        SqliteStore(tmp_path)

    assert "onloop init" in told.value.hint


def test_a_file_that_is_no_database_is_said_to_be_none(tmp_path: Path) -> None:
    (tmp_path / FILE).write_bytes(b"not a database, but long enough to have a header of its own" * 40)

    with pytest.raises(StoreError, match="is damaged or not a store"):
        SqliteStore(tmp_path)


def test_another_programs_database_is_refused_and_left_alone(tmp_path: Path) -> None:
    other = apsw.Connection(str(tmp_path / FILE))
    other.execute("CREATE TABLE theirs (x)")
    other.close()
    before = (tmp_path / FILE).read_bytes()

    with pytest.raises(StoreError, match="is not an onloop store"):
        SqliteStore(tmp_path)
    create_store(tmp_path)

    assert (tmp_path / FILE).read_bytes() == before


def test_a_store_of_a_newer_onloop_is_refused_by_its_version(tmp_path: Path) -> None:
    create_store(tmp_path)
    newer = apsw.Connection(str(tmp_path / FILE))
    newer.execute("PRAGMA user_version=99")
    newer.close()

    with pytest.raises(StoreError, match=f"has schema version 99, and this onloop knows {SCHEMA_VERSION}"):
        SqliteStore(tmp_path)


def test_making_a_store_twice_keeps_what_is_in_it(tmp_path: Path) -> None:
    create_store(tmp_path)
    store = SqliteStore(tmp_path)
    event = Created("t", Kind.WORK, "w", "d", "human:a", "r1")

    def write(tx: Transaction) -> None:
        tx.append([EventEntry("r1", "r1", event, 1, "human:a")])
        tx.put_task(evolve(None, event, id="r1", at=1))

    store.transact(write)

    create_store(tmp_path)

    with store.reading() as now:
        assert now.last_seq() == 1
    store.close()


def test_the_log_itself_refuses_to_be_changed(tmp_path: Path) -> None:
    create_store(tmp_path)
    connection = apsw.Connection(str(tmp_path / FILE))
    connection.execute("INSERT INTO event VALUES (1,'r',1,'t',1,'Moved','{}',1,'p','','h')")

    for statement in ("UPDATE event SET data='x'", "DELETE FROM event"):
        with pytest.raises(apsw.ConstraintError, match="append-only"):
            connection.execute(statement)
    connection.close()


def test_a_changed_event_is_named_by_verify(tmp_path: Path) -> None:
    create_store(tmp_path)
    store = SqliteStore(tmp_path)
    for number in (1, 2):
        event = Created("t", Kind.WORK, "w", "d", "human:a", f"r{number}")

        def write(tx: Transaction, run: str = f"r{number}", event: Created = event) -> None:
            tx.append([EventEntry(run, run, event, 1, "human:a")])
            tx.put_task(evolve(None, event, id=run, at=1))

        store.transact(write)
    connection = apsw.Connection(str(tmp_path / FILE))
    connection.execute("DROP TRIGGER event_is_never_changed; UPDATE event SET principal='human:mallory' WHERE seq=2")
    connection.close()

    with store.reading() as now:
        problems = verify(now).problems
    store.close()

    assert [p.partition(":")[0] for p in problems] == ["event 2 (r2, Created)"]
    assert "its hash does not follow from the event before it" in problems[0]


def test_the_stamp_changes_when_another_connection_commits(tmp_path: Path) -> None:
    create_store(tmp_path)
    ours, theirs = SqliteStore(tmp_path), SqliteStore(tmp_path)
    before = ours.stamp()
    assert ours.stamp() == before

    def write(tx: Transaction) -> None:
        tx.put_blob(b"x")

    theirs.transact(write)

    assert ours.stamp() != before
    ours.close()
    theirs.close()


def test_a_writer_that_waits_too_long_names_who_holds_the_turn(tmp_path: Path) -> None:
    first, second = FairLock(tmp_path / "lock"), FairLock(tmp_path / "lock", patience_s=0.05)

    with first.turn(), pytest.raises(Unavailable, match=f"process {os.getpid()} has held"), second.turn():
        pass
    first.close()


def test_writers_killed_at_any_moment_lose_nothing_that_they_acknowledged(tmp_path: Path) -> None:
    create_store(tmp_path)
    acknowledged: list[str] = []
    for letter in "abc":
        writers = [
            subprocess.Popen(
                [sys.executable, "-c", WRITER, str(tmp_path), f"{letter}{n}-"],
                stdout=subprocess.PIPE,
                env=_environment(),
                text=True,
            )
            for n in range(2)
        ]
        for writer in writers:
            assert writer.stdout is not None
            acknowledged += [writer.stdout.readline().strip() for _ in range(20)]
            writer.send_signal(signal.SIGKILL)
        for writer in writers:
            acknowledged += (writer.communicate()[0] or "").split()

    store = SqliteStore(tmp_path)
    with store.reading() as now:
        found = verify(now)
        missing = [task for task in acknowledged if now.task(task) is None]
    store.close()

    assert (missing, found.problems) == ([], ())
    assert found.tasks >= len(acknowledged) >= 120


def test_more_roles_at_once_than_a_statement_takes_are_refused_in_words(tmp_path: Path) -> None:
    create_store(tmp_path / "store")
    store = SqliteStore(tmp_path / "store")

    with pytest.raises(BadInput, match="101 roles at once"), store.reading() as at:
        at.claimable([f"role{number}" for number in range(101)], 10)

    store.close()
