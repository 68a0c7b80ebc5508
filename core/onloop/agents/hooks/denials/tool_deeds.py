"""What a tool of a vendor's agent would do that a step may forbid: from what the vendor tells a hook before it."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping, Sequence

from onloop.agents.hooks.denials.prohibitions import Forbidden, forbidden_command, forbidden_file
from onloop.agents.hooks.denials.shell_reading import (
    ReadingEffort,
    SimpleCommand,
    TooMuchToRead,
    commands_in,
)
from onloop.records import Record, field

DEEPEST = 40
"""How many folders above a file are looked at for what is meant."""
LONGEST_PATH = 4096
MOST_DEEDS = 200
"""How many deeds of one call are looked at; a call with more is answered by its first ones."""

_SHELL_TOOLS = frozenset({"bash", "shell", "run_shell_command", "exec_command", "local_shell", "shell_command"})
_EDITORS = frozenset(
    """
    edit write multiedit notebookedit write_file replace create str_replace str_replace_editor edit_file
    patch apply_patch
    """.split()  # noqa: SIM905 - a literal would take a line for each
)
_PATHS = ("file_path", "filePath", "notebook_path", "path", "absolute_path")
_PATCH = re.compile(r"^\*\*\* (?:Add|Update|Delete) File: (.+)$|^\*\*\* Move to: (.+)$", re.MULTILINE)
_CHANGES_ALL = frozenset(
    {"rm", "mv", "tee", "touch", "truncate", "chmod", "chown", "unlink", "rmdir", "shred", "ed", "ex"}
)
_CHANGES_LAST = frozenset({"cp", "ln", "install", "rsync", "scp"})
_IN_PLACE = frozenset({"sed", "perl", "gawk", "awk", "yq"})
_GIT_CHANGES = frozenset({"rm", "mv", "checkout", "restore"})
_TAKES_VALUE = frozenset({"-C", "-c", "--git-dir", "--work-tree", "--namespace", "-R", "--repo", "--store"})
_GLOB = re.compile(r"[*?\[{]")


class ToolDeed(Record):
    """One thing that a call would do: a command that is on the list, or the change of a file.

    `path` is the file from the root of its repository, or from the root of the file system; `words` are the command's.
    `unread` stands for what else there is: more than is read of one call.
    """

    kind: Forbidden | None = None
    words: tuple[str, ...] = ()
    path: str = ""
    unread: bool = False

    @property
    def shown(self) -> str:
        """The deed as its agent wrote it, cut."""
        return (" ".join(self.words) or self.path)[:200]


def deeds_of(tool: str, given: Mapping[str, object], folder: str, root: str = "") -> tuple[ToolDeed, ...]:
    """What a call would do that a step may forbid: nothing, most of the time.

    `folder` is where the agent works, and `root` the repository around it, if that is known.
    """
    found: list[ToolDeed] = []
    try:
        if len(folder) > LONGEST_PATH:
            raise TooMuchToRead
        for deed in _every(tool.casefold(), given, _DeedPlace(folder, root)):
            found.append(deed)
            if len(found) == MOST_DEEDS:
                break
    except TooMuchToRead:
        found.append(ToolDeed(unread=True))
    return tuple(found)


class _DeedPlace(Record):
    folder: str
    root: str
    effort: ReadingEffort = field(default_factory=ReadingEffort)

    def moved(self, folder: str) -> _DeedPlace:
        """The same after a `cd`; where no system could go, it stays."""
        full = os.path.join(self.folder, os.path.expanduser(folder))  # noqa: PTH111, PTH118
        return _DeedPlace(os.path.normpath(full), self.root, self.effort) if len(full) < LONGEST_PATH else self

    def changed(self, path: str, *, whole: bool = False) -> Iterator[ToolDeed]:
        """The deed of changing a path, by its name and by what a link leads to."""
        literal = _GLOB.split(path, maxsplit=1)[0]
        if len(literal) > LONGEST_PATH:  # no system opens it
            return
        full = os.path.normpath(os.path.join(self.folder, os.path.expanduser(literal)))  # noqa: PTH111, PTH118
        self.effort.spend(4 * (1 + full.count("/")))  # each folder above it is held against the list
        whole = whole or literal != path
        for each in dict.fromkeys((full, os.path.realpath(full) if self.root else full)):
            kind, name = self._kind(each, whole=whole)
            if kind is not None or _may_judge(name):
                yield ToolDeed(kind, path=name)

    def _kind(self, full: str, *, whole: bool) -> tuple[Forbidden | None, str]:
        """What the list says of a path: from the root of the repository, else from any folder above it."""
        inside = full.removeprefix(f"{self.root}/") if self.root else full
        if inside != full:
            return forbidden_file(inside, whole=whole), inside
        parts = full.strip("/").split("/")
        for at in range(max(0, len(parts) - DEEPEST), len(parts)):
            kind = forbidden_file("/".join(parts[at:]), whole=whole)
            if kind is not None:
                return kind, full
        return None, full


def _may_judge(name: str) -> bool:
    """Whether a file may be a gate's program, by its name; only the gateway knows whether it is."""
    from onloop.gates.configuration import flag_kind  # here: most calls change nothing

    return flag_kind(name) is not None


