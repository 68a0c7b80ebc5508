"""A client's connection to a resident gateway: one request at a time; proofs are repeated after a reconnect."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from onloop.errors import BadInput, NotAllowed, Refused, Unavailable
from onloop.gateway.upkeep import RecogniseAgent, RecordStoreEvent
from onloop.identity.own_key import own_key
from onloop.identity.passphrase import Secret, rekeyed
from onloop.identity.scram import LEAST_COST, Demand
from onloop.machine.operation import AnswerT, Operation
from onloop.machine.principal import Principal, PrincipalKind
from onloop.records import replace
from onloop.remote.client_credentials import Credentials, HeldKeys, ProvedOnConnection, prove_own, prove_person
from onloop.remote.framing import LARGEST_ANSWER, LARGEST_RAW, Frames, error_from, framed, framed_raw, parsed
from onloop.remote.protocol import answer_from, request_fields, request_text
from onloop.store.rows import Head
from onloop.views.queries.reads import ReadStoreState

if TYPE_CHECKING:
    import socket

CONNECT_S = 2.0
ANSWER_S = 60.0
SLOW_S = 900.0
"""How long an answer may take, in seconds: a submission may need a git fetch first."""

RETRY_S = (0.0, 0.01, 0.05, 0.2, 0.5, 1.0, 2.0, 4.0)
"""The pauses between tries to reach a gateway that has gone, in seconds."""

_ARRIVES_AT_ONCE = 262_144
T = TypeVar("T")


class ConnectionLost(Exception):
    """The connection broke, and the client cannot know whether the request took effect."""


def other_store(path: Path, served: str, store: Path | None) -> BadInput:
    """What is said where the gateway at `path` serves the store of the id `served`, and not the one in `store`."""
    return BadInput(
        f"the gateway at {path} serves another store (its id is {served}) than {store}",
        hint=f"unset ONLOOP_URL to use {store}, or leave out --store and ONLOOP_STORE to use the gateway's",
    )


class Connection:
    """A connection that is made when it is needed. One object serves one thread."""

    def __init__(
        self,
        path: Path,
        store: Path | None,
        credentials: Credentials | None = None,
        patience: Sequence[float] = RETRY_S,
        answer_s: float = ANSWER_S,
    ) -> None:
        """The connection to the gateway at `path` of the store in `store`, whose owner alone may listen there.

        Without a store that is known, our own user alone may.

        Lines with the same `credentials` prove whatever is proved on one of them; `patience` is how long is waited,
        in seconds, between the tries to reach a gateway that has gone. One that is there has `answer_s` to answer.
        """
        self.path = path
        self._store = store
        self._socket: socket.socket | None = None
        self._frames = Frames(LARGEST_ANSWER)
        self._credentials = Credentials() if credentials is None else credentials
        self._standing = ProvedOnConnection()
        self._patience, self._answer_s = patience, answer_s
        self.receipt: Head | None = None
        """The log's head after the last change that was asked for over this line."""

    def connect(self) -> None:
        """Connect, if there is no connection yet; Unavailable if no gateway answers."""
        if self._socket is not None:
            return
        from onloop.remote.unix_socket import connected  # here: where no gateway is resident, no socket is needed

        self._socket, self._frames = connected(self.path, CONNECT_S, self._store), Frames(LARGEST_ANSWER)
        self._standing = ProvedOnConnection()
        try:
            self._prove_own()
            self._prove()
        except ConnectionLost as problem:
            raise Unavailable(
                f"the gateway at {self.path} closed the connection: {problem}", hint="try again"
            ) from problem
        except BaseException:
            self.close()
            raise

    def _prove_own(self) -> None:
        """Show that we can open the store, if we can; BadInput where it is not the one that is served here."""
        key = own_key(self._store) if self._store is not None else None
        if key is None:
            return
        try:
            prove_own(self._ask, key)
        except NotAllowed as no:
            raise other_store(self.path, self._ask(ReadStoreState()).id, self._store) from no

    def _prove(self) -> None:
        """Prove here what was proved over another line, or over this one before it broke."""
        for token in [token for token in self._credentials.tokens if token not in self._standing.proved]:
            try:
                self._ask(RecogniseAgent(token))
            except Refused:  # a token that has been replaced: whatever needs it is refused itself
                self._credentials.tokens.remove(token)
            else:
                self._standing.proved.add(token)
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

    def _begin(self) -> None:
        try:
            self.connect()
        except Unavailable as problem:
            raise ConnectionLost(problem.message) from problem

    def ask(self, operation: Operation[AnswerT]) -> AnswerT:
        """What the gateway answers; its refusals are raised as if they were ours, Lost when the connection breaks."""
        self._begin()
        token = operation.token if isinstance(operation, RecogniseAgent) else None
        if token is None:
            self._prove()
        answer = self._ask(operation)
        if token is not None:
            self._standing.proved.add(token)
            if token not in self._credentials.tokens:
                self._credentials.tokens.append(token)
        return answer

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
            raise Unavailable(f"the gateway at {self.path} is gone: {problem}", hint="onloop serve starts it") from None

    def send(self, content: bytes) -> None:
        """Send bytes that were announced; Lost when the connection breaks, or the refusal that came before it did."""
        if self._socket is None:
            raise ConnectionLost("not connected")
        try:
            for at in range(0, len(content), LARGEST_RAW):
                self._socket.sendall(framed_raw(content[at : at + LARGEST_RAW]))
        except OSError as problem:
            parting = self._parting_words(self._socket)
            self.close()
            if parting is not None and "error" in (told := parsed(parting)):
                raise error_from(told["error"]) from problem
            raise ConnectionLost(str(problem)) from problem

    def close(self) -> None:
        """Close the connection."""
        if self._socket is not None:
            self._socket.close()
            self._socket = None

    def _ask(self, operation: Operation[AnswerT]) -> AnswerT:
        name, fields, who = operation.name, request_fields(operation), operation.principal_or_none
        is_human = who is not None and who.kind is PrincipalKind.HUMAN
        code = self._standing.code(self._credentials, name, who, fields) if is_human and who is not None else None
        told = parsed(self._exchange(request_text(name, fields, code), SLOW_S if operation.is_slow else self._answer_s))
        if "error" in told:
            raise error_from(told["error"])
        try:
            answer, head = answer_from(operation, told)
        except BadInput:
            self.close()
            raise
        self.receipt = head or self.receipt
        return answer

    def _exchange(self, request: str, timeout_s: float) -> bytes:
        line = self._socket
        if line is None:
            raise ConnectionLost("not connected")
        try:
            line.settimeout(timeout_s)
            line.sendall(framed(request))
            return self._next(line)
        except TimeoutError:
            self.close()
            raise Unavailable(
                f"the gateway at {self.path} has not answered for {timeout_s:g} s",
                hint="check its process, which serve.lock in the store names; the request may still take effect",
            ) from None
        except (OSError, BadInput) as problem:
            parting = self._parting_words(line)
            self.close()
            if parting is not None:
                return parting
            raise ConnectionLost(str(problem)) from problem
        except BaseException:  # the late answer to this request must not be taken for the answer to the next one
            self.close()
            raise

    def _next(self, line: socket.socket) -> bytes:
        while True:
            arrived = line.recv(_ARRIVES_AT_ONCE)
            for message in self._frames.feed(arrived):
                return message
            if not arrived:
                raise ConnectionLost("it hung up")

    def _parting_words(self, line: socket.socket) -> bytes | None:
        """What the gateway sent before it closed the connection: it refuses some requests before it has read them."""
        with suppress(OSError, BadInput):
            line.setblocking(False)
            for message in self._frames.feed(line.recv(_ARRIVES_AT_ONCE)):
                return message
        return None
