"""A line to a dashboard as any program could open it: a WebSocket over TLS, with whatever headers one likes."""

from __future__ import annotations

import json
import socket
import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from wsproto import ConnectionType, WSConnection
from wsproto.events import (
    AcceptConnection,
    BytesMessage,
    CloseConnection,
    Message,
    RejectConnection,
    RejectData,
    Request,
    TextMessage,
)

from support.waiting import DEADLINE_S

PATH = "/web/line"


@dataclass
class PageLine:
    """One line: `status` is what the handshake came to, `drawn` all that was drawn, `told` what was said in words."""

    made: ssl.SSLSocket
    status: int = 0
    drawn: bytes = b""
    told: list[Any] = field(default_factory=list)
    closed: int = 0
    why: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)
    _line: WSConnection = field(default_factory=lambda: WSConnection(ConnectionType.CLIENT))
    _text: str = ""

    @classmethod
    def opened(cls, port: int, headers: Mapping[str, str], path: str = PATH, host: str = "") -> PageLine:
        """A line to the door at that port of loopback."""
        context = ssl.create_default_context()
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        raw = socket.socket()
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 32_768)  # so that little waits for who does not read
        raw.settimeout(DEADLINE_S)
        raw.connect(("127.0.0.1", port))
        line = cls(context.wrap_socket(raw, server_hostname="localhost"))
        more = [(name.encode(), value.encode()) for name, value in headers.items()]
        asked = Request(host=host or f"127.0.0.1:{port}", target=path, extra_headers=more)
        line.made.sendall(line._line.send(asked))
        line.until(lambda: line.status)
        return line

    def begin(self, **more: Any) -> None:
        """Say what is wanted."""
        self.say("begin", {"width": 120, "height": 40, **more})

    def say(self, *words: Any) -> None:
        self.send(json.dumps(words))

    def send(self, content: str) -> None:
        self.made.sendall(self._line.send(Message(data=content)))

    def until(self, holds: Any) -> Any:
        """Take what comes until a condition holds, or the line has ended."""
        while not (found := holds()) and self._take():
            pass
        return found or holds()

    def shows(self, *words: str) -> bool:
        """Whether all of this is drawn in the end."""
        return bool(self.until(lambda: all(word.encode() in self.drawn for word in words)))

    def ended(self) -> int:
        """The code with which the line is closed; 0 where the connection just broke."""
        self.until(lambda: self.closed)
        return self.closed

    def close(self) -> None:
        self.made.close()

    def _take(self) -> bool:
        try:
            arrived = self.made.recv(65_536)
        except ConnectionError:
            return False
        self._line.receive_data(arrived or None)
        for event in self._line.events():
            self._note(event)
        return bool(arrived)

    def _note(self, event: Any) -> None:
        match event:
            case AcceptConnection():
                self.status = 101
            case RejectConnection():
                self.status = event.status_code
                self.headers = {name.decode().lower(): value.decode() for name, value in event.headers}
            case RejectData():
                self.why += event.data
            case BytesMessage():
                self.drawn += bytes(event.data)
            case TextMessage():
                self._text += event.data
                if event.message_finished:
                    self.told.append(json.loads(self._text))
                    self._text = ""
            case CloseConnection():
                self.closed = event.code or 1005
            case _:
                pass
