"""The first process of a virtual machine: it starts what the host orders, and is the way out for what runs inside.

`vm_guest.py PORT` runs on a bare interpreter, as root, with `vm_frames.py` and `inside.py` beside it. The host opens a
channel for each command. Whoever is inside connects to two sockets, and each connection is a channel to the host.
"""

from __future__ import annotations

import ctypes
import fcntl
import glob
import json
import os
import pty
import signal
import socket
import struct
import subprocess
import sys
import termios
import threading
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))

from vm_frames import (  # type: ignore[import-not-found]
    LARGEST,
    LARGEST_OPENING,
    RESIZE,
    SIGNAL,
    Channel,
    FrameLine,
    LineBroken,
)

AGENT = 1000
RUN = "/onloop-run"
WORK = "/work"
PYTHON = ("/onloop/bin/python3", "-I", "-S", "/onloop/inside.py")
PARTS = ("clone", "out", "in", "tmp", "home")
CGROUP = "/sys/fs/cgroup"
POWER_OFF = 0x4321FEDC
SIOCGIFFLAGS, SIOCSIFFLAGS, IFF_UP = 0x8913, 0x8914, 1
_LIBC = ctypes.CDLL(None, use_errno=True)
_INIT_MODULE = {"x86_64": 175}
_GRACE_S, _LAST_WORDS_S = 2.0, 1.0
_PLAIN = {"PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C.UTF-8"}


def mount(what: str, place: str, kind: str, flags: int = 0, words: str = "") -> None:
    """Mount, where that is not done yet."""
    with suppress(OSError):
        os.makedirs(place, exist_ok=True)  # noqa: PTH103 - needs no pathlib
    _LIBC.mount(what.encode(), place.encode(), kind.encode(), flags, words.encode() or None)


def prepare() -> None:
    """Make of a kernel with a root what agents work in."""
    os.umask(0o022)
    for what, place, kind in (
        *(("proc", "/proc", "proc"), ("sys", "/sys", "sysfs"), ("dev", "/dev", "devtmpfs")),
        *(("tmp", "/tmp", "tmpfs"), ("run", "/run", "tmpfs"), ("shm", "/dev/shm", "tmpfs")),  # noqa: S108 - inside
        *(("devpts", "/dev/pts", "devpts"), ("cgroup2", CGROUP, "cgroup2"), ("out", RUN, "tmpfs")),
    ):
        mount(
            what,
            place,
            kind,
            words="mode=0755" if place == RUN else "mode=620,ptmxmode=666" if kind == "devpts" else "",
        )
    for place in ("/tmp", "/dev/shm"):  # noqa: S108 - inside
        os.chmod(place, 0o1777)  # noqa: PTH101, S103 - inside
    load_modules()
    bring_up_loopback()
    os.makedirs(WORK, exist_ok=True)  # noqa: PTH103 - needs no pathlib
    os.chown(WORK, AGENT, AGENT)
    with suppress(OSError):
        socket.sethostname("onloop")
    for name in ("agent", "person"):
        with suppress(OSError):
            os.mkdir(f"{CGROUP}/{name}")  # noqa: PTH102 - needs no pathlib


def load_modules() -> None:
    """The drivers of the line: those that the image has beside its kernel, in their order."""
    call = _INIT_MODULE.get(os.uname().machine)
    with suppress(OSError), open("/onloop-modules/order", encoding="ascii") as order:  # noqa: PTH123 - needs no pathlib
        for name in order.read().split():
            with open(f"/onloop-modules/{name}", "rb") as file:  # noqa: PTH123 - needs no pathlib
                content = file.read()
            if call is not None:
                _LIBC.syscall(call, content, ctypes.c_ulong(len(content)), b"")


def bring_up_loopback() -> None:
    """Switch the loopback on: on it, a proxy leads to the addresses that the host lets through."""
    with suppress(OSError), socket.socket() as any_socket:
        asked = struct.pack("16sH14x", b"lo", 0)
        flags = struct.unpack("16sH14x", fcntl.ioctl(any_socket, SIOCGIFFLAGS, asked))[1]
        fcntl.ioctl(any_socket, SIOCSIFFLAGS, struct.pack("16sH14x", b"lo", flags | IFF_UP))


class Port:
    """The virtual serial port, as bytes."""

    def __init__(self, path: str) -> None:
        self._file = os.open(path, os.O_RDWR | os.O_CLOEXEC)

    def read(self, most: int) -> bytes:
        """See Bytes: no byte says that nobody holds the other end."""
        return os.read(self._file, most)

    def write(self, data: bytes) -> None:
        """See Bytes."""
        rest = memoryview(data)
        while rest:
            rest = rest[os.write(self._file, rest) :]

    def close(self) -> None:
        """See Bytes."""


