"""The way out of an environment that has no network: a proxy on a socket, which lets through to named addresses alone.

It speaks CONNECT, as HTTP proxies do, and nothing else: it never sees what goes through. A name is resolved here, once;
one that leads to this machine or its neighbourhood goes nowhere unless it was allowed as such an address.
"""

from __future__ import annotations

import ipaddress
import os
import re
import select
import socket
import threading
import time
from collections.abc import Callable, Collection, Iterator
from contextlib import ExitStack, suppress
from pathlib import Path

from onloop.environments.brought.inside import join
from onloop.errors import BadInput
from onloop.records import Record

MOST_CONNECTIONS = 128
LARGEST_HEAD = 8_192
HEAD_S = 10.0
CONNECT_S = 20.0
IDLE_S = 900.0
"""How long a connection may be silent, in seconds: models think for minutes."""

USUAL_PORT = 443
_HOST = re.compile(r"(?=.{1,253}$)[A-Za-z0-9_]([A-Za-z0-9_-]{0,62}|)(\.[A-Za-z0-9_-]{1,63})*|\[[0-9A-Fa-f:.]{2,45}\]")
_REQUEST = re.compile(rb"CONNECT ([^ \r\n]{1,300}) HTTP/1\.[01]\r\n")


class Reachable(Record):
    """An address outside that whoever is inside may reach."""

    host: str
    port: int = USUAL_PORT

    @property
    def words(self) -> str:
        """As it is written."""
        return f"{self.host}:{self.port}"

    @property
    def is_of_this_machine(self) -> bool:
        """Whether it was named as an address of this machine's loopback."""
        with suppress(ValueError):
            return ipaddress.ip_address(self.host.strip("[]")).is_loopback
        return self.host == "localhost"


def reachable(text: str) -> Reachable:
    """`HOST` or `HOST:PORT`, from the command line or from what an agent's program asks for; BadInput for all else."""
    hint = "name a host, such as api.anthropic.com, or HOST:PORT"
    host, colon, port = text.rpartition(":") if not text.endswith("]") and text.count(":") else (text, "", "")
    if not colon:
        host, port = text, str(USUAL_PORT)
    if not _HOST.fullmatch(host) or not (port.isascii() and port.isdigit() and 0 < int(port[:6]) < 65_536):
        raise BadInput(f"{text[:80]!r} is no address to reach", hint=hint)
    return Reachable(host.lower(), int(port))


class EgressProxy:
    """Serves at a socket until it is closed. `refused` hears of each address that was asked for and is not allowed."""

    def __init__(
        self, path: Path, allowed: Collection[Reachable], refused: Callable[[str], None], user: int | None = None
    ) -> None:
        self.path, self._allowed, self._refused, self._user = path, frozenset(allowed), refused, user
        self._leaving = ExitStack()
        self._open: set[socket.socket] = set()
        self._turn = threading.Lock()
        self._is_closed = False

    def __enter__(self) -> EgressProxy:
        """Listen, for processes of our own user, or of `user`."""
        self.path.unlink(missing_ok=True)
        door = socket.socket(socket.AF_UNIX)
        self._leaving.enter_context(door)
        parent = os.open(self.path.parent, os.O_RDONLY | os.O_DIRECTORY)
        try:  # a path may be longer than an address of a socket
            door.bind(f"/proc/self/fd/{parent}/{self.path.name}")
        finally:
            os.close(parent)
        self.path.chmod(0o600)
        if self._user is not None:
            os.chown(self.path, self._user, -1)
        door.listen(MOST_CONNECTIONS)
        threading.Thread(target=self._accept, args=(door,), name="egress", daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        """Hang up on everybody."""
        with self._turn:
            self._is_closed = True
            open_now = list(self._open)
        self._leaving.close()
        self.path.unlink(missing_ok=True)
        for made in open_now:
            with suppress(OSError):
                made.shutdown(socket.SHUT_RDWR)

    def _accept(self, door: socket.socket) -> None:
        while not self._is_closed:
            try:
                made, _ = door.accept()
            except OSError:
                continue
            with self._turn:
                is_full = self._is_closed or len(self._open) >= MOST_CONNECTIONS
                if not is_full:
                    self._open.add(made)
            if is_full:
                made.close()
                continue
            threading.Thread(target=self._serve, args=(made,), name="egress", daemon=True).start()

    def _serve(self, made: socket.socket) -> None:
        try:
            with made:
                self._connect(made)
        except OSError:  # whoever asked finds the connection closed
            pass
        finally:
            with self._turn:
                self._open.discard(made)

    def _connect(self, made: socket.socket) -> None:
        wanted = _wanted(made)
        if wanted is None:
            made.sendall(_said(405, "only CONNECT is spoken here"))
            return
        if wanted not in self._allowed:
            self._refused(wanted.words)
            made.sendall(_said(403, f"{wanted.words} is not allowed: onloop work --reach {wanted.words}"))
            return
        try:
            out = _connected(wanted)
        except OSError as problem:
            made.sendall(_said(502, f"{wanted.words}: {problem.strerror or problem}"))
            return
        with out:
            made.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
            for end in (made, out):
                end.settimeout(IDLE_S)
            join(made, out, IDLE_S)


def _said(code: int, words: str) -> bytes:
    body = f"{words}\n".encode()
    return b"HTTP/1.1 %d refused\r\nContent-Type: text/plain\r\nContent-Length: %d\r\nConnection: close\r\n\r\n%s" % (
        code,
        len(body),
        body,
    )


def _wanted(made: socket.socket) -> Reachable | None:
    """The address that is asked for; None where what arrives is no such request, too long or too late."""
    head, deadline = b"", time.monotonic() + HEAD_S
    while not head.endswith(b"\r\n\r\n"):
        left = deadline - time.monotonic()
        if left <= 0 or len(head) >= LARGEST_HEAD or not select.select([made], [], [], left)[0]:
            return None
        piece = made.recv(_most(head))
        if not piece:
            return None
        head += piece
    found = _REQUEST.match(head)
    if found is None:
        return None
    try:
        return reachable(found[1].decode("ascii"))
    except (BadInput, UnicodeDecodeError):
        return None


def _most(head: bytes) -> int:
    """How much may be read without going beyond the end of the head: what follows it belongs to the other side."""
    return 4 if not head.endswith((b"\r", b"\n")) else 1


def _connected(wanted: Reachable) -> socket.socket:
    """A connection to the address; OSError where it leads to this machine, and was not named as such."""
    last: OSError = OSError("no address was found")
    for family, kind, number, _, place in socket.getaddrinfo(
        wanted.host.strip("[]"), wanted.port, type=socket.SOCK_STREAM
    ):
        if not _may_lead_to(wanted, str(place[0])):
            last = OSError(f"it leads to {place[0]}, which was not named")
            continue
        out = socket.socket(family, kind, number)
        try:
            out.settimeout(CONNECT_S)
            out.connect(place)
            return out
        except OSError as problem:
            out.close()
            last = problem
    raise last


def _may_lead_to(wanted: Reachable, place: str) -> bool:
    if wanted.is_of_this_machine or wanted.host.strip("[]") == place:
        return True
    found = ipaddress.ip_address(place.partition("%")[0])
    mapped = getattr(found, "ipv4_mapped", None) or found
    return not (mapped.is_loopback or mapped.is_link_local or mapped.is_unspecified or mapped.is_multicast)


def named(addresses: Collection[str]) -> Iterator[Reachable]:
    """The addresses, each read as on the command line."""
    for text in addresses:
        yield reachable(text)
