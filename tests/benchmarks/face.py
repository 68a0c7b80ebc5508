"""The dashboard when there is much to see: a real terminal, a real store, another process that goes on writing.

.venv/bin/python tests/benchmarks/face.py [LIVE] [ALL] [FOLDER]

10000 live tasks of 100000, unless said otherwise. The store is kept in FOLDER, if one is named, for the next time.
"""

from __future__ import annotations

import itertools
import os
import select
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
sys.path[:0] = [str(ROOT / part) for part in ("tests", "core", "tui")]

from benchmarks.figures import DEFINITION, PINNED, opened_in, say  # noqa: E402
from benchmarks.paint import answerer, drawn_by, sample, seen, terminal  # noqa: E402
from onloop.access.opening import GatewayHandle, open_home  # noqa: E402
from onloop.gateway.claims import ClaimTask  # noqa: E402
from onloop.gateway.command_operations import CreateRun, PerformCommand  # noqa: E402
from onloop.home import Home  # noqa: E402
from onloop.identity.passphrase import person_from_passphrase  # noqa: E402
from onloop.identity.resolution import agent_from_token  # noqa: E402
from onloop.machine.commands import Ask, Cancel, Create, Release, ReleaseCause  # noqa: E402
from onloop.machine.principal import launcher  # noqa: E402
from onloop.machine.task import Kind  # noqa: E402

RUN = 1000
ASKING = 40
"""Of how many live tasks one asks a person."""
EVENTS_A_SECOND = 50
LETTER_S = 0.15
"""How long after one letter a person types the next."""
KEYS, SAMPLES, IDLE_S = 200, 200, 10.0
BARE = """
from textual.app import App
from textual.widgets import Static
class Smallest(App):
    def compose(self):
        yield Static("here it is")
Smallest().run()
"""


@dataclass(frozen=True, slots=True)
class Shown:
    """A dashboard on a terminal of ours."""

    pid: int
    ours: int

    def press(self, keys: bytes) -> float:
        """Type, and say when."""
        began = time.perf_counter()
        os.write(self.ours, keys)
        return began

    def painted_ms(self, keys: bytes, marker: bytes) -> float:
        """How long after the keys the marker came out of the terminal."""
        drain(self.ours)
        began = self.press(keys)
        return (seen(self.ours, marker) - began) * 1000

    def cpu_s(self) -> float:
        """Processor time so far."""
        fields = Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def memory_mb(self) -> float:
        """Resident memory."""
        status = Path(f"/proc/{self.pid}/status").read_text()
        return int(status.partition("VmRSS:")[2].split()[0]) / 1024


def drain(ours: int) -> None:
    """Forget what the terminal has said so far."""
    while select.select([ours], [], [], 0)[0]:
        os.read(ours, 65536)


