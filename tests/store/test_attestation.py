"""Several processes attest what one process finds; whatever goes wrong with them, one process finds it alone."""

from __future__ import annotations

import io
import stat
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import apsw
import pytest

from onloop.machine.events import Created
from onloop.machine.evolve import evolve
from onloop.machine.task import Kind
from onloop.store import share
from onloop.store.attestation import FEWEST, Attested, attested
from onloop.store.chain import GENESIS, columns_of, sealed
from onloop.store.inspection import inspect
from onloop.store.layout import task_row
from onloop.store.port import Entry, TaskFilter
from onloop.store.rows import LOG, Head
from onloop.store.seal import seal_of
from onloop.store.sqlite import FILE, SqliteStore, create_store
from onloop.store.tables import Tables
from onloop.store.verification import fold_log
from store.furnished import furnished

CREATED = Created("Fix it", Kind.WORK, "d1", "feature", "human:ana", "r1")
NOON = 1_700_000_000_000


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("attested") / "store"
    furnished(made).store.close()
    return made


@pytest.fixture
def store(folder: Path) -> Iterator[SqliteStore]:
    opened = SqliteStore(folder)
    yield opened
    opened.close()


def _attested(store: SqliteStore, processes: int | None) -> Attested | None:
    with store.reading():
        return attested(Tables(store.connection), processes)


@pytest.mark.parametrize("processes", [2, 3])
def test_several_processes_give_what_one_gives(store: SqliteStore, processes: int) -> None:
    with store.reading() as at:
        fold, problems = fold_log(at)

    found = _attested(store, processes)

    assert problems == []
    assert found == Attested(fold.events, len(fold.tasks), fold.house, fold.heads)
    assert len(found.heads) > 3
    assert found.house.people


def test_a_whole_verification_is_the_same_with_several_processes(store: SqliteStore) -> None:
    assert inspect(store, processes=2) == inspect(store, processes=1)
    assert inspect(store, processes=2).problems == ()


@pytest.mark.parametrize("program", ["/nowhere/python", "/bin/false", "/bin/true", ""])
def test_where_no_process_can_help_the_answer_is_found_by_one(
    store: SqliteStore, monkeypatch: pytest.MonkeyPatch, program: str
) -> None:
    alone = inspect(store, processes=1)
    monkeypatch.setattr(sys, "executable", program)

    assert _attested(store, 2) is None
    assert inspect(store, processes=2) == alone


