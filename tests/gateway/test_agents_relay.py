"""A worker's socket for its agents: they reach the gateway under their own token, and get no other right by it."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from gateway.letting_in import claim_as, launcher_at, let_in
from gateway.over_http import certified, over_http
from gateway.served import message
from gateway.shop import Shop, passphrase_of
from onloop.errors import NotAllowed, OnloopError, Unavailable
from onloop.gateway.command_operations import PerformCommand
from onloop.gateway.leases import Heartbeat
from onloop.gateway.operations import every_operation
from onloop.gateway.upkeep import RecogniseAgent
from onloop.home import Home
from onloop.machine import commands as c
from onloop.machine.principal import Principal, PrincipalKind
from onloop.machine.state import Reason
from onloop.remote.client import ClientStore, GatewayClient
from onloop.remote.client_credentials import Credentials
from onloop.remote.connection import Connection
from onloop.remote.framing import LARGEST_ANSWER, Frames, framed, parsed
from onloop.remote.http_client.carriers import BorrowedCarrier, PooledCarrier
from onloop.remote.http_client.http_line import HttpLine
from onloop.remote.network_access import NETWORK
from onloop.remote.relay.agent_relay import AgentRelay
from onloop.views.queries.reads import ReadStoreState, ReadTask
from support.other_users import why_not
from support.waiting import DEADLINE_S


@dataclass
class Relayed:
    """A relay on another machine than the gateway's, and the agents that its worker has."""

    shop: Shop
    relay: AgentRelay
    clients: list[GatewayClient] = field(default_factory=list)

    def agent(self, run: str, name: str = "alfa") -> tuple[GatewayClient, Principal, str]:
        """An agent with a task, and its client at the relay's socket."""
        self.shop.begin(run=run)
        claimer = launcher_at(self.shop, let_in(self.shop, f"farm-{run}"))
        agent = claim_as(self.shop, claimer, agent=f"agent:{name}", task=run)
        secret = self.shop.secrets[run]
        client = self.client(secret)
        client.perform(RecogniseAgent(secret))
        return client, agent, secret

    def client(self, *tokens: str) -> GatewayClient:
        line = Connection(self.relay.path, None, Credentials(tokens=list(tokens)), patience=())
        self.clients.append(GatewayClient(line, ClientStore(line), self.shop.clock))
        return self.clients[-1]

    def said(self, *messages: str) -> list[dict[str, object]]:
        """What is answered to these on one connection, one after the other."""
        answers = []
        with socket.socket(socket.AF_UNIX) as made:
            made.settimeout(DEADLINE_S)
            made.connect(str(self.relay.path))
            for each in messages:
                frames, found = Frames(LARGEST_ANSWER), None
                with suppress(ConnectionError):
                    made.sendall(framed(each))
                    while found is None and (arrived := made.recv(65_536)):
                        found = next(frames.feed(arrived), None)
                answers.append(dict(parsed(found or b'{"gone": true}')))
        return answers


@contextmanager
def _relaying(shop: Shop, folder: Path) -> Iterator[Relayed]:
    with over_http(Home(folder / "store"), shop.clock) as door:
        carrier = PooledCarrier(door.url, certified().ca)

        def line() -> HttpLine:
            return HttpLine(door.url, BorrowedCarrier(carrier), Credentials())

        with AgentRelay(folder / "relay" / "agents.sock", line) as relay:
            made = Relayed(shop, relay)
            yield made
            for client in made.clients:
                client.store.close()
        carrier.close()


@pytest.fixture
def relayed(durable: Shop, tmp_path: Path) -> Iterator[Relayed]:
    with _relaying(durable, tmp_path) as made:
        yield made


def test_an_agent_works_through_its_workers_socket_under_its_own_token(relayed: Relayed) -> None:
    client, agent, _ = relayed.agent("r1")

    client.perform(Heartbeat(agent, progress=True))
    asked = client.perform(PerformCommand(agent, "r1", c.Ask(agent.id, agent.epoch, "Which one?")))

    assert (asked.reason, relayed.shop.task("r1").reason) == (Reason.QUESTION, Reason.QUESTION)
    assert client.store.receipt is not None
    assert client.perform(ReadStoreState()).id == "s1"


