"""How soon the store as it stood at a moment is there: `python tests/benchmarks/travel.py [EVENTS] [LIVE]`.

Tasks live beside each other, LIVE at a time, so that a moment in the middle finds that many in the middle of their
lives; before it are those that had ended, after it those that had not begun. Nothing is written for looking back.
"""

from __future__ import annotations

import gc
import random
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from statistics import median

ROOT = Path(__file__).parents[2]
sys.path[:0] = [str(ROOT / part) for part in ("core", "tui", "tests")]

from benchmarks import scale  # noqa: E402
from gateway.shop import LAUNCHER  # noqa: E402
from onloop.machine.events import Event, Moved  # noqa: E402
from onloop.machine.state import State  # noqa: E402
from onloop.store.chain import GENESIS, log_link, sealed  # noqa: E402
from onloop.store.codec import to_text  # noqa: E402
from onloop.store.interchange import put_fold  # noqa: E402
from onloop.store.port import EventEntry, Recorded  # noqa: E402
from onloop.store.rows import LOG, Head, PinnedWorkflow  # noqa: E402
from onloop.store.sqlite.database import SqliteStore, create_store  # noqa: E402
from onloop.store.verification import fold_log  # noqa: E402
from onloop.views.queries.store_at import ReadStoreAt  # noqa: E402
from onloop.views.queries.store_changes import ReadStoreChanges  # noqa: E402
from onloop_tui.model.ground.snapshot import Snapshot  # noqa: E402
from onloop_tui.model.past.seen_moment import snapshot_then  # noqa: E402
from support.scenario import NOON  # noqa: E402

MOMENTS = 20


def interleaved(events: int, live: int) -> Iterator[Recorded]:
    """That many events of tasks that live beside each other."""
    dice = random.Random(1)  # noqa: S311 - the same store each time
    held, waiting = scale._histories()
    ends: list[Event] = [*held, Moved(State.COMPLETED, None, "done")]
    heads: dict[int, Head] = {}
    log, begun, running = Head(LOG, 0, GENESIS), 0, list[int]()
    for _ in range(events):
        if len(running) < live:
            running.append(begun)
            heads[begun], begun = Head(f"s{begun}", 0, GENESIS), begun + 1
            place = len(running) - 1
        else:
            place = dice.randrange(live)
        number = running[place]
        head, history = heads[number], waiting if number % 100 == 0 else ends
        if head.count == len(history):
            running[place] = running[-1]
            running.pop()
            continue
        fact, version = scale._own(history[head.count], head.run, number), head.count + 1
        entry = EventEntry(head.run, head.run, fact, NOON + log.count, LAUNCHER.id)
        recorded, heads[number], log = sealed(entry, head, log, version)
        yield recorded


def build(folder: Path, events: int, live: int) -> SqliteStore:
    """A store of so many events."""
    create_store(folder)
    store = SqliteStore(folder)
    with store.changing() as tables:
        tables.put(PinnedWorkflow(scale.DEFINITION.digest, scale.DEFINITION.name, "-", to_text(scale.DEFINITION)))
        ends: dict[str, Head] = {}
        end, count = GENESIS, 0
        batch: list[Recorded] = []
        for event in interleaved(events, live):
            ends[event.run] = Head(event.run, event.run_seq, event.hash)
            end, count = log_link(end, event.seq, event.hash), event.seq
            batch.append(event)
            if len(batch) == 10_000:
                tables.insert(batch)
                batch = []
        tables.insert(batch)
        for head in ends.values():
            tables.put(head)
        tables.put(Head(LOG, count, end))
        fold, problems = fold_log(tables)
        assert problems == [], problems[:3]
        put_fold(tables, fold)
    return store


def measure(store: SqliteStore) -> None:
    """Times of travelling to random moments, as the dashboard does: what differs is read, and a snapshot made of it."""
    dice = random.Random(2)  # noqa: S311
    with store.reading() as at:
        now = ReadStoreChanges().carry_out(at)
    live = Snapshot().after(now.tasks, now.state, now.seq, definitions=now.definitions)
    gc.collect()
    gc.freeze()  # as the dashboard does, once it has read the store
    read, drawn, tasks = list[float](), list[float](), list[int]()
    for _ in range(MOMENTS):
        asked = ReadStoreAt(seq=dice.randrange(1, now.seq), differing=True, known=tuple(live.definitions))
        begun = time.process_time()
        with store.reading() as at:
            found = asked.carry_out(at)
        read.append(time.process_time() - begun)
        begun = time.process_time()
        tasks.append(len(snapshot_then(live, found).tasks))
        drawn.append(time.process_time() - begun)
    whole = [a + b for a, b in zip(read, drawn, strict=True)]
    parts = (
        f"reading {median(read):.2f} s (max {max(read):.2f}), the snapshot {median(drawn):.2f} s (max {max(drawn):.2f})"
    )
    met = f"{MOMENTS} moments with {median(tasks):.0f} of {len(live.tasks)} tasks"
    scale.say(f"{now.seq} events, {met}: p50 {median(whole):.2f} s of work, max {max(whole):.2f} s; {parts}")


def main() -> None:
    """Build and measure."""
    events, live = (int(word) for word in (sys.argv[1:] + ["100000", "1000"][len(sys.argv) - 1 :])[:2])
    with tempfile.TemporaryDirectory() as name:
        begun = time.process_time()
        store = build(Path(name) / "store", events, live)
        size = sum(path.stat().st_size for path in store.folder.iterdir())
        scale.say(f"built in {time.process_time() - begun:.0f} s, {size / 1e6:.0f} MB, {live} live at a time")
        measure(store)
        store.close()


if __name__ == "__main__":
    main()
