"""The room of an environment: its private folder on the host, for what it shares with whoever is inside.

`run` is shown inside read-only: two sockets, and the order of each command. `work` is all that may be written inside.
A task's folders are moved in and out by renaming, while nothing of an agent's runs: so nothing is copied, and no path
that an agent could replace meanwhile is ever followed.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from onloop.environments.port import EnvironmentTrouble, TaskFolders
from onloop.gates.box.folder_owners import give, take_back
from onloop.gates.repository.folders import private, remove_tree
from onloop.records import Record

RUN, WORK = "run", "work"
HOME, CLONE, OUT, GIVEN, TEMPORARY = "home", "clone", "out", "in", "tmp"
KEPT = (CLONE, OUT, TEMPORARY, HOME)
"""What stays inside from round to round; what is given is new in each."""

_NOTE = "room.json"
_LARGEST_NOTE = 16_384


class EnvironmentRoom(Record):
    """One environment's folder; `user` is the user id that whoever is inside has on the host, if not ours."""

    path: Path
    user: int | None = None

    @property
    def run(self) -> Path:
        """What is shown inside, read-only."""
        return self.path / RUN

    @property
    def work(self) -> Path:
        """What may be written inside."""
        return self.path / WORK

    def prepare(self) -> None:
        """Make its folders, and give those that may be written to whoever is inside."""
        with explained(self.path):
            private(self.path)
            for folder in (self.run, self.work):
                private(folder)
            self.run.chmod(0o711)
            self.path.chmod(0o711)  # whoever is inside goes through it to its sockets; nobody else gets above it
            self._give(self.work)

    def note(self, **words: object) -> None:
        """Write down what the room is for, for whoever finds it after a kill."""
        with explained(self.path):
            private(self.path)
            fresh = self.path / f".{_NOTE}"
            fresh.write_text(json.dumps(words), encoding="utf-8")
            fresh.replace(self.path / _NOTE)

    def take_in(self, folders: TaskFolders) -> None:
        """Move in what there is of a task's folders on the host; what is inside stays, but for what is given."""
        with explained(self.path):
            for name, folder in folders.each:
                place = self.work / name
                if os.path.lexists(folder) and not (name in KEPT and os.path.lexists(place)):
                    remove_tree(place)
                    folder.rename(place)
                    self._give(place)
                elif not os.path.lexists(place):
                    private(place)
                    self._give(place, deep=False)
            self._give(self.work, deep=False)

    def give_out(self, folders: TaskFolders) -> None:
        """Move back to the host what is inside of a task's folders, and ours again; what is there already stays."""
        with explained(self.path):
            for name, folder in folders.each:
                place = self.work / name
                if place.is_symlink() or not place.is_dir() or os.path.lexists(folder):
                    continue
                if self.user is not None:
                    take_back(place)
                private(folder.parent)
                place.rename(folder)

    def order(self, order: Mapping[str, object]) -> str:
        """Write an order that only whoever is inside can read; the answer is its name in `run`."""
        name = f"order-{os.urandom(8).hex()}.json"
        with explained(self.path):
            for old in self.run.glob("order-*.json"):
                old.unlink(missing_ok=True)
            descriptor = os.open(self.run / name, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o400)
            with os.fdopen(descriptor, "w", encoding="utf-8") as file:
                json.dump(order, file)
            self._give(self.run / name, deep=False)
        return name

    def admit(self, socket: Path) -> None:
        """Let whoever is inside connect to a socket of ours."""
        with explained(socket):
            self._give(socket, deep=False)

    def remove(self) -> None:
        """Remove it with all that is in it; EnvironmentTrouble where something stays."""
        if self.user is not None and self.work.is_dir():
            with suppress(OSError):
                take_back(self.work)
        remove_tree(self.path)
        if os.path.lexists(self.path):
            raise EnvironmentTrouble(f"cannot remove {self.path}", hint="remove it by hand, then: onloop gc")

    def _give(self, place: Path, *, deep: bool = True) -> None:
        if self.user is None:
            return
        if deep:
            give(place, self.user)
        else:
            os.chown(place, self.user, self.user, follow_symlinks=False)


def noted(room: Path) -> Mapping[str, Any]:
    """What was written down of a room; nothing where it cannot be read."""
    with suppress(OSError, ValueError):
        if (room / _NOTE).lstat().st_size <= _LARGEST_NOTE:
            found = json.loads((room / _NOTE).read_text("utf-8"))
            return found if isinstance(found, dict) else {}
    return {}


@contextmanager
def explained(place: Path) -> Iterator[None]:
    """An OSError in the block becomes EnvironmentTrouble."""
    try:
        yield
    except OSError as problem:
        words = f"cannot use {problem.filename or place}: {problem.strerror or problem}"
        raise EnvironmentTrouble(words, hint=f"look at {place.parent}, then try again") from problem
