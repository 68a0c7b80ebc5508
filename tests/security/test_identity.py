"""Who somebody is, is the kernel's word or a credential's: never a name, a number or an address that they give."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from gateway.served import line_to, prove_people, resident
from gateway.shop import CHEAP, LAUNCHER, Shop, passphrase_of
from onloop.access.opening import create_home, open_home
from onloop.access.reach import reachable
from onloop.cli.render import dossier_lines
from onloop.errors import BadInput, NotAllowed, OnloopError, Unavailable
from onloop.gateway.claims import ClaimTask
from onloop.gateway.commands import PerformCommand
from onloop.gateway.jobs import FreeJobs, TakeJob
from onloop.gateway.leases import Heartbeat
from onloop.gateway.upkeep import KeepContent, RecogniseAgent, RecordStoreEvent
from onloop.home import Home
from onloop.identity.own_key import make_own_key, own_proof
from onloop.identity.resolution import agent_from_token, this_process
from onloop.machine import commands as c
from onloop.machine.box_facts import BoxProved
from onloop.machine.definition import Assurance, Definition
from onloop.machine.principal import Principal, launcher, verifier
from onloop.machine.store_state import Frozen, StoreState
from onloop.machine.task import Hand, Independence
from onloop.remote.client import ClientStore, GatewayClient
from onloop.remote.client_credentials import Credentials
from onloop.remote.connection import Connection
from onloop.remote.exchanges import AskChallenge, ProveOwner
from onloop.remote.redacted_reading import RedactedReading
from onloop.remote.unix_socket import listening
from onloop.store.rows import IdempotencyRecord, Job, StoreRow, Token
from onloop.views.dossier import dossier_of
from onloop.views.effective_status import effective_statuses
from onloop.views.reads import ReadStoreState
from scenario import NOON, work
from steps import defined, develop, human, reviewed, ship
from world import WORKFLOW, World

ROOT = Path(__file__).parents[2]
AS_ROOT = pytest.mark.skipif(os.getuid() != 0, reason="only root can be somebody else")
ONE, OTHER = 61_001, 61_002

AS_ANOTHER = """\
import json, os, sys
from pathlib import Path
import security.test_identity as tests
uid = int(sys.argv[2])
os.setgroups([uid]); os.setgid(uid); os.setuid(uid)
print(json.dumps(getattr(tests, sys.argv[3])(Path(sys.argv[1]), *sys.argv[4:])))
"""


@pytest.fixture
def tmp_path() -> Iterator[Path]:
    """A folder that others may pass through; pytest's own let nobody, and are closed anew by each run of it."""
    with tempfile.TemporaryDirectory(prefix="onloop-identity-") as name:
        Path(name).chmod(0o711)
        yield Path(name)


def opened(tmp_path: Path) -> Home:
    """The store's home, which other users' processes may pass to, but not enter."""
    home = Home(tmp_path / "store")
    home.store.chmod(0o700)
    return home


def admit(home: Home) -> None:
    """Every user may connect: in the field a group says who."""
    home.socket.chmod(0o666)
    home.socket.parent.chmod(0o711)


def as_user(uid: int, function: str, home: Home, *words: str) -> Any:
    """What a function of this module answers, in a process of that user's."""
    paths = os.pathsep.join(str(ROOT / part) for part in ("core", "tui", "tests"))
    ran = subprocess.run(
        [sys.executable, "-c", AS_ANOTHER, str(home.store), str(uid), function, *words],
        env={**os.environ, "PYTHONPATH": paths},
        capture_output=True,
        text=True,
        timeout=60,
        cwd="/",
        check=False,
    )
    assert ran.returncode == 0, ran.stderr
    return json.loads(ran.stdout)


def told(act: Any) -> str:
    """What came of it, in words."""
    try:
        return f"got {act()}"
    except OnloopError as no:
        return f"{type(no).__name__}: {no.message}"


# -- the gateway's own


