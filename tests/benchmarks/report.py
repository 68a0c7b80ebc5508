"""What a report and the Fleet cost: `python tests/benchmarks/report.py [TASKS]`; not a test.

A store of so many tasks (10,000 unless another number is given), each with the events of a life. Then: 500 failures
with 12 causes, until they are 12 rows of the Fleet.
"""

from __future__ import annotations

import resource
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory

ROOT_FOLDER = Path(__file__).parents[2]
sys.path[:0] = [str(ROOT_FOLDER / part) for part in ("tests", "core", "tui")]

from onloop.cli.reports.report_csv import csv_pieces  # noqa: E402
from onloop.cli.reports.report_document import document_of  # noqa: E402
from onloop.cli.reports.report_html import html_pieces  # noqa: E402
from onloop.cli.reports.report_markdown import markdown_pieces  # noqa: E402
from onloop.cli.reports.report_source import ReportSource  # noqa: E402
from onloop.gateway.service import Gateway  # noqa: E402
from onloop.machine import events as e  # noqa: E402
from onloop.machine.evolve import replay  # noqa: E402
from onloop.machine.state import Reason, State  # noqa: E402
from onloop.machine.store_state import StoreState  # noqa: E402
from onloop.machine.task import Kind, Task, TaskFacts  # noqa: E402
from onloop.records import Record  # noqa: E402
from onloop.store.codec import to_text  # noqa: E402
from onloop.store.port import EventEntry, Store, Transaction  # noqa: E402
from onloop.store.rows import PinnedWorkflow  # noqa: E402
from onloop.store.sqlite.database import SqliteStore, create_store  # noqa: E402
from onloop.views.overview_projector import OverviewProjector  # noqa: E402
from onloop.views.reporting.pace import SEED, estimate  # noqa: E402
from onloop.views.reporting.report_queries import ReadRunHistory  # noqa: E402
from onloop_tui.model.fleet.matrix import Matrix  # noqa: E402
from onloop_tui.model.ground.snapshot import Snapshot  # noqa: E402
from support.tui_scenes import MINUTE, NOON, REMEDIATION  # noqa: E402

FAILURES, CAUSES = 500, 12
BATCH = 200
FIRST = REMEDIATION.steps[0].id


class Life(Record):
    """One task, and the events of its life with their times."""

    task: str
    events: tuple[tuple[e.Event, int], ...]


def life(number: int, run: str) -> Life:
    """A task that was worked on in two attempts; of ten, seven are done, one has failed, two are under way."""
    began = NOON + number % 600 * MINUTE
    created = e.Created(**facts(run, Kind.WORK, run, f"repo-{number}").facts)
    events: list[tuple[e.Event, int]] = [(created, NOON), (e.StepEntered(FIRST, 1, "implementer"), NOON)]
    for attempt in (1, 2):
        at = began + attempt * 10 * MINUTE
        events += [
            (e.Moved(State.SUBMITTED, Reason.READY), at),
            (e.Claimed("agent:a", "implementer", attempt, attempt), at + MINUTE),
            (e.Moved(State.WORKING, None), at + MINUTE),
            (e.GatesRequested(("tests",)), at + 5 * MINUTE),
            (e.Moved(State.WORKING, Reason.GATES_RUNNING), at + 5 * MINUTE),
            (e.RoundStarted(1, ()), at + 6 * MINUTE),
        ]
    end = began + 30 * MINUTE
    if number % 10 < 7:
        events += [(e.StepEntered("ship.merge", 1), end), (e.Moved(State.COMPLETED), end + MINUTE)]
    elif number % 10 == 7:
        words = f"tests: error {'abcdefghijkl'[number // 10 % CAUSES]} in the module"
        events.append((e.Moved(State.INPUT_REQUIRED, Reason.ROUNDS_EXHAUSTED, words), end))
    return Life(f"{run}.{number}", tuple(events))


def facts(run: str, kind: Kind, parent: str | None, repo: str | None) -> TaskFacts:
    """What a task is begun with."""
    name, digest = REMEDIATION.name, REMEDIATION.digest
    return TaskFacts("patch kvlite", kind, name, digest, "human:ana", run, parent=parent, repo=repo)


def folded(each: Life) -> Task:
    """The task at the end of its life."""
    found = replay(each.task, each.events)
    assert found is not None
    return found


def fill(store: Store, count: int, run: str = "r") -> None:
    """Write a fleet of so many tasks, some hundred in a transaction."""
    root = Life(run, ((e.Created(**facts(run, Kind.FLEET, None, None).facts), NOON),))

    def write(lives: list[Life]) -> None:
        def body(tx: Transaction) -> None:
            if lives[0] is root:
                pinned = PinnedWorkflow(REMEDIATION.digest, REMEDIATION.name, "", to_text(REMEDIATION))
                tx.put(pinned)
            for each in lives:
                tx.append([EventEntry(run, each.task, event, at, "launcher:ci") for event, at in each.events])
                tx.put_task(folded(each))

        store.transact(body)

    write([root])
    for start in range(0, count, BATCH):
        write([life(i, run) for i in range(start, min(count, start + BATCH))])


def say(words: str) -> None:
    """Print a line."""
    sys.stdout.write(f"{words}\n")
    sys.stdout.flush()


def report_costs(store: Store, count: int) -> None:
    """Each document, in CPU seconds and ms for each task."""
    gateway = Gateway(store, lambda: NOON + 700 * MINUTE)
    began = time.process_time()
    history = gateway.perform(ReadRunHistory("r", gateway.clock()))
    spent = time.process_time() - began
    say(f"history of {count} tasks: {spent:.2f} s CPU; {len(history.burndown.points)} points")
    began = time.process_time()
    told = estimate(history.pace, (count // 5,), SEED)
    say(f"estimate for {told.left}: {(time.process_time() - began) * 1000:.0f} ms CPU; {told.words}")
    for name in ("md", "html", "csv"):
        began = time.process_time()
        source = ReportSource(gateway, "r")
        document = document_of(source)
        pieces = {"md": markdown_pieces, "html": html_pieces}
        made = csv_pieces(source) if name == "csv" else pieces[name](document)
        size = sum(len(piece) for piece in made)
        spent = time.process_time() - began
        source.close()
        say(f"report {name}: {spent:.2f} s CPU, {spent * 1000 / count:.2f} ms a task, {size / 1e6:.1f} MB")
    say(f"most memory: {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MB")


def cause_rows() -> None:
    """500 failures with 12 causes, from the tasks to the rows of the Fleet."""
    root = Life("r", ((e.Created(**facts("r", Kind.FLEET, None, None).facts), NOON),))
    tasks = [folded(each) for each in (root, *(life(i, "r") for i in range(FAILURES * 10)))]
    began = time.process_time()
    gallery = OverviewProjector()
    snapshot = Snapshot().after(tasks, StoreState(), 1, overview=gallery.after(tasks)).at(NOON + 700 * MINUTE)
    matrix = Matrix("r")
    matrix.take(snapshot, None)
    spent = time.process_time() - began
    rows = [row for row in matrix.rows if row.group is not None]
    say(
        f"{sum(len(row.members) for row in rows)} failures of {len(tasks)} tasks: {len(rows)} rows in {spent:.2f} s CPU"
    )


def main(count: int) -> None:
    """Measure, and print a line for each."""
    cause_rows()
    with TemporaryDirectory() as folder:
        create_store(Path(folder) / "store")
        store = SqliteStore(Path(folder) / "store")
        began = time.monotonic()
        fill(store, count)
        say(f"a fleet of {count} written in {time.monotonic() - began:.1f} s")
        report_costs(store, count)
        store.close()


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 10_000)
