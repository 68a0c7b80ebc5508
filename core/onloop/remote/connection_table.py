"""The connections of a resident gateway: taken up, read, answered and dropped, by the one thread that listens."""

from __future__ import annotations

import selectors
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field

from onloop.errors import BadInput, OnloopError, Unavailable
from onloop.remote.client_session import Authenticator, ClientSession
from onloop.remote.fences.user_limits import LARGEST_ANSWER, UserLimits
from onloop.remote.fences.user_limits import LARGEST_REQUEST as LARGEST_OF_OTHERS
from onloop.remote.framing import LARGEST_REQUEST, Frames, error_text, framed
from onloop.remote.server_connection import ServerConnection, is_ours
from onloop.remote.unix_socket import Peer, peer_of

_TOO_LARGE = error_text(BadInput(f"the answer has more than {LARGEST_ANSWER} bytes", hint="ask for less at a time"))
_PARTING = error_text(Unavailable("the gateway stops", hint="hand in again once it is back: onloop submit"))
TICK_S = 0.05
ACCEPTED_AT_ONCE = 256
MOST_AHEAD = 16
ARRIVES_AT_ONCE = 262_144
PARTING_S = 1.0
"""How long a caller that does not read may hold up the end, in seconds."""


@dataclass(slots=True)
class ConnectionTable:
    """Every connection, and who waits for which. `complain` hears of what nobody foresaw.

    Once it `is_parting`, callers of this machine ask nothing new; what they have asked is still answered.
    """

    keeper: Authenticator
    fences: UserLimits
    selector: selectors.BaseSelector
    complain: Callable[[Exception], None]
    lines: set[ServerConnection] = field(default_factory=set)
    is_parting: bool = False
    _looked: float = 0.0

    def accept(self, door: socket.socket) -> None:
        """Take up who waits at a listening socket."""
        with suppress(OSError):  # nobody waits any more, or there is no file left for them: they try again
            for _ in range(ACCEPTED_AT_ONCE):
                made, _ = door.accept()
                made.setblocking(False)
                self.welcome(made, peer_of(made))

    def welcome(self, made: socket.socket, peer: Peer) -> None:
        """Take up a connection; where its account has enough of them, it is told so and closed."""
        own = is_ours(peer)
        try:
            self.fences.admit(peer.counted, own=own)
        except OnloopError as problem:
            with suppress(OSError):
                made.send(framed(error_text(problem)))
            made.close()
            return
        frames = Frames(LARGEST_REQUEST if own else LARGEST_OF_OTHERS)
        line = ServerConnection(made, ClientSession(peer, self.keeper), frames, peer.counted)
        self.lines.add(line)
        self.selector.register(made, selectors.EVENT_READ, line)

    def turn(self, now: float) -> tuple[list[ServerConnection], bool]:
        """Whose next request is taken up now, accounts in turn, and whether there is more that could be at once."""
        taken, more = self.fences.turn([line for line in self.lines if line.is_ready], now)
        for line in taken:
            line.waits_since = now
        return taken, more

    def attend(self, line: ServerConnection, mask: int) -> None:
        """Read and send what can be; what nobody foresaw ends the connection, and nobody else's."""
        try:
            self._attend(line, mask)
        except Exception as problem:
            self.complain(problem)
            self.drop(line)

    def _attend(self, line: ServerConnection, mask: int) -> None:
        line.heard_at = time.monotonic()
        try:
            if mask & selectors.EVENT_WRITE:
                self._send(line)
            if mask & selectors.EVENT_READ:
                self._hear(line, line.socket.recv(ARRIVES_AT_ONCE))
        except BlockingIOError:
            return
        except OnloopError as problem:
            self.answer(line, error_text(problem))
            self.drop(line)
        except OSError:
            self.drop(line)

    def _hear(self, line: ServerConnection, arrived: bytes) -> None:
        if not self._is_leaving(line):
            for message in line.frames.feed(arrived):
                line.take(message)
            self._weigh(line)
        if not arrived or len(line.asked) > MOST_AHEAD:
            self.drop(line)

    def _is_leaving(self, line: ServerConnection) -> bool:
        return self.is_parting and not line.caller.peer.is_network

    def _weigh(self, line: ServerConnection) -> None:
        """Tell the fences what the connection has under way; BadInput where that is too much."""
        weight = line.taken + line.frames.held + sum(map(len, line.asked)), len(line.unsent)
        held, unread = weight[0] - line.weight[0], weight[1] - line.weight[1]
        line.weight = weight
        self.fences.weigh(line.account, held, unread, own=line.own)

    def answer(self, line: ServerConnection, answer: str) -> None:
        """Send the answer to what is under way, and count the connection as whoever it has proved to be."""
        answer = self._settled(line, answer)
        line.busy, line.taken, line.sent_at = False, 0, time.monotonic()
        if line in self.lines:
            line.unsent += framed(answer if line.own or len(answer) <= LARGEST_ANSWER else _TOO_LARGE)
            self._send(line)
        else:
            line.hatch.close()

    def _settled(self, line: ServerConnection, answer: str) -> str:
        account = line.caller.peer.counted
        if line in self.lines and account != line.account:
            try:
                self.fences.move(line.account, account, *line.weight)
            except OnloopError as problem:
                line.asked.clear()
                return error_text(problem)
            line.account = account
        return answer

    def _send(self, line: ServerConnection) -> None:
        try:
            sent = line.socket.send(line.unsent) if line.unsent else 0
        except BlockingIOError:
            sent = 0
        except OSError:
            self.drop(line)
            return
        del line.unsent[:sent]
        line.sent_at = time.monotonic() if sent else line.sent_at
        with suppress(BadInput):
            self._weigh(line)
        wanted = selectors.EVENT_READ | (selectors.EVENT_WRITE if line.unsent else 0)
        if self.selector.get_key(line.socket).events != wanted:
            self.selector.modify(line.socket, wanted, line)

    def drop(self, line: ServerConnection) -> None:
        """Forget a connection; its requests under way are still carried out."""
        if line in self.lines:
            self.lines.discard(line)
            self.fences.leave(line.account, *line.weight)
            self.selector.unregister(line.socket)
            line.socket.close()
            line.asked.clear()
            if not line.busy:
                line.hatch.close()

    def drop_overdue(self, now: float) -> None:
        """Drop those that have held something for too long; it looks at them now and then."""
        if now - self._looked < TICK_S:
            return
        self._looked = now
        for line in [line for line in self.lines if line.is_overdue(now)]:
            self.drop(line)
        self.fences.forget_idle()

    def part(self) -> None:
        """Have callers of this machine ask nothing new, and drop those of whom nothing is under way.

        Who is in the middle of handing in is told so.
        """
        self.is_parting = True
        for line in [line for line in self.lines if self._is_leaving(line) and not line.is_under_way]:
            if line.hatch.is_open:
                self.answer(line, _PARTING)
            self.drop(line)

    def under_way(self) -> Iterator[ServerConnection]:
        """Those whose caller has asked something that is not answered, or has not read the answer."""
        return (line for line in self.lines if line.is_under_way)

    def hang_up(self) -> None:
        """Send what is not sent, and drop all."""
        for line in list(self.lines):
            with suppress(OSError):
                line.socket.settimeout(PARTING_S)
                line.socket.sendall(line.unsent)
            line.busy = False
            self.drop(line)
