"""Bytes that were announced, on their way to a gateway's door: in pieces, and taken up again where they broke off."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Any

from onloop.remote.framing import error_from
from onloop.remote.line import ConnectionLost

PIECE = 4 * 1_048_576
TRIES = 10
"""How often one piece is sent, if the connection breaks each time."""

ELSEWHERE, PAUSE_S = 409, 0.5
"""The status for a piece that begins elsewhere than the gateway is, and how long it is let finish, in seconds."""

Put = Callable[[str, str, bytes], Mapping[str, Any]]


LOST = "upload_lost"
"""What a gateway says that does not know the upload: it has started anew, or waited too long."""


def check_upload(error: Mapping[str, Any]) -> None:
    """Lost, where the gateway does not know the upload (any more): all is handed in anew."""
    if error.get("code") == LOST:
        raise ConnectionLost("the gateway does not know the upload any more")


class Upload:
    """One upload under the id that the gateway gave it. `put` carries out one request for it."""

    def __init__(self, ident: str, put: Put) -> None:
        if not (ident.isascii() and ident.replace("-", "").replace("_", "").isalnum()):
            raise ConnectionLost("the gateway gave the upload no name")
        self._id, self._put = ident, put
        self._held = bytearray()
        self._received = 0

    def send(self, content: bytes) -> None:
        """Send bytes, as soon as there is a whole piece of them."""
        self._held += content
        while len(self._held) >= PIECE:
            self._send_piece(PIECE)

    def finished(self) -> str:
        """Send the rest; the answer is the upload's id."""
        while self._held:
            self._send_piece(min(len(self._held), PIECE))
        return self._id

    def _send_piece(self, size: int) -> None:
        """Send the next piece; where the connection breaks, go on behind what has come."""
        for _ in range(TRIES):
            try:
                told = self._put("PUT", f"/v1/uploads/{self._id}?offset={self._received}", bytes(self._held[:size]))
            except ConnectionLost:
                told = self._asked()
            if told.get("error", {}).get("status") == ELSEWHERE:  # what was cut off is still being taken there
                time.sleep(PAUSE_S)
                told = self._asked()
            received = self._count(told)
            came = received - self._received
            del self._held[:came]
            self._received, size = received, size - came
            if size <= 0:
                return
        raise ConnectionLost(f"it broke during each of {TRIES} tries")

    def _asked(self) -> Mapping[str, Any]:
        """How much has come, by the gateway's word; asked again where this breaks as well."""
        for _ in range(TRIES):
            try:
                return self._put("GET", f"/v1/uploads/{self._id}", b"")
            except ConnectionLost as problem:
                lost = problem
        raise lost

    def _count(self, told: Mapping[str, Any]) -> int:
        """How many bytes have come, which must fit what was sent."""
        if "error" in told:
            check_upload(told["error"])
            raise error_from(told["error"])
        received = told.get("received")
        if type(received) is not int or not self._received <= received <= self._received + len(self._held):
            raise ConnectionLost("the gateway has lost count of the upload")
        return received
