"""The contract of every verb: stdout is data, stderr is why, the exit code is an interface (guide `protocol`)."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Sequence

from onloop.cli.json_models.envelope import ErrorJson, LogHeadJson, plain
from onloop.errors import Exit, OnloopError, Unavailable, WorkflowError
from onloop.records import Record
from onloop.text import cells, padded, safe, safe_lines

AT_ONCE = 1000
"""How many lines are printed at a time: a flush for each of many thousand takes longer than making them."""


class VerbOutput(Record):
    """What a verb answers: `lines` for people or `data` as JSON on stdout, `notes` on stderr, an exit code.

    Whoever builds `lines` makes foreign text `safe`; a line end that is left in one of them is meant. `head` is where
    the log ended after what the verb changed. `is_long` lines go through the person's pager, in a terminal.
    """

    exit: Exit = Exit.OK
    lines: tuple[str, ...] = ()
    data: Record | None = None
    notes: tuple[str, ...] = ()
    head: LogHeadJson | None = None
    is_long: bool = False


def write(output: VerbOutput, *, as_json: bool) -> int:
    """Print an answer; the exit code is returned as a number."""
    if as_json:
        _print(json_text(output))
    elif not (output.is_long and _paged(output.lines)):
        for start in range(0, len(output.lines), AT_ONCE):
            _print("\n".join(map(safe_lines, output.lines[start : start + AT_ONCE])))
    for note in output.notes:
        _print(safe(note), error=True)
    return output.exit.value


def _paged(lines: Sequence[str]) -> bool:
    """Whether the lines were shown through a pager."""
    from onloop.cli import pager  # here: most verbs print a few lines
    from onloop.guides.layout import Piece

    if not pager.is_terminal():
        return False
    pager.show([(Piece(row),) for shown in lines for row in safe_lines(shown).split("\n")])
    return True


def json_text(output: VerbOutput) -> str:
    """The one JSON object that `--json` prints: the exit code, the model's fields, and the log's end after a write."""
    data = plain(output.data) if output.data is not None else {}
    head = {"head": plain(output.head), "log_head": plain(output.head)} if output.head is not None else {}
    return json.dumps({"exit": output.exit.value, **data, **head}, ensure_ascii=True)


def error_text(error: OnloopError) -> str:
    """The one JSON object that says what happened and what would work."""
    return json.dumps(plain(ErrorJson(error.exit, error.code, error.message, error.hint)), ensure_ascii=True)


def write_error(error: OnloopError, *, as_json: bool) -> int:
    """Print what happened and what would work; with --json the same as an object on stdout."""
    if as_json:
        _print(error_text(error))
    problems = error.problems if isinstance(error, WorkflowError) else (f"onloop: {error.message}",)
    for problem in problems:
        _print(safe(problem), error=True)
    _print(safe(f"  → {error.hint}"), error=True)
    return error.exit.value


def _print(line: str, *, error: bool = False) -> None:
    stream = sys.stderr if error else sys.stdout
    encoding = stream.encoding or "utf-8"
    try:
        stream.write(line.encode(encoding, "replace").decode(encoding, "replace") + "\n")
        stream.flush()
    except OSError as problem:
        # keep the interpreter from complaining when it flushes at exit
        os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
        if not isinstance(problem, BrokenPipeError) and not error:  # a broken pipe: whoever read us has enough
            raise Unavailable(f"the answer cannot be written: {problem.strerror}", hint="look at stdout") from None


def columns(rows: Sequence[Sequence[str]], *, header: Sequence[str]) -> tuple[str, ...]:
    """A table for people: columns as wide as their widest cell in a terminal, safe to print."""
    table = [[safe(cell) for cell in row] for row in (header, *rows)]
    widths = [max(cells(row[i]) for row in table) for i in range(len(header))]
    return tuple(
        "  ".join(padded(cell, width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in table
    )
