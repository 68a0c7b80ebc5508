"""How a command is spoken to: as a process of its own, without a shell, with a limit on its time and its output."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import IO, Any, Protocol

from onloop.errors import Unavailable
from onloop.records import Record, SecretRecord

LONGEST_ANSWER_S = 120.0
LARGEST_OUTPUT = 4 << 20
"""How much of what a command prints is read, in bytes."""


class HandedSecret(SecretRecord):
    """A secret, and the option by which a command is told from which descriptor to read it."""

    option: str
    text: str


class Speaker(Protocol):
    """Runs the gateway's command with these words."""

    def run(
        self, words: Sequence[str], env: Mapping[str, str], cwd: Path, secrets: Sequence[HandedSecret]
    ) -> tuple[int, str, str]:
        """The exit code, standard output and standard error."""
        ...


class CommandSpeaker(Record):
    """A Speaker that starts `command` anew for each call."""

    command: tuple[str, ...]

    def run(
        self, words: Sequence[str], env: Mapping[str, str], cwd: Path, secrets: Sequence[HandedSecret]
    ) -> tuple[int, str, str]:
        """See Speaker; a command that does not end in time is ended, and its exit code is -9."""
        handed = [_reader_of(secret.text) for secret in secrets]
        argv = [*self.command, *words]
        for secret, reader in zip(secrets, handed, strict=True):
            argv += [secret.option, str(reader)]
        try:
            with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
                code = _ended(argv, env, cwd, handed, out, err)
                return code, _read(out), _read(err)
        except (OSError, ValueError) as problem:
            words_of = f"{self.command[0][:200]!r} cannot be started: {type(problem).__name__}"
            raise Unavailable(words_of, hint="give the command as you type it, with its path") from None
        finally:
            for reader in handed:
                os.close(reader)


def _ended(
    argv: Sequence[str], env: Mapping[str, str], cwd: Path, handed: Sequence[int], out: IO[bytes], err: IO[bytes]
) -> int:
    process = subprocess.Popen(  # the command that the person named, without a shell
        argv, env=dict(env), cwd=cwd, pass_fds=handed, stdin=subprocess.DEVNULL, stdout=out, stderr=err,
        start_new_session=True,
    )  # fmt: skip
    try:
        return process.wait(LONGEST_ANSWER_S)
    except subprocess.TimeoutExpired:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        return -9


def _reader_of(text: str) -> int:
    """A descriptor from which the text can be read: a file that has no name, so that no length blocks."""
    with tempfile.TemporaryFile() as file:
        file.write(text.encode())
        file.seek(0)
        return os.dup(file.fileno())


def _read(file: IO[bytes]) -> str:
    file.seek(0)
    return file.read(LARGEST_OUTPUT).decode("utf-8", "replace")


def object_in(text: str) -> Mapping[str, Any] | None:
    """The JSON object that a text is; None where it is none, or more than one."""
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None
