"""A resident gateway: one commit for all who wait, nobody answered before it, and each caller only what they may."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from hashlib import sha256
from pathlib import Path

import pytest

from gateway.served import line_to, message, resident
from gateway.shop import LAUNCHER, Shop, passphrase_of
from onloop.errors import BadInput, Exit, NotAllowed, Refused, StoreError, Unavailable
from onloop.gateway.claims import ClaimTask
from onloop.gateway.command_operations import PerformCommand
from onloop.gateway.jobs import TakeJob
from onloop.gateway.leases import Heartbeat
from onloop.gateway.upkeep import FireTimers, KeepContent, RecogniseAgent, RecordStoreEvent
from onloop.home import Home
from onloop.identity.passphrase import enrolment
from onloop.machine import commands as c
from onloop.machine.principal import INTAKE, Principal, PrincipalKind, verifier
from onloop.machine.state import Reason
from onloop.machine.store_state import Frozen
from onloop.remote.client import ClientStore, GatewayClient
from onloop.remote.connection import Connection
from onloop.remote.framing import LARGEST_REQUEST, LENGTH, Frames, framed, parsed
from onloop.remote.unix_socket import connected, listening
from onloop.store.port import Transaction
from onloop.store.rows import LOG, Head
from onloop.store.sqlite.database import SqliteStore
from onloop.views.queries.reads import ReadEvents, ReadStoreState
from support.scenario import work
from support.steps import MINUTE
from support.waiting import DEADLINE_S, wait_for

ROOT = Path(__file__).parents[2]
NOBODY_UID = 65534


def ticked(home: Home, shop: Shop) -> int:
    """What a gateway answers that is up."""
    line = Connection(home.socket, home.store)
    try:
        return GatewayClient(line, ClientStore(line), shop.clock).perform(FireTimers())
    finally:
        line.close()


def said(home: Home, *messages: bytes) -> list[object]:
    """What the gateway answers to these bytes, until it hangs up or every one is answered."""
    line, frames, answers = connected(home.socket, 5, home.store), Frames(2**20), list[object]()
    with line:
        line.sendall(b"".join(messages))
        while len(answers) < len(messages) and (arrived := line.recv(65536)):
            answers += map(parsed, frames.feed(arrived))
    return answers


def _interrupted(tx: Transaction) -> None:
    tx.put_blob(b"never")
    raise ZeroDivisionError


def test_what_one_of_a_group_gets_refused_leaves_the_others_work_alone(durable: Shop) -> None:
    store = durable.store
    assert isinstance(store, SqliteStore)
    durable.begin()
    with store.grouping():
        durable.freeze("run:none")
        with pytest.raises(Refused, match="frozen already"):
            durable.freeze("run:none")
        with pytest.raises(ZeroDivisionError):
            store.transact(_interrupted)
        blob = durable.gateway.perform(KeepContent(b"kept"))

    with store.reading() as at:
        assert list(at.house().freezes) == ["run:none"]
        assert (at.blob(blob), at.blob(sha256(b"never").hexdigest())) == (b"kept", None)


def test_each_part_of_a_group_has_its_own_receipt_and_the_anchor_is_set_once_at_the_end(durable: Shop) -> None:
    store = durable.store
    assert isinstance(store, SqliteStore)
    durable.freeze("run:first")
    anchored, seqs = store.anchor.read(), list[int]()
    assert anchored is not None and anchored == store.receipt
    with store.grouping():
        for scope in ("run:second", "run:third"):
            durable.freeze(scope)
            assert store.receipt is not None
            seqs.append(store.receipt.count)
        assert store.anchor.read() == anchored

    assert seqs == [anchored.count + 1, anchored.count + 2]
    assert store.anchor.read() == store.receipt
    with pytest.raises(ZeroDivisionError), store.grouping():
        durable.freeze("run:fourth")
        raise ZeroDivisionError
    assert store.anchor.read() == store.receipt


def test_a_receipt_goes_over_the_socket_to_whoever_changed_something(durable: Shop, tmp_path: Path) -> None:
    home = Home(tmp_path / "store")
    with resident(home, durable.clock):
        one, other = line_to(home), line_to(home)
        for line in (one, other):
            gateway = GatewayClient(line, ClientStore(line), durable.clock)
            gateway.person("ana", passphrase_of("ana"), typed=True)
            assert gateway.store.receipt is None
            gateway.perform(RecordStoreEvent(durable.person(), Frozen(f"run:{line is one}", durable.person().id, "no")))
            with durable.store.reading() as at:
                assert gateway.store.receipt == at.get(Head, LOG)
        assert one.receipt is not None and other.receipt is not None
        assert one.receipt.count + 1 == other.receipt.count
        one.close()
        other.close()


def test_nothing_of_a_group_is_there_before_its_commit_nor_after_a_crash_in_it(durable: Shop, tmp_path: Path) -> None:
    store, other = durable.store, SqliteStore(tmp_path / "store")
    assert isinstance(store, SqliteStore)
    with pytest.raises(KeyboardInterrupt), store.grouping():
        durable.begin()
        with other.reading() as at:
            assert at.task("r1") is None
        raise KeyboardInterrupt
    with other.reading() as at:
        assert at.task("r1") is None
    other.close()


def test_a_full_disk_fails_the_whole_group_and_the_next_one_goes_through(durable: Shop) -> None:
    store = durable.store
    assert isinstance(store, SqliteStore)
    (pages,) = next(iter(store.connection.execute("PRAGMA page_count")))
    store.connection.execute(f"PRAGMA max_page_count={pages}")
    with pytest.raises(StoreError), store.grouping():
        durable.freeze("run:none")
        with pytest.raises(StoreError):
            durable.gateway.perform(KeepContent(os.urandom(2**20)))
        durable.freeze("run:other")
    store.connection.execute(f"PRAGMA max_page_count={pages * 1000}")

    with store.reading() as at:
        assert dict(at.house().freezes) == {}
    with store.grouping():
        durable.freeze("run:none")
    assert durable.log("house")[-1].name == "Frozen"


def test_what_comes_due_is_fired_without_anybody_asking(durable: Shop, tmp_path: Path) -> None:
    durable.begin()
    agent = durable.claim()
    durable.gateway.perform(PerformCommand(agent, "r1", c.Fail(agent.id, agent.epoch, "hard")))
    with resident(Home(tmp_path / "store"), durable.clock):
        durable.later(MINUTE)
        wait_for(lambda: durable.task().reason is Reason.READY, lambda: "the pause does not end")
    assert durable.log("r1")[-1].principal == "gateway:timers"


def test_a_store_has_one_resident_gateway_and_a_dead_ones_socket_is_replaced(durable: Shop, tmp_path: Path) -> None:
    home = Home(tmp_path / "store")
    home.socket.parent.mkdir()
    with listening(home.socket):
        pass
    assert home.socket.exists()
    with resident(home, durable.clock):
        assert ticked(home, durable) == 0
        assert (home.socket.stat().st_mode & 0o777, home.socket.parent.stat().st_mode & 0o777) == (0o660, 0o710)
        with pytest.raises(Unavailable, match="is served already"), resident(home, durable.clock):
            pass
        assert ticked(home, durable) == 0
    assert not home.socket.exists()


def test_a_client_whose_gateway_is_gone_says_so_or_goes_on_with_the_file(durable: Shop, tmp_path: Path) -> None:
    home = Home(tmp_path / "store")
    durable.begin()
    line = Connection(home.socket, home.store)
    with pytest.raises(Unavailable, match="no gateway answers"):
        line.connect()
    with_file = GatewayClient(line, durable.store, durable.clock, durable.gateway)  # type: ignore[arg-type]
    with resident(home, durable.clock):
        got = with_file.perform(ClaimTask(LAUNCHER, "agent:alfa", "implementer"))
        durable.secrets["r1"] = got.secret
    agent = with_file.perform(RecogniseAgent(got.secret))

    assert (
        with_file.perform(PerformCommand(INTAKE, "r1", c.Submit(agent.id, agent.epoch, work()))).submission is not None
    )


def test_a_token_that_was_replaced_keeps_nobody_from_a_gateway_that_comes_back(durable: Shop, tmp_path: Path) -> None:
    """A worker stays connected for many tasks, and tokens end with their tasks' next claims."""
    home = Home(tmp_path / "store")
    durable.begin()
    line = Connection(home.socket, home.store)
    client = GatewayClient(line, ClientStore(line), durable.clock)
    with resident(home, durable.clock):
        old = client.perform(ClaimTask(LAUNCHER, "agent:alfa", "implementer"))
        agent = client.perform(RecogniseAgent(old.secret))
        client.perform(PerformCommand(agent, "r1", c.Release(agent.id, agent.epoch, c.ReleaseCause.STOPPED, "")))
        got = client.perform(ClaimTask(LAUNCHER, "agent:alfa", "implementer"))
    durable.secrets["r1"] = got.secret
    with resident(home, durable.clock):
        assert client.perform(FireTimers()) == 0
        assert client.perform(RecogniseAgent(got.secret)).epoch == got.task.epoch
        with pytest.raises(NotAllowed):
            client.perform(RecogniseAgent(old.secret))
    line.close()


