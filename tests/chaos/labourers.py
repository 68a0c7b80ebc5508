"""Clients that claim tasks and give them back over and over, at whichever gateway answers, until they are told to stop.

Each request has a key and is asked, here and there, until somebody answers it: so every answer is known at the end.
What is told on stdin when this is run as a program: a line of JSON; what it tells on stdout: a line for each request.
"""

from __future__ import annotations

import itertools
import json
import random
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Protocol, TextIO

from chaos.claim_history import Act, Asked, from_lines
from onloop.access.opening import wall_clock
from onloop.errors import NotAllowed, Refused, Unavailable
from onloop.gateway.claims import ClaimFilter, ClaimTask
from onloop.gateway.command_operations import PerformCommand
from onloop.gateway.service import Gateway
from onloop.gateway.upkeep import RecogniseAgent
from onloop.home import Home
from onloop.machine.commands import Release, ReleaseCause
from onloop.machine.operation import AnswerT, Operation
from onloop.machine.principal import Principal, PrincipalKind, launcher
from onloop.opened_store import open_store
from onloop.remote.client_credentials import Credentials
from onloop.remote.connection import Connection
from onloop.remote.http_client.carriers import SmallCarrier
from onloop.remote.http_client.http_line import HttpLine
from onloop.remote.line import ConnectionLost
from support.world import ROOT

LEASE_MS = 12 * 3_600_000
PATIENCE_S = 120.0


class Asks(Protocol):
    """What a client asks."""

    def ask(self, operation: Operation[AnswerT]) -> AnswerT:
        """The answer."""
        ...

    def close(self) -> None:
        """Hang up."""


@dataclass(frozen=True, slots=True)
class ByItself:
    """A client that has the store open itself."""

    gateway: Gateway

    def ask(self, operation: Operation[AnswerT]) -> AnswerT:
        """See Asks."""
        return self.gateway.perform(operation)

    def close(self) -> None:
        """See Asks."""
        self.gateway.store.close()


@dataclass(frozen=True, slots=True)
class Way:
    """Where a gateway answers: its socket and whose store it serves, or its URL, and what is shown there.

    With a `database` a client opens that itself; `store` is the folder of this machine that goes with it.
    """

    socket: str = ""
    store: str = ""
    url: str = ""
    ca: str = ""
    bearer: str = ""
    database: str = ""

    def line(self, answer_s: float = 20.0) -> Asks:
        """A line that gives up at once where nobody answers, and after so many seconds without one."""
        if self.database:
            return ByItself(Gateway(open_store(Home(Path(self.store), database=self.database)), wall_clock))
        if not self.url:
            return Connection(Path(self.socket), Path(self.store), patience=(), answer_s=answer_s)
        return HttpLine(self.url, SmallCarrier(self.url, self.ca), Credentials(bearer=self.bearer), (), answer_s)


@dataclass(slots=True)
class Labourer:
    """One client, who has a line to each gateway; `stop` is looked at between two tasks."""

    name: str
    ways: Sequence[Way]
    tasks: Sequence[str]
    told: TextIO
    stop: threading.Event
    telling: threading.Lock
    by_role: bool = False
    lines: list[Asks] = field(default_factory=list)
    secret: str = ""
    asked: int = 0
    """How often what is asked now was asked."""
    chance: random.Random = field(default_factory=random.Random)

    def labour(self) -> None:
        """Claim and release until told to stop."""
        self.lines = [way.line() for way in self.ways]
        self.chance.seed(self.name)
        for number in itertools.count():
            if self.stop.is_set():
                return
            self._pair(f"{self.name}-{number}")

    def _pair(self, name: str) -> None:
        task, began = self.chance.choice(self.tasks), time.monotonic()
        agent, wanted = f"agent:{name}", None if self.by_role else task
        among = ClaimFilter(run=task.partition(".")[0]) if self.by_role else ClaimFilter()
        claim = ClaimTask(launcher("chaos"), agent, "r", wanted, LEASE_MS, f"claim-of-{name}-0123456789", among)
        try:
            got = self.until_told(claim)
        except Refused:
            if not self.by_role:
                self._tell(Asked(agent, Act.CLAIM, task, began, time.monotonic(), 0, done=False))
            return
        self._tell(Asked(agent, Act.CLAIM, got.task.id, began, time.monotonic(), got.task.epoch, done=True))
        self.secret = got.secret
        self._release(got.task.id, name, got.task.epoch, got.task.step or "")

    def _release(self, task: str, name: str, epoch: int, step: str) -> None:
        who = Principal(PrincipalKind.AGENT, name, task, epoch, step)
        command, began = Release(who.id, epoch, ReleaseCause.STOPPED), time.monotonic()
        try:
            self.until_told(PerformCommand(who, task, command, key=f"release-{name}"))
            done = True
        except NotAllowed:  # a token ends with what it was for: asked again, it is told so
            done = self.asked > 1
        except Refused:
            done = False
        self._tell(Asked(who.id, Act.RELEASE, task, began, time.monotonic(), epoch, done))

    def until_told(self, operation: Operation[AnswerT]) -> AnswerT:
        """What some gateway answers; the same is asked of the others, and again, while none does."""
        end = time.monotonic() + PATIENCE_S
        first = self.chance.randrange(len(self.lines))
        for turn in itertools.count(first):
            self.asked = turn - first + 1
            try:
                return self._ask(self.ways[turn % len(self.ways)], self.lines[turn % len(self.ways)], operation)
            except (ConnectionLost, Unavailable) as problem:
                if time.monotonic() > end:
                    raise AssertionError(f"{self.name}: nobody answers {operation.name}: {problem}") from problem
                if turn - first >= len(self.lines):
                    time.sleep(0.02)  # whoever is being started again needs the processor
        raise AssertionError("unreachable")

    def _ask(self, way: Way, line: Asks, operation: Operation[AnswerT]) -> AnswerT:
        if way.url and isinstance(operation, PerformCommand):
            line.ask(RecogniseAgent(self.secret))
        return line.ask(operation)

    def _tell(self, asked: Asked) -> None:
        with self.telling:
            self.told.write(asked.line())
            self.told.flush()


