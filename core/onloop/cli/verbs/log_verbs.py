"""The verb that shows what the agents of a task printed."""

from __future__ import annotations

import os
import stat
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

from onloop.access.submission import task_of
from onloop.cli.arguments import LogsArguments
from onloop.cli.context import Context
from onloop.cli.json_models.work_models import LogsJson
from onloop.cli.output import VerbOutput
from onloop.cli.running import stop_signals
from onloop.errors import BadInput, UnknownThing
from onloop.known_secrets import known_secrets
from onloop.machine.state import State
from onloop.redaction import redacted
from onloop.text import safe

MOST_BYTES = 1_048_576
"""How much of the end of a log is read."""
LOOK_S = 0.2


def logs(context: Context[LogsArguments]) -> VerbOutput:
    """Print the end of what a task's agents printed, cleaned and masked; with `--follow`, and what they go on to."""
    args, opened = context.args, context.opened
    task = task_of(opened, args.task)
    path = opened.home.agent_log(task.id)
    if args.follow and args.as_json:
        raise BadInput("--follow has no end that one JSON object could hold", hint="leave out --json")
    printed = _Printed(path)
    lines = list(printed.lines())[-args.lines :] if args.lines else []
    if not args.follow and not path.exists():
        hint = "its worker may run on another machine" if task.attempt else "no agent has claimed it yet"
        raise UnknownThing(f"there is no log of {task.id} here", hint=hint)
    if not args.follow:
        return VerbOutput(lines=tuple(lines), data=LogsJson(task.id, str(path), lines))
    with stop_signals() as stop:
        _say(lines)
        while not stop.is_set():
            seen = opened.gateway.store.stamp()
            goes_on = task_of(opened, task.id).state in {State.WORKING, State.SUBMITTED}
            _say(printed.lines())
            if not goes_on:
                break
            while not stop.is_set() and opened.gateway.store.stamp() == seen and not printed.has_grown:
                stop.wait(LOOK_S)
    return VerbOutput()


def _say(lines: Iterable[str]) -> None:
    for line in lines:
        sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


class _Printed:
    """A log that grows. A link or a pipe in its place, where an agent may have put one, is never followed."""

    def __init__(self, path: Path) -> None:
        self._path, self._at = path, 0

    @property
    def has_grown(self) -> bool:
        """Whether there is more than was read."""
        try:
            return self._path.lstat().st_size > self._at
        except OSError:
            return False

    def lines(self) -> Iterator[str]:
        """The lines since the last look, each safe to show and without secrets."""
        try:
            handle = os.open(self._path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
        except OSError:
            return
        with os.fdopen(handle, "rb") as file:
            found = os.fstat(handle)
            if not stat.S_ISREG(found.st_mode):
                return
            file.seek(max(self._at, found.st_size - MOST_BYTES))
            text = file.read(MOST_BYTES).decode("utf-8", "replace")
            self._at = file.tell()
        for line in redacted(text, known_secrets()).splitlines():
            yield safe(line, 4_000)
