"""A client of a resident gateway, with the methods of one over a file."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any, TypeVar, cast

from onloop.errors import Ground, NotAllowed, Unavailable
from onloop.gateway.claims import ClaimGranted
from onloop.gateway.idempotency import OWN
from onloop.gateway.service import DEFAULT_LEASE_MS, Gateway
from onloop.identity.scram import RANDOM_COST
from onloop.machine.commands import Command, Create
from onloop.machine.principal import Principal, PrincipalKind
from onloop.machine.state import State
from onloop.machine.store_state import StoreEvent, StoreState
from onloop.machine.task import Task
from onloop.records import Record
from onloop.remote.connection import Connection, ConnectionLost
from onloop.remote.dispatch import CALLS
from onloop.store.port import Reading, Recorded, Store, TaskFilter, Transaction
from onloop.store.rows import Head, Job, Lease, PinnedWorkflow, StoreRow
from onloop.views.dossier import Changes
from onloop.views.sub_agents import SubAgentNews

if TYPE_CHECKING:  # whoever hands nothing in starts no collector
    from onloop.gates.intake.collection import Collection

R = TypeVar("R", bound=StoreRow)


class GatewayClient(Record):
    """See Gateway. What changes something goes over the line, under a key of its own where the caller gave none.

    Where the line breaks, the same is asked of `behind`, the gateway over the file, or else of the resident one again
    once it is back: with its key it happens once, whichever of them did it.
    """

    line: Connection
    store: Store
    clock: Callable[[], int]
    behind: Gateway | None = None

    def perform(self, principal: Principal, task_id: str, command: Command, *, key: str = "") -> Task:
        """See Gateway.perform."""
        return cast("Task", self._ask("perform", principal, task_id, command, key or own_key()))

    def create(
        self, principal: Principal, creations: Sequence[tuple[str, Create]], pinned: PinnedWorkflow, *, key: str = ""
    ) -> Task:
        """See Gateway.create."""
        ids, commands = tuple(task for task, _ in creations), tuple(command for _, command in creations)
        return cast("Task", self._ask("create", principal, ids, commands, pinned, key or own_key()))

    def claim(
        self,
        principal: Principal,
        agent: str,
        role: str,
        *,
        task: str | None = None,
        lease_ms: int = DEFAULT_LEASE_MS,
        key: str = "",
    ) -> ClaimGranted:
        """See Gateway.claim."""
        return cast("ClaimGranted", self._ask("claim", principal, agent, role, task, lease_ms, key or own_key()))

    def heartbeat(
        self,
        principal: Principal,
        *,
        lease_ms: int = DEFAULT_LEASE_MS,
        progress: bool = False,
        news: Sequence[SubAgentNews] = (),
    ) -> int:
        """See Gateway.heartbeat."""
        return cast("int", self._ask("heartbeat", principal, lease_ms, progress, tuple(news)))

    def tick(self) -> int:
        """See Gateway.tick."""
        return cast("int", self._ask("tick"))

    def record_house(self, principal: Principal, event: StoreEvent, *, key: str = "") -> None:
        """See Gateway.record_house."""
        self._ask("record_house", principal, event, key or own_key())

    def take_job(self, verifier: Principal, lease_ms: int, *, effects: bool, busy: tuple[str, ...] = ()) -> Job | None:
        """See Gateway.take_job."""
        return cast("Job | None", self._ask("take_job", verifier, lease_ms, effects, busy))

    def put_back(self, job: Job) -> None:
        """See Gateway.put_back."""
        self._ask("put_back", job)

    def free_jobs(self) -> None:
        """See Gateway.free_jobs."""
        self._ask("free_jobs")

    def keep(self, content: bytes) -> str:
        """See Gateway.keep."""
        return cast("str", self._ask("keep", content))

    def keep_for(self, agent: Principal, content: bytes) -> str:
        """See Gateway.keep_for."""
        return cast("str", self._ask("keep_for", agent, content))

    def agent(self, secret: str) -> Principal:
        """See Gateway.agent. Over the line, it also proves who speaks."""
        return cast("Principal", self._ask("agent", secret))

    def person(self, name: str, passphrase: str, *, typed: bool) -> Principal:
        """See Gateway.person. Over the line, it also proves who speaks; the passphrase stays here."""

        def prove() -> Principal:
            return self.line.person(name, passphrase, typed=typed)

        if self.behind is None:
            return self.line.until_told(prove)
        with self.behind.store.reading() as at:  # of the file itself: a listener could say that it is a script's
            if at.house().scripted:
                self.line.accept_cost(RANDOM_COST)
        try:
            return prove()
        except ConnectionLost:
            return self.behind.person(name, passphrase, typed=typed)

    def deny(self, who: Principal, verb: str, subject: str = "", ground: Ground = Ground.KIND) -> None:
        """See Gateway.deny. Over the line, it counts for whoever proved themselves there, else for the user."""
        self._ask("deny", who, verb, subject, ground)

    def is_up(self) -> bool:
        """Whether the resident gateway answers now."""
        try:
            self.line.connect()
        except Unavailable:
            return False
        return True

    def submit(self, agent: Principal, statement: str, collection: Collection, *, key: str) -> Task:
        """Hand in over the line, as the gateway announced; Lost where it breaks, and then nothing is known."""
        self.line.ask("hand_in", agent, collection.manifest.plain())
        for chunk in collection.chunks:
            self.line.send(chunk)
        return cast("Task", self.line.ask("submit", agent, statement, key))

    def changes(self, task_id: str) -> Changes:
        """What the task's submission changes: only the gateway may look into its mirrors."""
        return cast("Changes", self.line.ask_until_told("changes", task_id))

    def _ask(self, name: str, *values: object) -> object:
        if self.behind is None:
            return self.line.ask_until_told(name, *values)
        who = values[0] if values else None
        if isinstance(who, Principal) and who.kind is PrincipalKind.HUMAN and not self.line.can_speak_for(who.name):
            return CALLS[name](self.behind, values)  # proved to the file, and so asked of the file
        try:
            return self.line.ask(name, *values)
        except ConnectionLost:
            return CALLS[name](self.behind, values)


