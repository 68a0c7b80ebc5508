"""A team's database: a flow beside DBOS on the same PostgreSQL, one gateway beside several, a log of 10² beside 10⁶.

.venv/bin/python tests/benchmarks/team.py flow --peers PYTHON   # an interpreter with dbos (3.4)
.venv/bin/python tests/benchmarks/team.py gateways
.venv/bin/python tests/benchmarks/team.py growth

The server is started here, with fsync on, on the same processors as its clients. What a flow is, peers.py says: seven
durable transitions of ours beside three steps and a wait. Rounds take turns; each figure is the best of its rounds,
because noise only ever adds, and every figure is a ratio of what ran in this one run.
"""

from __future__ import annotations

import argparse
import statistics
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

ROOT = Path(__file__).parents[2]
sys.path[:0] = [str(ROOT / part) for part in ("core", "tui", "tests")]

from benchmarks.figures import say  # noqa: E402
from benchmarks.peers import DBOS, onloop_flows_s, peer_s  # noqa: E402
from gateway.shop import Shop  # noqa: E402
from onloop.store.postgres.database_link import DatabaseLink  # noqa: E402
from onloop.store.postgres.database_schema import create_tables  # noqa: E402
from onloop.store.postgres.postgres_store import PostgresStore  # noqa: E402
from support.postgres_server import GATEWAY, PostgresServer, postgres_server  # noqa: E402

ROUNDS, FLOWS, WRITERS = 3, 120, 3
BUSY_MS = 60_000
SETTINGS = {"fsync": "on", "full_page_writes": "on", "autovacuum": "on", "shared_buffers": "256MB"}

FILLED = """
INSERT INTO event SELECT 'old' || n / 50, n % 50 + 1, 'old' || n / 50, n % 50 + 1, 'Moved', repeat('x', 200), 1,
    'human:ana', '', md5(n::text) || md5(n::text) FROM generate_series(0, {0} - 1) AS n;
INSERT INTO head (run, count, hash, seal)
    SELECT 'old' || n, 50, repeat('0', 64), '' FROM generate_series(0, {0} / 50) AS n;
INSERT INTO seal SELECT n + 1 + (SELECT count FROM head WHERE run = ''), 'old' || n / 50, n % 50 + 1, repeat('0', 64)
    FROM generate_series(0, {0} - 1) AS n;
UPDATE head SET count = count + {0}, seal = encode(sha256(convert_to(
    '(''head'', '''', ' || count + {0} || ', ''' || hash || ''')', 'UTF8')), 'hex') WHERE run = '';
ANALYZE;
"""
"""A long log of other runs, as far as a transition could notice it; nothing verifies it."""


def new_store(server: PostgresServer, name: str) -> str:
    """The URL of a new database with an empty store, for a gateway's role."""
    server.execute(f"CREATE DATABASE {name} OWNER onloop_owner")
    link = DatabaseLink(server.url(name), name, BUSY_MS)
    create_tables(link, GATEWAY)
    link.drop()
    return server.url(name, GATEWAY)


def opened(url: str, folder: Path, name: str = "anchor") -> PostgresStore:
    """A gateway's store."""
    return PostgresStore(url, "team", folder / name, BUSY_MS)


def flow(server: PostgresServer, folder: Path, python: str, count: int) -> None:
    """As many flows as a gateway does at once, on three connections, beside DBOS, whose pool has more."""
    best: dict[str, float] = {}
    for number in range(ROUNDS):
        url = new_store(server, f"flow{number}")
        server.execute(f"CREATE DATABASE dbos{number} OWNER onloop_owner")
        ours = _by_threads(url, folder, f"flow{number}", count)
        theirs = peer_s(python, dbos_script(server.url(f"dbos{number}")), folder, count)
        for peer, took in (("onloop", ours), ("DBOS", theirs)):
            best[peer] = min(best.get(peer, took), took)
    ratio = best["DBOS"] / best["onloop"]
    say(
        f"onloop {count / best['onloop']:.0f} flows/s, DBOS {count / best['DBOS']:.0f}: onloop is {ratio:.2f} × as fast"
    )


