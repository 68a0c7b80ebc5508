"""What a process holds, and what a fresh dashboard of a store holds, in a process of its own.

`python tests/support/held.py STORE NOW LAST` opens it, looks around once, and says megabytes, objects and blocks.
"""

from __future__ import annotations

import asyncio
import gc
import os
import sys
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
if __name__ == "__main__":
    sys.path[:0] = [str(ROOT / part) for part in ("tests", "core", "tui")]

from onloop.gateway.service import Gateway  # noqa: E402
from onloop.store.sqlite.database import SqliteStore  # noqa: E402
from onloop_tui.app import Dashboard  # noqa: E402
from onloop_tui.resident_memory import begin_to_build, give_back  # noqa: E402
from onloop_tui.session import Session  # noqa: E402
from onloop_tui.store_access import StoreAccess  # noqa: E402
from support.tui_scenes import playing  # noqa: E402

KEYS = ("2", "j", "j", "k", "4", "j", "5", "3", "6", "1", "j", "enter", "escape", "w", "escape")
"""How somebody looks around, once."""


@dataclass(frozen=True)
class Held:
    """What a process holds."""

    memory_mb: float
    """What the machine counts, room that the allocator keeps for later among it."""
    objects: int
    blocks: int
    """What Python has allocated and not freed."""

    @classmethod
    def now(cls) -> Held:
        """As it is now, after what is not needed any more has been let go of."""
        gc.unfreeze()
        gc.collect()
        give_back()
        pages = int(Path("/proc/self/statm").read_text().split()[1])
        return cls(pages * os.sysconf("SC_PAGE_SIZE") / 2**20, len(gc.get_objects()), sys.getallocatedblocks())


async def held_by_fresh(store: Path, now: int, last: int) -> Held:
    """What a dashboard holds, in a process of its own, that has seen nothing of what happened before."""
    command = (sys.executable, str(Path(__file__)), str(store), str(now), str(last))
    process = await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.PIPE)
    told, _ = await process.communicate()
    memory, objects, blocks = told.split()
    return Held(float(memory), int(objects), int(blocks))


async def _look(store: Path, now: int, last: int) -> Held:
    from tui.test_churn import SIZE, views_of  # here: what it imports is not for those who only ask

    begin_to_build()
    place = StoreAccess(lambda: Gateway(SqliteStore(store), lambda: now))
    async with playing(Dashboard(Session(place, lambda: now, None, read_only=True)), SIZE) as pilot:
        await views_of(pilot, last)
        for key in KEYS:
            await pilot.press(key)
        await views_of(pilot, last)
        return Held.now()


if __name__ == "__main__":
    found = asyncio.run(_look(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])))
    print(found.memory_mb, found.objects, found.blocks)  # noqa: T201 - the answer
