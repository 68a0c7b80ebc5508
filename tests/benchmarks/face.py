"""The dashboard when there is much to see: a real terminal, a real store, another process that goes on writing.

.venv/bin/python tests/benchmarks/face.py [LIVE] [ALL]     # 10000 live tasks of 100000, unless said otherwise
"""

from __future__ import annotations

import os
import signal
import statistics
import sys
import tempfile
import threading
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
from onloop.identity.passphrase import person_from_passphrase  # noqa: E402
from onloop.identity.resolution import agent_from_token  # noqa: E402
from onloop.machine.commands import Ask, Cancel, Create, Release, ReleaseCause  # noqa: E402
from onloop.machine.principal import launcher  # noqa: E402
from onloop.machine.task import Kind  # noqa: E402

RUN = 1000
ASKING = 40
"""Of how many live tasks one asks a person."""
EVENTS_A_SECOND = 50
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
    import select

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


def _ask(opened: GatewayHandle, task: str) -> None:
    claim = opened.gateway.perform(ClaimTask(launcher("b"), "agent:a", "r", task=task))
    with opened.gateway.store.reading() as at:
        agent = agent_from_token(at, claim.secret)
    opened.gateway.perform(PerformCommand(agent, task, Ask(agent.id, agent.epoch, f"what of {task}?")))


def _create(run: str, kind: Kind, parent: str | None, repo: str = "o") -> Create:
    return Create("t", kind, "bench", DEFINITION.digest, "launcher:b", run, parent=parent, repo=repo, origin="/o")


@contextmanager
def writing(opened: GatewayHandle, live: int) -> Iterator[None]:
    """Somebody claims and gives back live tasks, at about so many events a second, until the block ends."""
    stop = threading.Event()

    def go() -> None:
        other = open_home(opened.home)
        for number in range(10**9):
            began = time.perf_counter()
            task = f"f{number % max(1, live // RUN) + 1}.{number % (RUN - 1) + 1}"
            claim = other.gateway.perform(ClaimTask(launcher("b"), "agent:w", "r", task=task))
            with other.gateway.store.reading() as at:
                agent = agent_from_token(at, claim.secret)
            other.gateway.perform(PerformCommand(agent, task, Release(agent.id, agent.epoch, ReleaseCause.STOPPED)))
            if stop.wait(max(0.0, 4 / EVENTS_A_SECOND - (time.perf_counter() - began))):
                break
        other.close()

    thread = threading.Thread(target=go)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()


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


def main(live: int, all_tasks: int) -> None:
    """Measure, and say."""
    with tempfile.TemporaryDirectory() as name:
        opened = opened_in(Path(name))
        began = time.perf_counter()
        fill(opened, live, all_tasks)
        say(f"{live} live tasks of {all_tasks}, written in {time.perf_counter() - began:.0f} s; terminal 140×45")
        bare = statistics.median(bare_ms() for _ in range(5))
        words = ("--store", str(opened.home.store), "--read-only")
        firsts, wholes = [], []
        for _ in range(5):
            shown, first, whole = launched(Path(name), live, *words)
            firsts.append(first)
            wholes.append(whole)
            end(shown.pid)
        first, whole = statistics.median(firsts), statistics.median(wholes)
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
    """From the last letter of a filter to its effect; then it is taken away again."""
    shown.painted_ms(b"/", b"age:")
    shown.painted_ms(f"repo:repo{number}".encode(), f"is repo{number}".encode())
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
    main(*[int(word) for word in (*sys.argv[1:], "10000", "100000")[:2]])
