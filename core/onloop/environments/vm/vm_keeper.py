"""Holds one virtual machine: starts QEMU, passes on what goes in and out, and ends it with its worker.

`python -I -S vm_keeper.py` reads an order, one line of JSON, from standard input, which then stays open; its end means
"end everything". It is a process of its own because what comes out of the machine is hostile, and a worker has a store
open. On standard output it says `{"ready": …}`, or `{"problem": …}`. QEMU dies with it: the kernel sees to that.

Whoever orders something in the machine connects to the socket `control`, which only our user can reach. Connections
from inside go on to `gateway.sock` and `egress.sock` in the folder `run`, and nowhere else.
"""

from __future__ import annotations

import ctypes
import json
import os
import resource
import select
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))

from vm_frames import (  # type: ignore[import-not-found]
    LARGEST,
    LARGEST_OPENING,
    Channel,
    FrameLine,
    LineBroken,
    address,
)

LINE = "{line}"
"""Stands in QEMU's command for the descriptor of the line."""
WAYS_OUT = ("gateway", "egress")
MOST_WAYS_OUT = 64
LONGEST_ORDER = 262_144
KEPT_CONSOLE = 16_384
_PR_SET_PDEATHSIG = 1
_LIBC = ctypes.CDLL(None) if sys.platform == "linux" else None


class SocketBytes:
    """A socket, as bytes for a line."""

    def __init__(self, held: socket.socket) -> None:
        self._socket = held

    def read(self, most: int) -> bytes:
        """See Bytes."""
        return self._socket.recv(most)

    def write(self, data: bytes) -> None:
        """See Bytes."""
        self._socket.sendall(data)

    def close(self) -> None:
        """See Bytes."""
        with suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()


class Console:
    """The end of what the machine's kernel printed: for people, where it does not start."""

    def __init__(self, end: int) -> None:
        self.last = b""
        threading.Thread(target=self._read, args=(end,), daemon=True).start()

    @property
    def words(self) -> str:
        """What was said beside the kernel's own lines, which begin with a bracket; else the last of those."""
        lines = self.last.decode("utf-8", "replace").splitlines()
        own = [line for line in lines if line.strip() and not line.startswith("[")]
        return " / ".join((own or lines)[-8:])[-1_000:]

    def _read(self, end: int) -> None:
        with suppress(OSError):
            while piece := os.read(end, LARGEST):
                self.last = (self.last + piece)[-KEPT_CONSOLE:]