def test_a_user_number_alone_makes_nobody_the_gateways_own(durable: Shop, tmp_path: Path) -> None:
    """The process that asks has the gateway's number, and that is all: as code of a gate's would."""
    home = Home(tmp_path / "store")
    durable.begin()
    with resident(home, durable.clock):
        (home.store / "own.key").rename(tmp_path / "put aside")
        line = Connection(home.socket, home.store)
        gateway = GatewayClient(line, ClientStore(line), durable.clock)
        tries = {
            "take a job": lambda: gateway.perform(TakeJob(verifier("v"), 1, effects=False)),
            "report": lambda: gateway.perform(FreeJobs()),
            "keep": lambda: gateway.perform(KeepContent(b"x")),
            "start": lambda: gateway.perform(PerformCommand(LAUNCHER, "r1", c.Settle())),
            "be a person": lambda: gateway.perform(RecordStoreEvent(durable.person(), Frozen("all", "human:ana", ""))),
            "read the store": lambda: gateway.store.reading(),
        }
        outcomes = {name: told(act) for name, act in tries.items()}
        people = gateway.perform(ReadStoreState()).people.values()
        assert {p.stored_key + p.server_key for p in people} == {""}
        line.close()
    assert all(words.startswith("NotAllowed") for words in outcomes.values()), outcomes


@pytest.mark.parametrize("kind", [Token, IdempotencyRecord])
def test_what_another_user_reads_with_gives_no_row_that_holds_a_secret(durable: Shop, kind: type[StoreRow]) -> None:
    with durable.store.reading() as reading:
        mine = RedactedReading(reading, "user 1")
        with pytest.raises(NotAllowed, match="user 1 may not read"):
            mine.select(kind)
        with pytest.raises(NotAllowed, match="user 1 may not read"):
            mine.get(kind, "x")
        assert mine.select(Job) == []


def test_the_stores_secret_proves_once_and_only_what_it_answers(durable: Shop, tmp_path: Path) -> None:
    home = Home(tmp_path / "store")
    with resident(home, durable.clock):
        key = make_own_key(home.store)
        (home.store / "own.key").rename(tmp_path / "put aside")
        line = Connection(home.socket, home.store)
        first = line.ask(AskChallenge())
        for wrong in ("", "0" * 64, own_proof(key, "another"), own_proof(b"x" * 32, first)):
            with pytest.raises(NotAllowed, match="did not show that they can open the store"):
                line.ask(ProveOwner(wrong))
            first = line.ask(AskChallenge())
        line.ask(ProveOwner(own_proof(key, first)))
        with pytest.raises(NotAllowed):
            line.ask(ProveOwner(own_proof(key, first)))
        with pytest.raises(NotAllowed):
            line.ask(ProveOwner(own_proof(key, "")))
        line.close()


def test_the_stores_secret_is_private_and_nothing_else_is_taken_for_it(durable: Shop, tmp_path: Path) -> None:
    home = Home(tmp_path / "store")
    before = os.umask(0)
    try:
        key = make_own_key(home.store)
    finally:
        os.umask(before)
    assert (home.store / "own.key").stat().st_mode & 0o777 == 0o600
    assert (make_own_key(home.store), len(key)) == (key, 32)
    (home.store / "own.key").unlink()
    (home.store / "own.key").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(OSError, match="Too many levels"):
        make_own_key(home.store)


@AS_ROOT
def test_root_without_the_secret_is_another_user(durable: Shop, tmp_path: Path) -> None:
    home = opened(tmp_path)
    with resident(home, durable.clock):
        admit(home)
        assert as_user(ONE, "take_a_job", home).startswith("NotAllowed")
    assert os.getuid() == 0


def take_a_job(store: Path) -> str:
    line = Connection(Home(store).socket, store)
    return told(
        lambda: GatewayClient(line, ClientStore(line), lambda: 0).perform(TakeJob(verifier("v"), 1, effects=False))
    )


# -- tokens


