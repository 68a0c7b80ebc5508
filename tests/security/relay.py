"""A real man in the middle: a socket between an approver and the gateway, who reads, alters, repeats and adds."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from onloop.remote.framing import LARGEST_ANSWER, Frames, framed
from onloop.remote.unix_socket import listening


def _as_it_is(message: bytes) -> bytes:
    return message


def _alone(message: bytes) -> list[bytes]:
    return [message]


@dataclass
class Relay:
    """What it does to each question (any number of questions takes its place) and to each answer."""

    questions: Callable[[bytes], list[bytes]] = _alone
    answers: Callable[[bytes], bytes] = _as_it_is
    carried: list[bytes] = field(default_factory=list)
    answered: list[bytes] = field(default_factory=list)

    def carry(self, here: socket.socket, there_at: Path) -> None:
        """Carry until either side hangs up. The last answer goes back: the one to what the approver asked, or not."""
        with here, socket.socket(socket.AF_UNIX) as there:
            there.connect(str(there_at))
            asked, answers = Frames(LARGEST_ANSWER), Frames(LARGEST_ANSWER)
            while (question := _next(here, asked)) is not None:
                self.carried.append(question)
                answer: bytes | None = None
                for message in self.questions(question):
                    there.sendall(framed(message.decode()))
                    answer = _next(there, answers)
                    if answer is None:
                        return
                    self.answered.append(answer)
                if answer is None:
                    return
                self.carried.append(answer)
                here.sendall(framed(self.answers(answer).decode()))


def _next(line: socket.socket, frames: Frames) -> bytes | None:
    while arrived := line.recv(65536):
        for message in frames.feed(arrived):
            return message
    return None


@contextmanager
def relayed(there: Path, here: Path, relay: Relay) -> Iterator[Path]:
    """A relay at `here` that leads `there`."""
    door = listening(here)

    def serve() -> None:
        with suppress(OSError):
            while True:
                line, _ = door.accept()
                with suppress(OSError):
                    relay.carry(line, there)

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    try:
        yield here
    finally:
        with suppress(OSError):
            door.shutdown(socket.SHUT_RDWR)
        door.close()
        thread.join(10)