def found_port() -> str:
    """The port of the line, once the kernel has made it."""
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        for path in glob.glob("/dev/vport*"):  # noqa: PTH207 - needs no pathlib
            return path
        time.sleep(0.01)
    return ""


class GuestCommand:
    """A command that runs inside for a channel: its output goes to the host, what the host sends is its input."""

    def __init__(self, channel: Channel, words: dict[str, Any]) -> None:
        self._channel, self._words = channel, words
        self._process: subprocess.Popen[bytes] | None = None
        self._terminal = -1

    def run(self) -> None:
        """Until it has ended; its exit code is the last word."""
        try:
            code = self._ran()
        except (OSError, ValueError, TypeError, KeyError) as problem:
            self._channel.close(problem=str(problem)[:500])
        else:
            self._channel.close(code=code)

    def _ran(self) -> int:
        words = self._words
        has_terminal = bool(words.get("terminal"))
        given, shown, ours = self._ends(has_terminal=has_terminal)
        group = "person" if has_terminal else "agent"
        self._process = process = subprocess.Popen(
            argv_of(words),
            stdin=given,
            stdout=shown,
            stderr=subprocess.STDOUT,
            cwd="/",
            env=_PLAIN,
            user=0 if words.get("as_root") else AGENT,
            group=0 if words.get("as_root") else AGENT,
            extra_groups=(),
            start_new_session=True,
            preexec_fn=None if words.get("as_root") else lambda: join_group(group),
        )
        for end in {given, shown}:
            os.close(end)
        self._channel.told = self._tell
        feeding = threading.Thread(target=self._feed, args=(ours[0],), daemon=True)
        feeding.start()
        showing = threading.Thread(target=self._show, args=(ours[1],), daemon=True)
        showing.start()
        threading.Thread(target=self._watch, daemon=True).start()
        code = process.wait()
        showing.join(_LAST_WORDS_S)
        return 128 - code if code < 0 else code

    def _ends(self, *, has_terminal: bool) -> tuple[int, int, tuple[int, int]]:
        """Input and output of the command, and our ends of them."""
        if has_terminal:
            self._terminal, inner = pty.openpty()
            os.fchown(inner, AGENT, AGENT)
            self._resize(self._words)
            return inner, inner, (self._terminal, os.dup(self._terminal))
        (given, feed), (show, shown) = os.pipe(), os.pipe()
        return given, shown, (feed, show)

    def _feed(self, end: int) -> None:
        with suppress(OSError):
            for piece in self._channel.receive():
                rest = memoryview(piece)
                while rest:
                    rest = rest[os.write(end, rest) :]
        if self._terminal < 0:
            os.close(end)

    def _show(self, end: int) -> None:
        with suppress(OSError, LineBroken):  # a terminal whose other end is closed is an error
            while piece := os.read(end, LARGEST):
                self._channel.send(piece)
        with suppress(OSError):
            os.close(end)

    def _watch(self) -> None:
        """End the command where the host has closed its channel: whoever ordered it is gone."""
        self._channel.wait()
        process = self._process
        if process is not None and process.poll() is None:
            with suppress(OSError):
                os.killpg(process.pid, signal.SIGKILL)

    def _tell(self, kind: int, words: dict[str, Any]) -> None:
        if kind == RESIZE:
            self._resize(words)
        elif kind == SIGNAL and self._process is not None:
            with suppress(OSError, ValueError, TypeError):
                os.killpg(self._process.pid, int(words["signal"]))

    def _resize(self, words: dict[str, Any]) -> None:
        rows, columns = words.get("rows"), words.get("columns")
        if self._terminal >= 0 and isinstance(rows, int) and isinstance(columns, int):
            with suppress(OSError, struct.error):
                fcntl.ioctl(self._terminal, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))


def argv_of(words: dict[str, Any]) -> list[str]:
    """What the host ordered, as a command: plain words, or an order for `inside.py`, which only its user can read."""
    if "argv" in words:
        return [str(word) for word in words["argv"]]
    path = f"{RUN}/order-{os.urandom(8).hex()}.json"
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o400)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        json.dump(words["order"], file)
    os.chown(path, AGENT, AGENT)
    leading = ["setsid", "--ctty", "--wait"] if words.get("terminal") else []
    return [*leading, *PYTHON, "run", path]


def join_group(name: str) -> None:
    """Be in a control group, in which what this process starts stays."""
    with suppress(OSError), open(f"{CGROUP}/{name}/cgroup.procs", "w", encoding="ascii") as file:  # noqa: PTH123
        file.write("0")


