"""A team: one database, and gateways with a state folder each, which reach it directly or through a proxy of ours."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import psycopg

from chaos.gateways import GatewayProcess
from gateway.letting_in import let_in
from gateway.shop import Clock, Shop
from onloop.access.opening import create_home, wall_clock
from onloop.database_address import folder_name
from onloop.home import Home
from onloop.identity.scram import RANDOM_COST
from onloop.opened_store import OpenedStore, open_store
from support.listening import Authority, free_port
from support.postgres_server import GATEWAY, OWNER, PostgresServer
from support.world import PASSPHRASE, World

PORT = 5432


@dataclass(slots=True)
class Team:
    """One database on a server; everything else is below `folder`."""

    server: PostgresServer
    folder: Path
    database: str = ""
    url: str = ""
    gateways: list[GatewayProcess] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.database = self.database or self.server.database()
        self.url = self.server.url(self.database, GATEWAY)
        made = self.home(-1, self.server.url(self.database, OWNER))
        create_home(
            made,
            store_id="team",
            person="ana",
            groups=("approvers",),
            passphrase=PASSPHRASE,
            email="",
            scripted=True,
            cost=RANDOM_COST,
            runtime_role=GATEWAY,
        )

    @property
    def socket(self) -> Path:
        """Where the server listens."""
        return self.server.folder / f".s.PGSQL.{PORT}"

    def through(self, port: int) -> str:
        """The database's address through a proxy on loopback."""
        return f"postgresql://{GATEWAY}@127.0.0.1:{port}/{self.database}?sslmode=disable&gssencmode=disable"

    def world(self, number: int) -> World:
        """A machine of the team's."""
        folder = self.folder / f"machine{number}"
        folder.mkdir(exist_ok=True)
        return World(folder)

    def home(self, number: int, url: str = "") -> Home:
        """The store, as that machine sees it; -1 is the machine of whoever looks after the database."""
        url = url or self.url
        folder = self.world(number).folder / "state" / "onloop" / "teams" / folder_name(url) / "store"
        return Home(folder, database=url)

    def opened(self) -> OpenedStore:
        """The store, opened without any gateway."""
        return open_store(self.home(-1))

    def gateway(self, number: int, url: str = "", words: Sequence[str] = ()) -> GatewayProcess:
        """A gateway on that machine, which is not started."""
        home, world = self.home(number, url), self.world(number)
        environment = world.environment | {"ONLOOP_STORE": home.database}
        made = GatewayProcess(environment, home.socket, home.store, words, world.folder)
        self.gateways.append(made)
        return made

    def door(self, number: int, authority: Authority) -> tuple[GatewayProcess, str]:
        """A gateway on that machine that listens for HTTPS as well, and its URL."""
        port = free_port()
        certificate, key = authority.pair
        words = ["--listen", f"127.0.0.1:{port}", "--tls-cert", str(certificate), "--tls-key", str(key)]
        return self.gateway(number, words=words), f"https://127.0.0.1:{port}"

    def launcher(self, name: str = "farm") -> str:
        """The token of a launcher that may hold whatever there is."""
        store = self.opened()
        try:
            return let_in(Shop(store, Clock(wall_clock())), name, roles=("r",), at_most=256)
        finally:
            store.close()

    @contextmanager
    def holding(self, run: str) -> Iterator[Callable[[], None]]:
        """Nobody else gets that run in the block, until what is handed out is called."""
        with psycopg.connect(self.server.url(self.database, "postgres")) as connection:
            connection.execute("SELECT 1 FROM head WHERE run = %s FOR UPDATE", (run,))
            yield connection.rollback

    @contextmanager
    def superuser(self) -> Iterator[psycopg.Connection]:
        """A connection of the server's own superuser."""
        with psycopg.connect(self.server.url("postgres", "postgres"), autocommit=True) as connection:
            yield connection

    def terminate(self, superuser: psycopg.Connection, chance: random.Random) -> int:
        """End one of the backends that serve gateways, wherever it is; how many were ended."""
        find = "SELECT pid FROM pg_stat_activity WHERE usename = %s AND datname = %s ORDER BY pid"
        found = superuser.execute(find, (GATEWAY, self.database)).fetchall()
        if not found:
            return 0
        (ended,) = superuser.execute("SELECT pg_terminate_backend(%s)::int", chance.choice(found)).fetchone() or (0,)
        return int(ended)