def test_a_small_log_starts_no_process_and_a_large_one_does(
    store: SqliteStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    mark, program = tmp_path / "started", tmp_path / "python"
    program.write_text(f"#!/bin/sh\ntouch {mark}\ncat > /dev/null\n")
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setattr(sys, "executable", str(program))

    with store.reading() as at:
        assert at.last_seq() < FEWEST
    assert inspect(store).problems == ()
    assert not mark.exists()
    inspect(store, processes=2)
    assert mark.exists()


def test_neither_folder_nor_environment_chooses_the_code_that_attests(
    store: SqliteStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("sitecustomize", "usercustomize", "marshal", "gc", "onloop", "json"):
        (tmp_path / f"{name}.py").write_text(f"open({str(tmp_path / 'ran')!r}, 'w').close()\n")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    monkeypatch.setenv("PATH", str(tmp_path))

    assert _attested(store, 2) is not None
    assert not (tmp_path / "ran").exists()


def test_an_empty_store_is_attested_by_nobody_and_verifies(tmp_path: Path) -> None:
    create_store(tmp_path / "store")
    opened = SqliteStore(tmp_path / "store")

    assert _attested(opened, 2) is None
    assert inspect(opened, processes=2) == inspect(opened, processes=1)
    opened.close()


def _loose(folder: Path, *histories: tuple[str, str], gap: int = 0) -> Tables:
    """A store without constraints in which each run created each task, with fitting chains, rows and seals."""
    create_store(folder)
    connection, log = apsw.Connection(str(folder / FILE)), Head(LOG, 0, GENESIS)
    for table in ("event", "task"):
        connection.execute(f"CREATE TABLE loose AS SELECT * FROM {table}; DROP TABLE {table}")  # noqa: S608
        connection.execute(f"ALTER TABLE loose RENAME TO {table}")
    for run, task in histories:
        created, before = replace(CREATED, run=run), replace(log, count=log.count + gap)
        event, _, log = sealed(Entry(run, task, created, NOON, "human:ana"), Head(run, 0, GENESIS), before, 1)
        connection.execute("INSERT INTO event VALUES (?,?,?,?,?,?,?,?,?,?,?)", columns_of(event))
        row = task_row(evolve(None, created, id=task, at=NOON), event.seq, event.seq)
        connection.execute("INSERT INTO task VALUES (?,?,?,?,?,?,?,?,?,?,?)", (*row, seal_of("task", row)))
    return Tables(connection)


def test_two_runs_with_a_task_each_are_attested(tmp_path: Path) -> None:
    found = attested(_loose(tmp_path / "store", ("r1", "t1"), ("r2", "t2")), 2)

    assert found is not None
    assert (found.events, found.tasks, set(found.heads)) == (2, 2, {LOG, "r1", "r2"})


def test_a_task_that_two_runs_have_is_a_doubt_even_if_each_run_is_all_right(tmp_path: Path) -> None:
    assert attested(_loose(tmp_path / "store", ("r1", "t"), ("r2", "t")), 2) is None


def test_a_run_with_the_name_of_the_log_is_a_doubt(tmp_path: Path) -> None:
    assert attested(_loose(tmp_path / "store", ("r1", "t1"), (LOG, "t2")), 2) is None


def test_a_gap_in_the_log_is_a_doubt_even_if_every_run_is_all_right(tmp_path: Path) -> None:
    assert attested(_loose(tmp_path / "store", ("r1", "t1"), ("r2", "t2"), gap=1), 2) is None


def test_a_row_of_a_run_without_events_is_a_doubt(tmp_path: Path) -> None:
    tables = _loose(tmp_path / "store", ("r1", "t1"), ("r2", "t2"))
    tables.run("UPDATE event SET run='r1', run_seq=2 WHERE task='t2'")

    assert attested(tables, 2) is None


def _frames(store: SqliteStore) -> tuple[list[tuple[object, ...]], list[tuple[object, ...]]]:
    with store.reading() as at:
        events = [columns_of(event) for event in at.log()]
        assert at.tasks(TaskFilter())
    return list(events), Tables(store.connection).run("SELECT * FROM task")


def test_a_share_answers_only_if_every_task_has_its_row_and_every_row_its_task(store: SqliteStore) -> None:
    events, tasks = _frames(store)

    assert share.answered([(share.EVENTS, events), (share.TASKS, tasks)]) is not None
    assert share.answered([(share.EVENTS, events), (share.TASKS, tasks[1:])]) is None
    assert share.answered([(share.EVENTS, events), (share.TASKS, [*tasks, tasks[0]])]) is None
    assert share.answered([(share.EVENTS, events[1:]), (share.TASKS, tasks)]) is None
    assert share.answered([(share.EVENTS, []), (share.TASKS, tasks[:1])]) is None


def test_every_column_of_a_tasks_row_counts_its_type_too(store: SqliteStore) -> None:
    events, tasks = _frames(store)

    for index, value in enumerate(tasks[0]):
        wrong = f"{value}x" if isinstance(value, str) or value is None else float(str(value))
        changed = (*tasks[0][:index], wrong, *tasks[0][index + 1 :])
        assert share.answered([(share.EVENTS, events), (share.TASKS, [changed, *tasks[1:]])]) is None


def test_frames_arrive_as_they_were_sent_and_a_cut_one_not_at_all() -> None:
    stream = io.BytesIO()
    share.put_frame(stream, share.EVENTS, [(1, "é\ud800", None, 2**70)])
    whole = stream.getvalue()

    assert list(share.frames(io.BytesIO(whole))) == [(share.EVENTS, [(1, "é\ud800", None, 2**70)])]
    for end in range(1, len(whole)):
        with pytest.raises(EOFError):
            list(share.frames(io.BytesIO(whole[:end])))
