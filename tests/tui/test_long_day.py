"""An eight-hour day at 50 events a second, as fast as it goes: the dashboard that saw it all neither grows nor drifts.

`python -m pytest -m soak tests/tui/test_long_day.py`; `ONLOOP_DAY_EVENTS` says how many, 1,440,000 for the whole day.
"""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from operator import attrgetter
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from textual.pilot import Pilot

from onloop.gateway.service import Gateway
from onloop.store.sqlite.database import SqliteStore
from onloop_tui.app import Dashboard
from onloop_tui.resident_memory import begin_to_build
from onloop_tui.session import Session
from onloop_tui.store_access import StoreAccess
from support.held import KEYS, Held, held_by_fresh
from support.tui_scenes import playing
from tui.test_churn import SIZE, views_of

DAY = int(os.environ.get("ONLOOP_DAY_EVENTS", "100000"))
PART = 4_000
"""So many events happen while every key of `KEYS` is pressed once."""
QUARTERS = 4
WRITER = Path(__file__).parents[1] / "support" / "long_day.py"
IN_MEMORY = Path("/dev/shm")  # noqa: S108 - where there is none, the test's own folder is as good, and slower
MORE = 0.05
"""By how much of what it holds a dashboard may grow in half a day, beside what the tasks themselves take."""
FULL = 1
"""The quarter after which what is kept for drawing again has been filled."""


@dataclass
class Day:
    """What happens elsewhere, in another process, and the time that its clock says."""

    folder: Path
    writer: asyncio.subprocess.Process
    now: int = 0
    count: int = 0

    async def answer(self) -> None:
        """Wait for what it says of events and time."""
        assert self.writer.stdout is not None
        self.count, self.now = (int(word) for word in (await self.writer.stdout.readline()).split())

    async def go_on(self, events: int) -> None:
        """Let so many events happen."""
        assert self.writer.stdin is not None
        self.writer.stdin.write(f"{events}\n".encode())
        await self.answer()

    def dashboard(self) -> Dashboard:
        """A dashboard that reads the store's file."""
        place = StoreAccess(lambda: Gateway(SqliteStore(self.folder), lambda: self.now))
        return Dashboard(Session(place, lambda: self.now, None, read_only=True))


@asynccontextmanager
async def a_day(folder: Path) -> AsyncIterator[Day]:
    """A writer that has begun its day."""
    pipe = asyncio.subprocess.PIPE
    writer = await asyncio.create_subprocess_exec(sys.executable, str(WRITER), str(folder), stdin=pipe, stdout=pipe)
    day = Day(folder, writer)
    try:
        await day.answer()
        yield day
    finally:
        assert writer.stdin is not None
        writer.stdin.close()
        await writer.wait()


async def live_through(pilot: Pilot[str], day: Day, events: int) -> None:
    """Let so many events happen, while somebody looks around."""
    end = day.count + events
    while day.count < end:
        happening = asyncio.create_task(day.go_on(min(PART, end - day.count)))
        for key in KEYS:
            await pilot.press(key)
        await happening


async def check_day(folder: Path, events: int) -> tuple[list[Held], list[Held]]:
    """What a dashboard holds after each quarter, and what fresh ones do, in processes of their own, then.

    It shows the same as a fresh one at the end.
    """
    lived, fresh = list[Held](), list[Held]()
    begin_to_build()
    async with a_day(folder) as day, playing(day.dashboard(), SIZE) as pilot:
        for _ in range(QUARTERS):
            await live_through(pilot, day, events // QUARTERS)
            seen = await views_of(pilot, day.count)
            lived.append(Held.now())
            fresh.append(await held_by_fresh(folder, day.now, day.count))
        async with playing(day.dashboard(), SIZE) as other:
            assert seen == await views_of(other, day.count)
    return lived, fresh


async def test_a_dashboard_that_saw_another_process_write_shows_what_a_fresh_one_shows(tmp_path: Path) -> None:
    lived, fresh = await check_day(tmp_path / "store", QUARTERS * 500)

    assert len(lived) == len(fresh) == QUARTERS


@pytest.mark.soak
async def test_a_day_of_events_makes_a_dashboard_neither_grow_nor_drift(tmp_path: Path) -> None:
    with TemporaryDirectory(dir=IN_MEMORY if IN_MEMORY.is_dir() else tmp_path) as name:
        lived, fresh = await check_day(Path(name) / "store", DAY)
    sys.stdout.write(f"{DAY} events: {lived}, fresh ones {fresh}\n")

    for of in (attrgetter("objects"), attrgetter("blocks")):
        grown, needed = of(lived[-1]) - of(lived[FULL]), of(fresh[-1]) - of(fresh[FULL])
        assert grown - needed <= MORE * of(lived[FULL]), (lived, fresh)