def fill(opened: GatewayHandle, live: int, all_tasks: int) -> None:
    """Runs of a thousand tasks each; of those beyond `live` all are cancelled."""
    with opened.gateway.store.reading() as at:
        ana = person_from_passphrase(at.house(), "ana", "long enough", typed=False)
    assert ana.voice is not None
    opened.gateway.perform(CreateRun(launcher("b"), (("t0", _create("t0", Kind.WORK, None)),), PINNED))
    for number in range(1, all_tasks // RUN + 1):
        run = f"f{number}"
        children = [(f"{run}.{i}", _create(run, Kind.WORK, run, f"repo{i}")) for i in range(1, RUN)]
        opened.gateway.perform(CreateRun(launcher("b"), ((run, _create(run, Kind.FLEET, None)), *children), PINNED))
        if number * RUN > live:
            for task, _ in children:  # the run ends with the last of them
                opened.gateway.perform(PerformCommand(ana, task, Cancel(ana.voice, "not needed")))
        else:
            for task, _ in children[::ASKING]:
                _ask(opened, task)


def store_of(folder: Path, live: int, all_tasks: int) -> GatewayHandle:
    """The store in that folder, written if it is not there yet."""
    if (folder / "store").exists():
        return open_home(Home(folder / "store"))
    opened, began = opened_in(folder), time.perf_counter()
    fill(opened, live, all_tasks)
    say(f"{live} live tasks of {all_tasks}, written in {time.perf_counter() - began:.0f} s")
    return opened


def _ask(opened: GatewayHandle, task: str) -> None:
    claim = opened.gateway.perform(ClaimTask(launcher("b"), "agent:a", "r", task=task))
    with opened.gateway.store.reading() as at:
        agent = agent_from_token(at, claim.secret)
    opened.gateway.perform(PerformCommand(agent, task, Ask(agent.id, agent.epoch, f"what of {task}?")))


def _create(run: str, kind: Kind, parent: str | None, repo: str = "o") -> Create:
    return Create("t", kind, "bench", DEFINITION.digest, "launcher:b", run, parent=parent, repo=repo, origin="/o")


@contextmanager
def writing(opened: GatewayHandle, live: int) -> Iterator[None]:
    """A process claims and gives back live tasks, at about so many events a second, until the block ends."""
    argv = [sys.executable, __file__, "--write", str(opened.home.store), str(live)]
    writer = subprocess.Popen(argv, stdin=subprocess.PIPE)
    try:
        yield
    finally:
        writer.communicate()
        if writer.returncode:
            raise RuntimeError("nothing was written meanwhile")


def write(store: str, live: int) -> None:
    """What that process does until its input ends."""
    other = open_home(Home(Path(store)))
    at_work = [f"f{run}.{i}" for i in range(1, RUN) if i % ASKING != 1 for run in range(1, max(1, live // RUN) + 1)]
    for task in itertools.cycle(at_work):
        began = time.perf_counter()
        claim = other.gateway.perform(ClaimTask(launcher("b"), "agent:w", "r", task=task))
        with other.gateway.store.reading() as at:
            agent = agent_from_token(at, claim.secret)
        other.gateway.perform(PerformCommand(agent, task, Release(agent.id, agent.epoch, ReleaseCause.STOPPED)))
        if select.select([sys.stdin], [], [], max(0.0, 4 / EVENTS_A_SECOND - (time.perf_counter() - began)))[0]:
            break
    other.close()


def p(values: list[float], share: float) -> float:
    """The value below which that share lies."""
    return sorted(values)[max(0, int(len(values) * share) - 1)]


def launched(folder: Path, live: int, *words: str) -> tuple[Shown, float, float]:
    """The dashboard, and how many ms it took until what needs somebody was on the screen, and until all was counted."""
    began = time.perf_counter()
    asking = live // RUN * len(range(1, RUN, ASKING))
    pid, ours = terminal(folder, *words)
    first = seen(ours, f"needs you {asking}".encode(), 60)
    whole = seen(ours, f"waiting {live // RUN * (RUN - 1) + 1 - asking}".encode(), 60)
    return Shown(pid, ours), (first - began) * 1000, (whole - began) * 1000


def bare_ms() -> float:
    """How long Textual's own smallest app takes to its first paint."""
    began = time.perf_counter()
    pid, ours = drawn_by(os.environ, "-c", BARE)
    took = (seen(ours, b"here it is", 30) - began) * 1000
    end(pid)
    return took


def end(pid: int) -> None:
    """End a process that we started."""
    os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)


def main(live: int, all_tasks: int, folder: str = "") -> None:
    """Measure, and say."""
    with tempfile.TemporaryDirectory() as name:
        opened = store_of(Path(folder or name), live, all_tasks)
        load = os.getloadavg()[0]
        bare = statistics.median(bare_ms() for _ in range(5))
        words = ("--store", str(opened.home.store), "--read-only")
        firsts, wholes = [], []
        for _ in range(5):
            shown, first, whole = launched(Path(name), live, *words)
            firsts.append(first)
            wholes.append(whole)
            end(shown.pid)
        first, whole = statistics.median(firsts), statistics.median(wholes)
        say(f"{live} live tasks of {all_tasks}; terminal 140×45; load {load:.1f} on {os.cpu_count()} cores")
        say(f"launch → what needs you {first:.0f} ms, all counted {whole:.0f} ms; Textual's smallest app {bare:.0f} ms")
        shown, _, _ = launched(Path(name), live, *words)
        try:
            measure(shown, opened, live, all_tasks)
        finally:
            end(shown.pid)


def measure(shown: Shown, opened: GatewayHandle, live: int, all_tasks: int) -> None:
    """Keys, filters, events, idleness, memory."""
    shown.painted_ms(b"2", b"[2 Tree]")
    report("key → painted, idle store", [shown.painted_ms(b"j", "▶".encode()) for _ in range(KEYS)])
    with writing(opened, live):
        report("key → painted, 50 events/s", [shown.painted_ms(b"j", "▶".encode()) for _ in range(KEYS)])
        report("filter → painted, 50 events/s", [filtered(shown, number, found) for number, found in hits(all_tasks)])
        shown.painted_ms(b"1", b"[1 Inbox]")
        person = answerer(opened)
        took = [sample(opened, shown.ours, number, person) for number in range(SAMPLES)]
        report("committed → painted, 50 events/s", took)
        began, used = time.perf_counter(), shown.cpu_s()
        until(lambda: time.perf_counter() - began > IDLE_S, shown.ours)
        say(f"CPU at 50 events/s: {(shown.cpu_s() - used) / (time.perf_counter() - began):.1%} of a core")
    began, used = time.perf_counter(), shown.cpu_s()
    until(lambda: time.perf_counter() - began > IDLE_S, shown.ours)
    share = (shown.cpu_s() - used) / (time.perf_counter() - began)
    say(f"CPU idle: {share:.1%} of a core; memory {shown.memory_mb():.0f} MB")


def hits(all_tasks: int) -> Iterator[tuple[int, int]]:
    """Numbers to look for, and in how many repositories each is found once a 7 follows it."""
    for number in range(1, 21):
        yield number, sum(f"{number}7" in str(i)[: len(f"{number}7")] for i in range(1, RUN)) * (all_tasks // RUN)


def filtered(shown: Shown, number: int, found: int) -> float:
    """From the last letter of a filter to its whole effect; then it is taken away again."""
    shown.painted_ms(b"/", b"age:")
    shown.painted_ms(f"repo:repo{number}".encode(), f"is repo{number}".encode())
    time.sleep(LETTER_S)
    took = shown.painted_ms(b"7", f" {found} found".encode())
    os.write(shown.ours, b"\x1b")
    time.sleep(0.3)  # what comes right after Esc is taken for a key with Alt
    return took


def until(holds: Callable[[], bool], ours: int) -> None:
    """Wait, and let the terminal take what is said meanwhile."""
    while not holds():
        drain(ours)
        time.sleep(0.05)


def report(what: str, values: list[float]) -> None:
    """One line: how it is spread."""
    half, most, nearly = (p(values, share) for share in (0.5, 0.95, 0.99))
    say(f"{what}: p50 {half:.0f} ms, p95 {most:.0f} ms, p99 {nearly:.0f} ms, worst {max(values):.0f} ms")


if __name__ == "__main__":
    given = sys.argv[1:]
    if given[:1] == ["--write"]:
        write(given[1], int(given[2]))
    else:
        live, all_tasks = (int(word) for word in (*given, *("10000", "100000")[len(given) :])[:2])
        main(live, all_tasks, "".join(given[2:3]))
