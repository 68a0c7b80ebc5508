"""The dashboard on another machine: over TLS, at the real `onloop serve --listen`, beside the one over the file.

.venv/bin/python tests/benchmarks/far_dashboard.py [paint] [start]

paint: committed by another process → painted, asked 200 times of each. start: from the command to the first screen that
counts 10,000 tasks, the two in turn.
"""

from __future__ import annotations

import os
import signal
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
sys.path[:0] = [str(ROOT / part) for part in ("tests", "core", "tui")]

from benchmarks.figures import DEFINITION, PINNED, begin, opened_in, say  # noqa: E402
from benchmarks.kill_demo import environment  # noqa: E402
from benchmarks.paint import answerer, drawn_by, sample, seen  # noqa: E402
from onloop.access.opening import GatewayHandle  # noqa: E402
from onloop.gateway.command_operations import CreateRun  # noqa: E402
from onloop.gateway.credential_operations import MintSession  # noqa: E402
from onloop.identity.scram import RANDOM_COST  # noqa: E402
from onloop.machine.commands import Create  # noqa: E402
from onloop.machine.principal import launcher  # noqa: E402
from onloop.machine.task import Kind  # noqa: E402
from onloop.remote.client_credentials import Credentials  # noqa: E402
from onloop.remote.http_client.carriers import SmallCarrier  # noqa: E402
from onloop.remote.http_client.http_line import HttpLine  # noqa: E402
from onloop.remote.http_client.login_file import LoginOwner, LoginSession, keep_login  # noqa: E402
from support.listening import Authority, listening  # noqa: E402

SAMPLES, TASKS, STARTS = int(os.environ.get("SAMPLES", "200")), 10_000, 5
AIM_PAINT_MS, AIM_START_S = 60.0, 2.0


@dataclass(slots=True)
class TwoWays:
    """A store, and the surroundings of a dashboard over its file and of one over its gateway's URL."""

    opened: GatewayHandle
    near: dict[str, str]
    far: dict[str, str]


@contextmanager
def two_ways(fill: Callable[[GatewayHandle], None]) -> Iterator[TwoWays]:
    """A store that is filled, whose gateway listens in the block, and where ana is logged in."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        opened = opened_in(folder)
        fill(opened)
        near = environment(folder) | {"ONLOOP_STORE": str(folder / "store")}
        authority = Authority(folder)
        with listening(near, authority) as url:
            os.environ["XDG_STATE_HOME"] = str(folder / "far")
            _log_in(url, str(authority.file))
            far = environment(folder / "far") | {"ONLOOP_URL": url, "ONLOOP_CA": str(authority.file)}
            yield TwoWays(opened, near, far)
        opened.close()


def _log_in(url: str, ca: str) -> None:
    line = HttpLine(url, SmallCarrier(url, ca), Credentials(least_cost=RANDOM_COST))
    granted = line.ask(MintSession(line.person("ana", "long enough", typed=False)))
    keep_login(LoginSession(LoginOwner(url, "ana", granted.expires), granted.secret))
    line.close()


@contextmanager
def _dashboard(env: dict[str, str]) -> Iterator[int]:
    """Our end of the terminal of a dashboard."""
    pid, ours = drawn_by(env, "-m", "onloop.cli.entry", "--read-only")
    try:
        yield ours
    finally:
        os.kill(pid, signal.SIGTERM)
        os.waitpid(pid, 0)
        os.close(ours)


def paint() -> None:
    """A commit by another process → painted, over the file and over the URL."""
    p99 = dict[str, float]()
    with two_ways(lambda opened: begin(opened, 1)) as ways:
        person = answerer(ways.opened)
        for name, env in (("file", ways.near), ("URL", ways.far)):
            with _dashboard(env) as ours:
                seen(ours, b"onloop", 30)
                first = 0 if name == "file" else SAMPLES
                took = sorted(sample(ways.opened, ours, first + number, person) for number in range(SAMPLES))
            p99[name] = took[int(len(took) * 0.99) - 1]
            say(f"committed → painted, over the {name}: p50 {statistics.median(took):.0f} ms, p99 {p99[name]:.0f} ms")
    say(f"over the URL, p99 is {p99['URL'] - p99['file']:.0f} ms later (aim {AIM_PAINT_MS:.0f} ms)")


def _fill(opened: GatewayHandle) -> None:
    given = (Kind.WORK, "bench", DEFINITION.digest, "launcher:b", "big")
    root = Create("all", Kind.FLEET, "bench", DEFINITION.digest, "launcher:b", "big")
    tasks = [(f"big.{number}", Create(f"task {number}", *given, parent="big", origin="/o", repo=f"o{number}"))
             for number in range(1, TASKS)]  # fmt: skip
    opened.gateway.perform(CreateRun(launcher("b"), (("big", root), *tasks), PINNED))


def start() -> None:
    """From the command to the first screen that counts all tasks."""
    took: dict[str, list[float]] = {"file": [], "URL": []}
    with two_ways(_fill) as ways:
        for _ in range(STARTS):
            for name, env in (("file", ways.near), ("URL", ways.far)):
                begun = time.perf_counter()
                with _dashboard(env) as ours:
                    took[name].append(seen(ours, b"waiting 9999", 60) - begun)
    told = ", ".join(f"over the {name} {statistics.median(each):.2f} s" for name, each in took.items())
    say(f"start with {TASKS} tasks: {told} (aim {AIM_START_S:.0f} s over the URL)")


PARTS: dict[str, Callable[[], None]] = {"paint": paint, "start": start}

if __name__ == "__main__":
    for part in sys.argv[1:] or PARTS:
        PARTS[part]()
