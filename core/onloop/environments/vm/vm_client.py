"""Orders something in a virtual machine, over the socket of its keeper.

`vm_client.py CONTROL run FILE` runs what the file orders; it is removed first. Input, output and exit code are the
command's. `… shell FILE` does so in a terminal. `… in FOLDER NAME=PATH…` puts folders below FOLDER inside, in place of
what is there; `… out FOLDER MOST NAME=PATH…` brings them back, each to a fresh PATH, with at most MOST bytes in them.
`… sweep` ends everything of the agent's. What comes out is hostile: so this is a process of its own.
"""

from __future__ import annotations

import fcntl
import json
import os
import resource
import signal
import socket
import struct
import sys
import termios
import threading
import tty
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from types import FrameType
from typing import IO, Any, cast

sys.path.insert(0, str(Path(__file__).parent))

from vm_frames import (  # type: ignore[import-not-found]
    LARGEST,
    RESIZE,
    SIGNAL,
    Channel,
    FrameLine,
    LineBroken,
    address,
)
from vm_keeper import SocketBytes  # type: ignore[import-not-found]
from vm_tree import Unpacking, packed  # type: ignore[import-not-found]

GONE, NOT_STARTED = 125, 126
MOST_MEMORY = 2 * 1_073_741_824
"""What this process may use, in bytes: what comes out of a machine says how large its parts are."""


def connected(control: str) -> FrameLine:
    """A line to the keeper."""
    made = socket.socket(socket.AF_UNIX)
    made.connect(address(control))
    line = FrameLine(SocketBytes(made), 1)
    threading.Thread(target=line.serve, daemon=True).start()
    return line


class ChannelWriter:
    """A channel, as a file that is written."""

    def __init__(self, channel: Channel) -> None:
        self._channel = channel

    def write(self, data: bytes) -> int:
        """Send it."""
        self._channel.send(data)
        return len(data)


class ChannelReader:
    """A channel, as a file that is read."""

    def __init__(self, channel: Channel) -> None:
        self._pieces, self._rest = channel.receive(), b""

    def read(self, most: int) -> bytes:
        """So many bytes, fewer at the end."""
        parts, lacking = [], most
        while lacking > 0:
            if not self._rest and not (found := next(self._pieces, b"")):
                break
            self._rest = self._rest or found
            parts.append(self._rest[:lacking])
            self._rest = self._rest[lacking:]
            lacking -= len(parts[-1])
        return b"".join(parts)


def run(line: FrameLine, file: str, *, terminal: bool) -> int:
    """Run what the file orders; the answer is its exit code."""
    path = Path(file)
    order = json.loads(path.read_text("utf-8"))
    path.unlink(missing_ok=True)
    size = size_of_terminal() if terminal else {}
    channel = line.open(do="run", order=order, terminal=terminal, **size)
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, passed_on(channel, number))
    if terminal:
        signal.signal(signal.SIGWINCH, lambda *_: channel.tell(RESIZE, **size_of_terminal()))
    with_raw = in_raw_mode() if terminal else (lambda: None)
    try:
        threading.Thread(target=feed, args=(channel,), daemon=True).start()
        for piece in channel.receive():
            show(piece)
        return code_of(channel)
    finally:
        with_raw()


def passed_on(channel: Channel, number: int) -> Callable[[int, FrameType | None], None]:
    """What passes a signal on, from a thread of its own: the line may be held by the one that is interrupted."""

    def handle(_number: int, _frame: FrameType | None) -> None:
        threading.Thread(target=lambda: channel.tell(SIGNAL, signal=int(number)), daemon=True).start()

    return handle


def feed(channel: Channel) -> None:
    """Our input is the command's."""
    with suppress(OSError, LineBroken):
        while piece := os.read(0, LARGEST):
            channel.send(piece)
    channel.end()


def show(piece: bytes) -> None:
    """The command's output is ours."""
    rest = memoryview(piece)
    while rest:
        rest = rest[os.write(1, rest) :]


def code_of(channel: Channel) -> int:
    """The exit code that the machine told."""
    words: dict[str, Any] | None = channel.wait()
    if words is None or not isinstance(words.get("code"), int):
        problem = "it has ended" if words is None else str(words.get("problem", "it does not answer"))
        sys.stderr.write(f"onloop: the virtual machine: {problem[:300]!r}\n")
        return GONE if words is None else NOT_STARTED
    return int(words["code"]) & 0xFF