def own_key() -> str:
    """A key for asking the same again, which nobody else has."""
    return OWN + os.urandom(16).hex()


class ClientStore:
    """See Store: reads over the line, for a user who may not open the file."""

    def __init__(self, line: Connection) -> None:
        self._line = line

    @property
    def receipt(self) -> Head | None:
        """See Store.receipt."""
        return self._line.receipt

    @contextmanager
    def reading(self) -> Iterator[Reading]:
        """See Store.reading."""
        reading = _ClientReading(self._line)
        try:
            yield reading
        finally:
            with suppress(ConnectionLost):
                reading.end()

    @contextmanager
    def writing(self) -> Iterator[Transaction]:
        """See Store.writing; here it is refused."""
        raise NotAllowed("only the gateway writes to its store", hint="ask the gateway")
        yield

    def stamp(self) -> int:
        """See Store.stamp."""
        return cast("int", self._line.ask_until_told("stamp"))

    def close(self) -> None:
        """See Store.close."""
        self._line.close()


class FileStore:
    """See Store: a file that is read directly, and the line beside it."""

    def __init__(self, file: Store, line: Connection) -> None:
        self._file, self._line = file, line
        self.reading, self.writing, self.stamp = file.reading, file.writing, file.stamp

    @property
    def receipt(self) -> Head | None:
        """See Store.receipt: of whichever of the two changed something last."""
        both = (head for head in (self._line.receipt, self._file.receipt) if head is not None)
        return max(both, key=lambda head: head.count, default=None)

    def close(self) -> None:
        """See Store.close."""
        self._line.close()
        self._file.close()


class _ClientReading:
    """See Reading. The first read begins a moment; a line that breaks after it ends it."""

    def __init__(self, line: Connection) -> None:
        self._line = line
        self._has_begun = False

    def task(self, task_id: str) -> Task | None:
        return cast("Task | None", self._ask("task", task_id))

    def tasks(self, wanted: TaskFilter) -> Sequence[Task]:
        return cast("Sequence[Task]", self._ask("tasks", wanted))

    def child_states(self, parent: str) -> Sequence[State]:
        return cast("Sequence[State]", self._ask("child_states", parent))

    def claimable(self, roles: Sequence[str], now: int, limit: int | None = None) -> Sequence[tuple[str, str]]:
        return cast("Sequence[tuple[str, str]]", self._ask("claimable", tuple(roles), now, limit))

    def held(self, run: str) -> int:
        return cast("int", self._ask("held", run))

    def house(self) -> StoreState:
        return cast("StoreState", self._ask("house"))

    def log(
        self,
        *,
        after: int = 0,
        before: int | None = None,
        limit: int = 1000,
        run: str | None = None,
        task: str | None = None,
        newest: bool = False,
    ) -> Sequence[Recorded]:
        return cast("Sequence[Recorded]", self._ask("log", after, before, limit, run, task, newest))

    def last_seq(self) -> int:
        return cast("int", self._ask("last_seq"))

    def get(self, kind: type[R], key: str) -> R | None:
        return cast("R | None", self._ask("get", kind, key))

    def select(self, kind: type[R], **equal: str | int | None) -> Sequence[R]:
        return cast("Sequence[R]", self._ask("select", kind, equal))

    def silent(self, now: int, stall_ms: int) -> Sequence[Lease]:
        return cast("Sequence[Lease]", self._ask("silent", now, stall_ms))

    def due(self, now: int, task: str | None = None) -> Sequence[str]:
        return cast("Sequence[str]", self._ask("due", now, task))

    def blob(self, digest: str) -> bytes | None:
        return cast("bytes | None", self._ask("blob", digest))

    def end(self) -> None:
        if self._has_begun:
            self._line.ask("done")

    def _ask(self, name: str, *values: object) -> Any:
        if not self._has_begun:
            found = self._line.ask_until_told(name, *values)
            self._has_begun = True
            return found
        try:
            return self._line.ask(name, *values)
        except ConnectionLost as problem:
            raise Unavailable(f"the gateway went while it was read: {problem}", hint="try again") from None
