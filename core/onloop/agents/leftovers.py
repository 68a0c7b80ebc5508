"""What ended tasks have left on disk, and how it is removed: nothing of a task that lives, nothing of the log.

Clones, handed-over folders and logs lie outside the store, by the ids of their tasks. A task that has ended never goes
on, so nobody needs its folders; an agent that still runs there keeps them. Bytes that the log names are in the store's
file, which nothing here touches.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from enum import StrEnum
from pathlib import Path
from typing import Protocol

from onloop.agents.process_record import remembered_pid
from onloop.gates.repository.folders import abandoned, remove_tree
from onloop.gates.repository.ref_names import is_task
from onloop.gates.upkeep.disk_use import disk_use
from onloop.home import Home
from onloop.machine.task import Task
from onloop.records import Record

_BRIEF = ".brief.md"
_LOG_ENDINGS = (".log", _BRIEF, ".pid", ".session", ".hook.json")
_ROTATED = ".log.before"


class LeftoverKind(StrEnum):
    """What was left behind."""

    CLONE = "clone"
    PERSONS = "person's"
    HANDED_OVER = "out"
    LOG = "log"
    SCRATCH = "scratch"
    CACHE = "cache"


class Leftover(Record):
    """Files and folders that can go: `name` is a task's id or a cache's key, `since` (ms) when it was last needed."""

    kind: LeftoverKind
    name: str
    places: tuple[Path, ...]
    size: int
    since: int


class CachedFolder(Protocol):
    """A folder that can be made again: its key, its size in bytes, and when it was last used (s)."""

    @property
    def key(self) -> str: ...  # noqa: D102

    @property
    def size(self) -> int: ...  # noqa: D102

    @property
    def used_at(self) -> float: ...  # noqa: D102


class Cache(Protocol):
    """Folders that can be made again. Whoever keeps some says so in `onloop.cli.verbs.gc_verbs.caches_of`."""

    @property
    def folder(self) -> Path: ...  # noqa: D102

    def sizes(self) -> Sequence[CachedFolder]: ...  # noqa: D102

    def remove(self, key: str) -> bool: ...  # noqa: D102


def leftovers(
    home: Home, task_of: Callable[[str], Task | None], caches: Iterable[Cache], before: int
) -> tuple[Leftover, ...]:
    """Everything that nobody has needed since `before` (ms), the largest first."""
    found = [*_of_tasks(home, task_of, before), *_scratch(home, before), *_of_caches(caches, before)]
    return tuple(sorted(found, key=lambda each: (-each.size, each.kind, each.name)))


def remove(leftover: Leftover, caches: Iterable[Cache]) -> bool:
    """Remove it; False if something of it is in use or could not be removed."""
    if leftover.kind is LeftoverKind.CACHE:
        return any(cache.remove(leftover.name) for cache in caches if cache.folder / leftover.name in leftover.places)
    for place in leftover.places:
        if place.is_dir() and not place.is_symlink():
            remove_tree(place)
        else:
            with suppress(OSError):
                place.unlink(missing_ok=True)
    return not any(map(_is_there, leftover.places))


def _of_tasks(home: Home, task_of: Callable[[str], Task | None], before: int) -> Iterator[Leftover]:
    """Folders and logs of tasks that ended before, and of those that the store no longer knows."""
    needed_until: dict[str, int | None] = {}
    for (kind, name), places in _by_task(home).items():
        if name not in needed_until:
            needed_until[name] = _needed_until(home, name, task_of(name), places)
        since = needed_until[name]
        if since is not None and since < before:
            yield Leftover(kind, name, tuple(places), disk_use(places).size, since)


def _by_task(home: Home) -> dict[tuple[LeftoverKind, str], list[Path]]:
    found = defaultdict[tuple[LeftoverKind, str], list[Path]](list)
    handed = (home.handed_over, home.handed_in, home.temporaries, home.homes)
    clones = ((LeftoverKind.CLONE, home.environments), (LeftoverKind.PERSONS, home.people))
    folders = (*clones, *((LeftoverKind.HANDED_OVER, folder) for folder in handed))
    for kind, folder in folders:
        for place in _listed(folder):
            found[kind, place.name.partition("@")[0]].append(place)
    for place in _listed(home.logs):
        name = next((place.name.removesuffix(end) for end in _LOG_ENDINGS if place.name.endswith(end)), "")
        found[LeftoverKind.LOG, name].append(place)
    return {key: places for key, places in found.items() if is_task(key[1]) and _is_of_a_task(key[0], places)}


def _is_of_a_task(kind: LeftoverKind, places: Sequence[Path]) -> bool:
    """Whether it was made for a task: every agent gets a brief, and a verifier and a demo's worker have only a log."""
    return kind is not LeftoverKind.LOG or any(place.name.endswith(_BRIEF) for place in places)


def _needed_until(home: Home, name: str, task: Task | None, places: Sequence[Path]) -> int | None:
    """When a task ended, or, if the store no longer knows it, when its files last changed; None if it is needed."""
    if remembered_pid(home.logs / f"{name}.pid") is not None:
        return None
    if task is not None:
        return task.updated_at if task.ended else None
    return max((_changed(place) for place in places), default=0)


def _scratch(home: Home, before: int) -> Iterator[Leftover]:
    """What killed processes left half made, and logs that were put aside."""
    half_made = [place for folder in (home.environments, home.people, home.mirrors) for place in abandoned(folder, "")]
    put_aside = [place for place in _listed(home.logs) if place.name.endswith(_ROTATED)]
    for place in (*half_made, *put_aside):
        if (since := _changed(place)) < before:
            yield Leftover(LeftoverKind.SCRATCH, place.name, (place,), disk_use([place]).size, since)


def _of_caches(caches: Iterable[Cache], before: int) -> Iterator[Leftover]:
    for cache in caches:
        for each in cache.sizes():
            if (since := int(each.used_at * 1000)) < before:
                yield Leftover(LeftoverKind.CACHE, each.key, (cache.folder / each.key,), each.size, since)


def _listed(folder: Path) -> list[Path]:
    with suppress(OSError):
        return sorted(folder.iterdir())
    return []


def _changed(place: Path) -> int:
    with suppress(OSError):
        return place.lstat().st_mtime_ns // 1_000_000
    return 0


def _is_there(place: Path) -> bool:
    with suppress(OSError):
        place.lstat()
        return True
    return False
