"""The enforcing set-up with real users: an agent's bytes come in, what its links point at does not."""

from __future__ import annotations

import json
import os
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from e2e.serving import is_served
from e2e.test_isolation import AGENT_UID, AGENTS, OWNER, as_user, theirs
from onloop.access.opening import wall_clock
from onloop.access.runs import Workflow, pinned
from onloop.gateway.command_operations import CreateRun
from onloop.gateway.service import Gateway
from onloop.home import Home
from onloop.machine import commands as c
from onloop.machine.principal import launcher
from onloop.machine.task import Kind
from onloop.store.sqlite.database import FILE, SqliteStore
from onloop.workflow.loader import load
from support.other_users import published, readable_python, why_not
from support.waiting import DEADLINE_S, wait_for
from support.world import PASSPHRASE, WORKFLOW, World

pytestmark = pytest.mark.skipif(bool(why_not()), reason=why_not())
OWNER_UID = 1


@dataclass
class Camp:
    """A world whose store is the owner's, and an agent of another user in it."""

    world: World
    token: dict[str, str]
    place: Path

    def onloop(self, *words: str, **more: str) -> subprocess.CompletedProcess[str]:
        env = theirs(self.world) | self.token | more
        ran = subprocess.run(
            as_user(AGENT_UID, *words),
            env=env,
            cwd="/",
            capture_output=True,
            text=True,
            timeout=DEADLINE_S,
            check=False,
        )
        assert "Traceback" not in ran.stderr, ran.stderr
        return ran

    def sh(self, script: str) -> None:
        """What the agent does, as its user."""
        env = theirs(self.world) | self.token
        words = ["sh", "-ec", script]
        ran = subprocess.run(
            words,
            env=env,
            cwd=self.place,
            user=AGENT_UID,
            group=AGENT_UID,
            extra_groups=(),
            capture_output=True,
            check=False,
        )
        assert ran.returncode == 0, ran.stderr


@pytest.fixture
def camp() -> Iterator[Camp]:
    with tempfile.TemporaryDirectory(prefix="onloop-camp-") as name:
        Path(name).chmod(0o755)
        world = World(Path(name), {"READABLE_PYTHON": str(readable_python(Path(name, "python")))})
        made = world.onloop("init", "--name", "ana", "--isolate", OWNER, "--agents", AGENTS, passphrase=PASSPHRASE)
        assert made.code == 0, made.err
        origin = world.origin()
        daemon, port = published(origin.parent)
        _begin(Home(world.store), f"git://127.0.0.1:{port}/{origin.name}")
        for path in (world.store, *world.store.rglob("*"), Home(world.store).anchor):
            os.chown(path, OWNER_UID, -1)
        serve = subprocess.Popen(
            as_user(OWNER_UID, "serve", "--group", AGENTS),
            env=serving_environment(world),
            stderr=subprocess.PIPE,
            text=True,
        )
        try:
            wait_for(lambda: serve.poll() is not None or is_served(world), lambda: "serve does not come up")
            assert serve.poll() is None, serve.communicate()[1]
            camp = Camp(world, {}, Path("/"))
            claimed = camp.onloop("claim", "--role", "implementer", "--json")
            assert claimed.returncode == 0, claimed.stderr
            told = json.loads(claimed.stdout)
            yield Camp(world, told["env"], Path(told["place"]))
        finally:
            daemon.terminate()
            daemon.wait()
            serve.terminate()
            said = serve.communicate(timeout=DEADLINE_S)[1]
        assert "trouble" not in said, said


def _begin(home: Home, origin: str) -> None:
    workflow = Workflow(load(WORKFLOW.encode(), "small.yaml"), WORKFLOW.encode())
    store, owner = SqliteStore(home.store), launcher("t")
    begin = c.Create(
        "t", Kind.WORK, "small", workflow.definition.digest, owner.id, "r1", repo="shop", origin=str(origin)
    )
    Gateway(store, wall_clock).perform(CreateRun(owner, (("r1", begin),), pinned(workflow)))
    store.close()


def serving_environment(world: World) -> dict[str, str]:
    """The owner's, with an interpreter that they can start a verifier with."""
    return world.environment | {"READABLE_PYTHON": theirs(world)["READABLE_PYTHON"]}


GOOD = "echo hello > hello.txt; git add -A; git commit -qm hello"


def test_an_agents_user_hands_in_what_it_made_in_folders_of_its_own_and_the_store_is_never_handed_over(
    camp: Camp,
) -> None:
    camp.sh(f'{GOOD}; echo notes > "$ONLOOP_OUT/notes.md"')
    done = camp.onloop("submit", "--wait", "0s", "--json")
    store = SqliteStore(camp.world.store)
    with store.reading() as at:
        task = at.task("r1")
    own = [camp.place, Path(camp.token["ONLOOP_OUT"])]

    assert done.returncode in {0, 10, 11}, done.stdout + done.stderr
    assert task is not None and task.submission is not None and task.submission.bundle
    assert [(artefact.name, artefact.size) for artefact in task.submission.artefacts] == [("notes.md", 6)]
    assert {(path.stat().st_uid, path.stat().st_mode & 0o777) for path in own} == {(AGENT_UID, 0o700)}
    assert all(path.is_relative_to(camp.world.folder / "agent") for path in own)
    assert not any((camp.world.store.parent / name).exists() for name in ("environments", "out"))

    for script in (
        'rm -r "$ONLOOP_OUT"; ln -s "$ONLOOP_STORE" "$ONLOOP_OUT"',
        f'rm "$ONLOOP_OUT"; mkdir "$ONLOOP_OUT"; ln -s "$ONLOOP_STORE/{FILE}" "$ONLOOP_OUT/notes.md"',
        'mkdir -p .git/objects/info; echo "$ONLOOP_STORE/mirrors" > .git/objects/info/alternates',
        "rm .git/objects/info/alternates; mkfifo .git/objects/pack/pack-0.pack",
    ):
        camp.sh(f"git commit -q --allow-empty -m again; {script}")
        camp.onloop("submit", "--wait", "0s")
    blobs = [blob for (blob,) in store.connection.execute("SELECT bytes FROM blob")]
    store.close()
    assert not any(b"SQLite format 3" in blob for blob in blobs)

    # another agent's user can spoil no task: there is no place in common where it could plant a folder
    parent = camp.world.store.parent
    planted = ["mkdir", str(parent / "environments")]
    for user in (AGENT_UID, AGENT_UID - 1):
        assert subprocess.run(planted, user=user, group=user, capture_output=True, check=False).returncode != 0
    assert {path.name for path in parent.iterdir()} == {"store", "store.anchor", "logs", "serve"}
