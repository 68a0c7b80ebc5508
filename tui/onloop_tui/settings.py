"""A person's own settings: one small file, read as strictly as a workflow, and in force while it can be read."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Annotated, TypeVar

from pydantic import Field

from onloop.errors import BadInput
from onloop.workflow.document import EMPTY, read
from onloop.workflow.loader import problem_lines
from onloop.workflow.model import Part
from onloop.workflow.nodes import Fault, Node, Side, plain
from onloop.workflow.shape import Form, misfits, quoted
from onloop_tui.bindings import KEYS, Key, Where
from onloop_tui.keymap import key_faults, remapped
from onloop_tui.model.filter_terms import Problem
from onloop_tui.model.filters import parse

_FILTER_NAME = re.compile(r"[a-z][a-z0-9-]{0,31}")
WORDS_WITH_AN_OBJECT = frozenset({"theme"})
"""What may stand after `:` beside the words of the registry and the names of filters."""

T = TypeVar("T")


class ThemeName(StrEnum):
    """How the dashboard is coloured; MONO has no colour at all."""

    DARK = "dark"
    LIGHT = "light"
    ANSI = "ansi"
    MONO = "mono"


class Start(StrEnum):
    """The view that is in front at the start."""

    INBOX = "inbox"
    TREE = "tree"
    FLEET = "fleet"
    AGENTS = "agents"
    LOG = "log"

    @property
    def where(self) -> Where:
        """The view."""
        return Where[self.name]


@dataclass(frozen=True, slots=True)
class Settings:
    """What a person wants: `theme` None leaves it to the terminal, `keys` is the registry as it is for them."""

    theme: ThemeName | None = None
    bell: bool = True
    osc: bool = True
    keys: tuple[Key, ...] = KEYS
    filters: Mapping[str, str] = field(default_factory=dict)
    start: Where = Where.INBOX


class SettingsFile(Part):
    """The shape of the file."""

    theme: Annotated[ThemeName | None, Field(strict=False)] = None
    bell: bool = True
    osc: bool = True
    keys: Mapping[str, Annotated[list[str], Field(min_length=1, max_length=5)]] = {}
    filters: Mapping[str, Annotated[str, Field(min_length=1)]] = {}
    start: Annotated[Start, Field(strict=False)] = Start.INBOX


FORM = Form(SettingsFile, nouns={(): "the settings"}, patterns={}, later_fields={}, later_values={})


class SettingsError(BadInput):
    """Settings that cannot be used; `problems` holds every `file:line:col: what; what would work`."""

    code = "bad_settings"

    def __init__(self, problems: tuple[str, ...]) -> None:
        super().__init__("\n".join(problems), hint="mend the file; until then the settings before it hold")
        self.problems = problems


def settings_file(environment: Mapping[str, str]) -> Path:
    """Where a person's settings are, by the XDG base directory specification."""
    given = environment.get("XDG_CONFIG_HOME", "")
    config = Path(given) if given.startswith("/") else Path("~/.config").expanduser()
    return config / "onloop" / "dashboard.yaml"


def load_settings(source: bytes, name: str) -> Settings:
    """The settings in the bytes of a file called `name`; SettingsError with every problem in it."""
    document = read(source)
    if document.problems == (EMPTY,):
        return Settings()
    data = plain(document.root) if document.root is not None else None
    lines = problem_lines(document, _faults(document.root, data) if document.root is not None else (), name)
    if lines:
        raise SettingsError(lines)
    given = SettingsFile.model_validate(data)
    return Settings(
        theme=given.theme,
        bell=given.bell,
        osc=given.osc,
        keys=remapped(given.keys),
        filters=given.filters,
        start=given.start.where,
    )


def _faults(root: Node, data: object) -> Iterator[Fault]:
    """What does not fit, and what makes no sense; a part that does not fit does not hide what is wrong with others."""
    yield from misfits(root, data, FORM)
    given = data if isinstance(data, dict) else {}
    yield from key_faults(_part(given.get("keys"), list), "keys")
    yield from _filter_faults(_part(given.get("filters"), str), "filters")


def _part(given: object, kind: type[T]) -> dict[str, T]:
    """The entries of a mapping that are of the right kind."""
    entries = given.items() if isinstance(given, dict) else ()
    return {name: value for name, value in entries if isinstance(value, kind)}


def _filter_faults(filters: Mapping[str, str], at: str) -> Iterator[Fault]:
    words = {key.word for key in KEYS} | WORDS_WITH_AN_OBJECT
    for name, query in filters.items():
        if name in words:
            yield Fault((at, name), f":{name} has a meaning already", f"call it my-{name}", Side.KEY)
        elif not _FILTER_NAME.fullmatch(name):
            hint = "start with a letter, then small letters, digits and -, such as mine"
            yield Fault((at, name), f"a filter cannot be called {quoted(name)}", hint, Side.KEY)
        found = parse(query)
        if isinstance(found, Problem):
            yield Fault((at, name), f"{name}: {found.message} at column {found.column}", found.hint)
