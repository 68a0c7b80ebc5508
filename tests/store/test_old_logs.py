"""What earlier versions recorded means the same to this one."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from onloop.store.interchange import check_chains, put_fold, state_digest
from onloop.store.port import Recorded
from onloop.store.sqlite.database import SqliteStore, create_store
from onloop.store.verification import fold_log

LOGS = sorted((Path(__file__).parent / "logs").glob("*.jsonl"))


def _read(log: Path) -> tuple[list[Recorded], dict[str, Any]]:
    *events, end = map(json.loads, log.read_text(encoding="utf-8").splitlines())
    return [Recorded(*event) for event in events], end


def test_there_are_old_logs() -> None:
    assert LOGS


@pytest.mark.parametrize("log", LOGS, ids=lambda log: log.stem)
def test_an_old_log_folds_to_the_state_that_was_recorded_with_it(log: Path, tmp_path: Path) -> None:
    events, end = _read(log)
    create_store(tmp_path / "store")
    store = SqliteStore(tmp_path / "store")

    heads = check_chains(events, log.name)
    with store.changing() as tables:
        tables.insert(events)
        fold, _ = fold_log(tables)
        put_fold(tables, fold)
    store.close()

    assert {run: fold.heads[run] for run in heads} == heads
    assert (state_digest(fold), len(fold.tasks)) == (end["state"], end["tasks"])
