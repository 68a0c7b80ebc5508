"""A client's line to a gateway, whatever carries it: one request at a time, proofs, and patience with a restart."""

from __future__ import annotations

import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

from onloop.errors import BadInput, Refused, Unavailable
from onloop.gateway.upkeep import RecordStoreEvent
from onloop.identity.passphrase import Secret, rekeyed
from onloop.identity.scram import LEAST_COST, Demand
from onloop.machine.operation import AnswerT, Operation
from onloop.machine.principal import Principal, PrincipalKind
from onloop.records import replace
from onloop.remote.client_credentials import Credentials, HeldKeys, ProvedOnConnection, prove_person
from onloop.remote.connection_operations import ReadStamp
from onloop.remote.framing import error_from
from onloop.remote.protocol import answer_from, request_fields
from onloop.store.rows import Head

ANSWER_S = 60.0
SLOW_S = 900.0
"""How long an answer may take, in seconds: a submission may need a git fetch first."""

RETRY_S = (0.0, 0.01, 0.05, 0.2, 0.5, 1.0, 2.0, 4.0)
"""The pauses between tries to reach a gateway that has gone, in seconds."""

T = TypeVar("T")


class ConnectionLost(Exception):
    """The connection broke, and the client cannot know whether the request took effect."""


class Line(ABC):
    """A line that is made when it is needed. One object serves one thread."""

    def __init__(
        self, credentials: Credentials | None = None, patience: Sequence[float] = RETRY_S, answer_s: float = ANSWER_S
    ) -> None:
        """A line on which whatever is proved on one with the same `credentials` is proved as well.

        `patience` is how long is waited, in seconds, between the tries to reach a gateway that has gone. One that is
        there has `answer_s` to answer.
        """
        self._credentials = Credentials() if credentials is None else credentials
        self._standing = ProvedOnConnection()
        self._patience, self._answer_s = patience, answer_s
        self.receipt: Head | None = None
        """The log's head after the last change that was asked for over this line."""

    @property
    @abstractmethod
    def where(self) -> str:
        """What people call the gateway's place: its socket, or its URL."""

    def clock(self) -> int:
        """The gateway's time, in ms since the epoch: this machine's, unless the line knows better."""
        return time.time_ns() // 1_000_000

    def news(self, seen: int | None) -> int:  # noqa: ARG002 - this line cannot wait for it
        """The store's stamp; a line that can wait tells it once it is another than `seen`, or after a while."""
        return self.ask_until_told(ReadStamp())

    @abstractmethod
    def connect(self) -> None:
        """Connect, if there is no connection yet; Unavailable if no gateway answers."""

    @abstractmethod
    def send(self, content: bytes) -> None:
        """Send bytes that were announced; Lost when the connection breaks, or the refusal that came before it did."""

    @abstractmethod
    def close(self) -> None:
        """Close the connection."""

    @abstractmethod
    def _exchange(
        self, operation: Operation[Any], fields: Mapping[str, Any], code: Mapping[str, object] | None, timeout_s: float
    ) -> Mapping[str, Any]:
        """What the gateway says to a request: `{"ok": …}` or `{"error": …}`; Lost when the connection breaks."""

    def accept_cost(self, cost: int) -> None:
        """Go down to this cost where a gateway asks for no more: for a store that is a script's for ever."""
        self._credentials.least_cost = min(self._credentials.least_cost, cost)

    def can_speak_for(self, person: str) -> bool:
        """Whether the person of that name has proved themselves to this client."""
        return person in self._credentials.people

    def person(self, name: str, passphrase: str, *, typed: bool) -> Principal:
        """Prove a person by their passphrase, which stays here; one whom an earlier onloop enrolled gets new keys."""
        self._begin()
        ask, standing, least = self._ask, self._standing, self._credentials.least_cost

        def keys(demand: Demand) -> HeldKeys:
            since = HeldKeys.now()
            return HeldKeys(Secret.of(name, passphrase, demand, typed=typed), since)

        proved = prove_person(ask, standing, name, keys, least)
        if proved is None:
            raise ConnectionLost("nothing was proved")
        said, self._credentials.people[name] = proved
        if said.enrolled is not None:
            renewed = rekeyed(replace(said.enrolled, by=said.person.id), passphrase, max(least, LEAST_COST))
            self._ask(RecordStoreEvent(said.person, renewed))
            again = prove_person(ask, standing, name, keys, least)
            if again is not None:
                said, self._credentials.people[name] = again
        return said.person

    def ask(self, operation: Operation[AnswerT]) -> AnswerT:
        """What the gateway answers; its refusals are raised as if they were ours, Lost when the connection breaks."""
        self._begin()
        return self._ask(operation)

    def ask_until_told(self, operation: Operation[AnswerT]) -> AnswerT:
        """As `ask`, again and again over a gateway's restart; Unavailable after some seconds without one."""
        return self.until_told(lambda: self.ask(operation))

    def until_told(self, act: Callable[[], T]) -> T:
        """What `act` answers over this line, which is tried again over a gateway's restart; Unavailable at last."""
        for pause_s in self._patience:
            try:
                return act()
            except ConnectionLost:
                time.sleep(pause_s)
        try:
            return act()
        except ConnectionLost as problem:
            raise Unavailable(
                f"the gateway at {self.where} is gone: {problem}", hint="onloop serve starts it"
            ) from None

    def _begin(self) -> None:
        try:
            self.connect()
        except Unavailable as problem:
            raise ConnectionLost(problem.message) from problem

    def _prove_people(self) -> None:
        """Prove here who decides, as they proved it over another line, or over this one before it broke."""
        for name, held in list(self._credentials.people.items()):
            if name not in self._standing.speakers and not self._prove_again(name, held):
                self._credentials.people.pop(name, None)

    def _prove_again(self, name: str, held: HeldKeys) -> bool:
        """Whether the keys that are held still prove the person: not, where their passphrase is another by now."""

        def same(demand: Demand) -> HeldKeys | None:
            return held if held.secret.fits(demand) else None

        try:
            return prove_person(self._ask, self._standing, name, same, self._credentials.least_cost) is not None
        except Refused:
            return False

    def _ask(self, operation: Operation[AnswerT]) -> AnswerT:
        name, fields, who = operation.name, request_fields(operation), operation.principal_or_none
        is_human = who is not None and who.kind is PrincipalKind.HUMAN
        code = self._standing.code(self._credentials, name, who, fields) if is_human and who is not None else None
        told = self._exchange(operation, fields, code, SLOW_S if operation.is_slow else self._answer_s)
        if "error" in told:
            raise error_from(told["error"])
        try:
            answer, head = answer_from(operation, told)
        except BadInput:
            self.close()
            raise
        self.receipt = head or self.receipt
        return answer
