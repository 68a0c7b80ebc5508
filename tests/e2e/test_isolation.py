"""A store of another user's: agents reach it through the gateway alone, and doctor finds out by trying."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from e2e.serving import is_served
from onloop.access.opening import wall_clock
from onloop.access.runs import Workflow, pinned
from onloop.access.verifier_process import ensure_verifier
from onloop.gateway.command_operations import CreateRun
from onloop.gateway.service import Gateway
from onloop.home import Home
from onloop.machine import commands as c
from onloop.machine.principal import launcher
from onloop.machine.task import Kind
from onloop.store.sqlite.database import SqliteStore
from onloop.workflow.loader import load
from support.other_users import readable_python, why_not
from support.waiting import DEADLINE_S, wait_for
from support.world import PASSPHRASE, World
from support.world import WORKFLOW as SMALL
from support.zygote import zygote

OWNER, AGENTS, AGENT_UID = "daemon", "nogroup", 65534
AS = """\
import encodings.idna, os, sys
from onloop.cli.main import run
sys.executable = os.environ.get("READABLE_PYTHON", sys.executable)
uid, gid = int(sys.argv[1]), int(sys.argv[2])
os.setgroups([gid]); os.setgid(gid); os.setuid(uid)
sys.exit(run(sys.argv[3:]))
"""


ALL = """\
import importlib, onloop, pkgutil
for module in pkgutil.walk_packages(onloop.__path__, "onloop."):
    if not module.name.endswith("__main__"):
        importlib.import_module(module.name)
"""


def as_user(uid: int, *words: str) -> list[str]:
    """`onloop WORDS…` as another user. Everything is imported before: that user may not read this interpreter."""
    return [sys.executable, "-c", ALL + AS, str(uid), str(AGENT_UID), *words]


def theirs(world: World) -> dict[str, str]:
    """The environment of an agents' user, whose state folder is their own."""
    folder = world.folder / "agent"
    folder.mkdir(exist_ok=True)
    os.chown(folder, AGENT_UID, AGENT_UID)
    own = {"XDG_STATE_HOME": str(folder / "state"), "HOME": str(folder), "ONLOOP_STORE": str(world.store)}
    return world.environment | own | {"READABLE_PYTHON": str(readable_python(world.folder / "python"))}


def test_the_recipe_is_printed_where_it_cannot_be_followed(world: World) -> None:
    ran = world.onloop("init", "--isolate", "no-such-user", "--agents", "agents")

    assert (ran.code, world.store.exists()) == (2, False)
    assert f"onloop serve --store {world.store} --group agents" in ran.out


@pytest.mark.skipif(bool(why_not()), reason=why_not())
def test_an_agents_user_works_through_the_gateway_cannot_open_the_store_and_doctor_says_a2(
    open_world: World,
) -> None:
    world = open_world
    made = world.onloop("init", "--name", "ana", "--isolate", OWNER, "--agents", AGENTS, passphrase=PASSPHRASE)
    assert made.code == 0, made.err
    home = Home(world.store)
    _begin(home)
    owner = home.store.stat().st_uid
    env = world.environment | {"READABLE_PYTHON": str(readable_python(world.folder / "python"))}
    serve = subprocess.Popen(as_user(owner, "serve", "--group", AGENTS), env=env, stderr=subprocess.PIPE, text=True)
    try:
        wait_for(lambda: serve.poll() is not None or is_served(world), lambda: "serve does not come up")
        assert serve.poll() is None, serve.communicate()[1]
        env = theirs(world)
        unproved = _run(env, "doctor", "--json")
        doctor = wait_for(lambda: _says_a2(env), lambda: f"no verifier proves its box: {unproved.stdout}{world.logs()}")
        listed = _run(env, "list", "--json")
        claimed = _run(env, "claim", "--role", "implementer", "--json")
        token = {"ONLOOP_TOKEN": json.loads(claimed.stdout)["env"]["ONLOOP_TOKEN"]}
        beaten = _run(env | token, "heartbeat", "--context", "0.6")
        left = _run(env | token, "checkpoint", "--file", "/etc/passwd")
        asked = _run(env | token, "ask", "Which one?")
        frozen = _run(env, "freeze", "all", "--as", "ana")
        answered = _run(env, "answer", "r1", "That one", "--as", "ana", passphrase=PASSPHRASE)
    finally:
        serve.terminate()
        serve.communicate(timeout=DEADLINE_S)

    told = json.loads(doctor.stdout)
    assert (doctor.returncode, told["assurance"], told["mode"]) == (0, "A2", "isolated"), doctor.stdout
    ran = (listed, claimed, beaten, left, asked, frozen, answered)
    assert [each.returncode for each in ran] == [0, 0, 0, 0, 11, 13, 0], [each.stderr for each in ran]
    assert serve.returncode == 0


def _says_a2(env: dict[str, str]) -> subprocess.CompletedProcess[str] | None:
    """What doctor says once the gateway's verifier has shown what its box stops; until then, A1 is the most."""
    ran = _run(env, "doctor", "--json")
    told = json.loads(ran.stdout)
    assert told["box"] is not None or told["assurance"] == "A1"
    return ran if told["assurance"] == "A2" else None


def _run(env: dict[str, str], *words: str, passphrase: str = "") -> subprocess.CompletedProcess[str]:
    """`onloop WORDS…` as an agents' user, with a passphrase on a file descriptor if there is one.

    It is forked from a process that has imported everything, so that a claim's lease does not end meanwhile.
    """
    reader, writer = os.pipe()
    os.write(writer, passphrase.encode())
    os.close(writer)
    ids = (str(AGENT_UID), str(AGENT_UID))
    try:
        ran = zygote().run((*ids, *words), env, Path("/"), reader if passphrase else None, AS)
    finally:
        os.close(reader)
    return subprocess.CompletedProcess(words, *ran)


@pytest.mark.skipif(os.getuid() != 0, reason="only root can be somebody else")
def test_nobody_but_the_stores_own_user_starts_a_verifier_for_it(world: World) -> None:
    world.init()
    home = Home(world.store)
    os.chown(home.store, AGENT_UID, -1)

    ensure_verifier(home)

    assert not (home.logs / "verifier.log").exists() and not home.verifier_lock.exists()


def _begin(home: Home) -> None:
    workflow = Workflow(load(SMALL.encode(), "small.yaml"), SMALL.encode())
    store, owner = SqliteStore(home.store), launcher("t")
    begin = c.Create("t", Kind.WORK, "small", workflow.definition.digest, owner.id, "r1")
    Gateway(store, wall_clock).perform(CreateRun(owner, (("r1", begin),), pinned(workflow)))
    store.close()


@pytest.fixture
def open_world() -> Iterator[World]:
    """A world that others may pass through; pytest's own folders let nobody, and are closed anew by each run of it."""
    with tempfile.TemporaryDirectory(prefix="onloop-isolation-") as name:
        Path(name).chmod(0o755)
        yield World(Path(name))
