"""Whether a large log and its tasks are all as they should be, found by several processes: yes, or a doubt.

This process reads the store, at one moment, and follows the chain of the whole log. It deals the events out by run to
others (`share`), which follow each run's chain, fold its tasks and hold their rows against the fold. They open no file,
so there is one moment and one reader. Whatever is not as it should be is only a doubt: who doubts folds the log in one
process, which finds the words.
"""

from __future__ import annotations

import marshal
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO, cast

import apsw

from onloop.errors import StoreError
from onloop.machine.house import HOUSE, House
from onloop.store.codec import from_text
from onloop.store.folding import LogFold
from onloop.store.rows import LOG, Archived, Head
from onloop.store.share import EVENTS, TASKS, Answer, put_frame
from onloop.store.tables import Tables
from onloop.store.verification import log_rows

FEWEST = 100_000
"""From how many events on several processes are worth their start."""

MOST = 4
"""How many processes fold at most: more than one process can read for would wait."""

BATCH = 2000


@dataclass(frozen=True, slots=True)
class Attested:
    """What a log gives whose tasks all have the rows that they should have; house and heads are yet to be compared."""

    events: int = 0
    tasks: int = 0
    house: House = field(default_factory=House)
    heads: Mapping[str, Head] = field(default_factory=dict)


def attested(tables: Tables, processes: int | None = None) -> Attested | None:
    """What the log gives; None for a doubt of any kind, and for a log of few events.

    As many `processes` fold at once as are given; or as there are cores, if the log is worth it.
    """
    try:
        if processes is None:
            processes = _worth(tables.last_seq())
        if processes < 2 or not sys.executable:
            return None
        with ExitStack() as stack:
            return _attested(tables, [stack.enter_context(_started()) for _ in range(processes)])
    except (StoreError, apsw.Error, OSError):  # what cannot be read, and a process that did not start or did not stay
        return None


def _worth(events: int) -> int:
    """How many processes a log of so many events is worth."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return min(MOST, cores) if events >= FEWEST else 1


def _attested(tables: Tables, shares: Sequence[_Share]) -> Attested | None:
    log, dealt, problems = LogFold(tables.select(Archived)), dict[str, int](), list[str]()
    for rows in log_rows(tables):
        for row in rows:
            log.absorb(row, problems)
        _deal(EVENTS, rows, shares, dealt)
    head = log.head(problems)
    tasks = tables.run("SELECT * FROM task")
    for start in range(0, len(tasks), BATCH):
        _deal(TASKS, tasks[start : start + BATCH], shares, dealt)
    answers = [share.answer() for share in shares]
    named = {row[0] for row in tasks}  # a task with two rows, each in a share of its own, would fit twice
    if problems or head is None or LOG in dealt or len(named) != len(tasks):
        return None
    return _joined(answers, log.events, head, dealt.get(HOUSE))


def _deal(kind: str, rows: Sequence[tuple[Any, ...]], shares: Sequence[_Share], dealt: dict[str, int]) -> None:
    """Give every row to the process that has its run; `dealt` says which has which."""
    parts: list[list[tuple[Any, ...]]] = [[] for _ in shares]
    for row in rows:
        run = row[1]
        which = dealt.get(run)
        if which is None:
            which = dealt[run] = len(dealt) % len(shares)
        parts[which].append(row)
    for share, part in zip(shares, parts, strict=True):
        put_frame(share.given, kind, part)


def _joined(answers: Sequence[Answer | None], events: int, log: Head, house_at: int | None) -> Attested | None:
    tasks, house, heads = 0, House(), {LOG: log}
    for which, answer in enumerate(answers):
        if answer is None:
            return None
        count, ends, text = answer
        tasks += count
        heads |= {run: Head(run, *end) for run, end in ends.items()}
        if which == house_at:
            house = from_text(House, text)
    return Attested(events, tasks, house, heads)


@dataclass(frozen=True, slots=True)
class _Share:
    """A process with its share of the log."""

    given: BinaryIO
    told: BinaryIO

    def answer(self) -> Answer | None:
        """What it says when it has everything; None where it says nothing that can be read."""
        self.given.close()
        try:
            return cast("Answer | None", marshal.loads(self.told.read()))  # noqa: S302 - from our own process
        except (EOFError, ValueError, TypeError):
            return None


@contextmanager
def _started() -> Iterator[_Share]:
    """A process of this very code and interpreter: no folder, PATH or PYTHONPATH can put other code in its place."""
    root = str(Path(__file__).parents[2])
    start = f"import sys; sys.path.insert(0, {root!r}); from onloop.store.share import serve; serve()"
    process = subprocess.Popen(
        [sys.executable, "-I", "-c", start],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        cwd="/",
    )
    share = _Share(cast("BinaryIO", process.stdin), cast("BinaryIO", process.stdout))
    try:
        yield share
    finally:
        process.kill()
        with suppress(OSError):
            share.given.close()
        share.told.close()
        process.wait()
