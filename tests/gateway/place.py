"""An agent at work in a clone of its own, with a gateway to hand in to: over the file, or over the socket."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from gateway.served import resident
from gateway.shop import Clock, Shop
from onloop.access.opening import GatewayHandle
from onloop.access.submission import hand_in, receive, submit
from onloop.gates.environment import Environment
from onloop.gates.intake.collection import Collection
from onloop.gates.intake.manifest import Manifest
from onloop.gates.intake.quarantine import Arrival
from onloop.gates.repository.folders import private
from onloop.gateway.service import Gateway
from onloop.gateway.upkeep import RecogniseAgent
from onloop.home import Home
from onloop.machine.principal import Principal
from onloop.machine.task import Artefact, Task
from onloop.remote.client import ClientStore, GatewayClient
from onloop.remote.connection import Connection
from onloop.remote.connection_operations import SubmitAnnounced
from onloop.store.rows import Head
from onloop.store.sqlite.database import SqliteStore, create_store
from support.waiting import DEADLINE_S

PLAIN = {"PATH": os.environ["PATH"], "GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1"}
SEED = ("-c", "user.name=Seed", "-c", "user.email=seed@example.org")


def git(folder: Path, *words: str) -> str:
    return subprocess.check_output(["git", *words], cwd=folder, env=PLAIN, text=True, timeout=DEADLINE_S).strip()


@dataclass
class Place:
    """A shop with an origin, and an agent at work in its clone of it."""

    shop: Shop
    opened: GatewayHandle
    agent: Principal
    origin: Path

    @property
    def clone(self) -> Path:
        return self.opened.home.environment("r1")

    @property
    def out(self) -> Path:
        return self.opened.home.out("r1")

    def commit(self, name: str = "app.py", content: str = "print(2)\n") -> str:
        """The agent commits a file."""
        (self.clone / name).write_text(content)
        git(self.clone, "add", "--all")
        git(self.clone, "commit", "--quiet", "--message", "work")
        return git(self.clone, "rev-parse", "HEAD")

    def hand_over(self, name: str, content: bytes = b"notes") -> None:
        """The agent puts an artefact where they belong."""
        (self.out / name).write_bytes(content)

    def submit(self, statement: str = "done", key: str = "") -> Task:
        """The agent submits."""
        return submit(self.opened, self.agent, statement, key=key)[0]

    def send(self, manifest: Manifest, *chunks: bytes) -> Task:
        """Hand in bytes of the agent's own making, past the collector."""
        collection, apart = Collection(manifest, iter(chunks)), self.opened.apart
        if apart is not None:
            return apart.submit(self.agent, "sent", collection, key="")
        return receive(self.opened, self.agent, "sent", collection)

    def artefacts(self) -> tuple[Artefact, ...]:
        """What is submitted."""
        now = self.submit().submission
        assert now is not None
        return now.artefacts


@contextmanager
def placed(tmp_path: Path) -> Iterator[Place]:
    """A place whose agent has committed something already."""
    origin, home = tmp_path / "origin", Home(tmp_path / "state" / "store")
    origin.mkdir()
    git(origin, "init", "--quiet", "--initial-branch=main")
    (origin / "app.py").write_text("print(1)\n")
    git(origin, *SEED, "add", "--all")
    git(origin, *SEED, "commit", "--quiet", "--message", "first")
    create_store(home.store)
    store = SqliteStore(home.store)
    shop = Shop(store, Clock())
    shop.begin(origin=str(origin))
    home.out("r1").mkdir(parents=True)
    opened = GatewayHandle(home, Gateway(store, shop.clock))
    Environment(home.environment("r1")).prepare(home.mirror(str(origin)), "main", "r1", "alfa")
    made = Place(shop, opened, shop.claim(), origin)
    made.commit(content="print(0)\n")
    yield made
    shop.check()
    opened.close()


@contextmanager
def at_the_socket(place: Place) -> Iterator[Place]:
    """The same place with its agent at the socket of a resident gateway, and in folders of another user's."""
    home, clock, secret = place.opened.home, place.shop.clock, place.shop.secrets["r1"]

    def submitted(asked: SubmitAnnounced, arrival: Arrival) -> tuple[Task, Head | None]:
        opened = GatewayHandle(home, Gateway(SqliteStore(home.store), clock))
        try:
            task = hand_in(opened, asked.principal, asked.statement, arrival, key=asked.key)
            return task, opened.gateway.store.receipt
        finally:
            opened.close()

    with resident(home, clock, submit=submitted) as words:
        apart = Home(home.store, home.store.parent / "own")
        private(apart.store.parent / "own")
        for theirs, ours in ((apart.environments, home.environments), (apart.handed_over, home.handed_over)):
            ours.rename(theirs)
        line = Connection(home.socket, home.store)
        client = GatewayClient(line, ClientStore(line), clock)
        yield Place(
            place.shop, GatewayHandle(apart, client, client), client.perform(RecogniseAgent(secret)), place.origin
        )
        line.close()
        assert [word for word in words if word.startswith("trouble")] == []
