"""Export, import, archive: whatever leaves a store verifies by itself, and comes back as it was or not at all."""
# ruff: noqa: S311 - chance makes tests here

from __future__ import annotations

import json
import random
from hashlib import sha256
from pathlib import Path
from typing import Any

import apsw
import pytest

from gateway.shop import Shop
from onloop.errors import StoreError
from onloop.machine.digest import Json, canonical
from onloop.records import replace
from onloop.store.codec import to_text
from onloop.store.interchange import export_lines, import_source, read_lines, surveyed
from onloop.store.port import Reading, TaskFilter
from onloop.store.rows import (
    ROWS,
    Archived,
    BriefRow,
    CachedAnswer,
    Head,
    IdempotencyRecord,
    TimerRow,
    Token,
    idempotency_key,
)
from onloop.store.sqlite.archive import finished_before, read_back, remove
from onloop.store.sqlite.database import SqliteStore, create_store
from onloop.store.sqlite.inspection import inspect
from store.furnished import furnished
from support.scenario import NOON

LONG_AFTER = NOON + 10**9


def _exported(store: SqliteStore) -> list[bytes]:
    with store.reading() as at:
        blobs = [bytes(row[0]) for row in store.connection.execute("SELECT bytes FROM blob ORDER BY digest")]
        return list(export_lines(at, blobs))


def _imported(lines: list[bytes], folder: Path) -> SqliteStore:
    create_store(folder)
    store = SqliteStore(folder)
    try:
        with store.changing() as tables:
            import_source(tables, surveyed(lambda: lines, "log.jsonl"))
    except BaseException:
        store.close()
        raise
    return store


def _with_fitting_digest(told: list[dict[str, Any]]) -> list[bytes]:
    """The lines of a file that says all this, with the last line that fits it."""
    lines = [canonical(line) + b"\n" for line in told]
    end: dict[str, Json] = {"lines": len(lines) - 1, "sha256": sha256(b"".join(lines)).hexdigest()}
    return [*lines, canonical(end) + b"\n"]


def _all(at: Reading) -> list[object]:
    rows = [row for kind in ROWS for row in at.select(kind)]
    return [at.tasks(TaskFilter()), at.house(), at.log(limit=10_000), rows]


def test_what_is_exported_comes_in_as_it_was_and_verifies(tmp_path: Path) -> None:
    shop = furnished(tmp_path / "one")
    assert isinstance(shop.store, SqliteStore)
    lines = _exported(shop.store)

    store = _imported(lines, tmp_path / "two")

    with shop.store.reading() as one, store.reading() as two:
        assert _all(one) == _all(two)
    assert inspect(store).problems == ()
    assert _exported(store) == lines
    store.close()
    shop.store.close()


def test_an_export_from_before_schema_4_comes_in_without_its_briefs(tmp_path: Path) -> None:
    shop = furnished(tmp_path / "one")
    assert isinstance(shop.store, SqliteStore)
    told = [json.loads(line) for line in _exported(shop.store)[:-1]]
    shop.store.close()
    old: list[dict[str, Any]] = [
        {"brief": [line["brief"][0], 3, *line["brief"][1:]]} if "brief" in line else line for line in told
    ]
    assert old != told

    store = _imported(_with_fitting_digest(old), tmp_path / "two")

    with store.reading() as at:
        assert (bool(at.select(CachedAnswer)), at.select(BriefRow)) == (True, [])
    assert inspect(store).problems == ()
    store.close()


def test_an_export_that_was_changed_anywhere_is_refused(tmp_path: Path) -> None:
    shop = furnished(tmp_path / "one")
    assert isinstance(shop.store, SqliteStore)
    lines, chance = _exported(shop.store), random.Random(3)
    shop.store.close()

    for _ in range(40):
        changed, number = list(lines), chance.randrange(len(lines))
        what = chance.choice(("edit", "drop", "double", "swap"))
        if what == "edit":
            at = chance.randrange(len(changed[number]) - 1)
            flipped = bytes([changed[number][at] ^ 1])
            changed[number] = changed[number][:at] + flipped + changed[number][at + 1 :]
        elif what == "drop":
            del changed[number]
        elif what == "double":
            changed.insert(number, changed[number])
        else:
            changed[number - 1], changed[number] = changed[number], changed[number - 1]
        with pytest.raises(StoreError) as told:
            read_lines(changed, "log.jsonl")
        assert told.value.message.startswith("log.jsonl")


def test_an_export_whose_digest_was_made_to_fit_is_refused_for_its_chain(tmp_path: Path) -> None:
    shop = furnished(tmp_path / "one")
    assert isinstance(shop.store, SqliteStore)
    told = [json.loads(line) for line in _exported(shop.store)[:-1]]
    shop.store.close()
    del told[9]
    lines = _with_fitting_digest(told)
    create_store(tmp_path / "two")
    store = SqliteStore(tmp_path / "two")

    with pytest.raises(StoreError, match="does not follow from the one before it"), store.changing() as tables:
        import_source(tables, surveyed(lambda: lines, "log.jsonl"))

    with store.reading() as at:
        assert at.log() == []
    store.close()


