"""A line over HTTP: what breaks is asked again under the same key, and a busy gateway is waited for."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from http_client.scripted_host import Script, ScriptedHost, answer, scripted_host
from onloop.errors import BadInput, NotAllowed, Refused, Stale, Unavailable, UnknownThing
from onloop.gateway.leases import Heartbeat
from onloop.gateway.upkeep import RecogniseAgent, RecordStoreEvent
from onloop.machine.principal import NOBODY, Principal, PrincipalKind
from onloop.machine.store_state import Frozen
from onloop.remote.client import ClientStore, GatewayClient
from onloop.remote.client_credentials import Credentials
from onloop.remote.connection_operations import AnnounceWork, SubmitAnnounced
from onloop.remote.http_client.carriers import Carrier, PooledCarrier, SmallCarrier
from onloop.remote.http_client.http_line import HttpLine
from onloop.remote.http_client.upload import PIECE
from onloop.views.queries.reads import ReadStoreState

NOTHING = answer(b'{"ok": null}')
FREEZE = RecordStoreEvent(Principal(PrincipalKind.LAUNCHER, "ci"), Frozen("all", "human:ana", "look"))


def problem(status: str, code: str, *more: str, **fields: object) -> bytes:
    told = {"code": code, "exit": 13, "detail": "it says why", "hint": "onloop list", **fields}
    return answer(json.dumps(told).encode(), status, "application/problem+json", more)


@contextmanager
def client_of(
    script: Script, make: Callable[[str], object] = SmallCarrier
) -> Iterator[tuple[GatewayClient, ScriptedHost]]:
    with scripted_host(script, None) as host:
        line = HttpLine(host.url, make(host.url), Credentials(bearer="onl_lnc_x"))  # type: ignore[arg-type]
        yield GatewayClient(line, ClientStore(line), line.clock), host
        line.close()


def bodies(host: ScriptedHost) -> list[bytes]:
    return [request.partition(b"\r\n\r\n")[2] for request in host.requests]


@pytest.mark.parametrize("make", [SmallCarrier, PooledCarrier])
def test_an_answer_that_got_lost_is_asked_for_again_under_the_same_key(make: Callable[[str], Carrier]) -> None:
    with client_of(lambda at, _: b"" if at == 1 else NOTHING, make) as (gateway, host):
        gateway.perform(FREEZE)
        gateway.perform(FREEZE)

    first, lost, again = bodies(host)
    assert lost == again != first
    assert json.loads(again)["key"]
    assert host.connections == 2


def test_a_busy_gateway_is_waited_for_and_asked_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    busy = problem("503 Service Unavailable", "unavailable", "Retry-After: 0")
    much = problem("429 Too Many Requests", "unavailable", "Retry-After: 0")

    with client_of(lambda at, _: (busy, much, NOTHING)[at]) as (gateway, host):
        gateway.perform(FREEZE)

    assert len(set(bodies(host))) == 1 and len(host.requests) == 3


def test_a_gateway_that_is_busy_for_longer_than_a_verb_waits_says_so() -> None:
    busy = problem("503 Service Unavailable", "unavailable", "Retry-After: 600")

    with client_of(lambda _, __: busy) as (gateway, host), pytest.raises(Unavailable, match="it says why"):
        gateway.perform(FREEZE)
    assert len(host.requests) == 1


@pytest.mark.parametrize(
    ("status", "code", "kind"),
    [
        ("400 Bad Request", "bad_input", BadInput),
        ("404 Not Found", "unknown", UnknownThing),
        ("403 Forbidden", "not_allowed", NotAllowed),
        ("409 Conflict", "refused", Refused),
        ("412 Precondition Failed", "stale", Stale),
    ],
)
def test_a_problem_is_the_error_that_it_is_over_the_socket(status: str, code: str, kind: type[Exception]) -> None:
    with client_of(lambda _, __: problem(status, code)) as (gateway, _), pytest.raises(kind) as refused:
        gateway.perform(ReadStoreState())

    assert type(refused.value) is kind
    assert (str(refused.value), getattr(refused.value, "hint", "")) == ("it says why", "onloop list")


def test_a_token_that_would_write_headers_of_its_own_is_refused_and_none_is_shown() -> None:
    token = "onl_agt_x\r\nOnloop-Session: y"
    with client_of(lambda _, __: NOTHING) as (gateway, host), pytest.raises(BadInput) as refused:
        gateway.perform(RecogniseAgent(token))

    assert host.requests == []
    assert token not in f"{refused.value}{refused.value.hint}"
    assert "onl_lnc_x" not in repr(Credentials(bearer="onl_lnc_x"))


def test_each_agents_requests_go_with_their_own_token() -> None:
    agents = [Principal(PrincipalKind.AGENT, name, f"r{name}", 1, "s") for name in "ab"]

    def script(at: int, _: bytes) -> bytes:
        who = agents[at] if at < 2 else NOBODY
        plain = {"kind": "agent", "name": who.name, "task": who.task, "epoch": 1, "step": "s"}
        return answer(json.dumps({"ok": plain if at < 2 else 5}).encode())

    with client_of(script) as (gateway, host):
        known = [gateway.perform(RecogniseAgent(f"onl_agt_{name}")) for name in "ab"]
        gateway.perform(Heartbeat(known[0]))
        gateway.perform(Heartbeat(known[1]))

    said = [next(line for line in each.split(b"\r\n") if line.startswith(b"Authorization")) for each in host.requests]
    assert [line.rpartition(b" ")[2] for line in said] == [b"onl_agt_a", b"onl_agt_b"] * 2


def test_an_upload_goes_on_behind_what_has_come() -> None:
    agent = Principal(PrincipalKind.AGENT, "a", "r1", 1, "s")
    came = PIECE // 2

    def script(at: int, _: bytes) -> bytes:
        received = answer(json.dumps({"received": came}).encode())
        whole = answer(json.dumps({"received": PIECE + 3}).encode())
        piece = answer(json.dumps({"received": PIECE}).encode())
        refusal = problem("409 Conflict", "refused")
        return (answer(b'{"ok": null}', more=("Onloop-Upload: u1",)), b"", received, piece, whole, refusal)[at]

    with client_of(script) as (gateway, host):
        gateway.line.ask(AnnounceWork(agent, "c" * 40, PIECE + 3))
        gateway.line.send(b"x" * (PIECE + 3))
        with pytest.raises(Refused, match="it says why"):
            gateway.line.ask(SubmitAnnounced(agent, "done"))

    heads = [request.split(b" HTTP/1.1")[0].decode() for request in host.requests]
    assert heads == [
        "POST /v1/hand_in",
        "PUT /v1/uploads/u1?offset=0",
        "GET /v1/uploads/u1",
        f"PUT /v1/uploads/u1?offset={came}",
        f"PUT /v1/uploads/u1?offset={PIECE}",
        "POST /v1/submit",
    ]
    assert list(map(len, bodies(host)))[1:5] == [PIECE, 0, PIECE - came, 3]
    assert b"Onloop-Upload: u1" in host.requests[-1]
