"""The words of a decision: given on the command line, in a file, on standard input, or written in an editor."""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from onloop.cli.context import Context
from onloop.cli.given_content import content_of
from onloop.cli.text_editor import edited
from onloop.cli.verb import Verb
from onloop.errors import BadInput, OnloopError
from onloop.records import replace
from onloop.views.queries.shown_task import ReadOpenRequests

LARGEST = 65_536
"""The bytes that are read from a file or standard input."""


@contextmanager
def written(context: Context[Any], found: Verb) -> Iterator[None]:
    """Within the block, the arguments hold the words, wherever they come from.

    What was written in an editor and refused is kept in a file that the error names.
    """
    given: str = getattr(context.args, found.words)
    words, is_edited = _words(context, found, given)
    context.args = replace(context.args, **{found.words: words})
    try:
        yield
    except OnloopError as problem:
        if is_edited:
            problem.hint = f"{problem.hint}; what you wrote is kept: --file {_kept(words)}"
        raise


def _words(context: Context[Any], found: Verb, given: str) -> tuple[str, bool]:
    args = context.args
    source = args.file or ("-" if given == "-" else "")
    if source and given not in {"", "-"}:
        raise BadInput(f"the words are given twice: on the command line and in {source}", hint="give them once")
    words = _content(source) if source else given
    wanted = args.edit or (found.asks and not words and _may_edit(context))
    if not wanted:
        return words, False
    if os.environ.get("ONLOOP_TOKEN"):  # no agent decides; the verb says so
        return words, False
    made = edited(words, _asked(context, found))
    if not made:
        raise BadInput("nothing was written, and nothing was done", hint=f"onloop {found.name} --help")
    return made, True


def _may_edit(context: Context[Any]) -> bool:
    return sys.stdin.isatty() and sys.stdout.isatty() and not context.args.as_json


def _asked(context: Context[Any], found: Verb) -> list[str]:
    """What the words are for, and what is asked of people about the task."""
    task = getattr(context.args, "task", None)
    if not task or getattr(context.args, "cause", None):
        return [f"onloop {found.name}"]
    open_requests = context.opened.gateway.perform(ReadOpenRequests(task))
    asked = [each.request.question for each in open_requests.asked]
    return [f"onloop {found.name} {task}: {open_requests.task.title}", *asked]


def _content(source: str) -> str:
    try:
        return content_of(source, LARGEST).decode().replace("\r\n", "\n").strip("\n")
    except UnicodeDecodeError:
        raise BadInput(f"{source} is not UTF-8", hint="give it in UTF-8") from None


def _kept(words: str) -> str:
    handle, path = tempfile.mkstemp(prefix="onloop-words-", suffix=".txt")
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        file.write(words)
    return path
