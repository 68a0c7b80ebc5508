"""The dashboard's access to a store. Every call opens the store for its own thread and closes it again."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from onloop.access.opening import gateway_socket, open_home, wall_clock
from onloop.access.task_log import LogPart, ReadPage, TaskLog
from onloop.errors import StoreError, Unavailable, UnknownThing, unknown_task
from onloop.gateway.bulk import BulkOutcome, perform_each
from onloop.gateway.command_operations import PerformCommand
from onloop.gateway.port import GatewayPort
from onloop.gateway.upkeep import RecordStoreEvent
from onloop.home import Home, addressed, check_private
from onloop.identity.scram import LEAST_COST
from onloop.machine.commands import Cancel, Command, Pause, Resume
from onloop.machine.definition import Definition
from onloop.machine.principal import Principal
from onloop.machine.store_state import StoreEvent
from onloop.machine.task import Task
from onloop.records import Record, replace
from onloop.remote.agent_log import NO_LOG, AgentLogPage, page_of
from onloop.remote.client_credentials import Credentials
from onloop.remote.connection import Connection
from onloop.remote.connection_operations import ReadPatchPage
from onloop.remote.http_client.far_place import FarPlace, far_credentials
from onloop.remote.line_pool import LinePool
from onloop.store.port import Recorded
from onloop.store.sqlite.database import FILE
from onloop.views.changes import NOT_ASKED, Changes, PageWanted, PatchPage, changes_of, patch_page
from onloop.views.dossier import Dossier, ReadDossier
from onloop.views.effective_status import ReadTaskNow
from onloop.views.kept_patches import KeptPatches
from onloop.views.pinned_workflow import ReadDefinition
from onloop.views.queries.reads import ReadEvents, ReadTask
from onloop.views.queries.store_at import ReadStoreAt, StoreAt
from onloop.views.queries.tasks_below import DEEDS, ReadTasksBelow
from onloop.views.queries.worker_reads import MachinesNow, ReadMachines
from onloop.views.reporting.report_queries import ReadRunHistory
from onloop.views.reporting.report_records import RunHistory
from onloop.views.reporting.timelines import ReadTimeline, Timeline

LOOK_BUSY_MS = 1_000
"""A look waits only this long, because leaving the dashboard waits for it to end."""

MOST_OF_A_TASK = 20_000
"""How many events of one task are looked at for its rounds."""


def _always() -> Hashable:
    return None


def _never() -> bool:
    return False


def _nothing() -> None:
    pass


def _as_it_is(command: str) -> str:
    return command


def _no_log(_task: str, _start: int) -> AgentLogPage:
    return NO_LOG


def _not_asked(_task: Task) -> Changes:
    return NOT_ASKED


def _none_since(_task: Task, _since: str) -> Changes:
    return NOT_ASKED


def _no_page(task: Task, wanted: PageWanted) -> PatchPage:
    raise UnknownThing(
        f"no mirror of {task.id} can be read here, so {wanted.path!r} cannot be shown", hint="Esc goes back"
    )


class StoreAccess(Record):
    """How a thread opens its own gateway, what submissions change, and what identifies a store."""

    open: Callable[[], GatewayPort]
    changes: Callable[[Task], Changes] = _not_asked
    mark: Callable[[], Hashable] = _always
    """A value that differs when another store has replaced this one; raises StoreError if there is none."""
    look: Callable[[], GatewayPort] | None = None
    """Like `open`, for the feed: it reports a busy store instead of waiting, because the feed looks again soon."""
    close: Callable[[], None] = _nothing
    """Closes what is kept between calls."""
    forget: Callable[[], None] = _nothing
    """Forgets all proofs."""
    is_gone: Callable[[], bool] = _never
    """Whether the store's folder is not there any more."""
    agent_log: ReadPage = _no_log
    """A page of what a task's agents printed, from a byte on, or, before 0, its end."""
    pages: Callable[[Task, PageWanted], PatchPage] = _no_page
    """A page of what one file changes."""
    since: Callable[[Task, str], Changes] = _none_since
    """Which files differ from an earlier commit of the task's."""
    name: str = ""
    """What people call the store: its folder, or the URL of its gateway."""
    clock: Callable[[], int] = wall_clock
    """The store's time: its gateway's, where that is on another machine."""
    resumes: bool = False
    """Whether a reader who lost the store goes on from where they were, if it is the same one."""
    is_apart: bool = False
    """Whether what is read comes over a line, each value by itself."""
    addressed: Callable[[str], str] = _as_it_is
    """A command for `onloop` so that it means this store wherever it is typed."""

    def dossier(self, task_id: str, *, changes: bool = True, seq: int | None = None) -> Dossier:
        """Everything that a person must see about a task; without `changes`, the diff is left out.

        UnknownThing if there is no task with that id. With `seq`, it is seen as it stood after that event.
        """
        with self._opened() as gateway:
            found = _dossier(gateway, task_id, seq)
        return found.with_changes(self.changes(found.task)) if changes else found

    def log(
        self, *, after: int = 0, before: int | None = None, limit: int, newest: bool = False, task: str | None = None
    ) -> Sequence[Recorded]:
        """Up to `limit` events between two sequence numbers, in order: the first of them, or the newest."""
        with self._opened() as gateway:
            return gateway.perform(ReadEvents(after=after, before=before, limit=limit, newest=newest, task=task))

    def store_at(self, asked: ReadStoreAt, known: tuple[str, ...]) -> StoreAt:
        """What stood otherwise at a moment; `known` are digests of workflows."""
        with self._opened() as gateway:
            return gateway.perform(replace(asked, differing=True, known=known))

    def rounds(self, task: str) -> Sequence[Recorded]:
        """What has happened to a task, as far as it may hold what was submitted."""
        with self._opened() as gateway:
            return gateway.perform(ReadEvents(task=task, limit=MOST_OF_A_TASK, newest=True))

    def history(self, run: str) -> RunHistory:
        """How a run went so far."""
        with self._opened() as gateway:
            return gateway.perform(ReadRunHistory(run, gateway.clock()))

    def timeline(self, task_id: str) -> tuple[Task, Definition, Timeline]:
        """A task, its workflow, and what its time went to; of a fleet, what that of its tasks did.

        UnknownThing if there is no task with that id.
        """
        with self._opened() as gateway:
            task = gateway.perform(ReadTask(task_id))
            if task is None:
                raise unknown_task(task_id)
            definition = gateway.perform(ReadDefinition(task.definition))
            return task, definition, gateway.perform(ReadTimeline(task_id, gateway.clock()))

    def machines(self) -> MachinesNow:
        """What workers and verifiers are at."""
        with self._opened() as gateway:
            return gateway.perform(ReadMachines(gateway.clock()))

    def log_parts(self, log: TaskLog) -> Sequence[LogPart]:
        """What has been written since the last look."""
        with self._opened() as gateway:
            return log.parts(gateway)

    def perform(self, person: Principal, task_id: str, command: Command, key: str) -> Task:
        """Send a decision to the gateway; returns the task after it."""
        with self._opened() as gateway:
            return gateway.perform(PerformCommand(person, task_id, command, key=key))

    def perform_below(
        self, person: Principal, task_id: str, command: Pause | Resume | Cancel, key: str
    ) -> tuple[Task, Sequence[BulkOutcome]]:
        """Send a decision to a task and then to the tasks below it; returns the task after it and the other outcomes.

        A refusal by the task itself is raised. If it has changed since it was shown, nothing is done.
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
        """Let the gateway record an event of the store: here, what people say about causes."""
        with self._opened() as gateway:
            gateway.perform(RecordStoreEvent(person, event))

    def recognise(self, name: str, passphrase: str) -> Principal:
        """The person whose passphrase was typed now; NotAllowed if it is wrong. Slow by design."""
        with self._opened() as gateway:
            return gateway.person(name, passphrase, typed=True)

    @contextmanager
    def _opened(self) -> Iterator[GatewayPort]:
        gateway = self.open()
        try:
            yield gateway
        finally:
            gateway.store.close()


def _dossier(gateway: GatewayPort, task_id: str, seq: int | None) -> Dossier:
    try:
        return gateway.perform(ReadDossier(task_id, seq))
    except UnknownThing:
        raise UnknownThing(f"there is no task {task_id!r} any more", hint="Esc closes the sheet") from None


def access_of(home: Home) -> StoreAccess:
    """The access to a store on this machine: its file, or its resident gateway if another user owns the file."""
    if home.url:
        access = access_far(FarPlace.of(home), far_credentials(home))
    elif home.is_ours:
        access = access_here(home)
    else:
        access = access_apart(gateway_socket(home), home.store if home.is_known else None)
    return replace(access, name=home.name, addressed=partial(addressed, home))


def access_apart(socket: Path, store: Path | None, least_cost: int = LEAST_COST) -> StoreAccess:
    """The access through a resident gateway, which alone may open the store and the mirrors."""

    def line(credentials: Credentials, patience: Sequence[float]) -> Connection:
        return Connection(socket, store, credentials, patience)

    def mark() -> Hashable:
        try:
            found = socket.stat()
        except OSError as problem:
            hint = "the store's user starts it: onloop serve"
            raise Unavailable(f"no gateway answers at {socket}: {problem.strerror}", hint=hint) from problem
        return found.st_dev, found.st_ino

    return replace(_through(LinePool(line, Credentials(least_cost=least_cost))), mark=mark)


def access_far(place: FarPlace, credentials: Credentials) -> StoreAccess:
    """The access to a gateway that has a URL."""
    lines = LinePool(place.line, credentials)

    def close() -> None:
        lines.close()
        place.carrier.close()

    return replace(_through(lines), close=close, clock=place.clock.now, resumes=True)


def _through(lines: LinePool) -> StoreAccess:
    """The access over lines to a gateway, which alone may open the store and the mirrors."""

    def changes(task: Task, since: str = "") -> Changes:
        client = lines.client()
        try:
            return client.changes(task.id, since)
        finally:
            client.store.close()

    def agent_log(task: str, start: int) -> AgentLogPage:
        client = lines.client()
        try:
            return client.agent_log(task, start)
        finally:
            client.store.close()

    def page(task: Task, wanted: PageWanted) -> PatchPage:
        client = lines.client()
        try:
            return client.patch_page(ReadPatchPage.of(task.id, wanted))
        finally:
            client.store.close()

    return StoreAccess(
        lines.client,
        changes,
        look=lines.impatient,
        close=lines.close,
        forget=lines.forget,
        agent_log=agent_log,
        pages=page,
        since=changes,
        is_apart=True,
    )


def access_here(home: Home) -> StoreAccess:
    """The access to the file of the user's own store; if a resident gateway is running, it does the writing."""

    def mark() -> Hashable:
        check_private(home.store)
        try:
            found = (home.store / FILE).stat()
        except OSError as problem:
            raise StoreError(
                f"there is no store in {home.store}", hint="restore it; the dashboard continues by itself"
            ) from problem
        return found.st_dev, found.st_ino

    kept = KeptPatches()

    def changes(task: Task, since: str = "") -> Changes:
        return changes_of(task, home.mirror, since)

    return StoreAccess(
        lambda: open_home(home).gateway,
        changes,
        mark,
        look=lambda: open_home(home, LOOK_BUSY_MS).gateway,
        is_gone=lambda: home.is_gone,
        agent_log=lambda task, start: page_of(home.agent_log(task), start),
        pages=lambda task, wanted: patch_page(task, home.mirror, wanted, kept),
        since=changes,
    )
