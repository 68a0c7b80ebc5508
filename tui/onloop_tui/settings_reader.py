"""Reads the settings file as strictly as a workflow. It imports YAML and pydantic: import it only for a file."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Annotated, TypeVar

from pydantic import Field

from onloop.views.task_columns import COLUMNS, ColumnProblem, columns_named
from onloop.workflow.document import EMPTY, read
from onloop.workflow.hints import quoted
from onloop.workflow.loader import problem_lines
from onloop.workflow.model import Freshness, WorkflowPart
from onloop.workflow.positioned_tree import Fault, Node, Side, plain
from onloop.workflow.schema_checks import FileShape, misfits
from onloop_tui.bindings import KEYS
from onloop_tui.keymap import key_faults, remapped
from onloop_tui.model.filter.filter_terms import FilterProblem
from onloop_tui.model.filter.filters import parse
from onloop_tui.settings import PROOF_MS, WORDS_WITH_AN_OBJECT, Settings, SettingsError, StartView, ThemeName

ARRANGED = ("tree", "fleet", "agents")
"""The views whose columns a person may choose."""
_FILTER_NAME = re.compile(r"[a-z][a-z0-9-]{0,31}")

T = TypeVar("T")
Part = TypeVar("Part", bound=WorkflowPart)


class SettingsFile(WorkflowPart):
    """The shape of the file."""

    theme: Annotated[ThemeName | None, Field(strict=False)] = Field(
        default=None, description="how it looks (default: by the terminal)"
    )
    bell: bool = Field(default=True, description="whether the bell rings when something new needs you")
    osc: bool = Field(default=True, description="whether the terminal is asked for desktop notifications and a title")
    keys: Mapping[str, Annotated[list[str], Field(min_length=1, max_length=5)]] = Field(
        default={}, description="other keys for what a key does, such as {approve: [a, y]}"
    )
    filters: Mapping[str, Annotated[str, Field(min_length=1)]] = Field(
        default={}, description='filters by a name of yours, such as {mine: "owner:ana"}'
    )
    start: Annotated[StartView | None, Field(strict=False)] = Field(
        default=None, description="the view that it opens with (default: where you left it)"
    )
    columns: Mapping[str, Annotated[list[str], Field(min_length=1, max_length=len(COLUMNS))]] = Field(
        default={}, description="the columns of tree, fleet and agents, such as {tree: [state, owner, age]}"
    )
    proof: Freshness = Field(
        default=PROOF_MS, description="how long a passphrase is remembered; 0s: it is asked for each decision"
    )
    plain: bool = Field(default=False, description="whether it talks in lines, for people who listen to their terminal")


FORM = FileShape(SettingsFile, nouns={(): "the settings"}, patterns={}, later_fields={}, later_values={})


def part_in_settings(
    source: bytes, name: str, part: type[Part], faults: Callable[[Node, object], Iterable[Fault]]
) -> Part:
    """What the bytes of a file of ours called `name` say, its defaults where it is empty; SettingsError lists `faults`.

    A fault in one part does not hide those in others.
    """
    document = read(source)
    if document.problems == (EMPTY,):
        return part()
    data = plain(document.root) if document.root is not None else None
    lines = problem_lines(document, faults(document.root, data) if document.root is not None else (), name)
    if lines:
        raise SettingsError(lines)
    return part.model_validate(data)


def load_settings(source: bytes, name: str) -> Settings:
    """The settings in the bytes of a file called `name`; SettingsError lists every problem in it."""
    given = part_in_settings(source, name, SettingsFile, _faults)
    return Settings(
        theme=given.theme,
        bell=given.bell,
        osc=given.osc,
        keys=remapped(given.keys),
        filters=given.filters,
        start=given.start.where if given.start is not None else None,
        proof_ms=given.proof,
        columns={view: tuple(dict.fromkeys(names)) for view, names in given.columns.items()},
        plain=given.plain,
    )


def _faults(root: Node, data: object) -> Iterator[Fault]:
    """The faults in shape and in meaning; a fault in one part does not hide those in others."""
    yield from misfits(root, data, FORM)
    given = data if isinstance(data, dict) else {}
    yield from key_faults(_part(given.get("keys"), list), "keys")
    yield from _filter_faults(_part(given.get("filters"), str), "filters")
    yield from _column_faults(_part(given.get("columns"), list), "columns")


def _part(given: object, kind: type[T]) -> dict[str, T]:
    """The entries of a mapping whose values have the right type."""
    entries = given.items() if isinstance(given, dict) else ()
    return {name: value for name, value in entries if isinstance(value, kind)}


def _column_faults(wanted: Mapping[str, list[object]], at: str) -> Iterator[Fault]:
    for view, names in wanted.items():
        if view not in ARRANGED:
            yield Fault(
                (at, view), f"{quoted(view)} has no columns to choose", f"one of {', '.join(ARRANGED)}", Side.KEY
            )
        for number, name in enumerate(each for each in names if isinstance(each, str)):
            found = columns_named(name)
            if isinstance(found, ColumnProblem):
                yield Fault((at, view, number), found.message, found.hint)


def _filter_faults(filters: Mapping[str, str], at: str) -> Iterator[Fault]:
    words = {key.word for key in KEYS} | WORDS_WITH_AN_OBJECT
    for name, query in filters.items():
        if name in words:
            yield Fault((at, name), f":{name} already has a meaning", f"call it my-{name}", Side.KEY)
        elif not _FILTER_NAME.fullmatch(name):
            hint = "start with a letter, then small letters, digits and -, such as mine"
            yield Fault((at, name), f"a filter cannot be called {quoted(name)}", hint, Side.KEY)
        parsed = parse(query)
        if isinstance(parsed, FilterProblem):
            yield Fault((at, name), f"{name}: {parsed.message} at column {parsed.column}", parsed.hint)
