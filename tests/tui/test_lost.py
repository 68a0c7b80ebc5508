"""A store that goes away: said with since when, looked for all the time, and nothing can be decided meanwhile."""

from __future__ import annotations

import asyncio
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from textual.pilot import Pilot

from onloop.access.opening import create_home
from onloop.errors import StoreError
from onloop.home import Home
from onloop.store.sqlite.database import FILE
from onloop_tui import app as dashboards
from onloop_tui.app import Dashboard
from onloop_tui.model.chrome.header import STALE_MS, header_lines
from onloop_tui.model.drawing.text_line import Tone
from onloop_tui.model.ground.snapshot import Snapshot
from onloop_tui.panels.sheet_panel import Mode
from onloop_tui.session import Session
from onloop_tui.store_access import access_of
from support.tui_scenes import CHEAP, Scene, play, playing, screen_text, shows, until

LOCK = """
import fcntl, os, sys
handle = os.open(sys.argv[1], os.O_RDWR)
fcntl.lockf(handle, fcntl.LOCK_EX, 510, 0x40000002)  # where SQLite has its shared locks
print("locked", flush=True)
sys.stdin.read()
"""


def _home(folder: Path, person: str = "ana", name: str = "s") -> Home:
    home = Home(folder)
    create_home(
        home,
        store_id=name,
        person=person,
        groups=("approvers",),
        passphrase="long enough",
        email="",
        scripted=False,
        cost=CHEAP,
    )
    return home


def _stocked(folder: Path) -> Home:
    """A store in which one approval waits."""
    home = _home(folder)
    scene = Scene(store=access_of(home).open().store)
    (task,) = scene.fleet(["cart"])
    scene.wants_approval(task)
    scene.store.close()
    return home


Spoil = Callable[[Home], Callable[[], object]]
"""Takes a store away; what it gives brings the store back."""


def _removed(home: Home) -> Callable[[], object]:
    away = home.store.with_name("away")
    home.store.rename(away)
    return lambda: away.rename(home.store)


def _without_its_file(home: Home) -> Callable[[], object]:
    away = home.store / "away"
    (home.store / FILE).rename(away)
    return lambda: away.rename(home.store / FILE)


def _corrupted(home: Home) -> Callable[[], object]:
    """Every file in place, and rubbish in all of them."""
    kept = home.store.with_name("kept")
    shutil.copytree(home.store, kept)
    fresh = home.store.with_name("fresh")
    fresh.mkdir(mode=0o700)
    (fresh / FILE).write_bytes(b"rubbish " * 1000)
    shutil.rmtree(home.store)
    fresh.rename(home.store)

    def mend() -> None:
        shutil.rmtree(home.store)
        kept.rename(home.store)

    return mend


def _open_to_others(home: Home) -> Callable[[], object]:
    home.store.chmod(0o755)
    return lambda: home.store.chmod(0o700)


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (_removed, "there is no store in"),
        (_without_its_file, "there is no store in"),
        (_corrupted, "⚠ store lost since"),
        (_open_to_others, "is open to others"),
    ],
)
async def test_a_store_that_cannot_be_read_is_said_and_found_again_and_nothing_is_decided_meanwhile(
    tmp_path: Path, spoil: Spoil, words: str
) -> None:
    home = _stocked(tmp_path / "store")
    app = Dashboard(Session(access_of(home)))

    async with playing(app) as pilot:
        await shows(pilot, "▶ ◆ approve")
        mend = spoil(home)
        await shows(pilot, "⚠ store lost since", "UTC", words)
        await pilot.press("a")
        await shows(pilot, "nothing can be decided while the store is lost", "▶ ◆ approve")
        assert not app.main.sheet.is_open
        mend()
        await until(pilot, lambda: "store lost" not in screen_text(app))
        await pilot.press("a")
        await until(pilot, lambda: app.main.sheet.is_open)


async def test_a_store_whose_folder_does_not_come_back_ends_the_dashboard(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dashboards, "GONE_S", 0.1)
    home = _stocked(tmp_path / "store")
    app = Dashboard(Session(access_of(home)))

    async with playing(app) as pilot:
        await shows(pilot, "▶ ◆ approve")
        _removed(home)
        await until(pilot, lambda: app.return_value == dashboards.GONE)

    with pytest.raises(StoreError, match="is gone"):
        home.check_there()


async def test_an_open_sheet_cannot_confirm_while_the_store_is_lost(tmp_path: Path) -> None:
    home = _stocked(tmp_path / "store")
    scene = Scene(store=access_of(home).open().store)
    app = Dashboard(Session(access_of(home)))

    async with playing(app) as pilot:
        await shows(pilot, "▶ ◆ approve")
        await pilot.press("enter")
        await until(pilot, lambda: app.main.sheet.mode is Mode.SHOWN)
        mend = _removed(home)
        await shows(pilot, "⚠ store lost since")
        await pilot.press("a", "enter")
        await shows(pilot, "nothing can be decided while the store is lost")
        assert app.main.sheet.mode is Mode.SHOWN
        mend()
        await until(pilot, lambda: "store lost" not in screen_text(app))
        assert app.main.sheet.is_open

    scene.store.close()


async def test_another_store_in_its_place_is_shown_from_its_beginning(tmp_path: Path) -> None:
    home = _stocked(tmp_path / "store")
    app = Dashboard(Session(access_of(home)))

    async with playing(app) as pilot:
        await shows(pilot, "▶ ◆ approve")
        home.store.rename(tmp_path / "old")
        _home(home.store, person="ben", name="t")
        await shows(pilot, "nothing has been started")
        assert app.main.snapshot.house.id == "t"


@contextmanager
def _locked(home: Home) -> Iterator[Callable[[], None]]:
    with subprocess.Popen(
        [sys.executable, "-c", LOCK, str(home.store / FILE)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as holder:
        assert holder.stdout is not None and holder.stdin is not None
        assert holder.stdout.readline() == "locked\n"
        try:
            yield holder.stdin.close
        finally:
            holder.kill()


def test_a_store_that_somebody_locks_is_read_as_soon_as_they_let_go(tmp_path: Path) -> None:
    home = _stocked(tmp_path / "store")
    app = Dashboard(Session(access_of(home)))

    with _locked(home) as let_go:

        async def story(pilot: Pilot[str]) -> None:
            await shows(pilot, "reading the store …")
            await shows(pilot, "⚠ store lost since", "busy")
            let_go()
            await shows(pilot, "▶ ◆ approve")

        asyncio.run(play(app, story))


def _age_tone(age_ms: int) -> Tone:
    shown = header_lines(Snapshot(), lost="", age_ms=age_ms, labels=(), tabs=(), width=200)
    return next(span.tone for line in shown for span in line if span.text.startswith("data "))


def test_data_that_is_older_than_five_seconds_is_visibly_stale() -> None:
    assert (_age_tone(STALE_MS), _age_tone(STALE_MS + 1)) == (Tone.DIM, Tone.BAD)
    assert STALE_MS == 5_000
