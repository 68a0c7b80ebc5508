"""The results of a bench as lines of a file: what it is about, then a row for each trial, the moment that it has ended.

A bench that was killed goes on from its file: a line that was cut is dropped, and its trial is made again.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import TypeVar

import msgspec

from onloop import file_lock
from onloop.bench.bench_plan import BenchPlan
from onloop.bench.trial_row import TrialRow
from onloop.errors import BadInput, Unavailable
from onloop.records import Record
from onloop.text import safe

LARGEST = 64 * 1_048_576
FORMAT = 1

R = TypeVar("R", bound=Record)


class ResultsHead(Record):
    """The first line: the format, and a digest of all that decides what the rows show."""

    onloop_bench: int
    fingerprint: str
    tasks: tuple[str, ...]
    configurations: tuple[str, ...]


class ResultsFile:
    """The rows of one bench so far, and where the next ones go; any thread may add one.

    Only one bench at a time has it open. BadInput says where a file is not one of these, or of another bench.
    """

    def __init__(self, path: Path, plan: BenchPlan) -> None:
        self._path, self._turn = path, threading.Lock()
        self._file = _locked(path)
        try:
            self._rows = self._begun(plan)
        except BaseException:
            os.close(self._file)
            raise

    @property
    def rows(self) -> tuple[TrialRow, ...]:
        """The last row of each trial, in the order in which they were added."""
        with self._turn:
            return tuple({row.trial: row for row in self._rows}.values())

    def add(self, row: TrialRow) -> None:
        """Keep a row: it is on the disk when this returns."""
        with self._turn:
            self._write(row)
            self._rows.append(row)

    def close(self) -> None:
        """Let others have the file."""
        os.close(self._file)

    def _begun(self, plan: BenchPlan) -> list[TrialRow]:
        size = os.fstat(self._file).st_size
        if size > LARGEST:
            raise BadInput(f"{_shown(self._path)} has {size} bytes", hint=f"results have at most {LARGEST}")
        content = os.pread(self._file, size, 0)
        whole = content[: content.rfind(b"\n") + 1]
        head = ResultsHead(
            FORMAT,
            plan.fingerprint,
            tuple(task.id for task in plan.tasks),
            tuple(configuration.name for configuration in plan.configurations),
        )
        if not whole:
            if content and not msgspec.json.encode(head).startswith(content):
                raise _foreign(self._path, 1)
            os.ftruncate(self._file, 0)
            self._write(head)
            return []
        lines = whole.splitlines()
        self._check(_decoded(lines[0], ResultsHead, self._path, 1), head)
        rows = [_decoded(line, TrialRow, self._path, number) for number, line in enumerate(lines[1:], 2)]
        os.ftruncate(self._file, len(whole))
        return rows

    def _check(self, found: ResultsHead, wanted: ResultsHead) -> None:
        """BadInput where the file is of another bench: what of its rows would be compared with what, nobody knew."""
        if found.onloop_bench != FORMAT or found.fingerprint != wanted.fingerprint:
            words = f"{_shown(self._path)} holds the results of another bench: {_about(found)}"
            raise BadInput(words, hint="repeat it as it was, or name another file: --out FILE")

    def _write(self, record: Record) -> None:
        line = msgspec.json.encode(record) + b"\n"
        try:
            end = os.lseek(self._file, 0, os.SEEK_END)
            while line:
                written = os.pwrite(self._file, line, end)
                line, end = line[written:], end + written
            os.fsync(self._file)
        except OSError as problem:
            words = f"{_shown(self._path)} cannot be written: {problem.strerror}"
            raise Unavailable(words, hint="make room, then give the same command again") from None


def _locked(path: Path) -> int:
    """The open file, which no other bench has."""
    try:
        handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
    except OSError as problem:
        words = f"{_shown(path)} cannot be opened: {problem.strerror}"
        raise BadInput(words, hint="name a file in a folder that is there: --out FILE") from None
    if not file_lock.wait(handle, file_lock.LONGEST_LOOK_S):
        os.close(handle)
        raise Unavailable(f"another bench writes {_shown(path)}", hint="wait for it, or name another file: --out FILE")
    return handle


def _decoded(line: bytes, kind: type[R], path: Path, number: int) -> R:
    try:
        return msgspec.json.decode(line, type=kind)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        raise _foreign(path, number) from None


def _foreign(path: Path, number: int) -> BadInput:
    words = f"{_shown(path)}:{number}:1: this is no line of results"
    return BadInput(words, hint="name a file that onloop bench wrote, or a new one: --out FILE")


def _shown(path: Path) -> str:
    return safe(str(path), 300)


def _about(head: ResultsHead) -> str:
    return f"{_few(head.tasks)} with {_few(head.configurations)}"


def _few(names: Sequence[str]) -> str:
    shown = ", ".join(safe(name, 40) for name in names[:3])
    return f"{shown} and {len(names) - 3} more" if len(names) > 3 else shown