def test_a_token_belongs_to_the_user_who_claimed(durable: Shop) -> None:
    durable.begin()
    durable.claim()
    secret = durable.secrets["r1"]
    with durable.store.reading() as at:
        assert agent_from_token(at, secret, os.getuid()).task == "r1"
        with pytest.raises(NotAllowed, match=f"belongs to user {os.getuid()}, and user {ONE} uses it"):
            agent_from_token(at, secret, ONE)


@AS_ROOT
def test_another_users_token_opens_nothing_over_the_socket(durable: Shop, tmp_path: Path) -> None:
    home = opened(tmp_path)
    for run in ("r1", "r2"):
        durable.begin(run=run)
    with resident(home, durable.clock) as words:
        admit(home)
        claimed = as_user(ONE, "claimed", home, "r1", "implementer", "alfa")
        durable.secrets["r1"] = claimed
        own, other = (as_user(uid, "heartbeat", home, claimed) for uid in (ONE, OTHER))
        stolen = as_user(OTHER, "as_if", home, "r1", "alfa", "1")
    claims = [event for event in durable.log("r1") if event.name == "Claimed"]

    assert own.startswith("got ")
    assert other == f"NotAllowed: this ONLOOP_TOKEN belongs to user {ONE}, and user {OTHER} uses it"
    assert stolen == f"NotAllowed: user {OTHER} has not proved to be agent:alfa"
    assert [word for word in words if word.startswith("trouble")] == []
    logged = json.loads(claims[0].data)
    assert (logged["by"], logged["hand"]["uid"]) == (f"launcher:uid-{ONE}", ONE)


def claimed(store: Path, task: str, role: str, name: str) -> str:
    """The secret of a claim, or why there is none."""
    line = Connection(Home(store).socket, store)
    gateway = GatewayClient(line, ClientStore(line), lambda: 0)
    try:
        return gateway.perform(ClaimTask(launcher("x"), f"agent:{name}", role, task=task)).secret
    except NotAllowed as no:
        return f"NotAllowed: {no.message}; {no.hint}"


def heartbeat(store: Path, secret: str) -> str:
    line = Connection(Home(store).socket, store)
    gateway = GatewayClient(line, ClientStore(line), lambda: 0)
    return told(lambda: gateway.perform(Heartbeat(gateway.perform(RecogniseAgent(secret)))))


def as_if(store: Path, task: str, name: str, epoch: str) -> str:
    """Ask as an agent that was only heard of."""
    line = Connection(Home(store).socket, store)
    agent = replace(verifier("x"), name=name, task=task, epoch=int(epoch))
    agent = replace(agent, kind=type(agent.kind)("agent"))
    return told(lambda: GatewayClient(line, ClientStore(line), lambda: 0).perform(Heartbeat(agent)))


# -- both sides of a review


def reviewing() -> Definition:
    return defined(develop(), reviewed(not_by=("develop.implement",)), ship())


@AS_ROOT
def test_one_user_does_not_review_what_it_did_under_another_name(durable: Shop, tmp_path: Path) -> None:
    home = opened(tmp_path)
    durable.begin(reviewing())
    with resident(home, durable.clock):
        admit(home)
        durable.secrets["r1"] = as_user(ONE, "claimed", home, "r1", "implementer", "alfa")
        durable.submit(durable.agent(durable.secrets["r1"]))
        durable.report()
        same = as_user(ONE, "claimed", home, "r1", "reviewer", "zulu")
        durable.secrets["r1"] = as_user(OTHER, "claimed", home, "r1", "reviewer", "zulu")
    judge = durable.agent(durable.secrets["r1"])
    durable.gateway.perform(PerformCommand(judge, "r1", c.Judge(judge.id, judge.epoch, True, "it is right")))

    assert same == (
        f"NotAllowed: user {ONE} did develop.implement of r1, and nobody does both it and review.code; "
        "run reviewers as another user, in a worker of their own"
    )
    assert [judgement.independence for judgement in durable.task().judgements] == [Independence.YES]


