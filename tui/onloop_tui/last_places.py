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
_MOST_FILTERS = 12


@dataclass(frozen=True, slots=True)
class LastPlace:
    """A view by its name, the run that all was narrowed to, the filters by view, and the row by what it showed."""

    view: str
    run: str = ""
    filters: Mapping[str, str] = field(default_factory=dict)
    kind: str = ""
    row: str = ""


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
        data = json.dumps({**told, "filters": dict(place.filters)}).encode()
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
    found = data.get("filters")
    filters = found if isinstance(found, dict) else {}
    kept = {name: query for name, query in list(filters.items())[:_MOST_FILTERS] if isinstance(query, str)}
    return LastPlace(**words, filters={name[:_LONGEST]: query[:_LONGEST] for name, query in kept.items()})


def _word(value: object) -> str:
    return value[:_LONGEST] if isinstance(value, str) else ""
