"""Where the targets of a fleet come from: a file, a pattern of paths, or what a program prints."""

from __future__ import annotations

import os
import selectors
import signal
import subprocess
import time
from collections.abc import Sequence
from contextlib import suppress
from glob import iglob
from itertools import islice
from pathlib import Path

from onloop.access.targets import LARGEST_FLEET, RunTarget, counted, read_targets, renamed, target_of
from onloop.errors import BadInput
from onloop.inherited import NEVER
from onloop.text import safe

LARGEST_TARGETS = 4 * 1_048_576
"""How many bytes a file of targets may have, and what a program prints."""

LONGEST_S = 120.0
"""How long a program may take to print targets, in seconds."""


def targets_in_file(path: Path, name: str) -> tuple[RunTarget, ...]:
    """The targets that a file lists; paths in it are below its folder."""
    try:
        with path.open("rb") as file:
            content = file.read(LARGEST_TARGETS + 1)
        if len(content) > LARGEST_TARGETS:
            raise BadInput(f"{name} is larger than {LARGEST_TARGETS} bytes", hint="divide the fleet")
        text = content.decode()
    except (OSError, UnicodeDecodeError) as problem:
        raise BadInput(f"{name} cannot be read: {problem}", hint="give a text file, one PATH-OR-URL a line") from None
    return read_targets(text, name, path.absolute().parent)


def targets_of_glob(pattern: str, folder: Path) -> tuple[RunTarget, ...]:
    """The folders that a pattern names below `folder`, in the order of their names. Nothing that begins with a dot."""
    named = iglob(pattern, root_dir=folder, recursive=True)  # noqa: PTH207 - patterns may be absolute
    found = sorted(islice(named, LARGEST_FLEET * 10))
    targets: dict[str, RunTarget] = {}
    for name in found:
        if not (folder / name).is_dir():
            continue
        target = renamed(target_of(name, None, folder, "--glob"), targets)
        targets[target.name] = target
    return counted(tuple(targets.values()), f"the pattern {safe(pattern, 100)!r}")


def targets_of_command(argv: Sequence[str], folder: Path) -> tuple[RunTarget, ...]:
    """The targets that a program prints, which is read as a file of targets is. It runs without a shell.

    It gets the caller's variables without ours and git's, no input, and a limited time and size.
    """
    if not argv or not argv[0]:
        raise BadInput("there is no program that would print targets", hint="--targets-from -- PROGRAM WORD …")
    return read_targets(_printed(argv, folder), safe(argv[0], 60), folder)


def _printed(argv: Sequence[str], folder: Path) -> str:
    environment = {name: value for name, value in os.environ.items() if not name.startswith(NEVER)}
    shown = safe(argv[0], 100)
    try:
        process = subprocess.Popen(
            list(argv),
            cwd=folder,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            start_new_session=True,
        )
    except (OSError, ValueError) as problem:
        raise BadInput(f"{shown} cannot be run: {problem}", hint="name a program of this machine") from None
    try:
        content = _read(process, shown)
        code = process.wait(timeout=LONGEST_S)
    except subprocess.TimeoutExpired:
        raise _too_long(shown) from None
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
    if code != 0:
        raise BadInput(f"{shown} ended with exit code {code}", hint="run it by itself, and see what it says")
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError:
        raise BadInput(f"{shown} printed what is not UTF-8", hint="have it print one PATH-OR-URL a line") from None


def _read(process: subprocess.Popen[bytes], shown: str) -> bytes:
    """All that it prints, within the limits of time and size."""
    content, deadline = bytearray(), time.monotonic() + LONGEST_S
    if process.stdout is None:
        return b""
    with process.stdout as printed, selectors.DefaultSelector() as waiting:
        waiting.register(printed, selectors.EVENT_READ)
        while True:
            if not waiting.select(max(0.0, deadline - time.monotonic())):
                raise _too_long(shown)
            piece = os.read(printed.fileno(), 65_536)
            if not piece:
                return bytes(content)
            content += piece
            if len(content) > LARGEST_TARGETS:
                raise BadInput(f"{shown} printed more than {LARGEST_TARGETS} bytes", hint="divide the fleet")


def _too_long(shown: str) -> BadInput:
    return BadInput(f"{shown} took longer than {LONGEST_S:.0f} s", hint="have it write a file, and give --targets FILE")