def sheet(shop: Shop) -> str:
    """What `onloop show` prints."""
    task = shop.task()
    with shop.store.reading() as at:
        standing = effective_statuses(at, (task,), shop.clock())["r1"]
        return "\n".join(dossier_lines(dossier_of(at, task), standing, with_diff=False))


def test_where_one_user_runs_all_a_judgement_says_that_it_is_not_independent(durable: Shop) -> None:
    durable.begin(reviewing())
    durable.submit(durable.claim())
    durable.report()
    judge = durable.claim(agent="agent:zulu", role="reviewer")
    durable.gateway.perform(PerformCommand(judge, "r1", c.Judge(judge.id, judge.epoch, True, "it is right")))
    shown = sheet(durable)
    (logged,) = [event for event in durable.log("r1") if event.name == "Judged"]

    assert "agent-judged pass by agent:zulu (not independent): it is right" in shown
    assert "pass by agent:zulu (not independent) at review.code" in shown
    assert json.loads(logged.data)["judgement"]["independence"] == "not independent"


def test_no_process_takes_both_sides_in_whatever_order(durable: Shop) -> None:
    durable.begin(replace(reviewing()))
    own = this_process("worker")
    durable.secrets["r1"] = durable.gateway.perform(ClaimTask(own, "agent:alfa", "implementer")).secret
    durable.submit(durable.agent(durable.secrets["r1"]))
    durable.report()
    with pytest.raises(NotAllowed, match=r"did develop[.]implement of r1, and nobody does both it and review[.]code"):
        durable.gateway.perform(ClaimTask(own, "agent:zulu", "reviewer", task="r1"))
    other = replace(own, hand=replace(own.hand, process="1@1"))
    durable.secrets["r1"] = durable.gateway.perform(ClaimTask(other, "agent:zulu", "reviewer", task="r1")).secret
    judge = durable.agent(durable.secrets["r1"])
    durable.gateway.perform(PerformCommand(judge, "r1", c.Judge(judge.id, judge.epoch, False, "not yet")))
    with pytest.raises(NotAllowed, match=r"did review[.]code of r1, and nobody does both it and develop[.]implement"):
        durable.gateway.perform(ClaimTask(other, "agent:yankee", "implementer", task="r1"))


def test_a_process_is_named_by_the_kernel_over_the_socket(durable: Shop, tmp_path: Path) -> None:
    home = Home(tmp_path / "store")
    durable.begin(reviewing())
    with resident(home, durable.clock):
        line = line_to(home)
        gateway = GatewayClient(line, ClientStore(line), durable.clock)
        lying = launcher("x", Hand(ONE, "1@1"))
        durable.secrets["r1"] = gateway.perform(ClaimTask(lying, "agent:alfa", "implementer", task="r1")).secret
        durable.submit(durable.agent(durable.secrets["r1"]))
        durable.report()
        with pytest.raises(NotAllowed, match="nobody does both"):
            gateway.perform(ClaimTask(launcher("y", Hand(OTHER, "2@2")), "agent:zulu", "reviewer", task="r1"))
        line.close()
    assert durable.task().hands["develop.implement"] == (this_process("").hand,)


# -- listeners


@contextmanager
def listener(path: Path) -> Iterator[list[bytes]]:
    """Somebody who listens there, and what they hear."""
    door, heard = listening(path), list[bytes]()

    def hear() -> None:
        with suppress(OSError):
            while True:
                line, _ = door.accept()
                with line:
                    line.settimeout(5)
                    heard.append(line.recv(65536))

    thread = threading.Thread(target=hear, daemon=True)
    thread.start()
    try:
        yield heard
    finally:
        with suppress(OSError):
            door.shutdown(socket.SHUT_RDWR)
        door.close()
        thread.join(10)


