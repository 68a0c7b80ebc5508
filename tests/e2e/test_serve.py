"""The resident gateway as a real process: the same verbs through it, a clean stop, and kills under load."""

from __future__ import annotations

import os
import random
import secrets
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from functools import partial
from typing import TypeVar

import pytest

from e2e.serving import is_served, serving, started
from onloop.access.opening import open_file, wall_clock
from onloop.access.runs import Workflow, pinned
from onloop.errors import Exit, Refused, Unavailable
from onloop.gateway.claims import ClaimTask
from onloop.gateway.command_operations import CreateRun, PerformCommand
from onloop.gateway.port import GatewayPort
from onloop.gateway.service import Gateway
from onloop.home import Home
from onloop.machine import commands as c
from onloop.machine.principal import Principal, PrincipalKind, launcher
from onloop.machine.task import Kind
from onloop.remote.client import ClientStore, GatewayClient
from onloop.remote.connection import Connection
from onloop.store.rows import Token
from onloop.store.sqlite.database import SqliteStore
from onloop.store.sqlite.inspection import inspect
from onloop.workflow.loader import load
from support.waiting import DEADLINE_S, wait_for
from support.world import WORKFLOW as SMALL
from support.world import World

UNHURRIED = SMALL.replace("timeout: 30s", "timeout: 6h")
"""A client that many kills keep waiting must not run into the time limit of its step."""
WORKFLOW = Workflow(load(UNHURRIED.encode(), "small.yaml"), UNHURRIED.encode())
GOOD = "echo hello > hello.txt; git add -A; git commit -qm hello"
T = TypeVar("T")
ONLOOP = f"{sys.executable} -m onloop.cli.entry"


def test_the_same_verbs_go_through_the_resident_gateway_and_it_stops_when_told(world: World) -> None:
    world.init()
    task = f"{world.fleet(world.origin())}.1"
    script = f"{ONLOOP} next > /dev/null || true; {ONLOOP} heartbeat; {GOOD}; {ONLOOP} submit; {ONLOOP} check"
    with serving(world):
        worked = world.onloop("work", "--role", "implementer", "--once", "--", *world.agent(script))
        world.until(task, "input_required", "approval_required")
        decided = world.decide("approve", task, "--key", "k1")
        world.until(task, "completed")
        assert is_served(world)
    log = world.onloop("log", task, "--json").json["events"]

    assert (worked.code, decided.code) == (0, 0), worked.err + decided.err
    approved = next(e["seq"] for e in log if e["name"] == "Decided")
    assert decided.json["head"]["seq"] in {e["seq"] for e in log if e["seq"] >= approved}
    assert [e["name"] for e in log].count("Claimed") == 1
    assert not is_served(world) and not Home(world.store).socket.exists()
    assert world.onloop("store", "verify").code == 0


def test_an_agent_may_not_serve(world: World) -> None:
    world.init()

    assert world.onloop("serve", env={"ONLOOP_TOKEN": "onl_agt_x"}).code == Exit.NOT_YOURS


def test_a_url_that_is_none_is_refused(world: World) -> None:
    world.init()

    ran = world.onloop("list", env={"ONLOOP_URL": "ftp://localhost"})
    assert (ran.code, "unix:/path" in ran.err) == (Exit.USAGE, True)


class Load:
    """Many clients that begin a run, claim it and give it back, over and over; each outcome must be acknowledged."""

    def __init__(self, home: Home) -> None:
        self.home = home
        self.stop = threading.Event()
        self.done = Counter[int]()

    def more_than(self, count: int) -> Callable[[], bool]:
        """Whether more than so many rounds are done by now."""
        return lambda: self.done.total() > count

    def run(self, number: int) -> None:
        """One client. Every second one owns the file and falls back on it, the others wait for the gateway."""
        line, by, file = Connection(self.home.socket, self.home.store), launcher("load"), SqliteStore(self.home.store)
        behind = Gateway(file, wall_clock) if number % 2 else None
        gateway = GatewayClient(line, ClientStore(line), wall_clock, behind)
        digest = WORKFLOW.definition.digest
        try:
            while not self.stop.is_set():
                run = f"c{number}x{self.done[number]}"
                begin = c.Create("t", Kind.WORK, "small", digest, by.id, run, repo="o", origin="/o")
                key = f"{run}-{secrets.token_hex(8)}"
                _insist(partial(gateway.perform, CreateRun(by, ((run, begin),), pinned(WORKFLOW), key=key)))
                claim = ClaimTask(by, f"agent:a{number}", begin_role(), run, 3_600_000, key + "-claim")
                got = _insist(partial(gateway.perform, claim))
                me = Principal(PrincipalKind.AGENT, f"a{number}", run, got.task.epoch, got.task.step or "")
                ask = c.Ask(me.id, me.epoch, "Which one?")
                _insist(partial(gateway.perform, PerformCommand(me, run, ask, key + "-ask")))
                self.done[number] += 1
        finally:
            line.close()
            file.close()