def _every(tool: str, given: Mapping[str, object], place: _DeedPlace) -> Iterator[ToolDeed]:
    text = _command_of(given)
    if tool in _EDITORS:
        for name in _PATHS:
            if isinstance(path := given.get(name), str) and path:
                yield from place.changed(path)
        texts = (text, *(value for value in given.values() if isinstance(value, str) and value != text))
        for each in texts if tool.endswith("patch") else ():
            yield from _patched(each, place)
    elif tool in _SHELL_TOOLS:
        yield from _patched(text, place) if "*** Begin Patch" in text else ()
        yield from _of_script(text, place)


def _command_of(given: Mapping[str, object]) -> str:
    """The script that a shell tool is given; of a list of words, the one after `-c`, else all of them."""
    for name in ("command", "cmd", "script"):
        value = given.get(name)
        if isinstance(value, str):
            return value
        if isinstance(value, list):
            words = [word for word in value if isinstance(word, str)]
            at = next((n for n, word in enumerate(words) if word.startswith("-") and word.endswith("c")), None)
            return words[at + 1] if at is not None and len(words) > at + 1 else " ".join(words)
    return ""


def _patched(text: str, place: _DeedPlace) -> Iterator[ToolDeed]:
    for found in _PATCH.finditer(text):
        yield from place.changed((found[1] or found[2]).strip())


def _of_script(text: str, place: _DeedPlace) -> Iterator[ToolDeed]:
    for command in commands_in(text, place.effort):
        if command.words[:1] == ("cd",) and len(command.words) > 1:
            place = place.moved(command.words[1])
        for path in command.writes:
            yield from place.changed(path)
        yield from _done_by(command, place)


def _done_by(command: SimpleCommand, place: _DeedPlace) -> Iterator[ToolDeed]:
    program, words = command.words[0] if command.words else "", _plain(command.words)
    kind = forbidden_command(words)
    if kind is not None:
        yield ToolDeed(kind, command.words)
        return
    paths, whole = _changed_by(program, words, command.words)
    for path in paths:
        yield from place.changed(path, whole=whole)


def _changed_by(program: str, words: Sequence[str], every: Sequence[str]) -> tuple[Sequence[str], bool]:
    """The words of a command that name files which it changes, and whether folders count like what is in them."""
    if program in _CHANGES_ALL:
        return words[1:], program in {"rm", "mv", "chmod", "chown"}
    if program in _CHANGES_LAST:
        return words[-1:], False
    if program in _IN_PLACE and any(word.startswith(("-i", "--in-place", "-pi")) for word in every):
        return words[1:], False
    if program == "git" and len(words) > 1 and words[1] in _GIT_CHANGES:
        return words[2:], True
    if program == "dd":
        return [word[3:] for word in every if word.startswith("of=")], False
    return (), False


def _plain(words: Sequence[str]) -> tuple[str, ...]:
    """The words without options, and without the values of those that are known to take one."""
    found, skips = [], False
    for word in words:
        if skips:
            skips = False
        elif word.startswith("-") and len(word) > 1:
            skips = word in _TAKES_VALUE
        else:
            found.append(word)
    return tuple(found)
