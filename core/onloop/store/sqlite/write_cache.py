"""Rows that a connection remembers from its own transactions, so that it need not read them again.

It holds only while nobody else has written, and nothing was undone: then it is forgotten as a whole.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeVar, cast

from onloop.machine.store_state import StoreState
from onloop.machine.task import Task
from onloop.records import MutableRecord, Record, field
from onloop.store.rows import StoreRow

R = TypeVar("R", bound=StoreRow)
Tally = tuple[int, str]

MOST_ROWS = 4_096
"""The most entries that are kept from one transaction to the next."""


class Ends(Record):
    """A task's place in the log: its version, and the sequences of its first and its last event; 0 where none is."""

    version: int = 0
    first: int = 0
    last: int = 0


class WriteCache(MutableRecord):
    """Rows by kind and key (None: there is none), rows by kind and task, and what else a transition asks for."""

    mark: int | None = None
    rows: dict[tuple[type[StoreRow], str], tuple[StoreRow, str] | None] = field(default_factory=dict)
    of_task: dict[tuple[type[StoreRow], str], dict[str, StoreRow]] = field(default_factory=dict)
    tasks: dict[str, Task] = field(default_factory=dict)
    placed: dict[str, Sequence[object]] = field(default_factory=dict)
    ends: dict[str, Ends] = field(default_factory=dict)
    tallies: dict[str, Tally] = field(default_factory=dict)
    house: StoreState | None = None

    def begin(self, mark: int | None) -> None:
        """Keep the cache if nobody has written since, which is when `mark` is unchanged; None always empties it."""
        many = len(self.rows) + len(self.tasks) + len(self.ends) > MOST_ROWS
        if mark is None or mark != self.mark or many:
            self.forget()
        self.mark = mark

    def forget(self) -> None:
        """Empty the cache."""
        for each in (self.rows, self.of_task, self.tasks, self.placed, self.ends, self.tallies):
            each.clear()
        self.house = None

    def put(self, row: StoreRow, key: str, seal: str) -> None:
        """The row is there from now on."""
        self.rows[type(row), key] = row, seal
        alike = self.of_task.get((type(row), getattr(row, "task", "")))
        if alike is not None:
            alike[key] = row

    def delete(self, kind: type[StoreRow], key: str) -> None:
        """No row is there under that key from now on."""
        before = self.rows.get((kind, key))
        self.rows[kind, key] = None
        if before is not None:
            self.of_task.get((kind, getattr(before[0], "task", "")), {}).pop(key, None)
            return
        for alike in [rows for (other, _), rows in self.of_task.items() if other is kind]:
            alike.pop(key, None)

    def put_all(self, kind: type[StoreRow], task: str, found: Sequence[tuple[str, StoreRow, str]]) -> None:
        """These rows, by key and with their seals, are all that the task has of that kind."""
        self.of_task[kind, task] = {key: row for key, row, _ in found}
        for key, row, seal in found:
            self.rows[kind, key] = row, seal

    def all_of(self, kind: type[R], task: str) -> Sequence[R] | None:
        """What the task has of a kind, in the order of their keys; None where that is not known."""
        alike = self.of_task.get((kind, task))
        return None if alike is None else [cast("R", alike[key]) for key in sorted(alike)]

    def appended(self, task: str, version: int, seq: int) -> None:
        """The task has one more event."""
        before = self.ends.get(task)
        self.ends[task] = Ends(version, before.first if before is not None and before.first else seq, seq)


def task_asked(columns: Sequence[str], equal: dict[str, Any]) -> str | None:
    """The task of which rows are asked for, where nothing else is asked of them."""
    return equal["task"] if list(equal) == ["task"] and columns[0] != "task" else None
