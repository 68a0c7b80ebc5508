"""Environments that outlived their worker: found by their labels, their rooms and their rows, and removed.

A worker is known by its process id and when that began. What a living one made is left alone, whatever it is for.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path

from onloop.access.opening import GatewayHandle
from onloop.agents.places.lent_place import host_name
from onloop.agents.places.place_pool import LAUNCHER
from onloop.agents.places.place_variables import task_folders
from onloop.environments.port import EnvironmentMaker, EnvironmentTrouble
from onloop.environments.room import EnvironmentRoom, noted
from onloop.errors import OnloopError
from onloop.gates.repository.ref_names import is_task
from onloop.gateway.environment_operations import DropEnvironments
from onloop.home import Home
from onloop.identity.resolution import process_of, this_process
from onloop.records import Record
from onloop.text import safe


class LeftEnvironment(Record):
    """An environment whose worker is gone: its kind and task where they are known, and whether it has a room here."""

    id: str
    kind: str
    task: str = ""
    has_room: bool = False


def is_alive(worker: str) -> bool:
    """Whether the process `PID@START` still runs."""
    pid = worker.partition("@")[0]
    return pid.isascii() and pid.isdigit() and process_of(int(pid)) == worker and "@" in worker


def left_environments(home: Home, store: str, makers: Iterable[EnvironmentMaker]) -> tuple[LeftEnvironment, ...]:
    """All that are on this machine for the store and whose worker has ended."""
    found = {each.id: each for each in _labelled(store, makers)}
    for room in _rooms(home):
        note = noted(room)
        if not is_alive(str(note.get("worker", ""))):
            known = found.get(room.name)
            kind = known.kind if known is not None else str(note.get("kind", ""))
            found[room.name] = LeftEnvironment(room.name, kind, str(note.get("task", "")), has_room=True)
    return tuple(found.values())


def _labelled(store: str, makers: Iterable[EnvironmentMaker]) -> Iterator[LeftEnvironment]:
    for maker in makers:
        with suppress(EnvironmentTrouble):  # an engine that does not answer has none that we could remove
            for each in maker.found(store):
                if not is_alive(each.worker):
                    yield LeftEnvironment(each.id, each.kind.value, each.task)


def remove_left(home: Home, left: LeftEnvironment, makers: Iterable[EnvironmentMaker]) -> None:
    """Remove one, and bring back to the host what a task had in it; EnvironmentTrouble where something stays."""
    for maker in makers:
        if maker.kind.value == left.kind:
            maker.remove(left.id)
    if not left.has_room:
        return
    path = home.rooms / left.id
    room = EnvironmentRoom(path, _owner(path))
    if is_task(left.task):
        with suppress(OnloopError):  # what is lost of an attempt that was killed is not what counts
            room.give_out(task_folders(home, left.task))
    room.remove()


def tidy_environments(opened: GatewayHandle, store: str, makers: Iterable[EnvironmentMaker]) -> Iterator[str]:
    """Remove all that was left on this machine, and the rows of what is gone; the answers say what happened."""
    made = tuple(makers)
    for left in left_environments(opened.home, store, made):
        try:
            remove_left(opened.home, left, made)
        except (OnloopError, OSError) as problem:
            yield f"environment {left.id} is left: {safe(str(problem), 200)}"
        else:
            yield f"environment {left.id} ({left.kind or 'unknown'}) was left by a worker that ended, and was removed"
    here = tuple(room.name for room in _rooms(opened.home))
    if opened.home.database:  # whose rows may be those of another folder of this machine
        return
    with suppress(OnloopError):
        opened.gateway.perform(DropEnvironments(this_process(LAUNCHER), host_name(), here[:1_000], others=True))


def bring_back(home: Home, task: str) -> None:
    """Where a task's clone is in the room of an environment whose worker is gone, bring it back before it is used."""
    if os.path.lexists(home.environment(task)):
        return
    for room in _rooms(home):
        note = noted(room)
        if note.get("task") == task and not is_alive(str(note.get("worker", ""))):
            with suppress(OnloopError):
                EnvironmentRoom(room, _owner(room)).give_out(task_folders(home, task))


def _rooms(home: Home) -> Iterator[Path]:
    with suppress(OSError):
        yield from sorted(path for path in home.rooms.iterdir() if path.is_dir() and not path.is_symlink())


def _owner(room: Path) -> int | None:
    """The user who was inside, if not ours: whoever owns what may be written there."""
    with suppress(OSError):
        owner = EnvironmentRoom(room).work.lstat().st_uid
        return owner if owner != os.getuid() else None
    return None
