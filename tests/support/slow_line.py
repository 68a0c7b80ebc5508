"""A terminal at the end of a slow line: what it is sent arrives late and at a rate, and so does what it answers."""

from __future__ import annotations

import fcntl
import os
import pty
import select
import struct
import termios
import time
from collections import deque
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field

QUESTION, ANSWER = b"\x1b[6n", b"\x1b[1;1R"


@dataclass
class SlowLine:
    """Our end of a pseudo-terminal, and what arrived at the far end of the line until now."""

    pid: int
    ours: int
    one_way_s: float
    rate: float
    arrived: bytearray = field(default_factory=bytearray)
    _coming: deque[tuple[float, bytes]] = field(default_factory=deque)
    _going: deque[tuple[float, bytes]] = field(default_factory=deque)
    _free_at: float = 0.0

    @property
    def under_way(self) -> int:
        """The bytes that were sent and have not arrived."""
        return sum(len(data) for _, data in self._coming)

    def press(self, keys: bytes) -> None:
        """Type at the far end."""
        self._going.append((time.monotonic() + self.one_way_s, keys))

    def turn(self) -> None:
        """Carry what is due."""
        now = time.monotonic()
        if select.select([self.ours], [], [], 0.002)[0]:
            try:
                data = os.read(self.ours, 4096)
            except OSError:  # the program has ended; what is under way still arrives
                data = b""
            if data:
                self._free_at = max(now, self._free_at) + len(data) / self.rate
                self._coming.append((self._free_at + self.one_way_s, data))
        while self._coming and self._coming[0][0] <= now:
            data = self._coming.popleft()[1]
            self.arrived += data
            for _ in range(data.count(QUESTION)):
                self._going.append((now + self.one_way_s, ANSWER))
        while self._going and self._going[0][0] <= now:
            with suppress(OSError):  # it has ended
                os.write(self.ours, self._going.popleft()[1])

    def carry(self, seconds: float) -> int:
        """Carry for so long; how many bytes arrived."""
        before, end = len(self.arrived), time.monotonic() + seconds
        while time.monotonic() < end:
            self.turn()
        return len(self.arrived) - before

    def until_quiet(self, quiet_s: float, most_s: float) -> int:
        """Carry until nothing has arrived for so long; how many bytes arrived."""
        before = seen = len(self.arrived)
        last = begun = time.monotonic()
        while time.monotonic() - last < quiet_s and time.monotonic() - begun < most_s:
            self.turn()
            if len(self.arrived) - seen > 80:  # the age of what is seen, and a question
                seen, last = len(self.arrived), time.monotonic()
        return len(self.arrived) - before

    def until(self, marker: bytes, most_s: float) -> float:
        """Carry until the marker arrives from now on; how long it took, in seconds."""
        begun, start = time.monotonic(), len(self.arrived)
        while marker not in self.arrived[max(0, start - len(marker)) :]:
            if time.monotonic() - begun > most_s:
                raise TimeoutError(f"{marker!r} did not arrive within {most_s} s")
            self.turn()
        return time.monotonic() - begun


def on_slow_line(
    argv: Sequence[str], environment: Mapping[str, str], *, size: tuple[int, int], one_way_s: float, rate: float
) -> SlowLine:
    """A program at the end of a line that takes so long one way, and carries so many bytes a second."""
    pid, ours = pty.fork()
    if pid == 0:
        os.execve(argv[0], [*argv], {**environment})  # noqa: S606 - a program of ours
    fcntl.ioctl(ours, termios.TIOCSWINSZ, struct.pack("HHHH", size[1], size[0], 0, 0))
    return SlowLine(pid, ours, one_way_s, rate)
