"""The longest pauses of the dashboard: how late its loop is while another process writes, and somebody looks around.

.venv/bin/python tests/benchmarks/pauses.py [MINUTES] [LIVE] [ALL] [FOLDER]      # 5 minutes, 10000 live tasks of 100000

The store is kept in FOLDER, if one is named, for the next time (`face.py` reads it, too). A beat that comes late is
said with the work that was done meanwhile: by the thread of the loop, and by all threads. What is late without work is
the machine's, which had others to serve. From the first paint until all tasks are read is said apart.
"""

from __future__ import annotations

import asyncio
import gc
import itertools
import json
import os
import signal
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
sys.path[:0] = [str(ROOT / part) for part in ("tests", "core", "tui")]

BEAT_S, LATE_S = 0.005, 0.05
KEY_S = 0.1
WORST = 12
SHARES = (0.5, 0.99, 0.999, 1)
DEPTH = 3
KEYS = "2jjjn/repo:7\x1b3jjkk4jj5jjj6jj1jj\r\x1bw\x1b2+g\x1b/work\x1b-jj1"
"""What somebody presses, again and again: every view, filters, the sheet, an explanation, folds."""


class Heart:
    """Beats in the loop, and keeps how late each beat was, apart for before and after all was read."""

    def __init__(self) -> None:
        self.late = {"reading": Counter[int](), "read": Counter[int]()}
        self.worst: list[dict[str, Any]] = []
        self.phase = "reading"
        self._at = time.perf_counter()
        self._stack = ""
        self._collecting = self._collected = 0.0
        self._loop_thread = threading.get_ident()
        gc.callbacks.append(self._heard)

    def _heard(self, phase: str, _about: object) -> None:
        if phase == "start":
            self._collecting = time.perf_counter()
        else:
            self._collected += time.perf_counter() - self._collecting

    async def beat(self) -> None:
        """Beat until the loop ends."""
        while True:
            own, all_threads, self._collected = time.thread_time(), time.process_time(), 0.0
            await asyncio.sleep(BEAT_S)
            now = time.perf_counter()
            late, self._at = now - self._at - BEAT_S, now
            self.late[self.phase][round(late * 1000)] += 1
            if late > LATE_S:
                work = {"own": time.thread_time() - own, "all": time.process_time() - all_threads}
                told = {name: round(spent * 1000) for name, spent in work.items()}
                told |= {"late": round(late * 1000), "gc": round(self._collected * 1000)}
                self.worst.append({**told, "phase": self.phase, "where": self._stack})
                self.worst = sorted(self.worst, key=lambda each: -each["late"])[: 4 * WORST]
            self._stack = ""

    def watch(self) -> None:
        """Note what the loop does while a beat is late; runs in a thread of its own."""
        while True:
            time.sleep(LATE_S / 2)
            frame = sys._current_frames().get(self._loop_thread)
            if time.perf_counter() - self._at > LATE_S and frame is not None and not self._stack:
                self._stack = " < ".join(_ours(frame))


def _ours(frame: Any) -> Iterator[str]:
    """The innermost functions, those of this project with their modules."""
    names = list[str]()
    while frame is not None:
        module = Path(frame.f_code.co_filename)
        if "onloop" in frame.f_code.co_filename or not names:
            names.append(f"{module.stem}.{frame.f_code.co_name}:{frame.f_lineno}")
        frame = frame.f_back
    return itertools.islice(names, DEPTH)


def within(out: Path, words: list[str]) -> None:
    """Be the dashboard, with a heart; its figures are written when it ends."""
    from onloop.cli.entry import main
    from onloop_tui.app import Dashboard

    begin, hearts = Dashboard._begin_to_read, list[Heart]()

    def begin_with_heart(app: Dashboard) -> None:
        heart = Heart()
        hearts.append(heart)
        app.run_worker(heart.beat())
        threading.Thread(target=heart.watch, daemon=True).start()
        settled = app._settled

        def settle() -> None:
            heart.phase = "read"
            settled()

        app._settled = settle
        begin(app)

    Dashboard._begin_to_read = begin_with_heart  # type: ignore[method-assign, assignment]  # a heart for the one that is measured
    sys.argv = ["onloop", *words]
    try:
        main()
    finally:
        late = {phase: dict(counted) for phase, counted in hearts[0].late.items()}
        out.write_text(json.dumps({"late": late, "worst": hearts[0].worst}))
        os._exit(0)


def outside(minutes: float, live: int, all_tasks: int, folder: str) -> None:
    """Look around in it for so long, and say how late its loop was."""
    from benchmarks.face import Shown, drain, store_of, writing
    from benchmarks.figures import say
    from benchmarks.kill_demo import environment
    from benchmarks.paint import drawn_by, seen

    with tempfile.TemporaryDirectory() as name:
        opened, out = store_of(Path(folder or name), live, all_tasks), Path(name) / "late.json"
        words = ("--store", str(opened.home.store), "--read-only")
        shown = Shown(*drawn_by(environment(Path(name)), __file__, "--within", str(out), *words))
        seen(shown.ours, b"needs you", 60)
        pressed = 0
        with writing(opened, live):
            end = time.monotonic() + minutes * 60
            for key in itertools.cycle(KEYS):
                shown.press(key.encode())
                pressed += 1
                time.sleep(KEY_S * 4 if key == "\x1b" else KEY_S)
                drain(shown.ours)
                if time.monotonic() > end:
                    break
        memory = shown.memory_mb()
        os.kill(shown.pid, signal.SIGTERM)
        while os.waitpid(shown.pid, os.WNOHANG) == (0, 0):
            drain(shown.ours)
            time.sleep(KEY_S)
        say(f"{minutes:g} min, {pressed} keys, 50 events/s; load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores")
        say(f"memory at the end {memory:.0f} MB")
        report(json.loads(out.read_text()))


def report(found: dict[str, Any]) -> None:
    """How late the beats were, and what was done in the latest."""
    from benchmarks.figures import say

    for phase, counted in found["late"].items():
        late = sorted(Counter({int(ms): count for ms, count in counted.items()}).elements())
        shares = ", ".join(
            f"p{share * 100:g} {late[int(share * (len(late) - 1))]} ms" for share in (0.5, 0.99, 0.999, 1)
        )
        long = [each for each in found["worst"] if each["phase"] == phase and each["late"] > 100]
        by_us = [each for each in long if each["all"] > each["late"] / 2]
        say(f"{phase}: {len(late)} beats, late by {shares}; over 100 ms: {len(long)}, {len(by_us)} of them with work")
    for each in found["worst"][:WORST]:
        say(
            "  {late} ms late ({phase}): {own} ms of the loop, {all} of all threads, {gc} of gc: {where}".format(**each)
        )


if __name__ == "__main__":
    given = sys.argv[1:]
    if given[:1] == ["--within"]:
        within(Path(given[1]), given[2:])
    else:
        numbers = [*given[:3], *("5", "10000", "100000")[len(given[:3]) :]]
        outside(float(numbers[0]), int(numbers[1]), int(numbers[2]), "".join(given[3:4]))
