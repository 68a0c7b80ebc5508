"""The person's own editor, for words of several lines: a private file, no shell, and nothing of it is obeyed by us."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from onloop.errors import BadInput, Unavailable
from onloop.gates.repository.modes import umask_of_user
from onloop.plain_file import plain_bytes
from onloop.text import safe, safe_lines, typed_lines

LARGEST = 1_048_576
"""The bytes of a file that are read."""

_CUT = "# ------------------------ >8 ------------------------"
_ABOVE = (
    _CUT,
    "# What stands above this line is sent, with its lines. All below is ignored.",
    "# Nothing above it: nothing is done.",
    "#",
)
_BELOW = ("#", "# Save and leave to go on.", "#", "#", "#", "#")
"""So many lines that an editor which obeys the first and last five lines of a file finds only ours there."""

_OBEYED = re.compile(r"(?i)\b(vim?[<=>]?\d*|ex|local variables)(?=:)|-\*-")


def editor_command(environ: Mapping[str, str]) -> list[str]:
    """The editor as an argv list, never for a shell: the words of VISUAL, else of EDITOR, else `vi`."""
    wanted = environ.get("VISUAL") or environ.get("EDITOR") or "vi"
    try:
        words = shlex.split(wanted)
    except ValueError:
        words = []
    if not words or shutil.which(words[0], path=environ.get("PATH")) is None:
        raise Unavailable(f"the editor {safe(wanted, 100)!r} cannot be run", hint="set EDITOR to one that is there")
    return words


def template(words: str, asked: Sequence[str]) -> str:
    """The file to edit: the words so far, and below a line what is asked, in which no editor finds instructions."""
    foreign = "\n".join(safe_lines(text, 10_000) for text in asked)
    told = (f"# {_OBEYED.sub(_made_harmless, line)}".rstrip() for line in foreign.splitlines())
    return "\n".join((words, "", *_ABOVE, *told, *_BELOW, ""))


def words_in(text: str) -> str:
    """The words in an edited file, with what is invisible made visible; without the line, all but ours."""
    above = text.replace("\r\n", "\n").partition(f"\n{_CUT}")[0] if f"\n{_CUT}" in f"\n{text}" else text
    ours = {*_ABOVE, *_BELOW}
    if text.startswith(_CUT):
        return ""
    return typed_lines("\n".join(line for line in above.splitlines() if line not in ours).strip())[0]


def edited(words: str, asked: Sequence[str]) -> str:
    """The words that the person leaves in their editor; empty if none. The screen must be theirs meanwhile."""
    command = editor_command(os.environ)
    folder = Path(tempfile.mkdtemp(prefix="onloop-words-"))
    try:
        file = folder / "words.txt"
        file.write_text(template(words, asked), encoding="utf-8")
        _run(command, file)
        return words_in(_read(file))
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def viewed(text: str, about: str) -> None:
    """Show a text in the person's editor, as a private copy of which nothing comes back.

    What an editor would obey is made harmless, and no line of it is among the file's first or last.
    """
    command = editor_command(os.environ)
    folder = Path(tempfile.mkdtemp(prefix="onloop-view-"))
    try:
        file = folder / "change.diff"
        told = (f"# {safe(about, 1_000)}", "# A copy: what you change here goes nowhere.", "#", "#", "#", "#")
        shown = _OBEYED.sub(_made_harmless, safe_lines(text, len(text)))
        file.write_text("\n".join((*told, shown, *_BELOW, "")), encoding="utf-8")
        _run(command, file)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _run(command: Sequence[str], file: Path) -> None:
    """Ctrl+C is the editor's while it runs."""
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        ended = subprocess.run([*command, str(file)], check=False, umask=umask_of_user())
    except OSError as problem:
        raise Unavailable(f"{command[0]} cannot be run: {problem.strerror}", hint="set EDITOR to another") from None
    finally:
        signal.signal(signal.SIGINT, before)
    if ended.returncode:
        raise Unavailable(f"{command[0]} ended with {ended.returncode}: nothing was done", hint="try it again")


def _read(file: Path) -> str:
    try:
        content = plain_bytes(file, LARGEST)
    except OSError as problem:
        raise BadInput(f"what was written cannot be read: {problem.strerror}", hint="save it as a file") from None
    if len(content) > LARGEST:
        raise BadInput(f"the file holds more than {LARGEST} bytes", hint="write less")
    try:
        return content.decode()
    except UnicodeDecodeError:
        raise BadInput("the file is not UTF-8", hint="write it in UTF-8") from None


def _made_harmless(match: re.Match[str]) -> str:
    return f"{match[0]} " if match[0] != "-*-" else "- * -"
