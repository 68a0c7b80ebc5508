"""The file in which a person says how another platform's command line makes, uses and removes environments.

    [template.farm]
    isolation = "vm"
    create = ["farm", "new", "--name", "{id}"]

Each command is a list of words, started without a shell; what stands in braces becomes one word, or a part of one.
"""

from __future__ import annotations

import os
import re
import stat
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from onloop.errors import BadInput
from onloop.machine.definition import Isolation
from onloop.records import Record
from onloop.text import safe

FILE = "environments.toml"
LARGEST = 65_536
COMMANDS = ("create", "exec", "copy_in", "copy_out", "destroy", "attest", "sweep")
NEEDED = ("create", "exec", "copy_in", "copy_out", "destroy")
WORDS = ("id", "handle", "task", "path", "inside")
_SETTINGS = ("isolation", "folder", "url", "python")
_HOLE = re.compile(r"\{([a-z_]*)\}")
_NAME = re.compile(r"[a-z][a-z0-9-]{0,40}")


class EnvironmentTemplate(Record):
    """One platform: how far it separates as the person says, its commands, and where things are inside.

    `url` is where agents inside find the gateway, empty where they find none: then the worker hands in their work.
    """

    name: str
    isolation: Isolation
    commands: Mapping[str, tuple[str, ...]]
    folder: str = "/tmp/onloop"  # noqa: S108 - inside
    url: str = ""
    python: str = "python3"

    def words(self, command: str, **values: str) -> tuple[str, ...]:
        """The words of a command with the values put in."""
        return tuple(_HOLE.sub(lambda hole: values.get(hole[1], hole[0]), word) for word in self.commands[command])


def read_templates(file: Path) -> Mapping[str, EnvironmentTemplate]:
    """The templates of a file, by name; BadInput says what is wrong, and nothing is there where there is no file."""
    try:
        with file.open("rb") as opened:
            status = os.fstat(opened.fileno())
            if status.st_uid not in {0, os.getuid()} or stat.S_IMODE(status.st_mode) & 0o022:
                words = f"{file} can be written to by others, who would choose what runs here"
                raise BadInput(words, hint=f"chmod go-w {file}")
            content = opened.read(LARGEST + 1)
    except FileNotFoundError:
        return {}
    except OSError as problem:
        raise BadInput(f"cannot read {file}: {problem.strerror}", hint="look at its mode") from None
    if len(content) > LARGEST:
        raise BadInput(f"{file} is larger than {LARGEST} bytes", hint="shorten it")
    try:
        found = tomllib.loads(content.decode("utf-8"))
    except ValueError as problem:
        raise BadInput(f"{file}: {safe(str(problem), 200)}", hint="onloop help environments shows one") from None
    if found.keys() - {"template"} or not isinstance(found.get("template", {}), dict):
        raise BadInput(f"{file} holds something else than [template.NAME]", hint="onloop help environments shows one")
    return {name: _template(name, each, file) for name, each in found.get("template", {}).items()}


def template_named(file: Path, name: str) -> EnvironmentTemplate:
    """The template of that name; BadInput where there is none."""
    found = read_templates(file)
    if name not in found:
        known = ", ".join(found) or "none"
        raise BadInput(f"{file} has no template {safe(name, 60)!r}", hint=f"there is {known}")
    return found[name]


def _template(name: str, found: Any, file: Path) -> EnvironmentTemplate:
    where = f"{file}: [template.{safe(name, 60)}]"
    if not _NAME.fullmatch(name) or not isinstance(found, dict):
        raise BadInput(f"{where} cannot be one", hint="call it in small letters, digits and -")
    if unknown := found.keys() - {*COMMANDS, *_SETTINGS}:
        known = ", ".join((*COMMANDS, *_SETTINGS))
        raise BadInput(f"{where} {safe(sorted(unknown)[0], 60)} is not known", hint=f"give some of: {known}")
    if missing := [each for each in NEEDED if each not in found]:
        raise BadInput(f"{where} has no {missing[0]}", hint=f"{', '.join(NEEDED)} are needed")
    commands = {each: _words(found[each], f"{where} {each}") for each in COMMANDS if each in found}
    said = {each: _text(found[each], f"{where} {each}") for each in _SETTINGS if each in found}
    if said.get("isolation") not in [each.value for each in Isolation]:
        kinds = ", ".join(each.value for each in Isolation)
        raise BadInput(f"{where} says no isolation", hint=f"give one of: {kinds}")
    if not said.get("folder", "/").startswith("/"):
        raise BadInput(f"{where} folder is not absolute", hint='folder = "/tmp/onloop"')
    isolation = Isolation(said.pop("isolation"))
    return EnvironmentTemplate(name, isolation, commands, **said)


def _text(found: Any, where: str) -> str:
    if not isinstance(found, str) or not found.isprintable() or len(found) > 1_000:
        raise BadInput(f"{where} is no text", hint="onloop help environments shows one")
    return found


def _words(found: Any, where: str) -> tuple[str, ...]:
    is_argv = isinstance(found, list) and found and all(isinstance(word, str) and "\0" not in word for word in found)
    if not is_argv or len(found) > 200:
        raise BadInput(f"{where} is no list of words", hint=f'write {where.rpartition(" ")[2]} = ["PROGRAM", "WORD"]')
    for word in found:
        for hole in _HOLE.findall(word):
            if hole not in WORDS:
                raise BadInput(f"{where}: {{{safe(hole, 40)}}} is not known", hint=f"there is {', '.join(WORDS)}")
    return tuple(found)