def test_messages_that_are_none_are_answered_and_do_no_harm(durable: Shop, tmp_path: Path) -> None:
    home = Home(tmp_path / "store")
    with resident(home, durable.clock) as words:
        wrong = (
            b"no json",
            b"[]",
            b"\xff\xfe",
            b'{"verb": "last_seq", "args": []}',
            b'{"protocol": 2, "operation": ["task"], "fields": {}}',
            b'{"protocol": 2, "operation": "task"}',
            b'{"protocol": 2, "operation": "task", "fields": 7}',
            message("explode").encode(),
            message("task", task=7).encode(),
            message("task", task="r1", more="x").encode(),
            message("log", after=-1).encode(),
            message("tasks", wanted={"1=1 OR task": "x"}).encode(),
            message("perform", principal={}, task="r1", command=["Explode", {}]).encode(),
            b"[" * 100_000,
        )
        for odd in wrong:
            (answer,) = said(home, LENGTH.pack(len(odd)) + odd)
            assert isinstance(answer, dict) and answer["error"]["exit"] == Exit.USAGE, (odd[:80], answer)
        (answer,) = said(home, LENGTH.pack(LARGEST_REQUEST + 1))
        assert isinstance(answer, dict) and "bytes" in answer["error"]["message"]
        assert said(home, framed(message("task", task="r1"))) == [{"ok": None}]
        assert [word for word in words if word.startswith("trouble")] == []


