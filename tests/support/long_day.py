"""A day of events in a store's file, written by a process of its own, so many at a time as its input asks for.

`python tests/support/long_day.py STORE`; each line of its input is a number of events, and the answer is how many there
are now, and what time it is. A day has one event each 20 ms.
"""

from __future__ import annotations

import random
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
if __name__ == "__main__":
    sys.path[:0] = [str(ROOT / part) for part in ("tests", "core", "tui")]

from onloop.gateway.command_operations import PerformCommand  # noqa: E402
from onloop.machine import commands as c  # noqa: E402
from onloop.store.sqlite.database import SqliteStore, create_store  # noqa: E402
from support.tui_scenes import Scene  # noqa: E402

RUNS, TASKS = 10, 100
EVENT_MS = 20
ASKING, BEGINNING = 0.05, 0.001
"""How often an agent asks something before it gives its task back, and a new run is begun, and canceled."""


class LongDay:
    """Tasks that agents claim, ask about, and give back, all day."""

    def __init__(self, folder: Path) -> None:
        create_store(folder)
        self.scene = Scene(SqliteStore(folder))
        self.scene.enrol("ana", "ben")
        self._ana = self.scene.person()
        self._chance = random.Random(7)  # noqa: S311 - the same day each time
        fleets = (self.scene.fleet([f"repo{n}" for n in range(TASKS)], run=f"run{r}") for r in range(RUNS))
        self._tasks = [task for tasks in fleets for task in tasks]
        self._begun = RUNS
        self.count = self._counted()

    def go_on(self, events: int) -> None:
        """Let so many events happen, or a few more."""
        end = self.count + events
        while self.count < end:
            self._happen()
            before, self.count = self.count, self._counted()
            self.scene.clock.later((self.count - before) * EVENT_MS)

    def _happen(self) -> None:
        task = self._chance.choice(self._tasks)
        if self._chance.random() < BEGINNING:
            self._begun += 1
            (task,) = self.scene.fleet(["short"], run=f"run{self._begun}")
            self._perform(task, c.Cancel(self._voice, "not needed"))
            return
        _, agent = self.scene.claim(task, f"coder{task[-1]}")
        if self._chance.random() < ASKING:
            asked = self.scene.gateway.perform(
                PerformCommand(agent, task, c.Ask(agent.id, agent.epoch, f"Which port for {task}?"))
            )
            self._perform(task, c.Reply(asked.requests[0].id, self._voice, "8080"))
            return
        release = c.Release(agent.id, agent.epoch, c.ReleaseCause.STOPPED)
        self.scene.gateway.perform(PerformCommand(agent, task, release))

    @property
    def _voice(self) -> c.Voice:
        assert self._ana.voice is not None
        return self._ana.voice

    def _perform(self, task: str, command: c.Command) -> None:
        self.scene.gateway.perform(PerformCommand(self._ana, task, command))

    def _counted(self) -> int:
        with self.scene.store.reading() as at:
            return at.last_seq()


def main(folder: Path) -> None:
    """Answer each line."""
    day = LongDay(folder)
    print(day.count, day.scene.clock(), flush=True)  # noqa: T201 - the answer
    for line in sys.stdin:
        day.go_on(int(line))
        print(day.count, day.scene.clock(), flush=True)  # noqa: T201 - the answer


if __name__ == "__main__":
    main(Path(sys.argv[1]))