def _insist(call: Callable[[], T]) -> T:
    """Ask with the same key for as long as there is no gateway."""
    while True:
        try:
            return call()
        except Unavailable:
            continue


def begin_role() -> str:
    """The role that the workflow begins with."""
    return WORKFLOW.definition.steps[0].role or ""


@pytest.mark.parametrize(
    ("kills", "clients"), [(5, 16), pytest.param(200, 64, marks=pytest.mark.soak)], ids=["some", "soak"]
)
def test_a_gateway_that_is_killed_under_load_loses_nothing_and_does_nothing_twice(
    world: World, kills: int, clients: int
) -> None:
    world.init()
    load, dice = Load(Home(world.store)), random.Random(kills)  # noqa: S311 - a test that can be repeated
    process = started(world)
    with ThreadPoolExecutor(clients) as pool:
        running = [pool.submit(load.run, number) for number in range(clients)]
        for _ in range(kills):
            before = load.done.total()
            wait_for(load.more_than(before + 3), lambda: "nothing moves")
            time.sleep(dice.random() * 0.05)  # so that the kill hits any moment of a commit
            process.kill()
            process.communicate()
            process = started(world)
        load.stop.set()
        for one in running:
            one.result(60)
    process.terminate()
    process.communicate(timeout=DEADLINE_S)

    home = Home(world.store)
    opened = open_file(home)
    with opened.gateway.store.reading() as at:
        for number in range(clients):
            for count in range(load.done[number]):
                names = [event.name for event in at.log(task=f"c{number}x{count}")]
                assert (names.count("Created"), names.count("Claimed"), names.count("LeaseEnded")) == (1, 1, 1), names
    opened.close()
    store = SqliteStore(home.store, home.anchor)
    assert inspect(store).problems == ()
    store.close()
    assert load.done.total() >= kills * 4


