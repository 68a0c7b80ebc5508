"""Where a person was in a store when they left its dashboard: a private file that is never trusted."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Any

from onloop.plain_file import plain_bytes, replace_file

LARGEST = 64 * 1024
"""The most bytes of the file that are read or written."""
_LONGEST = 1_000
_MOST_VIEWS = 12
_BY_VIEW = ("filters", "columns", "orders")


@dataclass(frozen=True, slots=True)
class LastPlace:
    """A view by its name, the run that all was narrowed to, the filters by view, and the row by what it showed.

    `columns` and `orders` are those that were chosen, by view.
    """

    view: str
    run: str = ""
    filters: Mapping[str, str] = field(default_factory=dict)
    kind: str = ""
    row: str = ""
    columns: Mapping[str, str] = field(default_factory=dict)
    orders: Mapping[str, str] = field(default_factory=dict)


class LastPlaces:
    """Remembers one place for each store and person, in files of their own below `folder`."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def read(self, store: str, person: str) -> LastPlace | None:
        """The place that was written last; None if there is none, or if the file is not one of ours."""
        try:
            data = json.loads(plain_bytes(self._file(store, person), LARGEST, follows=False)[:LARGEST])
        except (OSError, ValueError, RecursionError):
            return None
        return _place_in(data)

    def write(self, store: str, person: str, place: LastPlace) -> None:
        """Replace what was remembered; a folder that cannot be written to is left alone."""
        told = {name: getattr(place, name) for name in ("view", "run", "kind", "row")}
        data = json.dumps({**told, **{name: dict(getattr(place, name)) for name in _BY_VIEW}}).encode()
        if len(data) > LARGEST:
            return
        with contextlib.suppress(OSError):
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            replace_file(self._file(store, person), data)

    def _file(self, store: str, person: str) -> Path:
        named = sha256(f"{store}\n{person}".encode()).hexdigest()
        return self._folder / f"{named[:32]}.json"


def places_folder(environment: Mapping[str, str]) -> Path:
    """Where last places are kept, by the XDG base directory specification; it is no store."""
    given = environment.get("XDG_STATE_HOME", "")
    state = Path(given) if given.startswith("/") else Path("~/.local/state").expanduser()
    return state / "onloop-dashboard"


def _place_in(data: Any) -> LastPlace | None:
    if not isinstance(data, dict) or not isinstance(data.get("view"), str):
        return None
    words = {name: _word(data.get(name)) for name in ("view", "run", "kind", "row")}
    filters, columns, orders = (_by_view(data.get(name)) for name in _BY_VIEW)
    return LastPlace(**words, filters=filters, columns=columns, orders=orders)


def _by_view(found: object) -> Mapping[str, str]:
    given = list(found.items())[:_MOST_VIEWS] if isinstance(found, dict) else []
    return {name[:_LONGEST]: words[:_LONGEST] for name, words in given if isinstance(words, str)}


def _word(value: object) -> str:
    return value[:_LONGEST] if isinstance(value, str) else ""
