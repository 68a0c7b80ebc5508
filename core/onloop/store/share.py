"""One process's share of a log: some runs' events and their tasks' rows come in, and whether all is well goes out.

It opens no file and no database; what comes and goes is bare columns between processes of the same code.
"""

from __future__ import annotations

import gc
import marshal
import sys
from collections.abc import Iterable, Iterator
from typing import Any, BinaryIO

from onloop.machine.record import settled
from onloop.store.codec import to_text
from onloop.store.folding import Course, RunFold
from onloop.store.layout import task_row
from onloop.store.port import EventRow
from onloop.store.seal import seal_of

EVENTS, TASKS = "events", "tasks"
_LENGTH = 8

Answer = tuple[int, dict[str, tuple[int, str]], str]
"""How many tasks there are, each run's count and last hash, and the house as text."""


def put_frame(stream: BinaryIO, kind: str, rows: list[Any]) -> None:
    """Send rows of a kind."""
    content = marshal.dumps((kind, rows), 2)  # the version that looks for no equal objects
    stream.write(len(content).to_bytes(_LENGTH, "big"))
    stream.write(content)


def frames(stream: BinaryIO) -> Iterator[tuple[str, list[Any]]]:
    """What `put_frame` sent, to the end; EOFError where it was cut."""
    while head := stream.read(_LENGTH):
        kind, rows = marshal.loads(stream.read(int.from_bytes(head, "big")))  # noqa: S302 - from our own process
        yield kind, rows


def answered(given: Iterable[tuple[str, list[Any]]]) -> Answer | None:
    """What is said of events and, after all of them, of task rows; None where anything is not as it should be."""
    fold, count = RunFold(), 0
    for kind, rows in given:
        if kind == EVENTS:
            _absorb(fold, rows)
        elif all(_fits(fold.courses.pop(row[0], None), row) for row in rows):
            count += len(rows)
        else:
            return None
        if fold.problems:
            return None
    rowless = any(course.task is not None for course in fold.courses.values())
    return None if rowless else (count, fold.ends, to_text(fold.house))


def _absorb(fold: RunFold, rows: list[EventRow]) -> None:
    for row in rows:
        fold.absorb(row)


def _fits(course: Course | None, row: tuple[Any, ...]) -> bool:
    """Whether a task's row is what its events say, to the last column."""
    if course is None or course.task is None:
        return False
    expected = task_row(settled(course.task), course.last, course.first)
    expected = (*expected, seal_of("task", expected))
    return row == expected and [*map(type, row)] == [*map(type, expected)]


def serve() -> None:
    """Answer over standard input and output, once."""
    gc.disable()  # a fold makes no cycles, and the process ends with it
    answer = answered(frames(sys.stdin.buffer))
    sys.stdout.buffer.write(marshal.dumps(answer))
