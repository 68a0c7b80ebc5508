"""The dashboard over a line like a bad SSH: 150 ms each way, 20 KB/s. Bytes per key, and keys while 50 events/s come.

.venv/bin/python tests/benchmarks/slow_line.py
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).parents[2]
sys.path[:0] = [str(ROOT / part) for part in ("tests", "core", "tui")]

from benchmarks.figures import say  # noqa: E402
from support.drawn_cells import DrawnCells  # noqa: E402
from support.slow_line import SlowLine, on_slow_line  # noqa: E402

ONE_WAY_S, RATE = 0.15, 20_000
QUIET_S, PATIENCE_S = 0.8, 8.0
KEYS = (*"jjk2jjkGg3jj4jj5jjk6j1jkj", "enter", "j", "j", "]", "d", "esc", "esc", "?", "esc")
SENT = {"enter": b"\r", "esc": b"\x1b"}
EVENTS_S, CHURN_S = 50, 12
STORE = """
import sys, time
from pathlib import Path
from onloop.access.opening import create_home
from onloop.home import Home
from onloop_tui.store_access import access_of
from support.tui_scenes import CHEAP, Scene
home = Home(Path(sys.argv[1]))
new = not home.store.exists()
if new:
    create_home(home, store_id="s", person="ana", groups=("approvers",), passphrase="long enough", email="",
                scripted=False, cost=CHEAP)
scene = Scene(store=access_of(home).open().store, clock=lambda: int(time.time() * 1000) - 600_000 * new)
"""
FILL = """
tasks = scene.fleet([f"repository-{n}" for n in range(40)])
for task in tasks[:4]: scene.wants_approval(task)
for task in tasks[4:9]: scene.fails(task, "AttributeError: module 'kvlite' has no attribute 'legacy_scan'")
for task in tasks[9:12]: scene.asks(task, "Keep the old key format, or rewrite stored keys?")
"""
CHURN = """
import itertools
end = time.time() + float(sys.argv[2])
names = [f"r7k2m.{n}" for n in range(13, 41)]
for n, task in enumerate(itertools.cycle(names)):
    if time.time() > end: break
    due = end - float(sys.argv[2]) + n * 3 / float(sys.argv[3])
    time.sleep(max(0, due - time.time()))
    try: scene.asks(task, f"which of {n}?")
    except Exception: scene.fleet([f"more-{n}-{i}" for i in range(3)], run=f"q{n:04}")
"""


def _run(code: str, *argv: str) -> subprocess.Popen[bytes]:
    return subprocess.Popen([sys.executable, "-c", STORE + code, *argv], env=_environment(), stderr=subprocess.DEVNULL)


def _environment() -> dict[str, str]:
    paths = os.pathsep.join(str(ROOT / part) for part in ("tests", "core", "tui"))
    return {**os.environ, "PYTHONPATH": paths, "TERM": "xterm-256color", "COLORTERM": "truecolor"}


def _opened(folder: Path, size: tuple[int, int]) -> SlowLine:
    env = {**_environment(), "XDG_STATE_HOME": str(folder / "state"), "XDG_CONFIG_HOME": str(folder / "config")}
    argv = (sys.executable, "-m", "onloop_tui", str(folder / "store"))
    line = on_slow_line(argv, env, size=size, one_way_s=ONE_WAY_S, rate=RATE)
    line.until(b"Inbox", 30)
    line.until_quiet(QUIET_S, 20)
    return line


def _keys(folder: Path, size: tuple[int, int]) -> None:
    line = _opened(folder, size)
    bytes_of = {}
    for number, key in enumerate(KEYS):
        line.press(SENT.get(key, key.encode()))
        bytes_of[number, key] = line.until_quiet(QUIET_S, PATIENCE_S)
    idle = line.carry(5.0) / 5
    _end(line)
    counts = sorted(bytes_of.values())
    p95 = counts[int(len(counts) * 0.95) - 1]
    say(f"{size[0]}×{size[1]}: bytes per key: median {counts[len(counts) // 2]}, p95 {p95}, most {counts[-1]}; ")
    say("   " + " ".join(f"{key}:{count}" for (_, key), count in bytes_of.items()))
    say(f"   idle: {idle:.0f} bytes/s")


def _churn(folder: Path, size: tuple[int, int]) -> None:
    line = _opened(folder, size)
    writer = _run(CHURN, str(folder / "store"), str(CHURN_S), str(EVENTS_S))
    line.carry(2.0)
    terminal, fed = DrawnCells(), 0
    took, worst, begun = [], 0, time.monotonic()
    while writer.poll() is None and time.monotonic() - begun < CHURN_S:
        line.press(b"W")
        pressed = time.monotonic()
        while "shown is" not in terminal.text(size[1]):
            line.turn()
            if len(line.arrived) > fed:
                terminal.feed(line.arrived[fed:].decode("utf-8", "replace"))
                fed = len(line.arrived)
            worst = max(worst, line.under_way)
        took.append(time.monotonic() - pressed)
        line.press(b"\x1b")
        while "shown is" in terminal.text(size[1]):
            line.turn()
            if len(line.arrived) > fed:
                terminal.feed(line.arrived[fed:].decode("utf-8", "replace"))
                fed = len(line.arrived)
        line.carry(0.3)
    writer.wait()
    arrived = line.carry(1.0)
    _end(line)
    took.sort()
    say(
        f"{size[0]}×{size[1]} at {EVENTS_S} events/s: a key's answer after {took[len(took) // 2]:.2f} s, "
        f"worst {took[-1]:.2f} s of {len(took)}; most under way {worst} bytes; {arrived} bytes in the last second"
    )


def _end(line: SlowLine) -> None:
    os.kill(line.pid, signal.SIGTERM)
    line.carry(1.5)
    os.waitpid(line.pid, 0)


def main() -> None:
    """Both, at two sizes."""
    for size in ((80, 24), (140, 45)):
        with tempfile.TemporaryDirectory() as name:
            _run(FILL, f"{name}/store").wait()
            _keys(Path(name), size)
            _churn(Path(name), size)


if __name__ == "__main__":
    main()
