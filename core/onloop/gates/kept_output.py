"""What of a command's output and files is kept with its evidence: without secrets, by digest."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress

from onloop.gates.contents.left_files import LeftFiles
from onloop.gates.environments.boxed_command import CommandRun
from onloop.machine.gate_facts import Attachment
from onloop.redaction import redacted
from onloop.text import safe

_MOST_LINKS = 20


def stored_output(command_run: CommandRun, secrets: Sequence[str]) -> str:
    """The output to store, without secrets: what was not kept, what services wrote, and then what the command wrote."""
    notes = list[str]()
    if command_run.removed:
        links = ", ".join(safe(path) for path in command_run.removed[:_MOST_LINKS])
        notes.append(f"[onloop: removed links that lead out of the checkout: {links}]\n")
    if words := command_run.left.words:
        notes.append(f"[onloop: not kept: {words}]\n")
    written = command_run.services.output + command_run.ran.output.decode("utf-8", "backslashreplace")
    return "".join(notes) + redacted(written, secrets)


def kept_files(left: LeftFiles, keep: Callable[[bytes], str], secrets: Sequence[str]) -> tuple[Attachment, ...]:
    """The files that a command left, kept by digest; secrets are removed from those that are text."""
    kept = list[Attachment]()
    for file in left.found:
        content = file.content
        with suppress(UnicodeDecodeError):
            content = redacted(content.decode(), secrets).encode()
        kept.append(Attachment(file.name, keep(content), len(content)))
    return tuple(kept)
