"""The same flow (a step, a wait for a person, a last step) in onloop, DBOS and LangGraph, each on its own SQLite file.

.venv/bin/python tests/benchmarks/peers.py --peers PYTHON     # an interpreter with dbos, langgraph and
                                                              # langgraph-checkpoint-sqlite (3.4, 1.2, 3.1)

All flows are begun, then all are answered by a person, then all are brought to their end, one after the other, in one
process; synchronous=FULL and WAL everywhere. onloop's flow is seven durable transitions: begun, claimed, submitted, its
gate answered, approved, its effect begun and finished. The peers' are a checkpoint for each of three steps and one for
the wait. Raw rows are two inserts in a transaction, as in serve.py. One flow does not equal another: onloop's also
checks who may do what, chains its log and arms timers; the peers' also run the step's code.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).parents[2]
sys.path[:0] = [str(ROOT / part) for part in ("core", "tui", "tests")]

from benchmarks.figures import _raw, say  # noqa: E402
from gateway.shop import Shop  # noqa: E402
from onloop.gateway.command_operations import PerformCommand  # noqa: E402
from onloop.machine.commands import FinishEffect, StartEffect  # noqa: E402
from onloop.machine.principal import EFFECTS  # noqa: E402
from onloop.machine.state import State  # noqa: E402
from onloop.store.codec import to_text  # noqa: E402
from onloop.store.memory import MemoryStore  # noqa: E402
from onloop.store.sqlite.database import SqliteStore, create_store  # noqa: E402

FLOWS = 200

DBOS = """
import sys, time
from dbos import DBOS, DBOSConfig, SetWorkflowID
from sqlalchemy import event, Engine
count, folder = int(sys.argv[1]), sys.argv[2]

@event.listens_for(Engine, "connect")
def durable(connection, _):
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=FULL")

DBOS(config=DBOSConfig(name="peers", system_database_url=f"sqlite:///{folder}/dbos.sqlite", run_admin_server=False,
                       log_level="ERROR"))

@DBOS.step()
def work(n): return n
@DBOS.step()
def ship(n): return n

@DBOS.workflow()
def flow(n):
    work(n)
    answer = DBOS.recv("approval", timeout_seconds=600)
    assert answer == "yes"
    return ship(n)

DBOS.launch()
began = time.perf_counter()
handles = []
for n in range(count):
    with SetWorkflowID(f"f{n}"):
        handles.append(DBOS.start_workflow(flow, n))
for n in range(count):
    DBOS.send(f"f{n}", "yes", "approval")
assert [h.get_result() for h in handles] == list(range(count))
print(time.perf_counter() - began)
import os; os._exit(0)
"""

LANGGRAPH = """
import sqlite3, sys, time
from typing import TypedDict
from langgraph.checkpoint.sqlite import SqliteSaver
from langgraph.graph import END, START, StateGraph
from langgraph.types import Command, interrupt
count, folder = int(sys.argv[1]), sys.argv[2]
connection = sqlite3.connect(f"{folder}/langgraph.sqlite", check_same_thread=False)
connection.execute("PRAGMA journal_mode=WAL"); connection.execute("PRAGMA synchronous=FULL")

class State(TypedDict):
    n: int
    answer: str

graph = StateGraph(State)
graph.add_node("work", lambda state: {"n": state["n"]})
graph.add_node("wait", lambda state: {"answer": interrupt("pass?")})
graph.add_node("ship", lambda state: {"n": state["n"]})
for one, other in ((START, "work"), ("work", "wait"), ("wait", "ship"), ("ship", END)):
    graph.add_edge(one, other)
saver = SqliteSaver(connection); saver.setup()
app = graph.compile(checkpointer=saver)
of = lambda n: {"configurable": {"thread_id": f"f{n}"}}
began = time.perf_counter()
for n in range(count):
    app.invoke({"n": n, "answer": ""}, of(n), durability="sync")
for n in range(count):
    assert app.invoke(Command(resume="yes"), of(n), durability="sync") == {"n": n, "answer": "yes"}
print(time.perf_counter() - began)
"""


def onloop_s(folder: Path, count: int) -> float:
    """How long onloop takes for so many flows, in seconds."""
    create_store(folder / "store")
    shop = Shop(SqliteStore(folder / "store"))
    took = onloop_flows_s(shop, count)
    shop.store.close()
    return took


def onloop_flows_s(shop: Shop, count: int, name: str = "t") -> float:
    """The same in a store that is open, in runs whose names begin like that."""
    perform, names = shop.gateway.perform, [f"{name}{number}" for number in range(count)]
    began = time.perf_counter()
    for name in names:
        shop.begin(run=name)
        shop.submit(shop.claim(name))
        shop.report(name)
    for name in names:
        shop.approve(task_id=name)
    for name in names:
        effect = shop.task(name).effect
        assert effect is not None
        perform(PerformCommand(EFFECTS, name, StartEffect(effect.id, "0" * 40, "f" * 40)))
        finish = PerformCommand(EFFECTS, name, FinishEffect(effect.id, "f" * 40))
        assert perform(finish).state is State.COMPLETED
    return time.perf_counter() - began


def raw_per_s(folder: Path) -> float:
    """Raw transactions of two rows a second, on the same disk at the same time."""
    shop = Shop(MemoryStore())
    task = shop.begin()
    return _raw(folder / "raw.db", 2.0, 2, "{}" * 100, to_text(task))


def peer_s(python: str, script: str, folder: Path, count: int) -> float:
    """How long a peer takes, as it says itself."""
    command = [python, "-c", script, str(count), str(folder)]
    ran = subprocess.run(command, capture_output=True, text=True, check=False, timeout=600)
    if ran.returncode != 0:
        raise SystemExit(
            f"{ran.stderr[-2000:]}\n{python} cannot run it: pip install dbos langgraph langgraph-checkpoint-sqlite"
        )
    return float(ran.stdout.split()[-1])


def main() -> None:
    """Three rounds of each, in turn, and the best of each: noise only ever adds."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--peers", required=True, help="an interpreter that has them installed")
    parser.add_argument("--flows", type=int, default=FLOWS)
    args = parser.parse_args()
    best: dict[str, float] = {}
    raw = 0.0
    for _ in range(3):
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            raw = max(raw, raw_per_s(folder))
            for peer, took in (
                ("onloop", onloop_s(folder, args.flows)),
                ("DBOS", peer_s(args.peers, DBOS, folder, args.flows)),
                ("LangGraph", peer_s(args.peers, LANGGRAPH, folder, args.flows)),
            ):
                best[peer] = min(best.get(peer, took), took)
    say(f"raw rows: {raw:.0f} transactions/s")
    for peer, took in best.items():
        say(f"{peer}: {args.flows / took:.0f} flows/s; onloop is {took / best['onloop']:.1f} × as fast")


if __name__ == "__main__":
    main()
