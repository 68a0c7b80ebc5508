"""The slow work of a resident gateway, done by a few threads: reads, proofs, submissions."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

from onloop.errors import Ground, NotAllowed, Unavailable
from onloop.gates.intake.quarantine import Arrival
from onloop.gateway.declared_limits import checked
from onloop.gateway.service import Gateway
from onloop.home import Home
from onloop.identity.passphrase import Proved
from onloop.machine.operation import DeniedAct
from onloop.machine.principal import NOBODY
from onloop.machine.task import Task
from onloop.remote.agent_log import AgentLogPage, page_of
from onloop.remote.connection_operations import AnnounceWork, ConnectionOperation, ReadPatchPage, SubmitAnnounced
from onloop.remote.redacted_reading import RedactedReading
from onloop.remote.server_connection import ServerConnection, WireRequest
from onloop.store.port import Reading
from onloop.store.rows import Head
from onloop.store.sqlite.database import SqliteStore
from onloop.views.changes import Changes, PatchPage
from onloop.views.known_task import known_task
from onloop.views.query import Query

MOST_READERS = 64


@dataclass(slots=True)
class Aside:
    """Carries out one request a thread. `submit`, `changes` and `patch_page` are the resident gateway's.

    `lines` are its connections.
    """

    home: Home
    submit: Callable[[SubmitAnnounced, Arrival], tuple[Task, Head | None]]
    changes: Callable[[str], Changes]
    patch_page: Callable[[ReadPatchPage], PatchPage]
    gateway_for: Callable[[ServerConnection, SqliteStore], Gateway]
    lines: Collection[ServerConnection]
    _spare: deque[SqliteStore] = field(default_factory=deque)
    _readers: int = 0
    _watch: SqliteStore = field(init=False)
    _watching: threading.Lock = field(default_factory=threading.Lock)

    def __post_init__(self) -> None:
        self._watch = SqliteStore(self.home.store, self.home.anchor)

    def close(self) -> None:
        """Close every store that is not in use."""
        self._watch.close()
        for store in self._spare:
            store.close()

    def carry_out(self, request: WireRequest) -> tuple[object, Head | None]:
        """The answer, and the log's head if something was written."""
        operation, line = checked(request.operation), request.line
        if isinstance(operation, ConnectionOperation):
            host = _Host(self, line)
            return operation.carry_out(host), host.receipt
        if not isinstance(operation, Query):
            raise TypeError(f"{operation.name} is not done aside")
        with self.reading() as reading:
            try:
                caller = line.caller
                mine = reading if caller.own else RedactedReading(reading, f"user {caller.peer.uid}")
                return operation.carry_out(mine), None
            except NotAllowed as no:
                denied, who = no, next(iter(caller.proven), NOBODY)
        self.deny(line, DeniedAct(who, operation.attempt.verb, operation.attempt.subject), denied)
        raise denied

    @contextmanager
    def reading(self) -> Iterator[Reading]:
        """One moment of the store, for one request."""
        store = self.reader()
        try:
            with store.reading() as reading:
                yield reading
        finally:
            self.give_back(store)

    def reader(self) -> SqliteStore:
        """A store for one reader, until it is given back."""
        with suppress(IndexError):
            return self._spare.pop()
        if self._readers >= MOST_READERS:
            raise Unavailable(f"{MOST_READERS} callers are reading already", hint="try again")
        self._readers += 1
        return SqliteStore(self.home.store, self.home.anchor)

    def give_back(self, store: SqliteStore) -> None:
        """Give a store back to the next reader."""
        self._spare.append(store)

    def deny(self, line: ServerConnection, attempt: DeniedAct, no: NotAllowed) -> None:
        """Count that a caller was refused something."""
        store = self.reader()
        try:
            self.gateway_for(line, store).count_denial(attempt, no)
        finally:
            self.give_back(store)

    def stamp(self) -> int:
        """The store's stamp, always of the same connection to it."""
        with self._watching:
            return self._watch.stamp()


@dataclass(slots=True)
class _Host:
    """See Host: for one request of one connection."""

    aside: Aside
    line: ServerConnection
    receipt: Head | None = None

    def announce(self, asked: AnnounceWork) -> None:
        others = [line.hatch for line in list(self.aside.lines) if line.uid == self.line.uid]
        store = self.aside.reader()
        self.line.hatch.open(store, self.aside.give_back, self.aside.home.quarantine, asked, others)

    def submit(self, asked: SubmitAnnounced) -> Task:
        with self.line.hatch.emptied() as arrival:
            task, self.receipt = self.aside.submit(asked, arrival)
        return task

    def changes(self, task: str) -> Changes:
        return self.aside.changes(task)

    def patch_page(self, asked: ReadPatchPage) -> PatchPage:
        return self.aside.patch_page(asked)

    def agent_log(self, task: str, start: int) -> AgentLogPage:
        caller = self.line.caller
        is_theirs = any(who.task == task for who in caller.proven)
        if not (caller.own or caller.is_of_people or is_theirs):
            words = f"user {caller.peer.uid} may not read what agents of {task} printed"
            no = NotAllowed(words, hint="prove who you are: --as NAME, or be its agent", ground=Ground.PEER)
            self.aside.deny(self.line, DeniedAct(next(iter(caller.proven), NOBODY), "read a log", task), no)
            raise no
        with self.aside.reading() as reading:
            known_task(reading, task)
        return page_of(self.aside.home.agent_log(task), start)

    def stamp(self) -> int:
        return self.aside.stamp()

    def challenge(self) -> str:
        return self.line.caller.challenged()

    def prove_owner(self, proof: str) -> None:
        try:
            self.line.caller.prove_own(proof)
        except NotAllowed as no:
            self.aside.deny(self.line, DeniedAct(NOBODY, "pass for the store's owner"), no)
            raise

    def begin_proof(self, message: str) -> str:
        with self.aside.reading() as reading:
            return self.line.caller.begin_proof(reading, message)

    def finish_proof(self, message: str, *, typed: bool) -> Proved:
        asked_for = self.line.caller.asked_for
        try:
            with self.aside.reading() as reading:
                return self.line.caller.finish_proof(reading, message, typed=typed)
        except NotAllowed as no:
            self.aside.deny(self.line, DeniedAct(NOBODY, "speak as a person", f"human:{asked_for}"), no)
            raise