def size_of_terminal() -> dict[str, int]:
    """How large our terminal is."""
    with suppress(OSError):
        rows, columns, _, _ = struct.unpack("HHHH", fcntl.ioctl(0, termios.TIOCGWINSZ, b"\0" * 8))
        return {"rows": rows, "columns": columns}
    return {"rows": 24, "columns": 80}


def in_raw_mode() -> Callable[[], None]:
    """Every key goes to the command; the answer puts the terminal right again."""
    try:
        before = termios.tcgetattr(0)
        tty.setraw(0)
    except termios.error:
        return lambda: None
    return lambda: termios.tcsetattr(0, termios.TCSADRAIN, before)


def bring_in(line: FrameLine, folder: str, named: list[str]) -> int:
    """Put folders inside; what is there of the same names is removed first."""
    pairs = [word.partition("=")[::2] for word in named]
    names = [name for name, _ in pairs]
    if code := asked(line, "rm", "-rf", "--", *(f"{folder}/{name}" for name in names)):
        return code
    channel = line.open(do="run", argv=["tar", "-x", "-p", "--no-same-owner", "-C", folder, "-f", "-"])
    drained = drain(channel)
    try:
        packed(cast("IO[bytes]", ChannelWriter(channel)), pairs)
        channel.end()
    except LineBroken:
        pass
    return finished(channel, drained)


def bring_out(line: FrameLine, folder: str, most: int, named: list[str]) -> int:
    """Bring folders back; nothing stays of them where that fails."""
    resource.setrlimit(resource.RLIMIT_AS, (MOST_MEMORY, MOST_MEMORY))
    pairs = [word.partition("=")[::2] for word in named]
    channel = line.open(
        do="run", argv=["tar", "-c", "--hard-dereference", "-C", folder, "-f", "-", "--", *(n for n, _ in pairs)]
    )
    channel.end()
    Unpacking({name: Path(path) for name, path in pairs}, most).unpack(cast("IO[bytes]", ChannelReader(channel)))
    for _ in channel.receive():
        pass
    return code_of(channel)


def asked(line: FrameLine, *argv: str) -> int:
    """Run a short command of ours inside."""
    channel = line.open(do="run", argv=argv)
    channel.end()
    return finished(channel, drain(channel))


def drain(channel: Channel) -> threading.Thread:
    """Show as a complaint what a command of ours says."""

    def read() -> None:
        left = 2_000
        for piece in channel.receive():
            if left > 0:
                sys.stderr.write(repr(piece[:left])[2:-1])
                left -= len(piece)

    thread = threading.Thread(target=read, daemon=True)
    thread.start()
    return thread


def finished(channel: Channel, drained: threading.Thread) -> int:
    """The exit code, after everything that was said has been shown."""
    code = code_of(channel)
    drained.join(1.0)
    return code


def sweep(line: FrameLine) -> int:
    """End everything of the agent's."""
    words = line.open(do="sweep").wait()
    return GONE if words is None else 0 if words.get("left") == 0 else 1


def status(line: FrameLine) -> int:
    """Say which machine answers."""
    words = line.open(do="status").wait()
    if words is None:
        return GONE
    sys.stdout.write(json.dumps(words) + "\n")
    sys.stdout.flush()
    return 0


def main(words: list[str]) -> int:
    """See above."""
    control, what, *given = words
    try:
        line = connected(control)
        if what in {"run", "shell"}:
            return run(line, given[0], terminal=what == "shell")
        if what == "in":
            return bring_in(line, given[0], given[1:])
        if what == "out":
            return bring_out(line, given[0], int(given[1]), given[2:])
        return sweep(line) if what == "sweep" else status(line)
    except (OSError, LineBroken, ValueError, MemoryError) as problem:
        sys.stderr.write(f"onloop: the virtual machine: {str(problem)[:300]!r}\n")
        return GONE


if __name__ == "__main__":
    ended = main(sys.argv[1:])
    sys.stderr.flush()
    os._exit(ended)
