"""Where the dashboard reads and decides. Every call opens the store for its own thread and lets go of it again."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from onloop.access.opening import gateway_socket, open_home, wall_clock
from onloop.errors import StoreError, Unavailable, UnknownThing
from onloop.gateway.bulk import BulkOutcome, perform_each
from onloop.gateway.command_operations import PerformCommand
from onloop.gateway.port import GatewayPort
from onloop.gateway.upkeep import RecordStoreEvent
from onloop.home import Home, check_private, is_own
from onloop.identity.scram import LEAST_COST
from onloop.machine.commands import Cancel, Command, Pause, Resume
from onloop.machine.principal import Principal
from onloop.machine.store_state import StoreEvent
from onloop.machine.task import Task
from onloop.records import Record, replace
from onloop.remote.client_credentials import Credentials
from onloop.remote.connection_pool import ConnectionPool
from onloop.store.port import Recorded
from onloop.store.sqlite.database import FILE
from onloop.views.dossier import NOT_ASKED, Changes, Dossier, ReadDossier, changes_of
from onloop.views.effective_status import ReadTaskNow
from onloop.views.queries.reads import ReadEvents
from onloop.views.queries.tasks_below import DEEDS, ReadTasksBelow

LOOK_BUSY_MS = 1_000
"""Leaving waits for a look to end, so a look does not wait long."""


def _always() -> Hashable:
    return None


def _nothing() -> None:
    pass


def _not_asked(_task: Task) -> Changes:
    return NOT_ASKED


class StoreAccess(Record):
    """How a thread opens its own gateway, what submissions change, and what tells one store from its replacement."""

    open: Callable[[], GatewayPort]
    changes: Callable[[Task], Changes] = _not_asked
    mark: Callable[[], Hashable] = _always
    """Differs when another store has taken the place of this one; StoreError when there is none."""
    look: Callable[[], GatewayPort] | None = None
    """Like `open`, for who looks all the time: it rather says that the store is busy, and looks again, than waits."""
    close: Callable[[], None] = _nothing
    """Lets go of what is kept from one call to the next."""
    forget: Callable[[], None] = _nothing
    """Forgets who proved themselves."""

    def dossier(self, task_id: str, *, changes: bool = True) -> Dossier:
        """Everything that a person must see about a task, or all but what its commit changes.

        UnknownThing if there is no task of that id.
        """
        with self._opened() as gateway:
            found = _dossier(gateway, task_id)
        return found.with_changes(self.changes(found.task)) if changes else found

    def log(self, *, after: int = 0, before: int | None = None, limit: int, newest: bool = False) -> Sequence[Recorded]:
        """Up to `limit` events between two sequences, in order: the first of them, or the newest."""
        with self._opened() as gateway:
            return gateway.perform(ReadEvents(after=after, before=before, limit=limit, newest=newest))

    def perform(self, person: Principal, task_id: str, command: Command, key: str) -> Task:
        """Hand a decision to the gateway; the answer is the task after it."""
        with self._opened() as gateway:
            return gateway.perform(PerformCommand(person, task_id, command, key=key))

    def perform_below(
        self, person: Principal, task_id: str, command: Pause | Resume | Cancel, key: str
    ) -> tuple[Task, Sequence[BulkOutcome]]:
        """The same, and then to what is below the task: the answer is the task after it, and what became of the others.

        What the task itself refuses is raised; when it has changed since it was shown, nothing at all is done.
        """
        with self._opened() as gateway:
            wanted_below = ReadTasksBelow(task_id, DEEDS[type(command)], gateway.clock(), command.version)
            targets = gateway.perform(wanted_below).ids
            others = replace(command, version=None)
            wanted = [(target, command if target == task_id else others) for target in targets]
            outcomes = perform_each(gateway, person, wanted, key=key)
            for outcome in outcomes:
                if outcome.task == task_id and outcome.refusal is not None:
                    raise outcome.refusal
            after = gateway.perform(ReadTaskNow(task_id, gateway.clock())).task
        return after, tuple(outcome for outcome in outcomes if outcome.task != task_id)

    def record(self, person: Principal, event: StoreEvent) -> None:
        """Have the gateway record a fact about the whole store: here, what people say about causes."""
        with self._opened() as gateway:
            gateway.perform(RecordStoreEvent(person, event))

    def recognise(self, name: str, passphrase: str) -> Principal:
        """The person whose passphrase was typed just now; NotAllowed if it is not theirs. Slow by design."""
        with self._opened() as gateway:
            return gateway.person(name, passphrase, typed=True)

    @contextmanager
    def _opened(self) -> Iterator[GatewayPort]:
        gateway = self.open()
        try:
            yield gateway
        finally:
            gateway.store.close()


def _dossier(gateway: GatewayPort, task_id: str) -> Dossier:
    try:
        return gateway.perform(ReadDossier(task_id))
    except UnknownThing:
        raise UnknownThing(f"there is no task {task_id!r} any more", hint="Esc closes the sheet") from None


def access_of(home: Home) -> StoreAccess:
    """The place that a home on this machine is: its file, or, where that is another user's, its resident gateway."""
    return access_here(home) if is_own(home.store) else access_apart(gateway_socket(home), home.store)


def access_apart(socket: Path, store: Path, least_cost: int = LEAST_COST) -> StoreAccess:
    """The place behind a resident gateway, of which all is asked: it alone may open store and mirrors."""
    lines = ConnectionPool(socket, store, wall_clock, Credentials(least_cost=least_cost))

    def mark() -> Hashable:
        try:
            found = socket.stat()
        except OSError as problem:
            hint = "the store's user starts it: onloop serve"
            raise Unavailable(f"no gateway is at {socket}: {problem.strerror}", hint=hint) from problem
        return found.st_dev, found.st_ino

    def changes(task: Task) -> Changes:
        client = lines.client()
        try:
            return client.changes(task.id)
        finally:
            client.store.close()

    return StoreAccess(lines.client, changes, mark, look=lines.impatient, close=lines.close, forget=lines.forget)


def access_here(home: Home) -> StoreAccess:
    """The place that the file of one's own store is; a resident gateway, where one is up, writes to it."""

    def mark() -> Hashable:
        check_private(home.store)
        try:
            found = (home.store / FILE).stat()
        except OSError as problem:
            raise StoreError(
                f"there is no store in {home.store}", hint="put it back; the dashboard goes on by itself"
            ) from problem
        return found.st_dev, found.st_ino

    def changes(task: Task) -> Changes:
        return changes_of(task, home.mirror)

    return StoreAccess(
        lambda: open_home(home).gateway, changes, mark, look=lambda: open_home(home, LOOK_BUSY_MS).gateway
    )