def sweep() -> dict[str, object]:
    """End everything of the agent's; the answer says whether anything is left."""
    held = f"{CGROUP}/agent"
    for pid in running_in(held):
        with suppress(OSError):
            os.kill(pid, signal.SIGTERM)
    wait_for_none(held, _GRACE_S)
    with suppress(OSError), open(f"{held}/cgroup.kill", "w", encoding="ascii") as file:  # noqa: PTH123 - no pathlib
        file.write("1")
    wait_for_none(held, _GRACE_S)
    return {"left": len(running_in(held))}


def running_in(group: str) -> list[int]:
    """The processes of a control group."""
    with suppress(OSError, ValueError), open(f"{group}/cgroup.procs", encoding="ascii") as file:  # noqa: PTH123
        return [int(word) for word in file.read().split()]
    return []


def wait_for_none(group: str, seconds: float) -> None:
    """Wait until nothing runs in the group, or for so long."""
    deadline = time.monotonic() + seconds
    while running_in(group) and time.monotonic() < deadline:
        time.sleep(0.02)


class WayOut:
    """A socket for whoever is inside: each connection is a channel to the host."""

    def __init__(self, line: FrameLine, name: str) -> None:
        self._line, self._name = line, name

    def listen(self) -> None:
        """Serve from now on."""
        door = socket.socket(socket.AF_UNIX)
        path = f"{RUN}/{self._name}.sock"
        door.bind(path)
        os.chmod(path, 0o666)  # noqa: PTH101, S103 - inside, where nobody else is
        os.seteuid(AGENT)  # whoever connects asks the kernel who listens, and trusts root no store
        door.listen(64)
        os.seteuid(0)
        threading.Thread(target=self._accept, args=(door,), daemon=True).start()

    def _accept(self, door: socket.socket) -> None:
        while True:
            with suppress(OSError):
                made, _ = door.accept()
                threading.Thread(target=self._pass_on, args=(made,), daemon=True).start()

    def _pass_on(self, made: socket.socket) -> None:
        with made:
            try:
                channel = self._line.open(to=self._name)
            except LineBroken:
                return
            pass_between(channel, made)


def pass_between(channel: Channel, made: socket.socket) -> None:
    """Pass on what arrives at either end, until both have ended or one is gone."""

    def inwards() -> None:
        with suppress(OSError):
            for piece in channel.receive():
                made.sendall(piece)
        with suppress(OSError):
            made.shutdown(socket.SHUT_WR if channel.closed is None else socket.SHUT_RDWR)

    reading = threading.Thread(target=inwards, daemon=True)
    reading.start()
    with suppress(OSError, LineBroken):
        while piece := made.recv(LARGEST):
            channel.send(piece)
        channel.end()
        reading.join()
    channel.close()


def serve(line: FrameLine) -> None:
    """Do what the host orders until it hangs up."""

    def opened(channel: Channel, words: dict[str, Any]) -> None:
        if words.get("do") == "sweep":
            threading.Thread(target=lambda: channel.close(**sweep()), daemon=True).start()
        elif words.get("do") == "run":
            threading.Thread(target=GuestCommand(channel, words).run, daemon=True).start()
        else:
            channel.close(problem="unknown order")

    line.opened = opened
    for name in ("gateway", "egress"):
        WayOut(line, name).listen()
    line.greet(kernel=os.uname().release, machine=os.uname().machine, boot=boot_id())
    line.serve()


def boot_id() -> str:
    """Which start of which kernel this is."""
    with suppress(OSError), open("/proc/sys/kernel/random/boot_id", encoding="ascii") as file:  # noqa: PTH123
        return file.read().strip()
    return ""


def limit_processes(most: int) -> None:
    """How many processes the agent may have."""
    with suppress(OSError):
        with open(f"{CGROUP}/cgroup.subtree_control", "w", encoding="ascii") as file:  # noqa: PTH123 - no pathlib
            file.write("+pids")
        for name in ("agent", "person"):
            with open(f"{CGROUP}/{name}/pids.max", "w", encoding="ascii") as file:  # noqa: PTH123 - no pathlib
                file.write(str(most))


def switch_off() -> None:
    """End the machine."""
    _LIBC.reboot(POWER_OFF)


def main() -> None:
    """The first process reaps whatever is left to it, and switches off when the one that serves has ended."""
    prepare()
    words = dict(word.partition("=")[::2] for word in sys.argv[1:])
    limit_processes(int(words.get("processes", "2048")))
    child = os.fork()
    if child == 0:
        path = found_port()
        if path:
            serve(FrameLine(Port(path), 1, LARGEST_OPENING))
        os._exit(0)
    while True:
        with suppress(ChildProcessError, InterruptedError):
            if os.wait()[0] == child:
                break
    switch_off()


if __name__ == "__main__":
    try:
        main()
    except Exception as trouble:  # the kernel would panic, and bury what happened
        sys.stderr.write(f"onloop: {type(trouble).__name__}: {trouble}\n")
    switch_off()
