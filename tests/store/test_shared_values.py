"""Values that many tasks have in common are one object each, and nobody can tell otherwise."""

from __future__ import annotations

from pathlib import Path

from onloop.machine.events import Created, Moved, StepEntered
from onloop.machine.evolve import evolve
from onloop.machine.state import Reason, State
from onloop.machine.task import Kind, Task
from onloop.records import replace
from onloop.store.codec import from_text, to_text
from onloop.store.port import EventEntry, TaskFilter, Transaction
from onloop.store.shared_values import PIECE, SharedValues
from onloop.store.sqlite.database import SqliteStore, create_store

EVENTS = (
    Created("Fix it", Kind.WORK, "feature", "d" * 64, "human:ana", "r1", repo="billing"),
    StepEntered("a.b", 1, "implementer"),
    Moved(State.SUBMITTED, Reason.READY, "waits for an implementer"),
)


def made(task_id: str) -> Task:
    task = None
    for event in EVENTS:
        task = evolve(task, event, id=task_id, at=7)
    assert task is not None
    return task


def test_equal_texts_and_empty_mappings_become_one_object_and_the_tasks_stay_equal() -> None:
    first, second = (from_text(Task, to_text(made(name))) for name in ("r1.1", "r1.2"))
    stored = to_text(second)

    SharedValues().of([first, second])

    assert first.definition is second.definition
    assert first.detail is second.detail
    assert first.visits is second.visits
    assert id(first.evidence) == id(second.branches)
    assert second == made("r1.2")
    assert to_text(second) == stored


def test_times_that_are_equal_within_a_task_and_of_tasks_begun_together_become_one_object() -> None:
    long_ago = 1_700_000_000_000
    tasks = [replace(made(f"r1.{n}"), created_at=long_ago + 1, since=long_ago + n) for n in (1, 2)]
    tasks = [from_text(Task, to_text(replace(task, updated_at=task.since))) for task in tasks]

    SharedValues().of(tasks)

    assert tasks[0].created_at is tasks[1].created_at
    assert all(task.since is task.updated_at for task in tasks)
    assert [task.since - long_ago for task in tasks] == [1, 2]


def test_what_differs_stays_apart() -> None:
    first, second = (from_text(Task, to_text(made(name))) for name in ("r1.1", "r1.2"))
    second = evolve(second, StepEntered("a.b", 2, "reviewer"), id="r1.2", at=8)

    SharedValues().of([first, second])

    assert (first.role, second.role) == ("implementer", "reviewer")
    assert (first.visits, second.visits) == ({"a.b": 1}, {"a.b": 2})


def test_tasks_read_in_number_share_and_can_still_be_changed(tmp_path: Path) -> None:
    def write(tx: Transaction) -> None:
        for number in range(PIECE + 1):
            tx.append([EventEntry("r1", f"r1.{number}", event, 7, "human:ana", "") for event in EVENTS])
            tx.put_task(made(f"r1.{number}"))

    create_store(tmp_path)
    store = SqliteStore(tmp_path)
    store.transact(write)
    with store.reading() as at:
        found = list(at.tasks(TaskFilter()))
    store.close()

    assert found[0].definition is found[PIECE - 1].definition
    assert found == [made(f"r1.{number}") for number in range(PIECE + 1)]
    after = evolve(found[0], StepEntered("b.c", 1, "implementer"), id="r1.0", at=9)
    assert (after.visits, found[1].visits) == ({"a.b": 1, "b.c": 1}, {"a.b": 1})
