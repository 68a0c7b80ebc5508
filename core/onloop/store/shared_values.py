"""Equal values of many tasks as one object each: of a hundred thousand tasks that are kept, it saves a third."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping
from typing import Any

from onloop.machine.task import Task
from onloop.records import defaults_of, exchange_equal

_NOTHING: Mapping[str, Any] = {}
"""Nobody changes a record's mapping; a proxy would not be encoded."""
_TEXTS = (
    "run",
    "title",
    "definition",
    "workflow",
    "sponsor",
    "parent",
    "repo",
    "origin",
    "target",
    "detail",
    "step",
    "role",
    "owner",
    "holder",
    "repo_owner",
)
"""Fields whose texts many tasks have in common."""
_MAPPINGS = tuple(name for name, default in defaults_of(Task) if getattr(default, "factory", None) is dict)
"""Fields that are empty in most tasks, each with an empty mapping of its own."""
MOST_TEXTS = 100_000
"""So many different texts are remembered while tasks are gone through."""
PIECE = 1_000
"""After so many tasks their values are shared: soon enough for the memory of those that are let go to be used again."""


class SharedValues:
    """Lets equal texts, counts of visits and empty mappings of the tasks it is given be the same objects."""

    def __init__(self) -> None:
        self._pool: dict[Hashable, Any] = {}
        self._begun = 0

    def of(self, tasks: Iterable[Task]) -> None:
        """Let these tasks share values with those before; they stay equal to what they were."""
        for task in tasks:
            for name in _TEXTS:
                self._share(task, name, getattr(task, name))
            self._share_times(task)
            for name in _MAPPINGS:
                if not getattr(task, name):
                    exchange_equal(task, name, _NOTHING)
            if task.visits:
                self._share(task, "visits", task.visits, tuple(task.visits.items()))

    def _share_times(self, task: Task) -> None:
        """Of the times, which are many: those within a task, and when those were begun that began together."""
        if task.created_at == self._begun:
            exchange_equal(task, "created_at", self._begun)
        self._begun = task.created_at
        if task.updated_at == task.created_at:
            exchange_equal(task, "updated_at", task.created_at)
        if task.since == task.updated_at:
            exchange_equal(task, "since", task.updated_at)

    def _share(self, task: Task, name: str, value: Any, key: Hashable = None) -> None:
        wanted = value if key is None else key
        known = self._pool.get(wanted)
        if known is None:
            if len(self._pool) < MOST_TEXTS:
                self._pool[wanted] = value
        elif known is not value:
            exchange_equal(task, name, known)