def test_a_file_that_becomes_another_one_between_its_two_readings_is_refused_and_leaves_no_trace(
    tmp_path: Path,
) -> None:
    shop = furnished(tmp_path / "one")
    assert isinstance(shop.store, SqliteStore)
    before = _exported(shop.store)
    shop.freeze("run:r2")
    readings = iter([before, _exported(shop.store)])
    shop.store.close()
    source = surveyed(lambda: next(readings), "log.jsonl")
    create_store(tmp_path / "two")
    store = SqliteStore(tmp_path / "two")

    with pytest.raises(StoreError, match="do not end where its first line says"), store.changing() as tables:
        import_source(tables, source)

    assert inspect(store).events == 0
    store.close()


def test_a_store_that_is_not_empty_takes_no_import(tmp_path: Path) -> None:
    shop = furnished(tmp_path / "one")
    assert isinstance(shop.store, SqliteStore)
    lines = _exported(shop.store)

    with pytest.raises(StoreError, match=r"the store has .* events already"), shop.store.changing() as tables:
        import_source(tables, surveyed(lambda: lines, "log.jsonl"))
    shop.store.close()


def _archived(shop: Shop, before: int) -> list[bytes]:
    assert isinstance(shop.store, SqliteStore)
    with shop.store.changing() as tables:
        retired = finished_before(tables, before)
        lines = retired.lines(tables)
        remove(tables, retired, LONG_AFTER)
    return lines


def test_finished_runs_go_to_a_file_and_their_chains_ends_stay(tmp_path: Path) -> None:
    shop = furnished(tmp_path / "store")
    assert isinstance(shop.store, SqliteStore)
    with shop.store.reading() as at:
        task, head, last = at.task("r3"), at.get(Head, "r3"), at.last_seq()
    assert task is not None
    assert head is not None

    content = read_lines(_archived(shop, LONG_AFTER), "old.jsonl")

    assert list(content.about["runs"]) == ["r3"]
    assert [to_text(kept) for kept in read_back(content, "old.jsonl")] == [to_text(task)]
    with shop.store.reading() as at:
        gone = at.get(Archived, "r3")
        assert gone is not None
        assert (gone.count, gone.hash) == (head.count, head.hash)
        assert (at.task("r3"), at.log(run="r3"), at.get(Head, "r3"), at.last_seq()) == (None, [], None, last)
        assert [len(at.select(kind, task="r3")) for kind in (CachedAnswer, BriefRow, Token, TimerRow)] == [0, 0, 0, 0]
        assert at.get(IdempotencyRecord, idempotency_key(shop.person().id, "second")) is None
    assert inspect(shop.store).problems == ()
    shop.store.close()


def test_work_goes_on_after_an_archive_and_everything_still_verifies(tmp_path: Path) -> None:
    shop = furnished(tmp_path / "store")
    assert isinstance(shop.store, SqliteStore)
    _archived(shop, LONG_AFTER)

    shop.begin(run="r5")
    shop.cancel("r5")
    _archived(shop, LONG_AFTER)
    shop.begin(run="r6")

    assert inspect(shop.store).problems == ()
    copy = _imported(_exported(shop.store), tmp_path / "copy")
    assert inspect(copy).problems == ()
    copy.close()
    shop.store.close()


def test_a_run_that_is_not_over_or_ended_too_late_is_not_archived(tmp_path: Path) -> None:
    shop = furnished(tmp_path / "store")

    with shop.store.reading() as at:
        assert finished_before(at, NOON).runs == ()
        assert finished_before(at, LONG_AFTER).runs == ("r3",)
    shop.store.close()


def test_events_of_a_run_that_was_not_archived_cannot_be_removed(tmp_path: Path) -> None:
    shop = furnished(tmp_path / "store")
    assert isinstance(shop.store, SqliteStore)
    _archived(shop, LONG_AFTER)

    with pytest.raises(apsw.ConstraintError, match="append-only"):
        shop.store.connection.execute("DELETE FROM event WHERE run='r2'")
    shop.store.close()


def test_an_archived_record_that_was_changed_is_named(tmp_path: Path) -> None:
    shop = furnished(tmp_path / "store")
    assert isinstance(shop.store, SqliteStore)
    _archived(shop, LONG_AFTER)
    shop.store.connection.execute("UPDATE archived SET hash='00'")

    assert any("archived" in problem for problem in inspect(shop.store).problems)
    shop.store.close()


def test_an_archive_with_a_changed_event_is_not_read_back(tmp_path: Path) -> None:
    shop = furnished(tmp_path / "store")
    content = read_lines(_archived(shop, LONG_AFTER), "old.jsonl")
    shop.store.close()
    content.events[2] = replace(content.events[2], principal="human:mallory")

    with pytest.raises(StoreError, match="does not follow from the one before it"):
        read_back(content, "old.jsonl")
