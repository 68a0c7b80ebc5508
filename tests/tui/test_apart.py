"""A dashboard over a store that only its resident gateway may open is the same one, and misses the gateway."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from textual.pilot import Pilot

import onloop_tui
from gateway.served import resident
from onloop.access.opening import create_home, open_file, wall_clock
from onloop.gates.repository.file_changes import FileChange, FileKind, Status
from onloop.home import Home
from onloop.machine.state import Reason
from onloop.views.changes import Changes
from onloop_tui.app import Dashboard
from onloop_tui.feed import StoreUpdate, StoreWatch
from onloop_tui.model.drawing.text_line import plain
from onloop_tui.session import Session
from onloop_tui.store_access import access_apart
from support.tui_scenes import Scene, commit, play, screen_text, shows, until
from support.waiting import DEADLINE_S

PASSPHRASE = "long enough"
CHANGED = Changes(
    (FileChange("legacy.py", Status.MODIFIED, FileKind.FILE, 1, 0),),
    "diff --git a/legacy.py b/legacy.py\n--- a/legacy.py\n+++ b/legacy.py\n@@ -0,0 +1 @@\n+import kvlite\n",
)
NOBODY = 65534
FOREIGN = Path(__file__).with_name("foreign.py")


@pytest.fixture
def stocked() -> Iterator[tuple[Home, str]]:
    """A store in which one approval waits, in a folder that others may pass through; and the task."""
    with tempfile.TemporaryDirectory(prefix="onloop-apart-") as name:
        Path(name).chmod(0o755)
        home = Home(Path(name) / "store")
        create_home(
            home,
            store_id="s",
            person="ana",
            groups=("approvers",),
            passphrase=PASSPHRASE,
            email="",
            scripted=False,
        )
        scene = Scene(store=open_file(home).gateway.store)
        (task,) = scene.fleet(["cart"])
        scene.wants_approval(task, what=commit(task, "Tests pass."))
        scene.store.close()
        yield home, task


def _reason(home: Home, task: str) -> Reason | None:
    opened = open_file(home)
    with opened.gateway.store.reading() as at:
        found = at.task(task)
    opened.close()
    assert found is not None
    return found.reason


def test_who_may_not_open_the_store_sees_and_decides_through_the_gateway(stocked: tuple[Home, str]) -> None:
    home, task = stocked
    app = Dashboard(Session(access_apart(home.socket, home.store), person_name="ana"))

    async def story(pilot: Pilot[str]) -> None:
        await shows(pilot, "▶ ◆ approve")
        await pilot.press("enter")
        await shows(pilot, "in cart pass ship.approve?")
        whole = "\n".join(map(plain, app.main.sheet.body.lines))
        assert all(words in whole for words in ("Tests pass.", "legacy.py", "+import kvlite")), whole
        await pilot.press("4", "5", "3", "2")
        await shows(pilot, "[2 Tree]", "cart")

    with resident(home, wall_clock, lambda _: CHANGED):
        asyncio.run(play(app, story))
    assert _reason(home, task) is Reason.APPROVAL_REQUIRED


def test_what_many_tasks_have_in_common_is_one_object_though_it_came_over_a_line(stocked: tuple[Home, str]) -> None:
    home, task = stocked
    with resident(home, wall_clock, lambda _: CHANGED):
        watch = StoreWatch(access_apart(home.socket, home.store), wall_clock)
        news = watch.look()
        watch.close()

    assert isinstance(news, StoreUpdate)
    root, child = news.snapshot.tasks[task.partition(".")[0]], news.snapshot.tasks[task]
    assert root.definition is child.definition


def test_a_gateway_that_goes_is_missed_at_once_and_found_again(stocked: tuple[Home, str]) -> None:
    home, _ = stocked
    app = Dashboard(Session(access_apart(home.socket, home.store)))

    async def story(pilot: Pilot[str]) -> None:
        await shows(pilot, "▶ ◆ approve")
        await asyncio.to_thread(serving.close)
        await shows(pilot, "⚠ store lost since", "no gateway answers at")
        await asyncio.to_thread(serving.enter_context, resident(home, wall_clock))
        await until(pilot, lambda: "store lost" not in screen_text(app))

    with ExitStack() as serving:
        serving.enter_context(resident(home, wall_clock))
        asyncio.run(play(app, story))


@pytest.mark.skipif(os.getuid() != 0, reason="only root can be somebody else")
def test_an_approver_who_is_another_user_signs_once_and_decides_through_the_gateway(
    stocked: tuple[Home, str],
) -> None:
    home, task = stocked
    package = home.store.parent / "package"
    shutil.copytree(Path(onloop_tui.__file__).parent, package / "onloop_tui")  # where another user may read it
    paths = os.pathsep.join([str(package), *(path for path in sys.path if path)])
    with resident(home, wall_clock, lambda _: CHANGED) as words:
        os.chown(home.socket, -1, NOBODY)
        os.chown(home.socket.parent, -1, NOBODY)
        ran = subprocess.run(
            [sys.executable, str(FOREIGN), str(home.store), str(NOBODY), PASSPHRASE],
            env={**os.environ, "PYTHONPATH": paths, "PYTHONSAFEPATH": "1"},
            capture_output=True,
            text=True,
            timeout=DEADLINE_S,
            cwd="/",
            check=False,
        )
    assert (ran.returncode, words[1:]) == (0, []), ran.stderr[-3000:]
    assert json.loads(ran.stdout) == {"own": False, "decided": True}
    assert _reason(home, task) is Reason.EFFECT_RUNNING
