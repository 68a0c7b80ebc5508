"""A client's connection to a resident gateway: one question at a time, and what was proved is proved again."""

from __future__ import annotations

import socket
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from onloop.errors import BadInput, Refused, Unavailable
from onloop.gateway.peer import connected
from onloop.gateway.protocol import VERBS, heard, request_text
from onloop.gateway.wire import LARGEST_ANSWER, LARGEST_RAW, Frames, error_from, framed, framed_raw, parsed
from onloop.store.codec import from_plain
from onloop.store.rows import Head

CONNECT_S = 2.0
ANSWER_S = 60.0
SLOW_S = 900.0
"""How long an answer may take, in seconds: git may have to fetch before a submission is one."""

RETRY_S = (0.0, 0.01, 0.05, 0.2, 0.5, 1.0, 2.0, 4.0)
"""How long is waited between the tries to reach a gateway that has gone, in seconds."""

_PROOFS = frozenset({"agent", "person"})
_ARRIVES_AT_ONCE = 262_144


Proofs = dict[str, tuple[str, tuple[object, ...]]]
"""What was asked to prove who speaks, by what it proves."""


class Lost(Exception):
    """The connection broke: whether what was asked for happened is not known."""


class Line:
    """A connection that is made when it is needed. One object serves one thread."""

    def __init__(self, path: Path, proofs: Proofs | None = None, patience: Sequence[float] = RETRY_S) -> None:
        """The connection to the gateway at `path`.

        Lines with the same `proofs` prove whatever is proved on one of them; `patience` is how long is waited, in
        seconds, between the tries to reach a gateway that has gone.
        """
        self.path = path
        self._socket: socket.socket | None = None
        self._frames = Frames(LARGEST_ANSWER)
        self._proofs: Proofs = {} if proofs is None else proofs
        self._proved: set[str] = set()
        self._patience = patience
        self.receipt: Head | None = None
        """The log's head after the last change that was asked for over this line."""

    def connect(self) -> None:
        """Be connected; Unavailable where no gateway answers."""
        if self._socket is not None:
            return
        self._socket, self._frames, self._proved = connected(self.path, CONNECT_S), Frames(LARGEST_ANSWER), set()
        self._prove()

    def _prove(self) -> None:
        for words, (name, values) in list(self._proofs.items()):
            if words not in self._proved:
                try:
                    self._ask(name, values)
                except Refused:  # a token or a passphrase that has been replaced: whatever needs it is refused itself
                    self._proofs.pop(words, None)
                else:
                    self._proved.add(words)

    def ask(self, name: str, *values: object) -> Any:
        """What the gateway answers; its refusals are raised as if they were ours, Lost when the connection breaks."""
        try:
            self.connect()
        except Unavailable as problem:
            raise Lost(problem.message) from problem
        if name not in _PROOFS:
            self._prove()
        found = self._ask(name, values)
        if name in _PROOFS:
            self._proofs[f"{name} {values[0]}"] = (name, values)
            self._proved.add(f"{name} {values[0]}")
        return found

    def ask_until_told(self, name: str, *values: object) -> Any:
        """As `ask`, again and again over a gateway's restart; Unavailable after some seconds without one."""
        for pause_s in self._patience:
            try:
                return self.ask(name, *values)
            except Lost:
                time.sleep(pause_s)
        try:
            return self.ask(name, *values)
        except Lost as problem:
            raise Unavailable(f"the gateway at {self.path} is gone: {problem}", hint="onloop serve starts it") from None

    def send(self, content: bytes) -> None:
        """Send bytes that were announced; Lost when the connection breaks."""
        if self._socket is None:
            raise Lost("not connected")
        try:
            for at in range(0, len(content), LARGEST_RAW):
                self._socket.sendall(framed_raw(content[at : at + LARGEST_RAW]))
        except OSError as problem:
            self.close()
            raise Lost(str(problem)) from problem

    def close(self) -> None:
        """Hang up."""
        if self._socket is not None:
            self._socket.close()
            self._socket = None

    def _ask(self, name: str, values: tuple[object, ...]) -> Any:
        told = parsed(self._exchange(request_text(name, values), SLOW_S if name == "submit" else ANSWER_S))
        if "error" in told:
            raise error_from(told["error"])
        try:
            self.receipt = from_plain(Head, told["head"]) if "head" in told else self.receipt
            return heard(told["ok"], VERBS[name].answers)
        except (ValueError, TypeError, KeyError, AttributeError) as problem:
            self.close()
            raise BadInput(f"the gateway answered {name} oddly: {problem}", hint="use the same onloop") from None

    def _exchange(self, request: str, timeout_s: float) -> bytes:
        line = self._socket
        if line is None:
            raise Lost("not connected")
        try:
            line.settimeout(timeout_s)
            line.sendall(framed(request))
            while True:
                arrived = line.recv(_ARRIVES_AT_ONCE)
                for message in self._frames.feed(arrived):
                    return message
                if not arrived:
                    raise Lost("it hung up")
        except (OSError, BadInput) as problem:
            self.close()
            raise Lost(str(problem)) from problem
        except BaseException:  # a question that was broken off: its answer must not be taken for the next one's
            self.close()
            raise