def main() -> None:
    """Be as many clients as is asked for, until stdin ends."""
    asked = json.loads(sys.stdin.readline())
    stop, telling = threading.Event(), threading.Lock()
    ways = [Way(**way) for way in asked["ways"]]
    told = sys.stdout
    everyone = [
        Labourer(f"{asked['name']}-{number}", ways, asked["tasks"], told, stop, telling, asked["by_role"])
        for number in range(asked["count"])
    ]
    failed = list[BaseException]()

    def run(one: Labourer) -> None:
        try:
            one.labour()
        except BaseException as problem:
            failed.append(problem)

    threads = [threading.Thread(target=run, args=(one,)) for one in everyone]
    for thread in threads:
        thread.start()
    sys.stdin.read()
    stop.set()
    for thread in threads:
        thread.join()
    if failed:
        raise failed[0]


@dataclass(slots=True)
class Gang:
    """Processes of labourers; what they tell goes into files below `folder`."""

    folder: Path
    ways: Sequence[Way]
    tasks: Sequence[str]
    by_role: bool = False
    bearers: Sequence[str] = ()
    """What the clients of each process show, in turn."""
    running: list[tuple[subprocess.Popen[str], Path]] = field(default_factory=list)

    def start(self, processes: int, each: int) -> None:
        """Begin to labour."""
        paths = ":".join(str(ROOT / part) for part in ("core", "tui", "tests"))
        for number in range(processes):
            told = self.folder / f"told-{number}.jsonl"
            with told.open("w") as out, (self.folder / f"labour-{number}.err").open("w") as err:
                process = subprocess.Popen(
                    [sys.executable, "-m", "chaos.labourers"],
                    stdin=subprocess.PIPE,
                    stdout=out,
                    stderr=err,
                    env={"PYTHONPATH": paths, "HOME": str(self.folder), "PATH": "/usr/bin:/bin"},
                    text=True,
                )
            self.running.append((process, told))
            assert process.stdin is not None
            asked = {
                "ways": [asdict(self._way(way, number)) for way in self.ways],
                "tasks": list(self.tasks),
                "count": each,
                "by_role": self.by_role,
            }
            process.stdin.write(json.dumps({**asked, "name": f"c{number}"}) + "\n")
            process.stdin.flush()

    def _way(self, way: Way, number: int) -> Way:
        return replace(way, bearer=self.bearers[number % len(self.bearers)]) if self.bearers else way

    @property
    def told(self) -> int:
        """How many requests were answered."""
        return sum(path.read_bytes().count(b"\n") for _, path in self.running)

    def end(self) -> list[Asked]:
        """Let everybody finish what they are at; the answer is the whole history."""
        for process, _ in self.running:
            assert process.stdin is not None
            process.stdin.close()
        for number, (process, _) in enumerate(self.running):
            assert process.wait(PATIENCE_S * 2) == 0, (self.folder / f"labour-{number}.err").read_text()[-3000:]
        return list(self._history())

    def _history(self) -> Iterator[Asked]:
        for _, path in self.running:
            with path.open() as lines:
                yield from from_lines(lines)


if __name__ == "__main__":
    main()
