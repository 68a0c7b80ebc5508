"""How the store behaves when it is large: `python tests/benchmarks/scale.py [TASKS] [PART…]` prints a table and ratios.

The store is built by bulk insertion through the store's own codec and chains: a dozen events a task, one task in
a hundred waiting for a person, all others held by agents that are heard from. Ratios compare within one run on one
machine.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from statistics import median

from onloop.records import replace

ROOT = Path(__file__).parents[2]
sys.path[:0] = [str(ROOT / part) for part in ("core", "tui", "tests")]

from gateway.shop import LAUNCHER, Shop  # noqa: E402
from onloop.access.opening import wall_clock  # noqa: E402
from onloop.machine.events import Claimed, Created, Event, GateReported, RoundStarted, Submitted  # noqa: E402
from onloop.store.chain import GENESIS, log_link, sealed  # noqa: E402
from onloop.store.codec import to_text  # noqa: E402
from onloop.store.interchange import put_fold  # noqa: E402
from onloop.store.port import EventEntry, Recorded  # noqa: E402
from onloop.store.rows import LOG, Head, Lease, PinnedWorkflow  # noqa: E402
from onloop.store.sqlite.database import SqliteStore, create_store  # noqa: E402
from onloop.store.sqlite.inspection import inspect  # noqa: E402
from onloop.store.verification import fold_log, verify  # noqa: E402
from onloop.views.overview_projector import board_of_store  # noqa: E402
from support.scenario import FAIL, NOON, OTHER_HEAD, Scenario, claim, create, report, submit, work  # noqa: E402
from support.steps import HOUR, MINUTE, defined, develop, merge, ship  # noqa: E402

DEFINITION = defined(develop(), ship(), merge())
HEARD_FROM = NOON + 50 * 365 * 24 * HOUR
"""Of late, whenever it is measured: whoever holds a task is at work."""


def say(words: str) -> None:
    """A line of the report."""
    sys.stdout.write(words + "\n")
    sys.stdout.flush()


def _histories() -> tuple[list[Event], list[Event]]:
    """A task that a worker holds, whose second submission is judged, and one that waits for a person."""
    new = Scenario(DEFINITION).given(create())
    held = new.given(claim(), submit(), report(verdict=FAIL), submit(work(OTHER_HEAD)))
    waiting = new.given(claim(), submit(), report())
    return [event for event, _ in held.past], [event for event, _ in waiting.past]


def _events(tasks: int) -> Iterator[Recorded]:
    held, waiting = _histories()
    log = Head(LOG, 0, GENESIS)
    for number in range(tasks):
        run, head = f"s{number}", Head(f"s{number}", 0, GENESIS)
        history = waiting if number % 100 == 0 else held
        for version, event in enumerate(history, 1):
            fact = _own(event, run, number)
            recorded, head, log = sealed(EventEntry(run, run, fact, NOON + version, LAUNCHER.id), head, log, version)
            yield recorded


def _own(event: Event, run: str, number: int) -> Event:
    """The event as it happens to this task: what differs from task to task in life differs here."""
    match event:
        case Created():
            return replace(event, run=run, repo=f"repo{number}", title=f"Fix number {number}")
        case Claimed():
            return replace(event, agent=f"agent:a{number % 50}")
        case Submitted(work):
            return Submitted(replace(work, head=f"{number:08x}{work.head[8:]}", at=NOON + number))
        case GateReported(found):
            return GateReported(replace(found, head=f"{number:08x}{found.head[8:]}", at=NOON + number))
        case RoundStarted(_, feedback):
            return replace(event, feedback=tuple(replace(told, at=NOON + number) for told in feedback))
        case _:
            return event


def build(folder: Path, tasks: int) -> SqliteStore:
    """A store of so many tasks, as if they had been worked on."""
    create_store(folder)
    store = SqliteStore(folder)
    events = list(_events(tasks))
    heads = {event.run: Head(event.run, event.run_seq, event.hash) for event in events}
    with store.changing() as tables:
        tables.put(PinnedWorkflow(DEFINITION.digest, DEFINITION.name, "workflow: feature", to_text(DEFINITION)))
        tables.insert(events)
        for head in heads.values():
            tables.put(head)
        tables.put(_log_head(events))
        fold, problems = fold_log(tables)
        assert problems == []
        put_fold(tables, fold)
        for task in fold.tasks.values():
            if task.holder is not None:
                tables.put(Lease(task.id, task.epoch, task.holder, HEARD_FROM + MINUTE, HEARD_FROM, HEARD_FROM))
    return store


def _log_head(events: list[Recorded]) -> Head:
    end = GENESIS
    for event in events:
        end = log_link(end, event.seq, event.hash)
    return Head(LOG, len(events), end)


def _timed(work: Callable[[], object]) -> float:
    begun = time.perf_counter()
    work()
    return time.perf_counter() - begun


def fold(store: SqliteStore, tasks: int) -> None:
    """Folding the whole log: beside reading its rows and nothing else; then all that `store verify` does."""
    with store.reading() as at:
        last = at.last_seq()
        rows = _timed(lambda: [len(at.log(after=seq, limit=5000)) for seq in range(0, last, 5000)])
        folded = _timed(lambda: fold_log(at))
        whole = _timed(lambda: verify(at))
    verified = _timed(lambda: _sound(store))
    say(
        f"fold: {last} events of {tasks} tasks in {folded:.2f} s with every hash checked; "
        f"{1e6 * folded / last:.2f} s per million; reading the rows alone {rows:.2f} s; ratio {folded / rows:.1f}; "
        f"compared with every state row {whole:.2f} s"
    )
    say(f"store verify: {1e6 * verified / last:.2f} s per million")


def _sound(store: SqliteStore) -> None:
    assert inspect(store).problems == ()


def listing(store: SqliteStore, tasks: int) -> None:
    """Opening the store and reading what needs a person: in the library, and as whole processes."""

    def look() -> int:
        opened = SqliteStore(store.folder)
        with opened.reading() as at:
            board = board_of_store(at, wall_clock())
        opened.close()
        return board.counts.shown

    waiting = look()
    spent = median(_timed(look) for _ in range(11))
    say(f"listing: {waiting} of {tasks} tasks need a person: opened, read and grouped in {spent * 1000:.0f} ms")
    for words in (["attention"], ["attention", "--json"], ["list", "--state", "input_required"], ["list"]):
        say(f"listing: onloop {' '.join(words)}, whole process: {_beside_a_bare_one(words, store.folder)}")


def _beside_a_bare_one(words: list[str], folder: Path, runs: int = 15) -> str:
    command = [str(Path(sys.executable).with_name("onloop")), *words, "--store", str(folder)]
    pairs = [(_process(command), _process([sys.executable, "-c", "pass"])) for _ in range(runs)]
    ratio = median(ours / bare for ours, bare in pairs)
    return f"{1000 * median(ours for ours, _ in pairs):.0f} ms, {ratio:.1f} × python -c pass"


def _process(command: list[str]) -> float:
    env = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "ONLOOP_"))}
    return _timed(lambda: subprocess.run(command, env=env, stdout=subprocess.DEVNULL, check=True))


def transition(store: SqliteStore, tasks: int) -> None:
    """A claim and a submission in a store with this log, beside the same in one with a hundred events."""
    with tempfile.TemporaryDirectory() as name:
        small = build(Path(name) / "store", 10)
        shops = [Shop(small), Shop(store)]
        for shop in shops:
            shop.definition = DEFINITION
        rounds = [[_timed(lambda shop=shop, n=n: _turn(shop, n)) for shop in shops] for n in range(150)]  # type: ignore[misc]
        small.close()
    few, many = (median(times) for times in zip(*rounds, strict=True))
    with store.reading() as at:
        events = at.last_seq()
    say(
        f"transition: {few * 250:.3f} ms in a log of 100 events, {many * 250:.3f} ms in one of {events}; "
        f"ratio {many / few:.2f} (median of 150 turns of four changes)"
    )


def _turn(shop: Shop, number: int) -> None:
    run = f"new{number}"
    shop.begin(DEFINITION, run=run)
    shop.submit(shop.claim(run))
    shop.report(run)


PARTS: dict[str, Callable[[SqliteStore, int], None]] = {"fold": fold, "listing": listing, "transition": transition}


def main(words: list[str]) -> None:
    """Build the store once, then measure what is named, or everything."""
    tasks = int(words[0]) if words else 100_000
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name) / "store"
        built = _timed(lambda: build(folder, tasks).close())
        size = sum(path.stat().st_size for path in folder.iterdir()) / 1e6
        say(f"built: {tasks} tasks in {built:.1f} s, {size:.0f} MB")
        store = SqliteStore(folder)
        for part in words[1:] or PARTS:
            PARTS[part](store, tasks)
        store.close()


if __name__ == "__main__":
    main(sys.argv[1:])