def _by_threads(url: str, folder: Path, name: str, count: int) -> float:
    """How long the writers of one gateway take for so many flows, in seconds."""

    def write(which: int) -> None:
        store = opened(url, folder, name)
        try:
            onloop_flows_s(Shop(store), count // WRITERS, f"w{which}n")
        finally:
            store.close()

    opened(url, folder, name).close()
    began = time.perf_counter()
    with ThreadPoolExecutor(WRITERS) as writers:
        for done in [writers.submit(write, which) for which in range(WRITERS)]:
            done.result()
    return time.perf_counter() - began


def dbos_script(url: str) -> str:
    """DBOS's flow of peers.py, on PostgreSQL."""
    plain = url.replace("postgresql://", "postgresql+psycopg://")
    head, _, rest = DBOS.partition("@event.listens_for")
    rest = rest.partition("DBOS(config=")[2]
    return f"{head}DBOS(config={rest}".replace('f"sqlite:///{folder}/dbos.sqlite"', repr(plain))


def gateways(server: PostgresServer, folder: Path, count: int) -> None:
    """The same flows by one, two and four gateways at once."""
    best: dict[int, float] = {}
    for number in range(ROUNDS):
        for many in (1, 2, 4):
            url = new_store(server, f"many{number}x{many}")
            store = opened(url, folder, f"many{number}x{many}")
            Shop(store)
            store.close()
            begun = [_labourer(url, folder, which, count // many) for which in range(many)]
            for one in begun:
                assert one.stdout is not None
                one.stdout.readline()
            began = time.perf_counter()
            for one in begun:
                one.communicate(b"go\n", timeout=600)
            took = time.perf_counter() - began
            best[many] = max(best.get(many, 0.0), count / took)
    for many, rate in best.items():
        say(f"{many} gateways: {rate:.0f} flows/s, {rate / best[1]:.2f} × one")


def _labourer(url: str, folder: Path, which: int, count: int) -> subprocess.Popen[bytes]:
    command = [sys.executable, __file__, "labour", "--url", url, "--folder", str(folder), "--which", str(which)]
    return subprocess.Popen([*command, "--flows", str(count)], stdin=subprocess.PIPE, stdout=subprocess.PIPE)


def labour(url: str, folder: Path, which: int, count: int) -> None:
    """What one gateway does, once it is told to begin."""
    store = opened(url, folder, f"labour{which}-{time.monotonic_ns()}")
    shop = Shop(store)
    onloop_flows_s(shop, 3, f"warm{which}n")
    say("ready")
    sys.stdin.readline()
    onloop_flows_s(shop, count, f"g{which}n")
    store.close()


def growth(server: PostgresServer, folder: Path, count: int) -> None:
    """What a transition costs in a log of 10² events, and of 10⁶; both stores are used in turn."""
    stores = {}
    for name, events in (("small", 0), ("large", 1_000_000)):
        url = new_store(server, name)
        stores[name] = opened(url, folder, name)
        Shop(stores[name])
        with stores[name].reading():
            pass
        if events:
            server.execute(*FILLED.format(events).split(";\n")[:-1], database=name)
    costs: dict[str, list[float]] = {name: [] for name in stores}
    shops = {name: Shop(store) for name, store in stores.items()}
    for number in range(count):
        for name, shop in shops.items():
            began = time.perf_counter()
            shop.begin(run=f"n{number}")
            shop.submit(shop.claim(f"n{number}"))
            shop.report(f"n{number}")
            costs[name].append(time.perf_counter() - began)
    small, large = (statistics.median(costs[name]) for name in ("small", "large"))
    say(f"four transitions: {small * 1000:.1f} ms at 10², {large * 1000:.1f} ms at 10⁶ events: {large / small:.2f} ×")
    for store in stores.values():
        store.close()


def main() -> None:
    """The part that was asked for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("part", choices=("flow", "gateways", "growth", "labour"))
    parser.add_argument("--peers", default=sys.executable)
    parser.add_argument("--flows", type=int, default=FLOWS)
    parser.add_argument("--url", default="")
    parser.add_argument("--folder", type=Path, default=Path())
    parser.add_argument("--which", type=int, default=0)
    args = parser.parse_args()
    if args.part == "labour":
        labour(args.url, args.folder, args.which, args.flows)
        return
    with tempfile.TemporaryDirectory() as name, postgres_server(0, **SETTINGS) as server:
        if args.part == "flow":
            flow(server, Path(name), args.peers, args.flows)
        elif args.part == "gateways":
            gateways(server, Path(name), args.flows)
        else:
            growth(server, Path(name), args.flows)


if __name__ == "__main__":
    main()
