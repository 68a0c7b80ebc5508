"""Wherever one travels in a long log, what is there is what a plain fold gives: at its first events, its last, any."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from benchmarks.travel import build
from onloop.machine.evolve import evolve
from onloop.machine.task import Task
from onloop.store.codec import event_from_text
from onloop.store.port import Reading
from onloop.views.overview_projector import overview_of
from onloop.views.queries.store_at import NEAR, ReadStoreAt
from onloop.views.queries.store_changes import ReadStoreChanges
from onloop_tui.model.ground.snapshot import Snapshot
from onloop_tui.model.past.seen_moment import snapshot_then

MOMENTS, LIVE, PORTION = 20, 1_000, 5_000


def folds(at: Reading, moments: Sequence[int]) -> Iterator[dict[str, Task]]:
    """The tasks at each of these moments, in their order, from one fold of the log from its first event on."""
    tasks = dict[str, Task]()
    done = 0
    for moment in moments:
        while done < moment:
            for event in at.log(after=done, before=moment + 1, limit=PORTION):
                fact: Any = event_from_text(event.name, event.data)
                tasks[event.task] = evolve(tasks.get(event.task), fact, id=event.task, at=event.at)
                done = event.seq
        yield tasks


def travelled(at: Reading, begin: Snapshot, seq: int, held: int | None) -> Snapshot:
    """The snapshot that the dashboard makes of a moment, from the one that it shows."""
    asked = ReadStoreAt(seq=seq, differing=True, known=tuple(begin.definitions), held=held)
    found = asked.carry_out(at)
    assert found.beside == held
    return snapshot_then(begin, found)


def check(shown: Snapshot, tasks: dict[str, Task]) -> None:
    assert list(shown.tasks) == list(tasks), "oldest first"
    assert shown.tasks == tasks
    assert shown.overview == overview_of(tasks.values(), shown.definitions)


@pytest.mark.parametrize(
    "events", [4_000, pytest.param(100_000, marks=pytest.mark.soak), pytest.param(1_000_000, marks=pytest.mark.soak)]
)
def test_a_moment_of_a_long_log_is_what_a_fold_gives_from_now_and_from_a_moment_near(
    events: int, tmp_path: Path
) -> None:
    store = build(tmp_path / "store", events, min(LIVE, events // 40))
    with store.reading() as at:
        now = ReadStoreChanges().carry_out(at)
        live = Snapshot().after(now.tasks, now.state, now.seq, definitions=now.definitions)
        dice = random.Random(events)  # noqa: S311 - the same moments each time
        others = (dice.randrange(1, now.seq) for _ in range(MOMENTS))
        moments = sorted({1, 10, now.seq // 2, now.seq - 1, now.seq, *others})
        before: Snapshot | None = None
        for seq, tasks in zip(moments, folds(at, moments), strict=True):
            shown = travelled(at, live, seq, None)
            check(shown, tasks)
            near = min(now.seq, seq + dice.randrange(NEAR))
            further = travelled(at, shown, near, seq)
            check(travelled(at, further, seq, near), tasks)
            if before is not None and seq - before.seq <= NEAR:
                check(travelled(at, before, seq, before.seq), tasks)
            before = shown
    store.close()
