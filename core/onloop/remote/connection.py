"""A client's connection to a resident gateway over its socket; proofs are repeated after a reconnect."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from onloop.errors import BadInput, NotAllowed, Refused, Unavailable
from onloop.identity.own_key import own_key
from onloop.machine.operation import AnswerT, Operation
from onloop.remote.client_credentials import Credentials, ProvedOnConnection, proof_by, prove_own
from onloop.remote.framing import LARGEST_ANSWER, LARGEST_RAW, Frames, error_from, framed, framed_raw, parsed
from onloop.remote.line import ANSWER_S, RETRY_S, ConnectionLost, Line
from onloop.remote.protocol import request_text
from onloop.views.queries.reads import ReadStoreState

if TYPE_CHECKING:
    import socket

CONNECT_S = 2.0
_ARRIVES_AT_ONCE = 262_144


def other_store(path: Path, served: str, store: Path | None) -> BadInput:
    """What is said where the gateway at `path` serves the store of the id `served`, and not the one in `store`."""
    return BadInput(
        f"the gateway at {path} serves another store (its id is {served}) than {store}",
        hint=f"unset ONLOOP_URL to use {store}, or leave out --store and ONLOOP_STORE to use the gateway's",
    )


class Connection(Line):
    """See Line: over the socket of a gateway on this machine."""

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
        """
        super().__init__(credentials, patience, answer_s)
        self.path = path
        self._store = store
        self._socket: socket.socket | None = None
        self._frames = Frames(LARGEST_ANSWER)

    @property
    def where(self) -> str:
        """See Line."""
        return str(self.path)

    def connect(self) -> None:
        """See Line."""
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
                self._ask(proof_by(token))
            except Refused:  # a token that has been replaced: whatever needs it is refused itself
                self._credentials.tokens.remove(token)
            else:
                self._standing.proved.add(token)
        self._prove_people()

    def ask(self, operation: Operation[AnswerT]) -> AnswerT:
        """See Line."""
        self._begin()
        token: str | None = getattr(operation, "token", None) if operation.proves else None
        if token is None:
            self._prove()
        answer = self._ask(operation)
        if token is not None:
            self._standing.proved.add(token)
            if token not in self._credentials.tokens:
                self._credentials.tokens.append(token)
        return answer

    def send(self, content: bytes) -> None:
        """See Line."""
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
        """See Line."""
        if self._socket is not None:
            self._socket.close()
            self._socket = None

    def _exchange(
        self, operation: Operation[Any], fields: Mapping[str, Any], code: Mapping[str, object] | None, timeout_s: float
    ) -> Mapping[str, Any]:
        return parsed(self._sent_and_heard(request_text(operation.name, fields, code), timeout_s))

    def _sent_and_heard(self, request: str, timeout_s: float) -> bytes:
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
