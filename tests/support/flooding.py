"""A user who floods a resident gateway, and a person of another who freezes meanwhile: real processes, real users."""

from __future__ import annotations

import json
import os
import select
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from gateway.served import message
from onloop.access.opening import wall_clock
from onloop.gateway.service import append_store_event
from onloop.gateway.upkeep import RecordStoreEvent
from onloop.home import Home
from onloop.identity.passphrase import enrolment
from onloop.machine.principal import PrincipalKind, launcher
from onloop.machine.store_state import Frozen, StoreCreated, Unfrozen
from onloop.remote.client import ClientStore, GatewayClient
from onloop.remote.connection import Connection
from onloop.remote.framing import LENGTH, framed
from onloop.remote.unix_socket import connected
from onloop.store.port import Transaction
from onloop.store.sqlite.database import SqliteStore, create_store
from support.waiting import DEADLINE_S, wait_for
from support.world import PASSPHRASE, ROOT

FLOODER_UID, PERSON_UID, SHARED_GID = 65_534, 65_533, 65_534
IDLE, HALVES, UNREAD = 1_100, 40, 24
MIB = 1_048_576

AS = """\
import os, sys
import encodings.idna, json
from support import flooding
uid, gid = int(sys.argv[1]), int(sys.argv[2])
os.setgroups([gid]); os.setgid(gid); os.setuid(uid)
getattr(flooding, sys.argv[3])(*sys.argv[4:])
"""
"""Everything is imported before: that user may not read this interpreter."""


def process(uid: int, what: str, *words: str) -> subprocess.Popen[str]:
    """One of the functions below as a process of another user."""
    paths = os.pathsep.join(str(ROOT / part) for part in ("core", "tui", "tests"))
    command = [sys.executable, "-c", AS, str(uid), str(SHARED_GID), what, *words]
    env = {**os.environ, "PYTHONPATH": paths}
    return subprocess.Popen(command, env=env, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd="/")


@contextmanager
def flooded() -> Iterator[tuple[Home, int]]:
    """A served store that other users reach, and the process id of its gateway."""
    with tempfile.TemporaryDirectory(prefix="onloop-flood-") as name:
        folder = Path(name)
        folder.chmod(0o755)
        home = Home(folder / "store")
        create_store(home.store)
        _furnish(home)
        command = [sys.executable, "-m", "onloop.cli.entry", "serve", "--store", str(home.store)]
        serve = subprocess.Popen(command, stderr=subprocess.PIPE, text=True, cwd=name)
        try:
            wait_for(lambda: serve.poll() is not None or home.socket.exists(), lambda: "serve does not come up")
            for path in (home.socket, home.socket.parent):
                os.chown(path, -1, SHARED_GID)
            yield home, serve.pid
        finally:
            serve.terminate()
            said = serve.communicate(timeout=DEADLINE_S)[1]
        assert (serve.returncode, "trouble" in said) == (0, False), said


def _furnish(home: Home) -> None:
    store = SqliteStore(home.store, home.anchor)
    event = enrolment("ana", ("approvers",), "ana@example.org", PASSPHRASE, "human:ana")

    def furnish(tx: Transaction) -> None:
        append_store_event(tx, StoreCreated("s1", scripted=False), wall_clock(), launcher("t").id)
        append_store_event(tx, event, wall_clock(), launcher("t").id)
        for number in range(300):  # what an answer that nobody reads is made of
            append_store_event(
                tx, Frozen(f"task:t{number}", "human:ana", "look first. " * 400), wall_clock(), "human:ana"
            )
            append_store_event(tx, Unfrozen(f"task:t{number}", "human:ana"), wall_clock(), "human:ana")

    store.transact(furnish)
    store.close()


def flood(path: str) -> None:
    """Everything at once, for as long as standard input is open; what was seen is printed at the end."""
    place, seen = Path(path), {"refused": 0, "dropped": 0, "answered": 0}
    held = [*_halves(place, seen), *_unread(place, seen), *_idle(place, seen)]
    _say("ready")
    lines: list[socket.socket] = []
    while not select.select([sys.stdin], [], [], 0)[0]:
        if not seen["answered"] % 50:
            _large(place, seen)
        lines = _asking(place, lines, seen)
    seen["open"] = sum(map(_is_open, (*held, *lines)))
    _say(json.dumps(seen))


def _is_open(line: socket.socket) -> bool:
    line.setblocking(False)
    try:
        while line.recv(MIB):
            pass
    except BlockingIOError:
        return True
    except OSError:
        return False
    return False


