"""Agents, strangers and people who mistype, as real processes: each attempt is one fact, with its who and what."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pytest

from e2e.serving import serving
from gateway.served import resident
from gateway.shop import LAUNCHER, Clock, Shop, passphrase_of
from gateway.test_resident import FOREIGN, NOBODY_UID
from onloop.access.opening import wall_clock
from onloop.gateway.service import append_store_event
from onloop.home import Home
from onloop.identity.passphrase import enrolment
from onloop.machine.store_state import PersonEnrolled
from onloop.store.sqlite.database import SqliteStore, create_store
from security.another_user import passable_folder
from support.waiting import DEADLINE_S
from support.world import ROOT, World

AGENT, STRANGER = "agent:mallory", "onl_agt_nobody-ever-gave-this-one-out"


@dataclass(frozen=True, slots=True)
class Attack:
    """What is tried by whoever holds `token`, and what the log says of it afterwards."""

    words: tuple[str, ...]
    who: str
    verb: str
    subject: str = ""
    ground: str = "kind"
    token: str | None = None
    passphrase: str | None = None
    task: str | None = None


ATTACKS: Mapping[str, Attack] = {
    "an agent approves": Attack(("approve", "r1", "--digest", "DIGEST"), AGENT, "approve", "r1"),
    "an agent rejects": Attack(("reject", "r1", "--reason", "no", "--digest", "DIGEST"), AGENT, "reject", "r1"),
    "an agent reassigns": Attack(("reassign", "r1", "--to", AGENT, "--reason", "mine"), AGENT, "reassign", "r1"),
    "an agent enrols": Attack(("enrol", "eve"), AGENT, "enrol"),
    "an agent unfreezes": Attack(("unfreeze", "run:r3"), AGENT, "unfreeze", "run:r3"),
    "an agent freezes all": Attack(("freeze", "all"), AGENT, "freeze", "all", ground="foreign"),
    "an agent starts a run": Attack(("start", "feature", "--repo", "REPO"), AGENT, "start"),
    "an agent claims for a second self": Attack(("claim", "--role", "implementer"), AGENT, "claim"),
    "an agent mutes": Attack(("mute", "--reason-code", "denied", "--for", "1h", "--reason", "noise"), AGENT, "mute"),
    "an agent serves": Attack(("serve",), AGENT, "serve"),
    "an agent verifies": Attack(("verifier",), AGENT, "verify"),
    "an agent takes the log away": Attack(("store", "export", "/dev/null"), AGENT, "export a store"),
    "an agent acts for another task": Attack(
        ("check",), AGENT, "act for another task", "r1", ground="foreign", task="r1"
    ),
    "a token that nobody gave out": Attack(("check",), "*", "use a token", ground="token", token=STRANGER),
    "a wrong passphrase": Attack(
        ("pause", "r1", "--reason", "x", "--as", "ana"),
        "*",
        "speak as a person",
        "human:ana",
        "passphrase",
        token="",
        passphrase="correct horse staple",
    ),
    "nobody at all": Attack(("pause", "r1", "--reason", "x", "--as", "ana"), "*", "pause", "r1", token=""),
}


@dataclass(slots=True)
class Scene:
    world: World
    shop: Shop
    digest: str


@pytest.fixture(scope="module", params=["file", "socket"])
def scene(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    world = World(tmp_path_factory.mktemp("world"))
    create_store(world.store)
    shop = Shop(SqliteStore(world.store), Clock(wall_clock()))
    for run in ("r1", "r2", "r3"):
        shop.begin(run=run)
    shop.waiting("r1")
    shop.claim("r2", agent=AGENT)
    shop.freeze("run:r3")
    with ExitStack() as leaving:
        if request.param == "socket":
            leaving.enter_context(serving(world))
        yield Scene(world, shop, shop.approval().digest)
    shop.store.close()


@cache
def _enrolled_as_people_are() -> PersonEnrolled:
    """A client asks nobody for a passphrase whose keys cost as little as a shop's do."""
    return enrolment("ana", ("approvers",), "", passphrase_of("ana"), LAUNCHER.id)


