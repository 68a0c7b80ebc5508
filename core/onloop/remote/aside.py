"""The slow work of a resident gateway, done by a few threads: reads, proofs, submissions."""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Any

from onloop.errors import Ground, NotAllowed, OnloopError
from onloop.gates.bundles.history_offer import HistoryOffer
from onloop.gates.intake.quarantine import Arrival
from onloop.gateway.declared_limits import checked
from onloop.gateway.grants.launcher_slots import furnish, note_use
from onloop.gateway.service import Gateway
from onloop.gateway.store_rules import check_lease
from onloop.home import Home
from onloop.identity.passphrase import Proved
from onloop.machine.operation import DeniedAct, Operation
from onloop.machine.principal import NOBODY, Principal
from onloop.machine.task import Task
from onloop.opened_store import open_store
from onloop.remote.agent_log import AgentLogPage, page_of
from onloop.remote.connection_operations import (
    AnnounceWork,
    ConnectionOperation,
    Histories,
    OfferHistory,
    ReadBundle,
    ReadPatchPage,
    SubmitAnnounced,
    SubmitBranch,
)
from onloop.remote.framing import error_text
from onloop.remote.protocol import answer_text
from onloop.remote.server_connection import ServerConnection, WireRequest
from onloop.store.port import Reading, Store, Transaction
from onloop.store.rows import Head
from onloop.store.store_pool import PooledStore, StorePool
from onloop.views.changes import Changes, PatchPage
from onloop.views.known_task import known_task
from onloop.views.query import Query


@dataclass(slots=True)
class Aside:
    """Carries out one request a thread, with any of `stores`. `submit` and what reads mirrors are the gateway's.

    `lines` are its connections.
    """

    home: Home
    stores: StorePool
    submit: Callable[[SubmitAnnounced, Arrival], tuple[Task, Head | None]]
    changes: Callable[[str, str], Changes]
    patch_page: Callable[[ReadPatchPage], PatchPage]
    histories: Histories
    gateway_for: Callable[[ServerConnection, Store], Gateway]
    lines: Collection[ServerConnection]
    _watch: Store = field(init=False)
    _watching: threading.Lock = field(default_factory=threading.Lock)

    def __post_init__(self) -> None:
        self._watch = open_store(self.home)

    def close(self) -> None:
        """Close the store that is asked for its stamp."""
        with self._watching:
            self._watch.close()

    def answer(self, request: WireRequest, complain: Callable[[Exception], None]) -> str:
        """The answer to a request as it is sent; `complain` hears of what nobody foresaw."""
        try:
            found, receipt = self.carry_out(request)
            return answer_text(request.operation, found, receipt)
        except OnloopError as problem:
            return error_text(problem)
        except Exception as problem:
            complain(problem)
            return error_text(problem)

    def carry_out(self, request: WireRequest) -> tuple[object, Head | None]:
        """The answer, and the log's head if something was written."""
        operation, line = checked(request.operation), request.line
        self._check_now(line, operation)
        if isinstance(operation, ConnectionOperation):
            host = _Host(self, line)
            return operation.carry_out(host), host.receipt
        if not isinstance(operation, Query):
            raise TypeError(f"{operation.name} is not done aside")
        with self.reading(line) as reading:
            try:
                caller = line.caller
                mine = reading if caller.own else caller.redacted(reading)
                return operation.carry_out(mine), None
            except NotAllowed as no:
                denied, who = no, next(iter(caller.proven), NOBODY)
        self.deny(line, DeniedAct(who, operation.attempt.verb, operation.attempt.subject), denied)
        raise denied

    def _check_now(self, line: ServerConnection, operation: Operation[Any]) -> None:
        if line.caller.peer.is_network:
            store = PooledStore(self.stores, first=line.is_of_people)
            line.caller.check_now(self.gateway_for(line, store), operation)

    def reading(self, line: ServerConnection) -> AbstractContextManager[Reading]:
        """One moment of the store, for one request of a caller."""
        return PooledStore(self.stores, first=line.is_of_people).reading()

    def deny(self, line: ServerConnection, attempt: DeniedAct, no: NotAllowed) -> None:
        """Count that a caller was refused something."""
        self.gateway_for(line, PooledStore(self.stores)).count_denial(attempt, no)

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
        others = [line.hatch for line in list(self.aside.lines) if line.account == self.line.account]
        with self.aside.reading(self.line) as at:
            check_lease(at, asked.principal)
        self.line.hatch.open(self.aside.home.quarantine, asked.manifest, others)

    def received(self) -> int:
        return self.line.hatch.received

    def submit(self, asked: SubmitAnnounced) -> Task:
        with self.line.hatch.emptied() as arrival:
            task, self.receipt = self.aside.submit(asked, arrival)
        return task

    def changes(self, task: str, since: str) -> Changes:
        return self.aside.changes(task, since)

    def patch_page(self, asked: ReadPatchPage) -> PatchPage:
        return self.aside.patch_page(asked)

    def offer_history(self, asked: OfferHistory) -> HistoryOffer:
        return self.aside.histories.offer(asked)

    def bundle_page(self, asked: ReadBundle) -> bytes:
        return self.aside.histories.page(asked)

    def submit_branch(self, asked: SubmitBranch) -> Task:
        task, self.receipt = self.aside.histories.submit_branch(asked)
        return task

    def agent_log(self, task: str, start: int) -> AgentLogPage:
        caller = self.line.caller
        is_theirs = any(who.task == task for who in caller.proven)
        if not (caller.own or caller.is_of_people or is_theirs or caller.peer.is_network):
            words = f"{caller.words} may not read what agents of {task} printed"
            no = NotAllowed(words, hint="prove who you are: --as NAME, or be its agent", ground=Ground.PEER)
            self.aside.deny(self.line, DeniedAct(next(iter(caller.proven), NOBODY), "read a log", task), no)
            raise no
        with self.aside.reading(self.line) as reading:
            known_task(reading, task)
        return page_of(self.aside.home.agent_log(task), start)

    def stamp(self) -> int:
        return self.aside.stamp()

    def recognise_job(self, token: str) -> Principal:
        caller = self.line.caller
        try:
            found = caller.recognise_job(token)
        except NotAllowed as no:
            self.aside.deny(self.line, DeniedAct(NOBODY, "use a token of a CI"), no)
            raise
        name, at_most = found.name, found.grant.at_most if found.grant is not None else 0
        store = PooledStore(self.aside.stores)
        now = caller.keeper.clock()

        def body(tx: Transaction) -> None:
            furnish(tx, name, at_most)
            note_use(tx, name, now)

        store.transact(body)
        return found

    def challenge(self) -> str:
        return self.line.caller.challenged()

    def prove_owner(self, proof: str) -> None:
        try:
            self.line.caller.prove_own(proof)
        except NotAllowed as no:
            self.aside.deny(self.line, DeniedAct(NOBODY, "pass for the store's owner"), no)
            raise

    def begin_proof(self, message: str) -> str:
        with self.aside.reading(self.line) as reading:
            return self.line.caller.begin_proof(reading, message)

    def finish_proof(self, message: str, *, typed: bool) -> Proved:
        asked_for = self.line.caller.asked_for
        try:
            with self.aside.reading(self.line) as reading:
                return self.line.caller.finish_proof(reading, message, typed=typed)
        except NotAllowed as no:
            self.aside.deny(self.line, DeniedAct(NOBODY, "speak as a person", f"human:{asked_for}"), no)
            raise
