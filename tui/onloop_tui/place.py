"""Where the dashboard reads and decides. Every call opens the store for its own thread and lets go of it again."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from onloop.errors import StoreError, UnknownThing
from onloop.gates.mirror import Mirror
from onloop.gateway.dossier import Dossier, dossier_of
from onloop.gateway.home import Home, check_private
from onloop.gateway.identity import Principal, person_from_passphrase
from onloop.gateway.opening import open_home
from onloop.gateway.service import Gateway
from onloop.machine.commands import Command
from onloop.machine.task import Task
from onloop.store.sqlite import FILE


def _always() -> Hashable:
    return None


@dataclass(frozen=True, slots=True)
class Place:
    """How a thread opens its own gateway, where the mirrors are, and what tells one store from its replacement."""

    open: Callable[[], Gateway]
    mirror_of: Callable[[str], Mirror] | None = None
    mark: Callable[[], Hashable] = _always
    """Differs when another store has taken the place of this one; StoreError when there is none."""

    def dossier(self, task_id: str) -> Dossier:
        """Everything that a person must see about a task; UnknownThing if there is none of that id."""
        with self._opened() as gateway, gateway.store.reading() as at:
            task = at.task(task_id)
            if task is None:
                raise UnknownThing(f"there is no task {task_id!r} any more", hint="Esc closes the sheet")
            return dossier_of(at, task, self.mirror_of)

    def perform(self, person: Principal, task_id: str, command: Command, key: str) -> Task:
        """Hand a decision to the gateway; the answer is the task after it."""
        with self._opened() as gateway:
            return gateway.perform(person, task_id, command, key=key)

    def recognise(self, name: str, passphrase: str) -> Principal:
        """The person whose passphrase was typed just now; NotAllowed if it is not theirs. Slow by design."""
        with self._opened() as gateway, gateway.store.reading() as at:
            house = at.house()
        return person_from_passphrase(house, name, passphrase, typed=True)

    @contextmanager
    def _opened(self) -> Iterator[Gateway]:
        gateway = self.open()
        try:
            yield gateway
        finally:
            gateway.store.close()


def place_of(home: Home) -> Place:
    """The place that a home on this machine is."""

    def mark() -> Hashable:
        check_private(home.store)
        try:
            found = (home.store / FILE).stat()
        except OSError as problem:
            raise StoreError(
                f"there is no store in {home.store}", hint="put it back; the dashboard goes on by itself"
            ) from problem
        return found.st_dev, found.st_ino

    return Place(lambda: open_home(home).gateway, home.mirror, mark)
