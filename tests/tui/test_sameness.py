"""Whatever has happened, the dashboard, the command line and the library say the same: three readings of one log."""

from __future__ import annotations

import asyncio
import contextlib
import io
import json
import tempfile
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from textual.pilot import Pilot

from onloop.attention.lifecycle import acknowledgement, snooze
from onloop.cli.main import run
from onloop.errors import OnloopError
from onloop.gateway.command_operations import PerformCommand
from onloop.gateway.service import Gateway
from onloop.machine import commands as c
from onloop.machine.events import Event
from onloop.machine.evolve import replay
from onloop.machine.store_state import HOUSE
from onloop.machine.task import DecisionKind, Task
from onloop.store.codec import event_from_text
from onloop.store.port import TaskFilter
from onloop.store.sqlite.database import SqliteStore, create_store
from onloop.views.overview_projector import board_of_store
from onloop_tui.app import Dashboard
from onloop_tui.model.drawing.signs import sign_of
from onloop_tui.store_access import StoreAccess
from support.tui_scenes import Clock, Scene, list_text, play, shows, until

REPOS = ["billing", "ledger", "sessions", "cart", "flags"]
CAUSES = ["AttributeError: no attribute 'legacy_scan'", "tests: 3 failed"]
HOUR_MS = 3_600_000

Do = Callable[[Scene, str], object]


@dataclass
class OnDisk(Scene):
    """Whoever looks opens the store for themselves, as a dashboard does."""

    folder: Path = Path()

    @property
    def place(self) -> StoreAccess:
        return StoreAccess(lambda: Gateway(SqliteStore(self.folder), self.clock))


def _acknowledged(scene: Scene, task: str) -> None:
    for group in scene.groups():
        if any(member.task == task for member in group.members):
            scene.marks(acknowledgement(group, "human:ana", scene.clock(), HOUR_MS))


def _snoozed(scene: Scene, task: str) -> None:
    for group in scene.groups():
        if any(member.task == task for member in group.members):
            scene.marks(snooze(group, "human:ana", scene.clock(), for_ms=HOUR_MS, until_change=False, grows_by=0))


def _paused(scene: Scene, task: str) -> None:
    ana = scene.person()
    assert ana.voice is not None
    scene.gateway.perform(PerformCommand(ana, task, c.Pause(ana.voice, "look first")))


def _resumed(scene: Scene, task: str) -> None:
    ana = scene.person()
    assert ana.voice is not None
    scene.gateway.perform(PerformCommand(ana, task, c.Resume(ana.voice)))


STROKES: Mapping[str, Do] = {
    "claim": lambda scene, task: scene.claim(task),
    "submit": lambda scene, task: scene.submit(task),
    "pass": lambda scene, task: scene.wants_approval(task),
    "fail": lambda scene, task: scene.fails(task, CAUSES[0]),
    "fail otherwise": lambda scene, task: scene.fails(task, CAUSES[1]),
    "ask": lambda scene, task: scene.asks(task, "Which one?"),
    "cancel": lambda scene, task: scene.cancels(task),
    "approve": lambda scene, task: scene.decides(task, DecisionKind.APPROVE, "ben"),
    "reject": lambda scene, task: scene.decides(task, DecisionKind.REJECT),
    "retry": lambda scene, task: scene.decides(task, DecisionKind.RETRY),
    "reply": lambda scene, task: scene.decides(task, DecisionKind.ANSWER),
    "pause": _paused,
    "resume": _resumed,
    "acknowledge": _acknowledged,
    "snooze": _snoozed,
    "freeze": lambda scene, task: scene.freeze(task),
}
STORIES = st.lists(st.tuples(st.sampled_from([*STROKES]), st.integers(0, len(REPOS) - 1)), min_size=4, max_size=25)


def _told(store: Path, *words: str) -> Any:
    """What `onloop WORDS… --json` prints."""
    out = io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(io.StringIO()):
        assert run([*words, "--json", "--store", str(store)]) == 0
    return json.loads(out.getvalue())


def _replayed(scene: Scene) -> dict[str, Task]:
    """Every task, from nothing but the log."""
    events: dict[str, list[tuple[Event, int]]] = {}
    with scene.store.reading() as at:
        for record in at.log(limit=1_000_000):
            if record.task != HOUSE:
                event = event_from_text(record.name, record.data)
                events.setdefault(record.task, []).append((event, record.at))  # type: ignore[arg-type]  # of a task
    found = {task: replay(task, past) for task, past in events.items()}
    return {task: whole for task, whole in found.items() if whole is not None}


def _check(folder: Path, story: list[tuple[str, int]]) -> None:
    """The dashboard sees the story happen; the others read what came of it."""
    create_store(folder)
    scene = OnDisk(store=SqliteStore(folder), clock=Clock(int(time.time() * 1000)), folder=folder)
    scene.enrol("ana", "ben")
    tasks = scene.fleet(REPOS)
    app = scene.dashboard()

    async def watched(pilot: Pilot[str]) -> None:
        await until(pilot, lambda: app.main.around.has_read)
        for stroke, number in story:
            with contextlib.suppress(OnloopError, ValueError, AssertionError):  # what is not possible changes nothing
                STROKES[stroke](scene, tasks[number])
                await pilot.pause()
        await _compare(app, pilot, scene)

    asyncio.run(play(app, watched, (200, 60)))
    scene.store.close()


async def _compare(app: Dashboard, pilot: Pilot[str], scene: OnDisk) -> None:
    library = _replayed(scene)
    with scene.store.reading() as at:
        assert {task.id: task for task in at.tasks(TaskFilter())} == library
        board, seq = board_of_store(at, scene.clock()), at.last_seq()
    listed = {row["task"]: (row["state"], row["recorded_reason"]) for row in _told(scene.folder, "list")["tasks"]}
    attention = _told(scene.folder, "attention", "--all")
    causes = [group["cause"] for group in attention["groups"]]
    counts = attention["counts"]

    assert listed == {task.id: (task.state, task.reason) for task in library.values()}
    assert causes == [group.cause for group in board.shown]
    assert [hidden["cause"] for hidden in attention["hidden"]] == [hidden.group.cause for hidden in board.hidden]

    await until(pilot, lambda: app.main.snapshot.seq == seq)
    await pilot.press("R")
    blocked = [f"(blocked {counts['blocked']} "] if counts["blocked"] else []
    await shows(pilot, f"needs you {counts['needs_you']} ", *blocked)
    assert [group.cause for group in app.main.inbox.arrangement.groups] == causes
    await pilot.press("2", "plus")
    await shows(pilot, "[2 Tree]", *library)
    lines = list_text(app).splitlines()
    for task in library.values():
        if task.repo is not None:
            (line,) = [line for line in lines if f"{task.id} " in line and task.repo in line and "›" not in line]
            assert sign_of(task).word in line, (task.state, task.reason, line)


@settings(max_examples=5, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(STORIES)
def test_dashboard_command_line_and_library_say_the_same(story: list[tuple[str, int]]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        _check(Path(folder) / "store", story)


@pytest.mark.soak
@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(STORIES)
def test_dashboard_command_line_and_library_say_the_same_three_hundred_times(story: list[tuple[str, int]]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        _check(Path(folder) / "store", story)
