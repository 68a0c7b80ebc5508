"""A day of changes: who saw them all shows what a fresh dashboard shows, and its memory does not grow."""

from __future__ import annotations

import gc
import random
import re
import tracemalloc
from collections.abc import Callable

import pytest
from textual.pilot import Pilot

from onloop.errors import OnloopError
from onloop.machine.requests import DecisionKind
from onloop_tui.app import Dashboard
from support.tui_scenes import Scene, list_text, playing, until

SIZE = (140, 60)
VIEWS = ("1", "2", "3", "4")
RUNS, REPOS = 4, 12
_AGES = re.compile(r"data [\d.]+ s old")


def stocked() -> tuple[Scene, list[str]]:
    scene = Scene()
    scene.enrol("ana", "ben")
    tasks = [task for n in range(RUNS) for task in scene.fleet([f"repo{n}-{i}" for i in range(REPOS)], run=f"run{n}")]
    return scene, tasks


def happen(scene: Scene, tasks: list[str], chance: random.Random) -> None:
    """Something that may happen to a task; what the gateway refuses does not."""
    task = chance.choice(tasks)
    things: tuple[Callable[[], object], ...] = (
        lambda: scene.claim(task, chance.choice(["coder", "fixer"])),
        lambda: scene.asks(task, f"Which port for {task}?"),
        lambda: scene.wants_approval(task),
        lambda: scene.fails(task, f"Error: {chance.choice('abc')}"),
        lambda: scene.decides(task, chance.choice(list(DecisionKind)), words=f"words {chance.randrange(9)}"),
        lambda: scene.passes(task, chance.choice(["tests", "patched", "notes"])),
    )
    scene.clock.later(chance.randrange(2_000))
    try:
        chance.choices(things, weights=(3, 2, 3, 3, 6, 1))[0]()
    except (OnloopError, AssertionError, ValueError):
        return


async def views_of(pilot: Pilot[str], last: int) -> list[str]:
    """What each view shows after event `last`, from its first row, unfolded, in its order; without ages of the data."""
    app = pilot.app
    assert isinstance(app, Dashboard)
    await until(pilot, lambda: app.main.snapshot.seq == last)
    shown = []
    for key in VIEWS:
        await pilot.press(key, *(["+"] if key == "2" else []), "R", "g")
        await pilot.pause()
        app.main.tick()
        await pilot.pause()
        shown.append("\n".join(line for line in list_text(app).splitlines() if "the order is" not in line))
    return [_AGES.sub("", text) for text in shown]


async def check_a_day(changes: int, checks: int, seed: int, memory: list[int]) -> int:
    """Let a day happen before a dashboard, and add its traced memory at each check; how many events it had."""
    scene, tasks = stocked()
    chance = random.Random(seed)  # noqa: S311 - it decides what happens, not what is secret
    async with playing(scene.dashboard(), SIZE) as pilot:
        for _ in range(checks):
            for _ in range(changes // checks):
                happen(scene, tasks, chance)
            with scene.store.reading() as at:
                last = at.last_seq()
            seen = await views_of(pilot, last)
            async with playing(scene.dashboard(), SIZE) as fresh:
                assert seen == await views_of(fresh, last)
            gc.collect()
            memory.append(tracemalloc.get_traced_memory()[0])
    with scene.store.reading() as at:
        return at.last_seq()


async def test_a_dashboard_that_saw_every_change_shows_what_a_fresh_one_shows() -> None:
    assert await check_a_day(changes=160, checks=2, seed=7, memory=[]) > 400


@pytest.mark.soak
@pytest.mark.parametrize("seed", range(4))
async def test_eight_hours_of_changes_leave_no_drift_and_no_growth(seed: int) -> None:
    memory: list[int] = []
    tracemalloc.start()
    try:
        events = await check_a_day(changes=20_000, checks=20, seed=seed, memory=memory)
    finally:
        tracemalloc.stop()

    assert memory[-1] < 2 * memory[0] + 20_000_000, (events, memory)
