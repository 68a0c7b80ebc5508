"""Whether what a call names is in the folders of its task: by where each path really leads, links and all."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from onloop.agents.vendors.vendor import Fields, items_of

MOST_PATHS = 200
"""How many paths of one call are looked up; a call that names more counts as outside."""
_OF_FILES = frozenset({"read", "edit", "delete", "move", "search", "think"})
"""Kinds whose input is read for paths; of the others only the places that the agent tells are looked at."""
_MUST_SAY = frozenset({"edit", "delete", "move"})
"""Kinds that count as outside where they name no place."""
_NAMES = re.compile(
    r".*(?:path|file|dir|directory|folder|root|cwd|uri|filename|glob)s?|source|destination|target|pattern"
)
_STARTS = re.compile(r"[/~\\]|\.\.(?:/|$)|[A-Za-z][A-Za-z0-9+.-]*:")
_URI = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:")


def is_outside(kind: str, tool: Fields, folders: Sequence[Path]) -> bool:
    """Whether a call names a place that is not in `folders`, or none where it must; relative ones are in the first."""
    told = tool.get("locations") or []
    places = [each.get("path") for each in (*items_of(told), *items_of(tool.get("content"))) if "path" in each]
    is_odd = not isinstance(told, list) or any(not isinstance(each, dict) or "path" not in each for each in told)
    named = [*places, *(_named(tool.get("rawInput")) if kind in _OF_FILES else ())]
    if is_odd or len(named) > MOST_PATHS or not (named or kind not in _MUST_SAY):
        return True
    real = [os.path.realpath(folder) for folder in folders]
    return any(not _is_below(path, real) for path in dict.fromkeys(map(_text, named)))


def _text(path: object) -> str:
    return path if isinstance(path, str) else ""


def _named(value: object, is_path: bool = False) -> Iterator[str]:
    """What in an input is a path by the name that it has, at any depth; a name may itself be one."""
    if isinstance(value, str) and is_path and value:
        yield value
    elif isinstance(value, list):
        for each in value:
            yield from _named(each, is_path)
    elif isinstance(value, dict):
        for name, each in value.items():
            if _STARTS.match(name):
                yield name
            key = re.sub(r"[^a-z]", "", name.lower())
            yield from _named(each, _is_name_of_path(key, each))


def _is_name_of_path(key: str, value: object) -> bool:
    """A pattern is a path only where it begins as one: most are searched for in files."""
    if key == "pattern":
        return isinstance(value, str) and _STARTS.match(value) is not None
    return _NAMES.fullmatch(key) is not None


def _is_below(path: str, real: Sequence[str]) -> bool:
    if not path or path.startswith("~") or _URI.match(path):
        return False
    try:
        found = Path(os.path.realpath(Path(real[0]) / path))
    except (OSError, ValueError):
        return False
    return any(found.is_relative_to(folder) for folder in real)
