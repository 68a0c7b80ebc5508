"""A worker's socket for its agents: what one asks there, is asked of a gateway elsewhere under that agent's token.

It adds no right: it holds no credential of its own, and what only people or launchers may ask is refused here already.
"""

from __future__ import annotations

import os
import socket
import threading
from collections.abc import Callable
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Any

from onloop.errors import Ground, NotAllowed, OnloopError
from onloop.machine.operation import AnswerT, Operation
from onloop.machine.principal import PrincipalKind
from onloop.remote.connection_operations import SubmitAnnounced
from onloop.remote.fences.user_limits import LARGEST_REQUEST
from onloop.remote.framing import Frames, Raw, error_text, framed, parsed
from onloop.remote.line import ConnectionLost, Line
from onloop.remote.network_access import NETWORK
from onloop.remote.protocol import answer_text, request_from
from onloop.remote.unix_socket import listening, peer_of

MOST_CONNECTIONS = 256
"""How many connections of agents are open at a time; each is a thread."""

IDLE_S = 600.0
"""After how long a connection on which nothing is asked is closed, in seconds."""

_ARRIVES_AT_ONCE = 262_144
_PROVES = "agent"


class AgentRelay:
    """Serves at a socket until it is closed. `made` makes a line to the gateway that has nothing proved yet.

    It serves processes of our own user, or of `user`: those in a box or a container of ours.
    """

    def __init__(self, path: Path, made: Callable[[], Line], user: int | None = None) -> None:
        self.path, self._made, self._user = path, made, user
        self._leaving = ExitStack()
        self._open: set[socket.socket] = set()
        self._turn = threading.Lock()
        self._is_closed = False

    @property
    def url(self) -> str:
        """What agents find in `$ONLOOP_URL`."""
        return f"unix:{self.path}"

    def __enter__(self) -> AgentRelay:
        """Listen, for processes of that user alone."""
        door = listening(self.path)
        self.path.parent.chmod(0o700 if self._user is None else 0o711)
        self.path.chmod(0o600)
        if self._user is not None:
            os.chown(self.path, self._user, -1)
        self._leaving.callback(self.path.unlink, missing_ok=True)
        self._leaving.enter_context(door)
        threading.Thread(target=self._accept, args=(door,), name="relay", daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        """Hang up on everybody."""
        with self._turn:
            self._is_closed = True
            open_now = list(self._open)
        self._leaving.close()
        for made in open_now:
            with suppress(OSError):
                made.shutdown(socket.SHUT_RDWR)

    def _accept(self, door: socket.socket) -> None:
        while not self._is_closed:
            try:
                made, _ = door.accept()
            except OSError:  # closed; or there is no file left, and the agent tries again
                continue
            if not self._admitted(made):
                made.close()
                continue
            threading.Thread(target=self._serve, args=(made,), name="relayed", daemon=True).start()

    def _admitted(self, made: socket.socket) -> bool:
        """Whether a process of that user has connected, and there is room for it."""
        try:
            is_ours = peer_of(made).uid in {os.getuid(), 0, self._user}
        except OSError:
            return False
        with self._turn:
            if not is_ours or self._is_closed or len(self._open) >= MOST_CONNECTIONS:
                return False
            self._open.add(made)
            return True

    def _serve(self, made: socket.socket) -> None:
        line = self._made()
        try:
            made.settimeout(IDLE_S)
            RelayedConnection(made, line).serve()
        except (OSError, OnloopError, ConnectionLost):  # whoever asked asks again, and is told then
            pass
        finally:
            with suppress(Exception):
                line.close()
            made.close()
            with self._turn:
                self._open.discard(made)


class RelayedConnection:
    """One connection of an agent, and the line over which it goes on."""

    def __init__(self, made: socket.socket, line: Line) -> None:
        self._socket, self._line = made, line

    def serve(self) -> None:
        """Answer what is asked, one request after the other, until the agent hangs up; Lost where the line breaks."""
        frames = Frames(LARGEST_REQUEST)
        while arrived := self._socket.recv(_ARRIVES_AT_ONCE):
            for message in frames.feed(arrived):
                if isinstance(message, Raw):
                    self._pass_on(message)
                else:
                    self._socket.sendall(framed(self._answer(message)))

    def _pass_on(self, content: Raw) -> None:
        """Bytes that were announced go on as they come; a refusal is told before the agent is hung up on."""
        try:
            self._line.send(content)
        except OnloopError as problem:
            self._socket.sendall(framed(error_text(problem)))
            raise

    def _answer(self, message: bytes) -> str:
        try:
            operation = request_from(parsed(message))
            check_of_agents(operation)
            self._line.receipt = None
            return answer_text(operation, self._asked(operation), self._line.receipt)
        except OnloopError as problem:
            return error_text(problem)

    def _asked(self, operation: Operation[AnswerT]) -> AnswerT:
        """What the gateway answers; one that is away is waited for, with what was handed in sent anew by the agent."""
        if operation.name == SubmitAnnounced.name:
            return self._line.ask(operation)
        return self._line.ask_until_told(operation)


def check_of_agents(operation: Operation[Any]) -> None:
    """NotAllowed for what no agent may ask: a proof of anybody else, and whatever only others may."""
    who = operation.principal_or_none
    is_agents = PrincipalKind.AGENT in NETWORK.get(operation.name, {})
    if operation.name == _PROVES or (is_agents and (who is None or who.kind is PrincipalKind.AGENT)):
        return
    raise NotAllowed(
        f"nobody may {operation.name.replace('_', ' ')} through a worker's socket",
        hint="a person does it from their own machine, where ONLOOP_URL names the gateway itself",
        ground=Ground.KIND,
    )