def test_two_agents_at_one_socket_are_two(relayed: Relayed) -> None:
    _, one, _ = relayed.agent("r1")
    other, _, _ = relayed.agent("r2", "bravo")

    with pytest.raises(OnloopError, match=r"no task|not proved|may not"):
        other.perform(PerformCommand(one, "r1", c.Ask(one.id, one.epoch, "Which one?")))
    with pytest.raises(OnloopError, match="no task"):
        other.perform(ReadTask("r1"))

    assert relayed.shop.task("r1").reason is not Reason.QUESTION


def test_who_has_no_token_is_told_nothing(relayed: Relayed) -> None:
    relayed.agent("r1")

    with pytest.raises(NotAllowed):
        relayed.client().perform(ReadTask("r1"))
    with pytest.raises(NotAllowed):
        relayed.client("onl_agt_made-up").perform(ReadTask("r1"))


def test_what_only_others_may_ask_ends_at_the_socket(relayed: Relayed) -> None:
    _, _, secret = relayed.agent("r1")
    others = [each for each in every_operation() if PrincipalKind.AGENT not in NETWORK.get(each.name, {})]
    asked = [_somehow(each) for each in others if each.name != "agent"]

    _, *answers = relayed.said(message("agent", token=secret), *asked)

    codes = {each.name: _code(answer) for each, answer in zip(others, answers, strict=False)}
    assert set(codes.values()) <= {"not_allowed", "bad_input"}, codes
    assert {"claim", "scram_first", "launcher", "session", "own", "mint_session"} <= {
        name for name, code in codes.items() if code == "not_allowed"
    }


def _code(answer: dict[str, object]) -> str:
    """The code of an error; what is not allowed is refused by the socket itself, and not by the gateway behind it."""
    error = answer.get("error")
    assert isinstance(error, dict), answer
    assert error["code"] != "not_allowed" or "through a worker's socket" in str(error["message"]), error
    return str(error["code"])


def _somehow(kind: type) -> str:
    """The operation with fields that fit as far as that is known here; what does not fit is refused as well."""
    nobody = {"kind": "human", "name": "ana"}
    known = {
        "principal": nobody,
        "token": "t",
        "message": "m",
        "typed": True,
        "proof": "p",
        "agent": "agent:a",
        "role": "implementer",
        "task": "r1",
        "now": 1,
    }
    hints = getattr(kind, "__struct_fields__", ())
    required = len(hints) - len(getattr(kind, "__struct_defaults__", ()))
    return message(kind.name, **{name: known.get(name, "x") for name in hints[:required]})  # type: ignore[attr-defined]


def test_nobody_proves_to_be_a_person_through_it(relayed: Relayed) -> None:
    with pytest.raises(NotAllowed, match="through a worker's socket"):
        relayed.client().person("ana", passphrase_of("ana"), typed=True)


def test_what_is_no_request_is_refused_and_what_is_too_long_ends_the_connection(relayed: Relayed) -> None:
    answers = relayed.said("{", '{"protocol": 1}', message("no-such"), "x" * 2_000_000)

    assert [_code(answer) for answer in answers[:3]] == ["bad_input"] * 3
    assert answers[3] == {"gone": True}


def test_a_socket_that_was_closed_is_gone_and_its_agents_are_told(relayed: Relayed) -> None:
    client, _, _ = relayed.agent("r1")

    relayed.relay.__exit__()

    assert not relayed.relay.path.exists()
    with pytest.raises(Unavailable):
        client.perform(ReadTask("r1"))


@pytest.mark.skipif(bool(why_not()), reason=why_not())
def test_no_other_user_reaches_it(relayed: Relayed) -> None:
    assert relayed.relay.path.stat().st_mode & 0o777 == 0o600
    assert relayed.relay.path.parent.stat().st_mode & 0o777 == 0o700
    relayed.relay.path.parent.chmod(0o755)
    relayed.relay.path.chmod(0o666)
    pid = os.fork()
    if pid == 0:
        os.setgroups([])
        os.setgid(65534)
        os.setuid(65534)
        made = socket.socket(socket.AF_UNIX)
        try:
            made.connect(str(relayed.relay.path))
            os._exit(1 if made.recv(1) else 0)
        except OSError:
            os._exit(0)
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0
