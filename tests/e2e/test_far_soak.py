"""200 agents at one gateway over TLS, for ten minutes: its memory stays what it was. Run by `-m soak`."""

from __future__ import annotations

import os
import threading
import time
from contextlib import closing
from pathlib import Path

import pytest

from onloop.access.opening import open_file
from onloop.access.runs import Workflow, pinned
from onloop.gateway.claims import ClaimTask
from onloop.gateway.command_operations import CreateRun
from onloop.gateway.leases import Heartbeat
from onloop.gateway.upkeep import RecogniseAgent
from onloop.home import Home
from onloop.machine import commands as c
from onloop.machine.principal import Principal, launcher
from onloop.machine.task import Kind
from onloop.remote.client import ClientStore, GatewayClient
from onloop.remote.client_credentials import Credentials
from onloop.remote.connection_operations import AnnounceWork, OfferHistory, ReadBundle
from onloop.remote.http_client.carriers import SmallCarrier
from onloop.remote.http_client.http_line import HttpLine
from onloop.views.queries.agent_reads import ReadPosition
from onloop.views.queries.reads import ReadTask
from onloop.workflow.loader import load
from support.far_machines import Far, certified
from support.world import WORKFLOW

AGENTS = 200
SECONDS = float(os.environ.get("SOAK_SECONDS", "600"))
WARM_UP = 0.2
"""Which part of the time is over before memory is compared: caches and lines are there by then."""

MOST_GROWTH = 1.15
_TICK_S = 2.0


def test_two_hundred_agents_over_tls_leave_the_gateways_memory_flat(far: Far) -> None:
    tasks = _fleet(far)
    secrets = _claimed(far, far.gateway.let_in(at_most=256), tasks)
    stop, troubles, asked = threading.Event(), list[str](), [0] * AGENTS

    def work(number: int) -> None:
        try:
            _agent(far, secrets[number], stop, asked, number)
        except Exception as problem:  # the test says so
            troubles.append(f"{type(problem).__name__}: {problem}")

    threads = [threading.Thread(target=work, args=(number,)) for number in range(AGENTS)]
    for thread in threads:
        thread.start()
    figures, end = list[tuple[float, int]](), time.monotonic() + SECONDS
    while time.monotonic() < end and not troubles:
        figures.append((time.monotonic(), _resident_kib(far)))
        stop.wait(min(5.0, SECONDS / 20))
    stop.set()
    for thread in threads:
        thread.join()

    assert troubles == []
    late = [size for at, size in figures if at > end - SECONDS * (1 - WARM_UP)]
    first, last = late[: max(1, len(late) // 4)], late[-max(1, len(late) // 4) :]
    growth = (sum(last) / len(last)) / (sum(first) / len(first))
    told = f"{AGENTS} agents, {sum(asked)} requests in {SECONDS:g} s; KiB at the start, after warm-up, at the end: "
    (far.world.folder / "figures").write_text(f"{told}{figures[0][1]}, {late[0]}, {late[-1]}\n")
    assert growth < MOST_GROWTH, figures


def _fleet(far: Far) -> list[str]:
    """A run of as many tasks as there are agents, all in one repository."""
    source = WORKFLOW.replace("timeout: 30s", "timeout: 2h").encode()
    workflow = Workflow(load(source, "small.yaml"), source)
    owner, digest = launcher("soak"), workflow.definition.digest
    url = far.origin.url("shop.git")
    root = ("r1", c.Create("Soak", Kind.FLEET, "small", digest, owner.id, "r1"))
    one = c.Create("Soak", Kind.WORK, "small", digest, owner.id, "r1", parent="r1", repo="shop", origin=url)
    tasks = [f"r1.{number}" for number in range(1, AGENTS + 1)]
    below = [(task, one) for task in tasks]
    opened = open_file(Home(far.world.store))
    try:
        opened.gateway.perform(CreateRun(owner, (root, *below), pinned(workflow)))
    finally:
        opened.close()
    return tasks


def _line(far: Far, bearer: str) -> HttpLine:
    carrier = SmallCarrier(far.gateway.url, str(certified() / "ca.pem"))
    return HttpLine(far.gateway.url, carrier, Credentials(bearer=bearer), [0.5] * 60)


def _claimed(far: Far, launched_by: str, tasks: list[str]) -> list[str]:
    """The tokens of all agents: a worker claims for them one after the other."""
    with closing(_line(far, launched_by)) as line:
        client = GatewayClient(line, ClientStore(line), line.clock)
        wanted = [ClaimTask(launcher("soak"), f"agent:a-{task}", "implementer", task, 3_600_000) for task in tasks]
        return [client.perform(each).secret for each in wanted]


def _agent(far: Far, secret: str, stop: threading.Event, asked: list[int], number: int) -> None:
    """One agent: asks what agents ask, again and again; uploads, and fetches history."""
    with closing(_line(far, secret)) as line:
        client = GatewayClient(line, ClientStore(line), line.clock)
        agent, turn = client.perform(RecogniseAgent(secret)), 0
        while not stop.wait(_TICK_S):
            turn += 1
            client.perform(Heartbeat(agent, lease_ms=3_600_000, progress=True))
            client.perform(ReadPosition(agent.task or "", agent.id, client.clock()))
            client.perform(ReadTask(agent.task or ""))
            asked[number] += 3
            if turn % 10 == number % 10:
                _move_bytes(client, line, agent, uploads=number == 0)
                asked[number] += 3


def _move_bytes(client: GatewayClient, line: HttpLine, agent: Principal, *, uploads: bool) -> None:
    """Fetch history; one of them begins to hand in what is never submitted, and waits there for five minutes."""
    offer = client.perform(OfferHistory(agent))
    client.perform(ReadBundle(agent, offer.digest))
    if not uploads:
        return
    line.ask(AnnounceWork(agent, "a" * 40, 0, (("notes", 200_000),)))
    line.send(b"x" * 100_000)


def _resident_kib(far: Far) -> int:
    process = far.gateway.process
    assert process is not None
    return int(Path(f"/proc/{process.pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") // 1024


pytestmark = pytest.mark.soak
