"""A gateway of a few lines for the door's own tests: it answers each operation as a test says, and keeps what it heard.

What the real one does is asked in `test_through_the_door.py`; this one also does what the real one never should.
"""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from onloop.identity.accounts import NETWORK_UID
from onloop.remote.framing import LARGEST_REQUEST, Frames, Raw, framed
from onloop.remote.unix_socket import Peer

TOKEN, OTHER_TOKEN, LAUNCHER_TOKEN, SESSION_TOKEN = (
    *("onl_agt_" + letter * 40 for letter in "ab"),
    "onl_lnc_" + "c" * 40,
    "onl_ses_" + "d" * 40,
)

Answer = dict[str, Any]
Does = Callable[["ScriptedLine", dict[str, Any]], Answer | None]


def error(code: str, message: str = "no", exit_code: int = 13, hint: str = "onloop list shows every task") -> Answer:
    """An answer that is an error."""
    return {"error": {"code": code, "exit": exit_code, "message": message, "hint": hint}}


class ScriptedLine:
    """One line: who is at its other end, and what has come over it."""

    def __init__(self, end: socket.socket, peer: Peer) -> None:
        self.end, self.peer = end, peer
        self.bytes = bytearray()

    def say(self, answer: Answer) -> None:
        """Send an answer."""
        self.end.sendall(framed(json.dumps(answer)))

    def hang_up(self) -> None:
        """Close it."""
        with suppress(OSError):
            self.end.shutdown(socket.SHUT_RDWR)
        self.end.close()


class ScriptedGateway:
    """Adopts lines, a thread for each; `does` says what an operation answers, None that it answers nothing."""

    def __init__(self) -> None:
        self.asked: list[dict[str, Any]] = []
        self.lines: list[ScriptedLine] = []
        self.stamp, self.log = 1, list[Answer]()
        self.valid = {TOKEN, OTHER_TOKEN, LAUNCHER_TOKEN, SESSION_TOKEN}
        self.does: dict[str, Does] = {
            "agent": self._recognise,
            "launcher": self._recognise,
            "session": self._recognise,
            "stamp": lambda _line, _asked: {"ok": self.stamp},
            "log": self._read_log,
            "scram_first": lambda _line, _asked: {"ok": "demand"},
            "scram_final": lambda _line, _asked: {"ok": {"final": "v=x"}},
        }

    def adopt(self, end: socket.socket, peer: Peer) -> None:
        """See GatewayServer.adopt."""
        end.setblocking(True)
        line = ScriptedLine(end, peer)
        self.lines.append(line)
        threading.Thread(target=self._serve, args=(line,), daemon=True).start()

    def _serve(self, line: ScriptedLine) -> None:
        frames = Frames(LARGEST_REQUEST)
        with suppress(OSError):
            while arrived := line.end.recv(65_536):
                for message in frames.feed(arrived):
                    self._take(line, message)
        line.hang_up()

    def _take(self, line: ScriptedLine, message: bytes) -> None:
        if isinstance(message, Raw):
            line.bytes += message
            return
        asked = json.loads(message)
        self.asked.append(asked)
        does = self.does.get(asked["operation"], self._echo)
        answer = does(line, asked)
        if answer is not None:
            line.say(answer)

    def _echo(self, _line: ScriptedLine, asked: dict[str, Any]) -> Answer:
        return {"ok": asked["fields"]}

    def _recognise(self, _line: ScriptedLine, asked: dict[str, Any]) -> Answer:
        is_valid = asked["fields"]["token"] in self.valid
        return {"ok": "agent:alfa"} if is_valid else error("not_allowed", "the token is not valid (any more)")

    def _read_log(self, _line: ScriptedLine, asked: dict[str, Any]) -> Answer:
        fields = asked["fields"]
        found = [event for event in self.log if event["seq"] > fields.get("after", 0)]
        limit = fields.get("limit", 1_000)
        return {"ok": found[-limit:] if fields.get("newest") else found[:limit]}

    def append(self, name: str = "Claimed", count: int = 1) -> None:
        """More events."""
        for _ in range(count):
            seq = len(self.log) + 1
            self.log.append({"seq": seq, "name": name, "task": "r1", "data": json.dumps({"a": "é\n\r\n:x"})})
        self.stamp += 1

    def asked_names(self) -> list[str]:
        """The operations that were asked, the watch's own left out."""
        return [asked["operation"] for asked in self.asked]

    def network_lines(self) -> list[ScriptedLine]:
        """The lines of callers."""
        return [line for line in self.lines if line.peer.uid == NETWORK_UID]
