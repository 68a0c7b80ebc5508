"""Figures of webhooks: how long until 202, and until the task that one begins is ready to be claimed.

.venv/bin/python tests/benchmarks/webhooks.py [COUNT] [SECONDS]
"""

from __future__ import annotations

import sys
import tempfile
import threading
import time
from pathlib import Path

import httpx

sys.path.insert(0, str(Path(__file__).parents[1]))

from onloop.access.opening import open_file
from onloop.home import Home
from onloop.store.port import TaskFilter
from support.hooked import TRIGGERS, adopt, declare, issue, listening, project, send
from support.waiting import wait_for
from support.world import WORKFLOW, World

SENDERS = 4


class Watcher(threading.Thread):
    """Notes when each task is first seen in the store, by its number in its title."""

    def __init__(self, home: Home) -> None:
        super().__init__(daemon=True)
        self._home, self.seen, self.ends = home, dict[int, float](), threading.Event()

    def run(self) -> None:
        """Until `ends` is set."""
        opened = open_file(self._home)
        stamp, last = -1, 0
        while not self.ends.is_set():
            now = opened.gateway.store.stamp()
            if now == stamp:
                time.sleep(0.001)
                continue
            stamp = now
            with opened.gateway.store.reading() as at:
                tasks, last = at.tasks(TaskFilter(changed_after=last)), at.last_seq()
            for task in tasks:
                self.seen.setdefault(int(task.title.partition("#")[2].partition(":")[0]), time.monotonic())
        opened.close()


def per_mille(values: list[float], share: int) -> float:
    """The value below which so many of a thousand are, in ms."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, len(ordered) * share // 1000)] * 1000


def measure(count: int, seconds: float) -> None:
    """Send so many webhooks evenly over that time, and say how long each took."""
    with tempfile.TemporaryDirectory() as folder:
        world = World(Path(folder))
        world.init()
        declare(world)
        adopt(world, project(world, world.origin("shop"), WORKFLOW, TRIGGERS))
        process, url = listening(world)
        watcher = Watcher(Home(world.store))
        watcher.start()
        sent, answered = dict[int, float](), dict[int, float]()
        began = time.monotonic() + 1

        def sender(first: int) -> None:
            with httpx.Client(base_url=url, trust_env=False, timeout=60) as client:
                for number in range(first, count, SENDERS):
                    time.sleep(max(0.0, began + seconds * number / count - time.monotonic()))
                    sent[number] = time.monotonic()
                    status = send(client, issue("labeled", number), delivery=f"d-{number}").status_code
                    answered[number] = time.monotonic() - sent[number]
                    assert status == 202, status

        threads = [threading.Thread(target=sender, args=(first,)) for first in range(SENDERS)]
        for each in threads:
            each.start()
        for each in threads:
            each.join()
        wait_for(lambda: len(watcher.seen) >= count, lambda: f"{len(watcher.seen)} of {count} tasks")
        watcher.ends.set()
        watcher.join()
        process.terminate()
        process.communicate()
        ready = [watcher.seen[number] - sent[number] for number in range(count)]
        for name, values in (("202", list(answered.values())), ("task ready", ready)):
            print(  # noqa: T201
                f"{name}: p50 {per_mille(values, 500):.1f} ms, p99 {per_mille(values, 990):.1f} ms, "
                f"most {max(values) * 1000:.1f} ms ({count} webhooks in {seconds:g} s)"
            )


if __name__ == "__main__":
    measure(int(sys.argv[1]) if len(sys.argv) > 1 else 500, float(sys.argv[2]) if len(sys.argv) > 2 else 15.0)
