"""The figures that the guide `figures` quotes, as ratios against named baselines in one run.

.venv/bin/python tests/benchmarks/figures.py [check] [transitions]
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import apsw

ROOT = Path(__file__).parents[2]
sys.path[:0] = [str(ROOT / part) for part in ("core", "tui", "tests")]

from onloop.access.opening import GatewayHandle, create_home, open_home  # noqa: E402
from onloop.gateway.claims import ClaimTask  # noqa: E402
from onloop.gateway.command_operations import CreateRun, PerformCommand  # noqa: E402
from onloop.home import Home  # noqa: E402
from onloop.identity.resolution import agent_from_token  # noqa: E402
from onloop.machine.commands import Create, Release, ReleaseCause, Submit  # noqa: E402
from onloop.machine.definition import Definition, FileGate, Step  # noqa: E402
from onloop.machine.principal import INTAKE, Principal, launcher  # noqa: E402
from onloop.machine.task import Kind, Submission  # noqa: E402
from onloop.store.codec import to_text  # noqa: E402
from onloop.store.rows import PinnedWorkflow  # noqa: E402

DEFINITION = Definition(
    "bench", "bench", "d" * 64, (Step("a.b", role="r", gates=(FileGate("f", "x"),), timeout_ms=10**9),)
)
TASKS = 100_000
PAIRS = 120
PINNED = PinnedWorkflow(DEFINITION.digest, "bench", "", to_text(DEFINITION))


def say(words: str) -> None:
    """One line of the report."""
    print(words, flush=True)  # noqa: T201


def spread(values: Sequence[float]) -> str:
    """Median, and the range around it."""
    return f"{statistics.median(values):.3g} ({min(values):.3g}–{max(values):.3g})"


def quartiles(values: Sequence[float]) -> str:
    """Median, and the quartiles around it."""
    low, middle, high = statistics.quantiles(values, n=4)
    return f"{middle:.2f} ({low:.2f}–{high:.2f})"


def opened_in(folder: Path) -> GatewayHandle:
    """A fresh store."""
    home = Home(folder / "store")
    create_home(
        home,
        store_id="b",
        person="ana",
        groups=("approvers",),
        passphrase="long enough",
        email="",
        scripted=True,
    )
    return open_home(home)


def begin(opened: GatewayHandle, count: int) -> None:
    """Runs of one task each."""
    for number in range(count):
        create = Create("t", Kind.WORK, "bench", DEFINITION.digest, "launcher:b", f"t{number}", origin="/o", repo="o")
        opened.gateway.perform(CreateRun(launcher("b"), ((f"t{number}", create),), PINNED))


def fill(path: Path, count: int) -> None:
    """More tasks, as copies of a row: what is measured looks one up among them."""
    connection = apsw.Connection(str(path))
    connection.execute(
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?) "
        "INSERT INTO task (id, run, parent, state, wanted, held, not_before, seq, ordinal, data, seal) "
        "SELECT 'x' || i, 'x' || i, parent, state, wanted, held, not_before, seq, 1000000 + i, data, seal "
        "FROM n, task WHERE id = 't0'",
        (count,),
    )
    connection.close()


def check() -> None:
    """`onloop check`, whole process, against a bare interpreter of the same environment."""
    script = Path(sys.executable).with_name("onloop")
    if not script.exists():
        say("check: install onloop in this environment first: pip install -e .")
        return
    with tempfile.TemporaryDirectory() as name:
        opened = opened_in(Path(name))
        begin(opened, 200)
        fill(opened.home.store / "onloop.db", TASKS)
        claim = opened.gateway.perform(ClaimTask(launcher("b"), "agent:a", "r", task="t100", lease_ms=10**7))
        place = opened.home.environment("t100") / ".git"
        place.mkdir(parents=True)
        head = "a" * 40
        (place / "HEAD").write_text(head + "\n")
        agent = _agent(opened, claim.secret)
        opened.gateway.perform(
            PerformCommand(INTAKE, "t100", Submit(agent.id, agent.epoch, Submission(head, "b" * 40, "c" * 40)))
        )
        env = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
        env |= {"ONLOOP_STORE": str(opened.home.store), "ONLOOP_TOKEN": claim.secret}
        bare, long = [sys.executable, "-c", "pass"], ["check", "--store", str(opened.home.store)]
        ratios, following, slow = (_ratios([str(script), *words], bare, env) for words in (["check"], ["next"], long))
        made = "an older pip, which imports re first" if "import re" in script.read_text() else "pip 25.2 or newer"
        say(
            f"on a store of {TASKS} tasks, the command made by {made}: "
            f"check {quartiles(ratios)} × python -c pass, next {quartiles(following)} ×; "
            f"the long path of check: {quartiles(slow)} × (median and quartiles of {PAIRS} pairs, one after the other)"
        )
        opened.close()


def _agent(opened: GatewayHandle, secret: str) -> Principal:
    with opened.gateway.store.reading() as at:
        return agent_from_token(at, secret)


def _ratios(command: Sequence[str], baseline: Sequence[str], env: dict[str, str]) -> list[float]:
    _timed(command, env)  # the first run of all writes the bytecode
    return [_timed(command, env) / _timed(baseline, env) for _ in range(PAIRS)]


def _timed(command: Sequence[str], env: dict[str, str], said: bytes = b"") -> float:
    began = time.perf_counter()
    subprocess.run(command, env=env, capture_output=True, check=False, input=said)
    return time.perf_counter() - began


def hook(runs: int = 20) -> None:
    """`onloop hook claude` as an agent calls it when it stops: outside of a task, and inside one, where it is held."""
    command = [str(Path(sys.executable).with_name("onloop")), "hook", "claude"]
    said = b'{"hook_event_name": "Stop", "stop_hook_active": false}'
    bare = [sys.executable, "-c", "pass"]
    env = {name: value for name, value in os.environ.items() if not name.startswith(("ONLOOP_", "PYTHONPATH"))}
    with tempfile.TemporaryDirectory() as name:
        opened = opened_in(Path(name))
        begin(opened, runs)
        outside = [_timed(command, env, said) / _timed(bare, env) for _ in range(runs)]
        inside = []
        for number in range(runs):
            claim = opened.gateway.perform(ClaimTask(launcher("b"), "agent:a", "r", task=f"t{number}"))
            own = {**env, "ONLOOP_STORE": str(opened.home.store), "ONLOOP_TOKEN": claim.secret}
            inside.append(_timed(command, own, said) / _timed(bare, own))
        say(f"hook: outside of a task {spread(outside)} × python -c pass; inside, held {spread(inside)} ×")
        opened.close()


def transitions(seconds: float = 3.0) -> None:
    """Transitions per second through the gateway, against the same rows written by raw apsw with the same settings."""
    with tempfile.TemporaryDirectory() as name:
        opened = opened_in(Path(name))
        begin(opened, 20)
        done = events = 0
        first = _last_seq(opened)
        end = time.perf_counter() + seconds
        while time.perf_counter() < end:
            _two_transitions(opened, f"t{done % 20}")
            done += 2
        events = _last_seq(opened) - first
        ours = done / seconds
        with opened.gateway.store.reading() as at:
            row = at.log(after=first, limit=1)[0]
            data = to_text(at.task("t0"))
        opened.close()
        pages = _pages_written(opened.home)
        per = events / done
        raw = _raw(Path(name) / "raw.db", seconds, round(per), row.data, data)
        say(
            f"transitions: {ours:.0f}/s of {per:.1f} events each (WAL, FULL, one process); "
            f"raw apsw, the same event and task rows in one transaction: {raw:.0f}/s; ratio {ours / raw:.2f}; "
            f"a transition of ours writes {pages:.1f} pages"
        )


def _two_transitions(opened: GatewayHandle, task: str) -> None:
    claim = opened.gateway.perform(ClaimTask(launcher("b"), "agent:a", "r", task=task))
    agent = _agent(opened, claim.secret)
    opened.gateway.perform(PerformCommand(agent, claim.task.id, Release(agent.id, agent.epoch, ReleaseCause.STOPPED)))


def _pages_written(home: Home, pairs: int = 20) -> float:
    """How many pages a transition puts into the WAL, which a commit must write and sync."""
    again = open_home(home)
    for number in range(pairs):
        _two_transitions(again, f"t{number % 20}")
    written = (home.store / "onloop.db-wal").stat().st_size
    again.close()
    return written / (4096 + 24) / (2 * pairs)


def _last_seq(opened: GatewayHandle) -> int:
    with opened.gateway.store.reading() as at:
        return at.last_seq()


def _raw(path: Path, seconds: float, events: int, event: str, task: str) -> float:
    connection = apsw.Connection(str(path))
    connection.execute("PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL")
    connection.execute((ROOT / "core/onloop/store/sqlite/schema.sql").read_text())
    insert = (
        "INSERT INTO task VALUES ('t0','t0',NULL,'working',NULL,1,0,?,1,?,hex(zeroblob(32))) "
        "ON CONFLICT (id) DO UPDATE SET seq=?1, data=?2"
    )
    seq, done = 0, 0
    end = time.perf_counter() + seconds
    while time.perf_counter() < end:
        connection.execute("BEGIN IMMEDIATE")
        for _ in range(events):
            seq += 1
            values = (seq, "t0", seq, "t0", seq, "Moved", event, 1, "agent:a", "", "0" * 64)
            connection.execute("INSERT INTO event VALUES (?,?,?,?,?,?,?,?,?,?,?)", values)
        connection.execute(insert, (seq, task))
        connection.execute("COMMIT")
        done += 1
    connection.close()
    return done / seconds


PARTS: dict[str, Callable[[], None]] = {"check": check, "hook": hook, "transitions": transitions}


def main() -> None:
    """Run the parts that are named, or all."""
    say(json.dumps({"python": sys.version.split()[0], "sqlite": apsw.sqlite_lib_version(), "cpus": os.cpu_count()}))
    for name in sys.argv[1:] or PARTS:
        PARTS[name]()


if __name__ == "__main__":
    main()
