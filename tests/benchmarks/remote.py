"""What it costs to ask from another machine: over TLS, at the real `onloop serve --listen`.

.venv/bin/python tests/benchmarks/remote.py [open] [process] [start]

open: `check` by 200 agents over a kept connection each, 200 requests a second in all at random moments; latency counts
from when each was due. process: the whole process `onloop check`, beside a bare interpreter, one after the other.
"""

from __future__ import annotations

import asyncio
import os
import random
import resource
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
sys.path[:0] = [str(ROOT / part) for part in ("core", "tui", "tests")]

from benchmarks.figures import _ratios, begin, opened_in, quartiles, say  # noqa: E402
from onloop.gateway.claims import ClaimTask  # noqa: E402
from onloop.identity.accounts import NETWORK_UID  # noqa: E402
from onloop.machine.principal import launcher  # noqa: E402
from onloop.machine.task import Hand  # noqa: E402
from support.listening import Authority, listening  # noqa: E402

AGENTS, RATE, SECONDS = 200, 200.0, 20.0
AIM_MS, AIM_RATIO = 15.0, 3.0


@dataclass(slots=True)
class Remote:
    """A gateway that listens, and the tokens of agents who claimed over the network."""

    folder: Path
    url: str
    authority: Authority
    tokens: list[str]

    @property
    def port(self) -> int:
        """Where it listens."""
        return int(self.url.rpartition(":")[2])


@contextmanager
def remote(agents: int) -> Iterator[Remote]:
    """A store with so many agents, whose gateway listens in the block."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        opened = opened_in(folder)
        begin(opened, agents)
        far = launcher("far", Hand(NETWORK_UID))
        claims = (ClaimTask(far, f"agent:a{n}", "r", task=f"t{n}", lease_ms=10**7) for n in range(agents))
        tokens = [opened.gateway.perform(claim).secret for claim in claims]
        opened.close()
        kept = {name: value for name, value in os.environ.items() if not name.startswith("ONLOOP_")}
        environment = {**kept, "PYTHONPATH": str(ROOT / "core"), "ONLOOP_STORE": str(folder / "store")}
        authority = Authority(folder)
        with listening(environment, authority) as url:
            yield Remote(folder, url, authority, tokens)


async def _asking(at: Remote, token: str, dice: random.Random, end: float, took: list[float]) -> None:
    """One agent over one kept connection; each request is due at a moment of its own, whatever the last one took."""
    reader, writer = await asyncio.open_connection(
        "127.0.0.1", at.port, ssl=at.authority.trust, server_hostname="127.0.0.1"
    )
    head = f"POST /v1/check HTTP/1.1\r\nHost: 127.0.0.1:{at.port}\r\nAuthorization: Bearer {token}\r\n"
    request = f"{head}Content-Type: application/json\r\nContent-Length: 2\r\n\r\n{{}}".encode()
    due = time.perf_counter()
    while (due := due + dice.expovariate(RATE / AGENTS)) < end:
        await asyncio.sleep(max(0.0, due - time.perf_counter()))
        writer.write(request)
        answer = await reader.readuntil(b"\r\n\r\n")
        assert answer.startswith(b"HTTP/1.1 200"), answer
        length = next(line for line in answer.lower().split(b"\r\n") if line.startswith(b"content-length:"))
        await reader.readexactly(int(length.partition(b":")[2]))
        took.append((time.perf_counter() - due) * 1000)
    writer.close()


async def _open_loop(at: Remote) -> list[float]:
    took, end = list[float](), time.perf_counter() + SECONDS
    dice = [random.Random(number) for number in range(AGENTS)]  # noqa: S311
    await asyncio.gather(*(_asking(at, token, die, end, took) for token, die in zip(at.tokens, dice, strict=True)))
    return sorted(took)


def _spent(act: Callable[[Remote], object]) -> float:
    """The seconds of a processor that a gateway spends from its start to its end, while something is done at it."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    with remote(AGENTS) as at:
        act(at)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def open_loop() -> None:
    """`check` at 200 requests a second from 200 kept connections."""
    idle = _spent(lambda _: time.sleep(2.0))
    took = list[float]()
    busy = _spent(lambda at: took.extend(asyncio.run(_open_loop(at))))
    p99 = took[int(len(took) * 0.99)]
    say(
        f"check over TLS, {len(took) / SECONDS:.0f}/s from {AGENTS} kept connections, open loop, ms from when due: "
        f"p50 {statistics.median(took):.1f}, p99 {p99:.1f} (aim {AIM_MS:.0f}), worst {took[-1]:.1f}; "
        f"the gateway spends {(busy - idle) / len(took) * 1000:.2f} ms of a processor on each; "
        f"{os.getloadavg()[0]:.0f} processes wanted {os.cpu_count()} processors"
    )


def process() -> None:
    """`onloop check` and `next`, the whole process over TLS, beside a bare interpreter."""
    script = Path(sys.executable).with_name("onloop")
    with remote(2) as at:
        env = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "ONLOOP_"))}
        env |= {"ONLOOP_URL": at.url, "ONLOOP_CA": str(at.authority.file), "ONLOOP_TOKEN": at.tokens[0]}
        bare = [sys.executable, "-c", "pass"]
        ratios = {verb: _ratios([str(script), verb], bare, env) for verb in ("check", "next")}
    told = ", ".join(f"{verb} {quartiles(each)} ×" for verb, each in ratios.items())
    say(f"whole process over TLS beside python -c pass (aim {AIM_RATIO:.0f} ×): {told}")


PARTS: dict[str, Callable[[], None]] = {"open": open_loop, "process": process}


def main() -> None:
    """Run the parts that are named, or all."""
    for name in sys.argv[1:] or PARTS:
        PARTS[name]()


if __name__ == "__main__":
    main()
