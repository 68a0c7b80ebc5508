"""The file of saved views beside the settings: read as strictly as they are, and replaced as a whole when one is saved.

It imports YAML and pydantic: import it only for a file.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Annotated

from pydantic import Field

from onloop.attention.viewer import Scope
from onloop.errors import BadInput
from onloop.plain_file import replace_file
from onloop.views.task_columns import ColumnProblem, columns_named, order_named
from onloop.workflow.hints import quoted
from onloop.workflow.model import WorkflowPart
from onloop.workflow.positioned_tree import Fault, Node
from onloop.workflow.schema_checks import FileShape, misfits
from onloop_tui.bindings import KEYS
from onloop_tui.settings import MOST_VIEWS, WORDS_WITH_AN_OBJECT, SavedView, StartView
from onloop_tui.settings_reader import part_in_settings

_NAME = re.compile(r"[a-z][a-z0-9-]{0,15}")


class SavedViewPart(WorkflowPart):
    """One view in the file."""

    name: str = Field(description="what it is called after : and in its tab")
    view: Annotated[StartView, Field(strict=False)] = Field(description="which of the views it is")
    filter: str = Field(default="", description="what is typed after /")
    run: str = Field(default="", description="the run that it is narrowed to")
    scope: Annotated[Scope, Field(strict=False)] = Field(default=Scope.MAY_ACT, description="whose work is shown")
    columns: str = Field(default="", description="what is typed after :columns")
    sort: str = Field(default="", description="what is typed after :sort; with a - before it, the other way")


class SavedViewsFile(WorkflowPart):
    """The shape of the file."""

    views: Annotated[list[SavedViewPart], Field(max_length=MOST_VIEWS)] = Field(
        default=[], description="the views, in the order of their keys"
    )


_FORM = FileShape(SavedViewsFile, nouns={(): "the saved views"}, patterns={}, later_fields={}, later_values={})


def load_views(source: bytes, name: str) -> tuple[SavedView, ...]:
    """The views in the bytes of a file called `name`; SettingsError lists every problem in it."""
    given = part_in_settings(source, name, SavedViewsFile, _faults)
    return tuple(
        SavedView(each.name, each.view.where, each.filter, each.run, each.scope, each.columns, each.sort)
        for each in given.views
    )


def _faults(root: Node, data: object) -> Iterator[Fault]:
    yield from misfits(root, data, _FORM)
    views = data.get("views") if isinstance(data, dict) else None
    names: set[object] = set()
    for number, each in enumerate(views if isinstance(views, list) else ()):
        name = each.get("name") if isinstance(each, dict) else None
        if isinstance(name, str) and (wrong := name_fault(name)):
            yield Fault(("views", number, "name"), *wrong)
        elif name is not None and name in names:
            yield Fault(("views", number, "name"), f"a second view {quoted(str(name))}", "give it a name of its own")
        names.add(name if isinstance(name, str) else None)
        yield from _arrangement_faults(number, each if isinstance(each, dict) else {})


def _arrangement_faults(number: int, view: Mapping[str, object]) -> Iterator[Fault]:
    for field, named in (("columns", columns_named), ("sort", order_named)):
        words = view.get(field)
        found = named(words) if isinstance(words, str) and words else None
        if isinstance(found, ColumnProblem):
            yield Fault(("views", number, field), found.message, found.hint)


def name_fault(name: str) -> tuple[str, str] | None:
    """Why a view cannot have this name, and what would work; None if it can."""
    if name in {key.word for key in KEYS} | WORDS_WITH_AN_OBJECT:
        return f":{name} already has a meaning", f"call it my-{name}"
    if not _NAME.fullmatch(name):
        return (
            f"a view cannot be called {quoted(name)}",
            "use up to 16 small letters, digits and -, such as mine",
        )
    return None


def write_views(file: Path, views: Sequence[SavedView]) -> None:
    """Replace the file by one with these views, at once; BadInput says why it cannot be written."""
    try:
        file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        replace_file(file, views_text(views).encode())
    except OSError as problem:
        raise BadInput(f"{file}: {problem.strerror}", hint="make the folder writable") from problem


def views_text(views: Iterable[SavedView]) -> str:
    """The file with these views."""
    lines = ["# Views of the dashboard, kept by :save NAME and removed by :forget NAME; edit it as you like.\nviews:"]
    for view in views:
        given = {"name": view.name, "view": view.view.name.lower(), "filter": view.filter, "run": view.run}
        given |= {"scope": view.scope.value, "columns": view.columns, "sort": view.sort}
        fields = {name: value for name, value in given.items() if value}
        shown = ", ".join(f"{name}: {json.dumps(value, ensure_ascii=True)}" for name, value in fields.items())
        lines.append(f"  - {{{shown}}}")
    return "\n".join(lines if len(lines) > 1 else [lines[0] + " []"]) + "\n"