@pytest.mark.parametrize("name", ATTACKS)
def test_it_is_refused_and_leaves_exactly_one_fact_that_says_who_tried_what(name: str, scene: Scene) -> None:
    attack = ATTACKS[name]
    if attack.passphrase:
        scene.shop.store.transact(
            lambda tx: append_store_event(tx, _enrolled_as_people_are(), scene.shop.clock(), LAUNCHER.id)
        )
    before = scene.shop.denied()
    known, log = {(d.principal, d.verb, d.ground) for d in before}, scene.shop.log()
    words = [{"DIGEST": scene.digest, "REPO": str(scene.world.folder)}.get(word, word) for word in attack.words]
    if attack.words[0] == "start":
        words[-1] = str(scene.world.origin(f"shop{len(before)}"))
    token = scene.shop.secrets["r2"] if attack.token is None else attack.token
    env = {"ONLOOP_TOKEN": token, **({"ONLOOP_TASK": attack.task} if attack.task else {})}

    ran = scene.world.onloop(*words, env=env, passphrase=attack.passphrase)

    assert ran.code == 13, ran.out + ran.err
    assert scene.shop.log() == log, "nothing but a denial is recorded"
    facts = scene.shop.denied()[len(before) :]
    (fact,) = facts
    stranger = f"uid:{os.getuid()}" if fact.peer else "nobody"
    expected = (stranger if attack.who == "*" else attack.who, attack.verb, attack.subject, attack.ground, 1)
    assert (fact.principal, fact.verb, fact.subject, fact.ground.value, fact.count) == expected
    assert (fact.principal, fact.verb, fact.ground) not in known


def test_people_see_one_row_for_the_agent_that_tried_all_of_it(scene: Scene) -> None:
    for verb in ("unfreeze", "freeze"):
        scene.world.onloop(verb, "all", env={"ONLOOP_TOKEN": scene.shop.secrets["r2"]})

    told = scene.world.onloop("attention", "--json").json["groups"]
    rows = [group for group in told if group["reason"] == "denied" and AGENT in group["headline"]]
    shown = scene.world.onloop("attention").out

    assert [(row["tier"], len(row["members"])) for row in rows] == [(0, 1)]
    assert told[0]["reason"] == "denied", "safety comes first"
    assert f"denied: {AGENT} tried to" in shown
    assert f"onloop ack {rows[0]['cause']}" in shown
    assert '"principal":"agent:mallory"' in scene.world.onloop("log", "house").out


@pytest.mark.skipif(os.getuid() != 0, reason="only root can be somebody else")
def test_a_foreign_user_at_the_socket_is_named_by_their_number_and_an_agent_by_its_name() -> None:
    with passable_folder() as folder:
        _foreign_user_at_the_socket(folder)


def _foreign_user_at_the_socket(tmp_path: Path) -> None:
    create_store(tmp_path / "store")
    shop = Shop(SqliteStore(tmp_path / "store"))
    home = Home(tmp_path / "store")
    shop.begin()
    shop.begin(run="r2")
    shop.claim("r1")
    (tmp_path / "store").chmod(0o700)
    with resident(home, shop.clock):
        os.chown(home.socket, -1, NOBODY_UID)
        os.chown(home.socket.parent, -1, NOBODY_UID)
        paths = os.pathsep.join(str(ROOT / part) for part in ("core", "tui", "tests"))
        command = [sys.executable, "-c", FOREIGN, str(home.store), str(NOBODY_UID), shop.secrets["r1"]]
        ran = subprocess.run(
            command,
            env={**os.environ, "PYTHONPATH": paths},
            capture_output=True,
            text=True,
            timeout=DEADLINE_S,
            cwd="/",
        )
    assert "got" in json.loads(ran.stdout)["claim"], ran.stderr
    uid = f"uid:{NOBODY_UID}"

    assert {(d.principal, d.verb, d.ground.value, d.peer) for d in shop.denied()} == {
        (uid, "heartbeat", "unproven", uid),
        (uid, "use a token", "token", uid),
        ("agent:b", "freeze", "unproven", uid),
        ("agent:b", "take job", "peer", uid),
        ("agent:b", "enrol", "unproven", uid),
        (uid, "speak as a person", "passphrase", uid),
    }
    shop.store.close()