FOREIGN = """\
import json, os, sys
from hashlib import sha256
from pathlib import Path
from gateway.test_resident import foreign
os.setgroups([]); os.setgid(int(sys.argv[2])); os.setuid(int(sys.argv[2]))
print(json.dumps(foreign(Path(sys.argv[1]), sys.argv[3])))
"""


def foreign(store: Path, secret: str) -> dict[str, str]:
    """What a process of another user gets from a resident gateway; run by the test below, as that user."""
    home = Home(store)
    line = Connection(home.socket, home.store)
    gateway = GatewayClient(line, ClientStore(line), lambda: 0)
    own = gateway.perform(ClaimTask(LAUNCHER, "agent:b", "implementer", task="r2")).secret
    agent, ana = gateway.perform(RecogniseAgent(own)), Principal(PrincipalKind.HUMAN, "ana")
    cheap = GatewayClient(line_to(home), ClientStore(line), lambda: 0)
    other = GatewayClient(Connection(home.socket, home.store), ClientStore(line), lambda: 0)
    people, log = gateway.perform(ReadStoreState()).people, gateway.perform(ReadEvents(run="house"))
    tries = {
        "file": lambda: SqliteStore(store),
        "heartbeat": lambda: gateway.perform(Heartbeat(agent)),
        "claim": lambda: own,
        "another's token": lambda: gateway.perform(RecogniseAgent(secret)),
        "without proof": lambda: other.perform(Heartbeat(agent)),
        "as a person": lambda: gateway.perform(RecordStoreEvent(ana, Frozen("all", ana.id, ""))),
        "as a verifier": lambda: gateway.perform(TakeJob(verifier("v"), 1, effects=False)),
        "enrol": lambda: gateway.perform(
            RecordStoreEvent(LAUNCHER, enrolment("eve", (), "", "long enough", LAUNCHER.id, 2))
        ),
        "a wrong passphrase": lambda: cheap.person("ana", "guessed it", typed=True),
        "the store": lambda: gateway.store.reading(),
        "secrets of people": lambda: (
            [p.salt + p.stored_key + p.server_key for p in people.values()] + [_has_keys(f"{log}")]
        ),
    }
    return {name: _outcome(call) for name, call in tries.items()}


def _has_keys(log: str) -> bool:
    return 'salt": "00' in log or 'stored_key": "' in log.replace('stored_key": ""', "")


def _outcome(call: object) -> str:
    try:
        return f"got {call()}"  # type: ignore[operator]
    except (NotAllowed, BadInput, StoreError, Unavailable, OSError) as no:
        return type(no).__name__


@pytest.mark.skipif(os.getuid() != 0, reason="only root can be somebody else")
def test_another_user_is_who_they_prove_to_be_and_reads_no_secrets(durable: Shop, tmp_path: Path) -> None:
    home = Home(tmp_path / "store")
    durable.begin()
    durable.begin(run="r2")
    agent = durable.claim("r1")
    folder = tmp_path
    while folder != Path("/"):  # pytest's own folders let nobody else through
        folder.chmod(folder.stat().st_mode | 0o011)
        folder = folder.parent
    (tmp_path / "store").chmod(0o700)
    with resident(home, durable.clock) as words:
        os.chown(home.socket, -1, NOBODY_UID)
        os.chown(home.socket.parent, -1, NOBODY_UID)
        paths = os.pathsep.join(str(ROOT / part) for part in ("core", "tui", "tests"))
        command = [sys.executable, "-c", FOREIGN, str(home.store), str(NOBODY_UID), durable.secrets["r1"]]
        ran = subprocess.run(
            command,
            env={**os.environ, "PYTHONPATH": paths},
            capture_output=True,
            text=True,
            timeout=DEADLINE_S,
            cwd="/",
        )
    assert (ran.returncode, words[1:]) == (0, []), ran.stderr
    got = json.loads(ran.stdout)
    durable.secrets["r2"] = got.pop("claim").removeprefix("got ")

    assert got == {
        "file": "PermissionError",
        "heartbeat": f"got {durable.clock() + MINUTE}",
        "another's token": "NotAllowed",
        "without proof": "NotAllowed",
        "as a person": "NotAllowed",
        "as a verifier": "NotAllowed",
        "enrol": "NotAllowed",
        "a wrong passphrase": "NotAllowed",
        "the store": "NotAllowed",
        "secrets of people": "got ['', '', '', '', False]",
    }
    claimed = next(event for event in durable.log("r2") if event.name == "Claimed")
    assert (claimed.principal, agent.task) == (f"launcher:uid-{NOBODY_UID}", "r1")