class VirtualMachineKeeper:
    """The machine of one order, while it lasts."""

    def __init__(self, order: Mapping[str, Any]) -> None:
        self._order, self._run = order, Path(order["run"])
        self._hello: dict[str, Any] = {}
        self._is_there = threading.Event()
        self._ways_out = threading.BoundedSemaphore(MOST_WAYS_OUT)
        ours, theirs = socket.socketpair()
        self._line = FrameLine(SocketBytes(ours), 0)
        self._line.greeted, self._line.opened = self._greet, self._lead_out
        self._qemu, self._console = self._started(theirs)
        theirs.close()

    def keep(self) -> int:
        """Until the machine, the worker or its time has ended."""
        threading.Thread(target=self._line.serve, name="line", daemon=True).start()
        began = time.monotonic()
        try:
            if problem := self._awaited(began + float(self._order["start_s"])):
                say(problem=problem, console=self._console.words)
                return 1
            self._serve_orders()
            say(ready=self._hello, ms=int((time.monotonic() - began) * 1000))
            for _ in self._ticks(began + float(self._order["most_s"])):
                if self._line.is_broken.is_set() or self._qemu.poll() is not None:
                    break
        finally:
            self._qemu.kill()
            self._qemu.wait()
            with suppress(OSError):
                Path(self._order["control"]).unlink()
        return 0

    def _started(self, line: socket.socket) -> tuple[subprocess.Popen[bytes], Console]:
        argv = [str(word).replace(LINE, str(line.fileno())) for word in self._order["argv"]]
        show, shown = os.pipe()
        process = subprocess.Popen(
            argv,
            stdin=subprocess.DEVNULL,
            stdout=shown,
            stderr=shown,
            pass_fds=(line.fileno(),),
            env={name: str(value) for name, value in self._order["environment"].items()},
            cwd="/",
            start_new_session=True,
            preexec_fn=self._confine,
        )
        os.close(shown)
        return process, Console(show)

    def _confine(self) -> None:
        """Before QEMU: it dies with this process, dumps no core, and writes no file larger than its disk may be."""
        if _LIBC is not None:
            _LIBC.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        most = int(self._order["disk_mib"]) * 1_048_576
        resource.setrlimit(resource.RLIMIT_FSIZE, (most, most))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))

    def _awaited(self, deadline: float) -> str:
        """Wait for the machine's greeting; the answer is why none came."""
        for _ in self._ticks(deadline):
            if self._is_there.is_set():
                return ""
            if self._qemu.poll() is not None:
                return f"QEMU ended with exit code {self._qemu.returncode}"
            if self._line.is_broken.is_set():
                return "what came out of it were no frames"
        return "it was not ready in time" if time.monotonic() >= deadline else "its worker has ended"

    def _ticks(self, deadline: float) -> Iterator[None]:
        """Now and then, until the deadline, or until standard input has ended."""
        while time.monotonic() < deadline:
            if select.select([0], [], [], 0.05)[0] and not os.read(0, LARGEST):
                return
            yield

    def _greet(self, words: dict[str, Any]) -> None:
        if not self._is_there.is_set():
            self._hello = {name: str(words.get(name, ""))[:100] for name in ("kernel", "machine", "boot")}
            self._is_there.set()

    def _serve_orders(self) -> None:
        path = Path(self._order["control"])
        door = socket.socket(socket.AF_UNIX)
        path.unlink(missing_ok=True)
        door.bind(address(str(path)))
        path.chmod(0o600)
        door.listen(64)
        threading.Thread(target=self._accept, args=(door,), name="orders", daemon=True).start()

    def _accept(self, door: socket.socket) -> None:
        while True:
            with suppress(OSError):
                made, _ = door.accept()
                line = FrameLine(SocketBytes(made), 0, LARGEST_OPENING)
                line.opened = self._carry_in
                threading.Thread(target=line.serve, daemon=True).start()

    def _carry_in(self, asked: Channel, words: dict[str, Any]) -> None:
        """Whoever ordered something and the machine, joined."""
        if words.get("do") == "status":
            asked.close(**self._hello)
            return
        try:
            inside = self._line.open(**words)
        except LineBroken as problem:
            asked.close(problem=str(problem))
            return
        join_channels(asked, inside)

    def _lead_out(self, asked: Channel, words: dict[str, Any]) -> None:
        """Whoever is inside and one of the two sockets, joined."""
        if words.get("to") not in WAYS_OUT or not self._ways_out.acquire(blocking=False):
            asked.close(problem="no way out")
            return
        threading.Thread(target=self._led_out, args=(asked, self._run / f"{words['to']}.sock"), daemon=True).start()

    def _led_out(self, asked: Channel, path: Path) -> None:
        try:
            with socket.socket(socket.AF_UNIX) as out:
                out.connect(address(str(path)))
                pass_on(asked, out)
        except OSError:
            asked.close(problem="nobody answers")
        finally:
            self._ways_out.release()


def join_channels(asked: Channel, inside: Channel) -> None:
    """Pass on everything between two channels: bytes with their ends, what is told beside them, and the last words."""
    asked.told = lambda kind, words: inside.tell(kind, **words)

    def carry(source: Channel, target: Channel) -> None:
        with suppress(LineBroken):
            for piece in source.receive():
                target.send(piece)
            target.end()

    def finish() -> None:
        words = inside.wait()
        outwards.join()
        asked.close_with(words if words is not None else {"problem": "the machine has ended"})

    def give_up() -> None:
        asked.wait()
        inside.close()

    outwards = threading.Thread(target=carry, args=(inside, asked), daemon=True)
    outwards.start()
    for target, given in ((carry, (asked, inside)), (finish, ()), (give_up, ())):
        threading.Thread(target=target, args=given, daemon=True).start()


def pass_on(channel: Channel, out: socket.socket) -> None:
    """Pass on what arrives at either end, until both have ended or one is gone."""

    def outwards() -> None:
        with suppress(OSError):
            for piece in channel.receive():
                out.sendall(piece)
        with suppress(OSError):
            out.shutdown(socket.SHUT_WR if channel.closed is None else socket.SHUT_RDWR)

    sending = threading.Thread(target=outwards, daemon=True)
    sending.start()
    with suppress(OSError, LineBroken):
        while piece := out.recv(LARGEST):
            channel.send(piece)
        channel.end()
        sending.join()
    channel.close()


def say(**words: object) -> None:
    """One line for the worker."""
    with suppress(OSError):
        os.write(1, json.dumps(words).encode() + b"\n")


def order_given() -> dict[str, Any]:
    """The order on standard input; none where it ends before."""
    line = bytearray()
    while not line.endswith(b"\n") and len(line) < LONGEST_ORDER:
        piece = os.read(0, 1)
        if not piece:
            return {}
        line += piece
    found: dict[str, Any] = json.loads(line)
    return found


def main() -> int:
    """See above."""
    os.umask(0o077)
    order = order_given()
    if not order:
        return 2
    try:
        return VirtualMachineKeeper(order).keep()
    except OSError as problem:
        say(problem=f"{problem.filename or 'it'}: {problem.strerror or problem}", console="")
        return 1


if __name__ == "__main__":
    os._exit(main())
