"""Columns of tasks: named the same everywhere, ordered without surprises, shared words said once."""

from __future__ import annotations

import pytest

from onloop.machine.task import Kind, Task
from onloop.machine.usage import Spending, StepSpending, Usage
from onloop.records import replace
from onloop.views.task_columns import (
    COLUMNS,
    ColumnProblem,
    ColumnRow,
    columns_named,
    left_out_words,
    order_named,
    order_words,
    ordered_ids,
    shared_words,
)

NOON = 1_800_000_000_000
MINUTE = 60_000


def _task(number: int, **more: object) -> Task:
    named = Task(f"r.{number}", "r", f"title {number}", Kind.WORK, "d", "fix", "human:ana", NOON, NOON, since=NOON)
    return replace(named, **more)  # type: ignore[arg-type]


def _rows(*tasks: Task) -> list[ColumnRow]:
    return [ColumnRow(task, NOON + 10 * MINUTE) for task in tasks]


def test_every_column_says_something_of_a_task_of_which_nothing_is_known() -> None:
    (row,) = _rows(_task(1))

    assert all(isinstance(each.words(row), str) and each.about and each.width > 3 for each in COLUMNS.values())
    assert COLUMNS["age"].words(row) == "10m"


def test_columns_are_named_with_commas_or_spaces_each_once_and_a_wrong_name_says_what_would_work() -> None:
    assert columns_named("state, owner  age,state") == ("state", "owner", "age")
    wrong = columns_named("state ownr")
    assert isinstance(wrong, ColumnProblem) and "did you mean owner?" in wrong.words
    assert isinstance(columns_named(" , "), ColumnProblem)
    assert order_named("-Age") == "-age"
    assert isinstance(order_named("--age"), ColumnProblem)


def test_an_order_keeps_what_is_alike_as_it_was_and_puts_empty_cells_last_both_ways() -> None:
    rows = _rows(_task(1, since=NOON), _task(2, since=NOON - MINUTE, owner="human:zoe"), _task(3, owner="human:Ana"))

    assert ordered_ids(rows, "age") == ("r.2", "r.1", "r.3") or ordered_ids(rows, "age")[0] == "r.2"
    assert ordered_ids(rows, "-age")[-1] == "r.2"
    assert ordered_ids(rows, "owner") == ("r.3", "r.2", "r.1")
    assert ordered_ids(rows, "-owner") == ("r.2", "r.3", "r.1")
    assert ordered_ids(rows, "workflow") == ("r.1", "r.2", "r.3")


@pytest.mark.parametrize(
    ("name", "more"), [("context", {"context": 0}), ("tokens", {}), ("cost", {}), ("progress", {})]
)
def test_what_nobody_told_is_last_both_ways_and_is_never_taken_for_the_least(name: str, more: dict[str, int]) -> None:
    told = Spending({"write": StepSpending(usage=Usage(input=5, output=0, micro_usd=7))})
    rows = [
        ColumnRow(_task(1), NOON),
        ColumnRow(_task(2, spending=told, **more), NOON, progress_at=NOON - MINUTE),
        ColumnRow(_task(3), NOON),
    ]

    assert ordered_ids(rows, name) == ordered_ids(rows, f"-{name}") == ("r.2", "r.1", "r.3")


@pytest.mark.parametrize("name", COLUMNS)
def test_rows_can_be_ordered_by_every_column(name: str) -> None:
    rows = _rows(_task(1, context=3), _task(2), _task(3, labels=("a",), round=2))

    assert set(ordered_ids(rows, name)) == {"r.1", "r.2", "r.3"}
    assert order_words(name) and order_words(f"-{name}").endswith("the other way round")


def test_what_all_rows_share_is_found_in_columns_that_may_be_shared_and_never_of_one_row() -> None:
    rows = _rows(_task(1, repo="a", labels=("x",)), _task(2, repo="b", labels=("x",)))

    assert shared_words(rows, ("repo", "labels", "state", "run")) == {"labels": "x", "run": "r"}
    assert shared_words(rows[:1], ("run",)) == {}
    assert (left_out_words(0), left_out_words(1), left_out_words(2)) == ("", "+1 column", "+2 columns")
