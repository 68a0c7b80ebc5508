"""SMTP whose every reply has come whole before a deadline, however slowly it drips."""

from __future__ import annotations

import io
import smtplib
import socket
import ssl
import time
from typing import TYPE_CHECKING, Any

from onloop.forges.deadline import Due


class TimedReader(io.RawIOBase):
    """What comes over a connection, until a deadline; TimeoutError after it."""

    def __init__(self, line: socket.socket, due: Due) -> None:
        super().__init__()
        self._line, self._due = line, due

    def readable(self) -> bool:
        """See RawIOBase."""
        return True

    def readinto(self, buffer: Any) -> int:
        """See RawIOBase."""
        self._line.settimeout(self._due.left(None))
        return self._line.recv_into(buffer)


if TYPE_CHECKING:
    _Spoken = smtplib.SMTP
else:
    _Spoken = object  # what stands behind it is plain SMTP, or SMTP under TLS


class TimedReplies(_Spoken):
    """Has a line of SMTP read and write before a deadline."""

    due: Due

    def getreply(self) -> tuple[int, bytes]:
        """See smtplib."""
        if self.file is None and self.sock is not None:
            self.file = io.BufferedReader(TimedReader(self.sock, self.due))
        return super().getreply()

    def send(self, s: Any) -> None:
        """See smtplib."""
        if self.sock is not None:
            self.sock.settimeout(self.due.left(None))
        super().send(s)


class TimedMail(TimedReplies, smtplib.SMTP):
    """A line that is plain, or becomes TLS; whole within `seconds`."""

    def __init__(self, host: str, port: int, seconds: float) -> None:
        self.due = Due()
        self.due.end = time.monotonic() + seconds
        super().__init__(host, port, timeout=seconds)


class TimedTlsMail(TimedReplies, smtplib.SMTP_SSL):
    """A line that is TLS from the beginning; whole within `seconds`."""

    def __init__(self, host: str, port: int, seconds: float, context: ssl.SSLContext) -> None:
        self.due = Due()
        self.due.end = time.monotonic() + seconds
        super().__init__(host, port, timeout=seconds, context=context)