def _say(words: str) -> None:
    sys.stdout.write(words + "\n")
    sys.stdout.flush()


def _line(place: Path, seen: dict[str, int]) -> socket.socket | None:
    with suppress(Exception):
        line = connected(place, 1, place.parents[1] / "store")
        line.settimeout(0.2)
        return line
    seen["refused"] += 1
    return None


def _idle(place: Path, seen: dict[str, int]) -> Iterator[socket.socket]:
    for _ in range(IDLE):
        if (line := _line(place, seen)) is not None:
            yield line


def _halves(place: Path, seen: dict[str, int]) -> Iterator[socket.socket]:
    """Requests of 15 MB, and then of as much as is taken, without their end."""
    for number in range(HALVES):
        if (line := _line(place, seen)) is not None:
            line.settimeout(5)
            size = 15 * MIB if number % 2 else MIB
            _send(line, LENGTH.pack(size) + b" " * (size - 1), seen)
            yield line


def _unread(place: Path, seen: dict[str, int]) -> Iterator[socket.socket]:
    """The whole log, a dozen times on each connection, and nothing of it read."""
    text = message("log", limit=1000)
    for _ in range(UNREAD):
        if (line := _line(place, seen)) is not None:
            _send(line, framed(text) * 12, seen)
            yield line


def _large(place: Path, seen: dict[str, int]) -> None:
    line = _line(place, seen)
    if line is not None:
        _send(line, framed(message("agent", token="x" * 15 * MIB)), seen)
        line.close()


def _asking(place: Path, lines: list[socket.socket], seen: dict[str, int]) -> list[socket.socket]:
    """Eight connections that ask, as often as they are answered, for what costs something."""
    left = []
    for line in lines or [line for line in (_line(place, seen) for _ in range(8)) if line is not None]:
        for asked in (message("fire_timers"), message("state"), message("board", now=0), message("person", name="ana")):
            if not _send(line, framed(asked), seen):
                break
        else:
            with suppress(OSError):
                line.recv(4 * MIB)
                seen["answered"] += 1
            left.append(line)
    return left


def _send(line: socket.socket, content: bytes, seen: dict[str, int]) -> bool:
    try:
        line.sendall(content)
    except TimeoutError:
        return True
    except OSError:
        seen["dropped"] += 1
        return False
    return True


def freezes(path: str, count: str) -> None:
    """A person who freezes and unfreezes; how long each freeze took to be answered, in seconds, is printed."""
    took = []
    line = Connection(Path(path), Path(path).parents[1] / "store")
    gateway = GatewayClient(line, ClientStore(line), wall_clock)
    ana = gateway.person("ana", PASSPHRASE, typed=True)
    assert ana.kind is PrincipalKind.HUMAN
    for _ in range(int(count)):
        began = time.perf_counter()
        gateway.perform(RecordStoreEvent(ana, Frozen("all", ana.id, "look first")))
        took.append(time.perf_counter() - began)
        gateway.perform(RecordStoreEvent(ana, Unfrozen("all", ana.id)))
    began = time.perf_counter()
    fresh = Connection(Path(path), Path(path).parents[1] / "store")
    other = GatewayClient(fresh, ClientStore(fresh), wall_clock)
    other.perform(RecordStoreEvent(other.person("ana", PASSPHRASE, typed=True), Frozen("all", ana.id, "look first")))
    _say(json.dumps({"took": took, "afresh": time.perf_counter() - began}))


def peak_kib(pid: int) -> int:
    """The most memory that a process has had."""
    status = Path(f"/proc/{pid}/status").read_text()
    return int(next(line for line in status.splitlines() if line.startswith("VmHWM")).split()[1])


def measured(count: int) -> tuple[Sequence[float], float, int, dict[str, int]]:
    """How long freezes took in a flood, one on a new connection with its proof, memory (KiB), what the flood saw."""
    with flooded() as (home, pid):
        flooder = process(FLOODER_UID, "flood", str(home.socket))
        try:
            assert flooder.stdout is not None and flooder.stdin is not None
            assert flooder.stdout.readline() == "ready\n"
            person = process(PERSON_UID, "freezes", str(home.socket), str(count))
            told = person.communicate(timeout=DEADLINE_S)[0]
            assert person.returncode == 0
            peak = peak_kib(pid)
            seen = json.loads(flooder.communicate(timeout=DEADLINE_S)[0])
        finally:
            flooder.kill()
            flooder.wait()
    found = json.loads(told)
    return found["took"], found["afresh"], peak, seen