def test_of_sixteen_processes_that_race_for_a_task_one_wins_and_the_others_learn_who_and_until_when(
    world: World,
) -> None:
    world.init()
    task = f"{world.fleet(world.origin())}.1"
    command = [sys.executable, "-m", "onloop.cli.entry", "claim", task, "--role", "implementer", "--name"]
    racers = [
        subprocess.Popen(
            [*command, f"a{number}"],
            env=world.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for number in range(16)
    ]
    ended = [(racer.communicate(timeout=DEADLINE_S)[1], racer.returncode) for racer in racers]

    assert Counter(code for _, code in ended) == {0: 1, Exit.NOT_YOURS: 15}
    holder = world.task(task)["holder"]
    told = [err for err, code in ended if code]
    assert all(f"is held by {holder} under epoch 1, and its lease ends in " in err for err in told), told[0]


LATE = """\
import sys
from pathlib import Path
from onloop.errors import Refused
from onloop.home import Home
from onloop.identity.resolution import launcher
from onloop.access.opening import open_home
from onloop.gateway.claims import ClaimTask
from onloop.gateway.command_operations import PerformCommand
from onloop.gateway.leases import Heartbeat
from onloop.gateway.upkeep import RecogniseAgent
from onloop.machine import commands as c
gateway = open_home(Home(Path(sys.argv[1]))).gateway
got = gateway.perform(ClaimTask(launcher("t"), "agent:late", sys.argv[3], task=sys.argv[2], lease_ms=1500))
agent = gateway.perform(RecogniseAgent(got.secret))
print("claimed", flush=True)
sys.stdin.readline()
commands = (c.Ask(agent.id, agent.epoch, "?"), c.Fail(agent.id, agent.epoch, "no"),
            c.Release(agent.id, agent.epoch, c.ReleaseCause.STOPPED))
for operation in (Heartbeat(agent), *(PerformCommand(agent, agent.task, command) for command in commands)):
    try:
        gateway.perform(operation)
    except Refused as no:
        print(int(no.exit), flush=True)
"""


@pytest.mark.parametrize("is_served_now", [False, True], ids=["file", "serve"])
def test_a_process_that_was_stopped_past_its_lease_changes_nothing_when_it_goes_on(
    world: World, is_served_now: bool
) -> None:
    world.init()
    with serving(world) if is_served_now else nullcontext():
        _stop_and_go_on(world)


def _want(gateway: GatewayPort) -> bool:
    """Somebody wants whatever there is: leases that have run out are over now."""
    with pytest.raises(Refused):
        gateway.perform(ClaimTask(launcher("t"), "agent:want", "nothing-waits-for"))
    return True


def _stop_and_go_on(world: World) -> None:
    opened = open_file(Home(world.store))
    by, run = launcher("t"), "r1"
    begin = c.Create("t", Kind.WORK, "small", WORKFLOW.definition.digest, by.id, run, repo="o", origin="/o")
    opened.gateway.perform(CreateRun(by, ((run, begin),), pinned(WORKFLOW)))
    late = subprocess.Popen(
        [sys.executable, "-c", LATE, str(world.store), run, begin_role()],
        env=world.environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert late.stdout is not None
    assert late.stdout.readline() == "claimed\n"
    os.kill(late.pid, signal.SIGSTOP)
    gateway = opened.gateway
    wait_for(
        lambda: _want(gateway) and _free(opened.gateway.store, run),
        lambda: "its lease does not end",
    )
    gateway.perform(ClaimTask(by, "agent:next", begin_role(), task=run))
    before = _length(opened.gateway.store)
    os.kill(late.pid, signal.SIGCONT)
    said = late.communicate("go\n", timeout=DEADLINE_S)[0]

    assert said.split() == [str(Exit.NOT_YOURS.value)] * 4
    with opened.gateway.store.reading() as at:
        events = [event for event in at.log(after=before) if event.name != "BoxProved"]  # a gateway's own, when it can
        since = {(event.name, '"ground":"superseded"' in event.data) for event in events}
    assert since <= {("Denied", True)}, "nothing but that it was refused"
    opened.close()


def _free(store: object, run: str) -> bool:
    with store.reading() as at:  # type: ignore[attr-defined]
        task = at.task(run)
        return task.holder is None and task.not_before <= wall_clock()


def _length(store: object) -> int:
    with store.reading() as at:  # type: ignore[attr-defined]
        return int(at.last_seq())


TICKER = """\
import sys
from pathlib import Path
from onloop.home import Home
from onloop.access.opening import open_file
from onloop.errors import Refused
from onloop.gateway.claims import ClaimTask
from onloop.identity.resolution import launcher
gateway = open_file(Home(Path(sys.argv[1]))).gateway
print("ready", flush=True)
sys.stdin.readline()
try:
    gateway.perform(ClaimTask(launcher("t"), "agent:want", "nothing-waits-for"))
except Refused:
    pass
"""


def test_what_several_processes_see_come_due_at_once_is_fired_once(world: World) -> None:
    world.init()
    opened, by = open_file(Home(world.store)), launcher("t")
    runs = [f"r{number}" for number in range(20)]
    for run in runs:
        begin = c.Create("t", Kind.WORK, "small", WORKFLOW.definition.digest, by.id, run, repo="o", origin="/o")
        opened.gateway.perform(CreateRun(by, ((run, begin),), pinned(WORKFLOW)))
        opened.gateway.perform(ClaimTask(by, "agent:a", begin_role(), task=run, lease_ms=1))
    tickers = [
        subprocess.Popen(
            [sys.executable, "-c", TICKER, str(world.store)],
            env=world.environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for _ in range(4)
    ]
    for ticker in tickers:
        assert ticker.stdout is not None and ticker.stdout.readline() == "ready\n"
    for ticker in tickers:
        assert ticker.stdin is not None
        ticker.stdin.write("go\n")
        ticker.stdin.flush()
    assert [ticker.communicate(timeout=DEADLINE_S) and ticker.returncode for ticker in tickers] == [0] * 4

    with opened.gateway.store.reading() as at:
        ended = Counter(event.task for event in at.log(limit=10_000) if event.name == "LeaseEnded")
        assert (ended, list(at.select(Token, task="none"))) == (dict.fromkeys(runs, 1), [])
    opened.close()
