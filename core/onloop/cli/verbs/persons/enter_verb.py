"""The verb with which a person steps into the environment of a task's agent."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from hashlib import sha256
from pathlib import Path

from onloop.access.submission import task_of
from onloop.agents.places.lent_place import host_name
from onloop.agents.places.way_in import WayIn, way_in
from onloop.cli.context import Context
from onloop.cli.entered_shell import EnteredShell
from onloop.cli.json_models.place_models import EnteredJson
from onloop.cli.output import VerbOutput
from onloop.cli.place_arguments import EnterArguments
from onloop.errors import BadInput, OnloopError, Unavailable
from onloop.gateway.command_operations import PerformCommand
from onloop.machine.commands import Enter, Leave
from onloop.machine.principal import Principal
from onloop.text import safe
from onloop.workflow.duration import milliseconds


def enter(context: Context[EnterArguments]) -> VerbOutput:
    """Open a shell beside a task's agent, and record who was inside, when and for how long."""
    args = context.args
    context.check_no_agent("step into an environment", f"onloop enter {args.task} in a terminal")
    task = task_of(context.opened, args.task)
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise BadInput("onloop enter needs a terminal", hint=f"onloop enter {args.task} in a terminal of your own")
    most_ms, transcript = milliseconds(args.most), _fresh(args.transcript)
    way = way_in(context.home, task)
    person, voice = context.voice("step into an environment")
    session = os.urandom(8).hex()
    command = Enter(session, voice, way.place, host_name(), most_ms)
    context.opened.gateway.perform(PerformCommand(person, task.id, command, key=args.key))
    sys.stderr.write(f"{safe(way.place)}: its agent works beside you, and sees what you do; exit leaves it\n")
    sys.stderr.flush()
    began, how = time.monotonic(), "it could not be started"
    shell = EnteredShell(way.argv, way.environment, _ending(context, task.id, began + most_ms / 1000))
    try:
        how = _ran(shell, way)
    finally:
        kept = _kept(transcript, bytes(shell.transcript))
        _leave(context, person, task.id, Leave(session, voice, how, kept))
    lasted = int((time.monotonic() - began) * 1000)
    data = EnteredJson(task.id, session, way.place, lasted, how, kept or None)
    return VerbOutput(lines=(safe(f"left {way.place} after {lasted // 1000} s: {how}"),), data=data)


def _ran(shell: EnteredShell, way: WayIn) -> str:
    try:
        return shell.run()
    except OSError as problem:
        words = f"cannot run {way.argv[0]}: {problem.strerror or problem}"
        raise Unavailable(words, hint="onloop doctor says what this machine has") from problem


def _ending(context: Context[EnterArguments], task: str, deadline: float) -> Callable[[], str]:
    """Says why the shell is to end: its time is over, or its task is."""

    def why() -> str:
        if time.monotonic() > deadline:
            return "its time was over"
        with suppress(OnloopError):  # a gateway that is away for a moment is no reason
            return "its task has ended" if task_of(context.opened, task).ended else ""
        return ""

    return why


def _leave(context: Context[EnterArguments], person: Principal, task: str, command: Leave) -> None:
    """Record it; where that fails, the stay ends in the log when its time is over."""
    try:
        context.opened.gateway.perform(PerformCommand(person, task, command))
    except OnloopError as problem:
        sys.stderr.write(f"that you left could not be recorded: {safe(problem.message)}\n")


def _fresh(name: str | None) -> Path | None:
    """A file that is not there yet; BadInput for one that is."""
    if not name:
        return None
    path = Path(name).absolute()
    if os.path.lexists(path) or not path.parent.is_dir():
        raise BadInput(f"--transcript {safe(name, 200)} is there already, or its folder is not", hint="name a new file")
    return path


def _kept(path: Path | None, shown: bytes) -> str:
    """Write what was shown to the person's file; the answer is its digest."""
    if path is None:
        return ""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(shown)
    return sha256(shown).hexdigest()
