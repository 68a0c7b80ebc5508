"""A client of a resident gateway, with the methods of one over a file."""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, TypeVar

from msgspec.structs import replace as replaced

from onloop.errors import NotAllowed, Unavailable
from onloop.gateway.idempotency import OWN
from onloop.gateway.service import Gateway
from onloop.identity.scram import RANDOM_COST
from onloop.machine.operation import AnswerT, Operation
from onloop.machine.principal import Principal, PrincipalKind
from onloop.machine.task import Task
from onloop.records import Record
from onloop.remote.agent_log import AgentLogPage
from onloop.remote.connection_operations import (
    AnnounceWork,
    ReadAgentLog,
    ReadChanges,
    ReadPatchPage,
    ReadStamp,
    SubmitAnnounced,
)
from onloop.remote.line import ConnectionLost, Line
from onloop.store.port import Reading, Store, Transaction
from onloop.store.rows import Head, StoreRow
from onloop.views.changes import Changes, PatchPage
from onloop.views.query import Query

if TYPE_CHECKING:  # whoever hands nothing in starts no collector
    from onloop.gates.intake.collection import Collection

R = TypeVar("R", bound=StoreRow)


class GatewayClient(Record):
    """See Gateway. What changes something goes over the line, under a key of its own where the caller gave none.

    Where the line breaks, the same is asked of `behind`, the gateway over the file, or else of the resident one again
    once it is back: with its key it happens once, whichever of them did it.
    """

    line: Line
    store: Store
    clock: Callable[[], int]
    behind: Gateway | None = None

    def perform(self, operation: Operation[AnswerT]) -> AnswerT:
        """See GatewayPort.perform."""
        operation, behind = _keyed(operation), self.behind
        if behind is None:
            return self.line.ask_until_told(operation)
        who, is_read = operation.principal_or_none, isinstance(operation, Query)
        is_proved = who is None or who.kind is not PrincipalKind.HUMAN or self.line.can_speak_for(who.name)
        if is_read or not is_proved:  # whoever proved themselves to the file asks the file
            return behind.perform(operation)
        try:
            return self.line.ask(operation)
        except ConnectionLost:
            return behind.perform(operation)

    def person(self, name: str, passphrase: str, *, typed: bool) -> Principal:
        """See GatewayPort.person."""

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

    def is_up(self) -> bool:
        """Whether the resident gateway answers now."""
        try:
            self.line.connect()
        except Unavailable:
            return False
        return True

    def submit(self, agent: Principal, statement: str, collection: Collection, *, key: str) -> Task:
        """Hand in over the line, as the gateway announced; Lost where it breaks, and then nothing is known."""
        self.line.ask(AnnounceWork.of(agent, collection.manifest))
        for chunk in collection.chunks:
            self.line.send(chunk)
        return self.line.ask(SubmitAnnounced(agent, statement, key))

    def changes(self, task_id: str, since: str = "") -> Changes:
        """What the task's submission changes, or what since an earlier one: only the gateway has its mirror."""
        return self.line.ask_until_told(ReadChanges(task_id, since))

    def patch_page(self, asked: ReadPatchPage) -> PatchPage:
        """A page of what one file of it changes."""
        return self.line.ask_until_told(asked)

    def agent_log(self, task_id: str, start: int) -> AgentLogPage:
        """What the task's agents printed on the gateway's machine."""
        return self.line.ask_until_told(ReadAgentLog(task_id, start))


def _keyed(operation: Operation[AnswerT]) -> Operation[AnswerT]:
    """The operation, under a key of its own where it may have one and the caller gave none."""
    if getattr(operation, "key", None) != "":
        return operation
    keyed: Operation[AnswerT] = replaced(operation, key=own_key())
    return keyed


def own_key() -> str:
    """A key for asking the same again, which nobody else has."""
    return OWN + os.urandom(16).hex()


class ClientStore:
    """See Store: for a user who may not open the file, and asks the gateway for everything."""

    def __init__(self, line: Line) -> None:
        self._line = line

    @property
    def receipt(self) -> Head | None:
        """See Store.receipt."""
        return self._line.receipt

    def reading(self) -> AbstractContextManager[Reading]:
        """See Store.reading; here it is refused."""
        raise NotAllowed("only the gateway reads its store", hint="ask the gateway")

    def transact(self, body: Callable[[Transaction], AnswerT], *, about: str = "") -> AnswerT:  # noqa: ARG002 - the port's
        """See Store.transact; here it is refused."""
        raise NotAllowed("only the gateway writes to its store", hint="ask the gateway")

    def stamp(self) -> int:
        """See Store.stamp."""
        return self._line.ask_until_told(ReadStamp())

    def close(self) -> None:
        """See Store.close."""
        self._line.close()


class FileStore:
    """See Store: a file that is read directly, and the line beside it."""

    def __init__(self, file: Store, line: Line) -> None:
        self._file, self._line = file, line
        self.reading, self.transact, self.stamp = file.reading, file.transact, file.stamp

    @property
    def receipt(self) -> Head | None:
        """See Store.receipt: of whichever of the two changed something last."""
        both = (head for head in (self._line.receipt, self._file.receipt) if head is not None)
        return max(both, key=lambda head: head.count, default=None)

    def close(self) -> None:
        """See Store.close."""
        self._line.close()
        self._file.close()
