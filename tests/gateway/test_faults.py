"""A connection that breaks at the worst moment, again and again: what was asked for happens once, and is answered."""

from __future__ import annotations

import random
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from gateway.served import resident
from gateway.shop import LAUNCHER, Shop
from onloop.gateway.claims import ClaimTask
from onloop.gateway.command_operations import CreateRun, PerformCommand
from onloop.home import Home
from onloop.machine import commands as c
from onloop.remote.client import ClientStore, GatewayClient
from onloop.remote.connection import Connection
from onloop.remote.framing import LARGEST_ANSWER, Frames, framed
from onloop.remote.unix_socket import connected, listening
from onloop.store.codec import to_text
from onloop.store.rows import PinnedWorkflow

FAULTS = ("before the answer is asked for", "after it was given", "in the middle of it")


class BreakingWire:
    """Stands between a client and a gateway, and breaks off where the dice say so."""

    def __init__(self, there: Path, seed: int) -> None:
        self.broken = 0
        self.there = there
        self.dice = random.Random(seed)  # noqa: S311 - a test that can be repeated

    def carry(self, here: socket.socket) -> None:
        """Carry question and answer until somebody hangs up or the wire breaks."""
        with here, connected(self.there, 5, self.there.parents[1]) as there:
            questions, answers = Frames(LARGEST_ANSWER), Frames(LARGEST_ANSWER)
            while (question := _next(here, questions)) is not None:
                fault = self.dice.choice((*[None] * 9, *FAULTS))
                if fault == FAULTS[0]:
                    break
                there.sendall(framed(question.decode()))
                answer = _next(there, answers)
                if fault == FAULTS[1] or answer is None:
                    break
                whole = framed(answer.decode())
                here.sendall(whole[: len(whole) // 2] if fault else whole)
                if fault:
                    break
            else:
                return
            self.broken += 1


def _next(line: socket.socket, frames: Frames) -> bytes | None:
    while arrived := line.recv(65536):
        for message in frames.feed(arrived):
            return message
    return None


@contextmanager
def breaking(there: Path, here: Path, seed: int) -> Iterator[BreakingWire]:
    """A wire at `here` that leads `there`."""
    wire = BreakingWire(there, seed)
    door = listening(here)

    def serve() -> None:
        with suppress(OSError):
            while True:
                line, _ = door.accept()
                with suppress(OSError):
                    wire.carry(line)

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    try:
        yield wire
    finally:
        door.shutdown(socket.SHUT_RDWR)
        door.close()
        thread.join(10)


@pytest.mark.parametrize(
    ("faults", "has_file"),
    [(50, False), (50, True), pytest.param(1_000, False, marks=pytest.mark.soak)],
    ids=["apart", "with the file", "soak"],
)
def test_a_wire_that_breaks_around_the_answer_loses_nothing_and_does_nothing_twice(
    durable: Shop, tmp_path: Path, faults: int, has_file: bool
) -> None:
    home, walked = Home(tmp_path / "store"), durable.definition
    pinned = PinnedWorkflow(walked.digest, walked.name, "workflow: feature", to_text(walked))
    with (
        resident(home, durable.clock) as words,
        breaking(home.socket, tmp_path / "wire" / "w.sock", faults) as wire,
    ):
        line = Connection(tmp_path / "wire" / "w.sock", home.store)
        behind = durable.gateway if has_file else None
        gateway = GatewayClient(line, ClientStore(line), durable.clock, behind)  # type: ignore[arg-type]
        number = 0
        while wire.broken < faults:
            number += 1
            run, name = f"n{number}", f"agent:a{number}"
            gateway.perform(CreateRun(LAUNCHER, ((run, durable.creation(run=run)),), pinned))
            got = gateway.perform(ClaimTask(LAUNCHER, name, "implementer", task=run))
            durable.secrets[run] = got.secret
            agent = durable.agent(got.secret)
            gateway.perform(PerformCommand(agent, run, c.Ask(agent.id, agent.epoch, "Which one?")))
        line.close()
    logs = [[event.name for event in durable.log(f"n{n}")] for n in range(1, number + 1)]

    assert wire.broken >= faults
    assert [word for word in words if word.startswith("trouble")] == []
    assert logs[0].count("Claimed") == 1 and all(log == logs[0] for log in logs)
