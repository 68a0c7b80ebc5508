"""Which forge an origin means, and how it is asked: by `forges.toml` in the store."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Protocol

from onloop.errors import BadInput
from onloop.forges.forge_records import RepositoryName
from onloop.forges.forge_settings import FILE, ForgeSettings, OutsideSettings, read_settings
from onloop.forges.github.github_forge import GithubForge, github_forge
from onloop.forges.port import Forge

_OPENED: dict[tuple[Path, ForgeSettings], GithubForge] = {}
_TURN = threading.Lock()


class StorePlace(Protocol):
    """What knows the folder of a store, such as `Home`."""

    @property
    def store(self) -> Path:
        """The folder."""
        ...


class OpenedPlace(Protocol):
    """What is open on a store, such as a handle of the gateway."""

    @property
    def home(self) -> StorePlace:
        """Where the store is."""
        ...


Place = Path | StorePlace | OpenedPlace


def folder_of(place: Place) -> Path:
    """The store's folder."""
    if isinstance(place, Path):
        return place
    home: Any = getattr(place, "home", place)
    return Path(home.store)


def repository_of(place: Place, origin: str) -> RepositoryName | None:
    """Which repository of a declared forge an origin is; None if it is none."""
    return read_settings(folder_of(place)).repository(origin)


def forge_of(place: Place, origin_or_repo: str | RepositoryName, clock: Callable[[], int] | None = None) -> Forge:
    """The forge of an origin or repository, as the store declares it; the same one for all who ask in this process.

    BadInput where nothing is declared: nobody is asked without a token.
    """
    folder = folder_of(place)
    declared = read_settings(folder)
    repo = declared.repository(origin_or_repo) if isinstance(origin_or_repo, str) else origin_or_repo
    settings = declared.forge(repo.host) if repo is not None else None
    if settings is None:
        raise undeclared(declared, origin_or_repo)
    key = (folder, settings)
    with _TURN:
        if key not in _OPENED:
            _OPENED[key] = github_forge(settings, clock or _now)
        return _OPENED[key]


def undeclared(declared: OutsideSettings, origin_or_repo: str | RepositoryName) -> BadInput:
    """The error about an origin of which no forge is known."""
    words = origin_or_repo if isinstance(origin_or_repo, str) else f"{origin_or_repo.host}/{origin_or_repo.words}"
    return BadInput(
        f"no forge is declared for {words[:200]!r}",
        hint=f'declare it in {declared.file.parent / FILE}: [forge."HOST"] with a token or an app (guide forges)',
    )


def _now() -> int:
    return int(time.time() * 1000)