@AS_ROOT
def test_a_proxy_in_an_agents_folder_hears_nothing(
    durable: Shop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """F12: `ONLOOP_URL` names a socket that another user than the store's owner listens at."""
    store = tmp_path / "store"
    with listener(tmp_path / "agent" / "proxy.sock") as heard:
        monkeypatch.setenv("ONLOOP_URL", f"unix:{tmp_path / 'agent' / 'proxy.sock'}")
        for owner in (ONE, 0):
            os.chown(store, owner, -1)
            if owner == 0:
                continue
            with pytest.raises(NotAllowed, match=f"user 0 listens at .*, and .* belongs to user {ONE}") as no:
                open_home(Home(store))
            assert "ONLOOP_URL" in no.value.hint
    assert [words for words in heard if words] == []


@AS_ROOT
def test_the_owners_own_folder_does_not_make_another_listener_theirs(durable: Shop, tmp_path: Path) -> None:
    """Root listens, too, in anybody's folder: it is not whose store it is."""
    os.chown(tmp_path / "store", ONE, -1)
    home = Home(tmp_path / "store")
    home.socket.parent.mkdir()
    with listener(home.socket), pytest.raises(NotAllowed, match="listens at"):
        os.chown(home.socket.parent, ONE, -1)
        Connection(home.socket, home.store).connect()
    os.chown(tmp_path / "store", 0, -1)


def test_where_the_store_cannot_be_seen_nobody_is_believed(tmp_path: Path) -> None:
    with listener(tmp_path / "p" / "s.sock") as heard:
        with pytest.raises(NotAllowed, match=r"cannot be seen .* so nobody can say whose gateway listens") as no:
            Connection(tmp_path / "p" / "s.sock", tmp_path / "nowhere").connect()
        (tmp_path / "file").touch()
        with pytest.raises(NotAllowed, match="is not a folder"):
            Connection(tmp_path / "p" / "s.sock", tmp_path / "file").connect()
    assert "ONLOOP_STORE" in no.value.hint
    assert [words for words in heard if words] == []


# -- assurance


@AS_ROOT
@pytest.mark.parametrize(
    ("strong", "claimer", "reached"),
    [(True, ONE, True), (False, ONE, False), (True, OTHER, False)],
    ids=["apart", "the box is weak", "the approver claims, too"],
)
def test_a2_is_reached_by_an_approver_who_is_nobody_of_those_who_own_or_claim(
    durable: Shop, tmp_path: Path, strong: bool, claimer: int, reached: bool
) -> None:
    home = opened(tmp_path)
    durable.begin(defined(develop(), ship(human(assurance=Assurance.A2))))
    with resident(home, durable.clock, box_is_strong=strong):
        admit(home)
        durable.secrets["r1"] = as_user(claimer, "claimed", home, "r1", "implementer", "alfa")
        durable.submit(durable.agent(durable.secrets["r1"]))
        durable.report()
        said = durable.approval()
        outcome = as_user(OTHER, "approving", home, "r1", said.request, said.digest)
        own = line_to(home)
        owner = GatewayClient(own, ClientStore(own), durable.clock)
        prove_people(owner)
        by_owner = (
            told(lambda: owner.perform(PerformCommand(durable.person("ben"), "r1", durable.approval("ben"))))
            if not reached
            else ""
        )
        own.close()

    if reached:
        assert outcome == "got completed"
        assert durable.task().decisions[-1].assurance is Assurance.A2
    else:
        assert outcome.startswith("NotAllowed") and outcome.endswith("demands A2, and A1 was proved")
        assert by_owner.endswith("demands A2, and A1 was proved")


def approving(store: Path, task: str, request: str, digest: str) -> str:
    line = Connection(Home(store).socket, store, Credentials(least_cost=CHEAP))
    gateway = GatewayClient(line, ClientStore(line), lambda: 0)
    person = gateway.person("ana", passphrase_of("ana"), typed=True)
    assert person.voice is not None
    voice = person.voice
    return told(lambda: gateway.perform(PerformCommand(person, task, c.Approve(request, digest, voice))).state.value)


def test_whoever_worked_on_the_task_has_no_a2_for_it_whatever_the_gateway_thought(durable: Shop) -> None:
    durable.begin(defined(develop(), ship(human(assurance=Assurance.A2))))
    durable.waiting()
    spoken = replace(durable.voice(), assurance=Assurance.A2, uid=os.getuid())
    person = replace(durable.person(), voice=spoken)

    with pytest.raises(NotAllowed, match="demands A2, and A1 was proved"):
        durable.gateway.perform(PerformCommand(person, "r1", replace(durable.approval(), voice=spoken)))


@pytest.mark.parametrize(("assurance", "said"), [("A1", False), ("A2", True), ("A3", True)])
def test_a_gate_that_stays_closed_is_named_when_it_is_checked_and_when_work_begins(
    world: World, assurance: str, said: bool
) -> None:
    """F13: work was done, and nobody could ever approve it."""
    text = WORKFLOW.replace("human: {from: [approvers]}", f"human: {{from: [approvers], assurance: {assurance}}}")
    file = world.folder / "w.yaml"
    file.write_text(text)
    create_home(
        Home(world.store),
        store_id="w",
        person="ana",
        groups=("approvers",),
        passphrase="long enough",
        email="",
        scripted=False,
        cost=CHEAP,
    )
    checked = world.onloop("validate", str(file))
    control, origin = world.control(text), world.origin()
    (world.folder / "t.txt").write_text(f"{origin}\n")
    begun = world.onloop(
        "fleet", "small.yaml", "--control", str(control), "--targets", str(world.folder / "t.txt"), "--json"
    )

    assert (checked.code, begun.code) == (0, 0), checked.err + begun.err
    assert ("ship.approve: release" in checked.err) is said
    assert (f"ship.approve: release demands {assurance}, and no more than A1 is proved" in begun.err) is said


@pytest.mark.parametrize("is_shared", [True, False])
def test_a_store_reaches_a2_only_apart_and_with_a_box_that_holds(tmp_path: Path, is_shared: bool) -> None:
    home = Home(tmp_path / "store")
    home.store.mkdir()
    home.socket.parent.mkdir()
    os.chown(home.socket.parent, -1, os.getgid() + 1 if is_shared else os.getgid())
    levels = [
        reachable(
            home, StoreState("s", scripted, proof=BoxProved("b", "bubblewrap", "cgroup", strong, (), "v", NOON)), NOON
        )
        for scripted, strong in ((False, True), (False, False), (True, True))
    ]

    assert levels == [Assurance.A2 if is_shared else Assurance.A1, Assurance.A1, Assurance.A0]


# -- addresses


def test_an_address_in_a_commit_is_said_and_bars_nobody(durable: Shop) -> None:
    """F14: an agent that commits as its approver would keep them from deciding."""
    durable.begin(defined(develop(), ship()))
    durable.submit(durable.claim(), work(authors=("ANA@example.org",)))
    durable.report()
    shown = sheet(durable)
    durable.approve()
    after = sheet(durable)

    assert "commits carry the address of human:ana; whoever commits chooses it, and it bars nobody" in shown
    assert durable.task().decisions[-1].own_address
    assert "commits carry their address" in after


def test_a_principal_that_is_spoken_of_is_not_one_that_has_proved_itself(durable: Shop, tmp_path: Path) -> None:
    home = Home(tmp_path / "store")
    with resident(home, durable.clock):
        line = line_to(home)
        gateway = GatewayClient(line, ClientStore(line), durable.clock)
        gateway.person("ben", passphrase_of("ben"), typed=True)
        for who in (durable.person("ana"), Principal(durable.person().kind, "nobody")):
            with pytest.raises(NotAllowed, match=f"has not proved to be {who.id}"):
                gateway.perform(RecordStoreEvent(who, Frozen("all", who.id, "")))
        with pytest.raises((NotAllowed, BadInput, Unavailable)):
            gateway.perform(RecordStoreEvent(durable.person("ben"), Frozen("all", "human:ana", "")))
        line.close()
    assert [event.name for event in durable.log("house")].count("Frozen") == 0
