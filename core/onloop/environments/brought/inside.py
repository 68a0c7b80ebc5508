"""Runs inside an environment, on a bare interpreter without our packages: starts commands, and is their way out.

`inside.py rest` is the first process of a container: it reaps, and waits to be ended. `inside.py sweep` ends everything
else in it. `inside.py run FILE` runs the command that FILE orders, one object of JSON, and removes FILE first: `argv`,
`folder`, `environment`, `egress` (the socket of a proxy, or empty) and `ports` (of the host's loopback, which are
reached through it). Its exit code is the command's.
"""

from __future__ import annotations

import json
import os
import select
import signal
import socket
import subprocess
import sys
import threading
import time
from contextlib import suppress
from types import FrameType
from typing import Any

LOOPBACK = "127.0.0.1"
GRACE_S = 2.0
MOST_AT_ONCE = 128
_PIECE = 65_536
_PROXIED = ("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY")
_DIRECT = ("no_proxy", "NO_PROXY")


def rest() -> int:
    """Reap whatever is left to the first process, until it is told to end."""
    signal.signal(signal.SIGTERM, lambda *_: os._exit(0))
    signal.signal(signal.SIGCHLD, lambda *_: None)
    while True:
        with suppress(ChildProcessError):
            while os.waitpid(-1, os.WNOHANG)[0]:
                pass
        signal.sigtimedwait({signal.SIGCHLD}, 1.0)


def sweep() -> int:
    """End every process of this namespace but its first one and this: asked to, then killed."""
    with open("/proc/1/cmdline", "rb") as file:  # noqa: PTH123 - needs no pathlib
        if b"inside.py" not in file.read():  # we are not where we should be: end nothing
            return 1
    for number, patience_s in ((signal.SIGTERM, GRACE_S), (signal.SIGKILL, GRACE_S)):
        for pid in others():
            with suppress(OSError):
                os.kill(pid, number)
        deadline = time.monotonic() + patience_s
        while others() and time.monotonic() < deadline:
            time.sleep(0.02)
        if not others():
            return 0
    return 1


def others() -> list[int]:
    """The processes of this namespace but the first, this one and those that have ended."""
    found = []
    for name in os.listdir("/proc"):  # noqa: PTH208 - names only
        if name.isdigit() and int(name) not in {1, os.getpid(), os.getppid()}:
            with suppress(OSError), open(f"/proc/{name}/stat", "rb") as file:  # noqa: PTH123 - needs no pathlib
                if file.read().rpartition(b")")[2].split()[0] not in {b"Z", b"X"}:
                    found.append(int(name))
    return found


def run(file: str) -> int:
    """Run the ordered command; the answer is its exit code, 126 or 127 where it cannot start."""
    with open(file, encoding="utf-8") as order_file:  # noqa: PTH123 - needs no pathlib
        order: dict[str, Any] = json.load(order_file)
    with suppress(OSError):
        os.unlink(file)  # noqa: PTH108 - needs no pathlib
    environment = dict(order["environment"])
    if order["egress"]:
        environment = _by_proxy(environment, order["egress"])
        for port in order["ports"]:
            _serve(order["egress"], port, f"{LOOPBACK}:{port}")
    try:
        process = subprocess.Popen(order["argv"], cwd=order["folder"], env=environment)
    except OSError as problem:
        sys.stderr.write(f"onloop: cannot run {order['argv'][0]!r}: {problem.strerror or problem}\n")
        return 127 if isinstance(problem, FileNotFoundError) else 126
    _pass_signals_to(process)
    code = process.wait()
    return 128 - code if code < 0 else code


def _pass_signals_to(process: subprocess.Popen[bytes]) -> None:
    def passed(number: int, _: FrameType | None) -> None:
        with suppress(OSError):
            process.send_signal(number)

    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, passed)


def _by_proxy(environment: dict[str, str], egress: str) -> dict[str, str]:
    """The environment, with a proxy on our loopback that leads out through the socket."""
    port = _serve(egress, 0, "")
    url = f"http://{LOOPBACK}:{port}"
    return environment | dict.fromkeys(_PROXIED, url) | dict.fromkeys(_DIRECT, f"localhost,{LOOPBACK},::1")


def _serve(egress: str, port: int, target: str) -> int:
    """Listen on our loopback: each connection goes on over the socket, to `target` where one is named."""
    door = socket.socket()
    door.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        door.bind((LOOPBACK, port))
    except OSError:
        door.close()
        return port
    door.listen(64)
    room = threading.BoundedSemaphore(MOST_AT_ONCE)
    threading.Thread(target=_accept, args=(door, egress, target, room), daemon=True).start()
    return int(door.getsockname()[1])


def _accept(door: socket.socket, egress: str, target: str, room: threading.BoundedSemaphore) -> None:
    while True:
        with suppress(OSError):
            made, _ = door.accept()
            room.acquire()
            threading.Thread(target=_connect, args=(made, egress, target, room), daemon=True).start()


def _connect(made: socket.socket, egress: str, target: str, room: threading.BoundedSemaphore) -> None:
    try:
        with made, socket.socket(socket.AF_UNIX) as out:
            out.connect(egress)
            if target:
                out.sendall(f"CONNECT {target} HTTP/1.1\r\nHost: {target}\r\n\r\n".encode())
                if not _answered_well(out):
                    return
            join(made, out)
    except OSError:
        pass
    finally:
        room.release()


def _answered_well(out: socket.socket) -> bool:
    head = b""
    while b"\r\n\r\n" not in head and len(head) < 4096:
        piece = out.recv(1)
        if not piece:
            return False
        head += piece
    return head.split(b" ", 2)[1:2] == [b"200"]


def join(one: socket.socket, other: socket.socket, idle_s: float | None = None) -> None:
    """Pass on what arrives at either, until both have ended, or nothing has come for so long."""
    ends = {one: other, other: one}
    while ends:
        ready = select.select(list(ends), [], [], idle_s)[0]
        if not ready:
            return
        for source in ready:
            target = ends[source]
            piece = source.recv(_PIECE)
            if piece:
                target.sendall(piece)
                continue
            del ends[source]
            with suppress(OSError):
                target.shutdown(socket.SHUT_WR)


def main(words: list[str]) -> int:
    """See above."""
    if words[:1] == ["rest"]:
        return rest()
    if words[:1] == ["sweep"]:
        return sweep()
    if words[:1] == ["run"] and len(words) == 2:
        return run(words[1])
    return 2


if __name__ == "__main__":
    sys.stdout.flush()
    os._exit(main(sys.argv[1:]))
