"""One request over HTTP is one on a line of the gateway: its fields, its key, its code, its answer, its errors."""

from __future__ import annotations

import httpx
import pytest

from remote_http.conftest import OpenDoor
from remote_http.scripted_gateway import (
    LAUNCHER_TOKEN,
    OTHER_TOKEN,
    SESSION_TOKEN,
    TOKEN,
    ScriptedGateway,
    ScriptedLine,
    error,
)
from support.waiting import wait_for


def ask(
    client: httpx.Client, operation: str, fields: dict[str, object] | None = None, **headers: str
) -> httpx.Response:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return client.post(f"/v1/{operation}", json=fields or {}, headers=named)


def test_an_operation_is_asked_on_a_line_where_the_credential_was_proved(
    door: OpenDoor, gateway: ScriptedGateway
) -> None:
    gateway.does["task"] = lambda _line, asked: {"ok": {"id": asked["fields"]["task"]}, "head": {"count": 3}}

    found = ask(door.client(), "task", {"task": "r1"})

    assert (found.status_code, found.json()) == (200, {"ok": {"id": "r1"}, "head": {"count": 3}})
    assert found.headers["content-type"] == "application/json"
    assert gateway.asked[-2:] == [
        {"protocol": 2, "operation": "agent", "fields": {"token": TOKEN}},
        {"protocol": 2, "operation": "task", "fields": {"task": "r1"}},
    ]
    (line,) = gateway.network_lines()
    assert (line.peer.uid, line.peer.account) == (-1, "address:127.0.0.1")


def test_who_asks_again_keeps_their_line_and_nobody_elses(door: OpenDoor, gateway: ScriptedGateway) -> None:
    for _ in range(3):
        ask(door.client(), "task", {"task": "r1"})
    ask(door.client(OTHER_TOKEN), "task", {"task": "r1"})

    assert gateway.asked_names().count("agent") == 2
    assert len(gateway.network_lines()) == 2


@pytest.mark.parametrize(
    ("code", "status"),
    [
        ("bad_input", 400),
        ("not_allowed", 403),
        ("unknown", 404),
        ("refused", 409),
        ("stale", 412),
        ("store", 500),
        ("unavailable", 503),
    ],
)
def test_an_error_is_a_problem_that_carries_exit_code_hint_and_next_verb(
    door: OpenDoor, gateway: ScriptedGateway, code: str, status: int
) -> None:
    gateway.does["task"] = lambda _line, _asked: error(code, "there is no task 'r9'", 12)

    found = ask(door.client(), "task", {"task": "r9"})
    said = found.json()

    assert found.status_code == said["status"] == status
    assert found.headers["content-type"] == "application/problem+json"
    assert said["type"] == f"https://onloop.dev/problems/{code}"
    assert (said["code"], said["detail"]) == (code, "there is no task 'r9'")
    assert (said["hint"], said["next"]) == ("onloop list shows every task", "onloop list")
    assert ("retry-after" in found.headers) == (status == 503)
    assert said["exit"] == {"refused": 12, "stale": 12, "not_allowed": 13, "store": 17, "unavailable": 17}.get(code, 2)


@pytest.mark.parametrize(
    ("token", "operation", "words"),
    [
        (None, "task", "no credential"),
        ("onl_agt_" + "z" * 40, "task", "not valid"),
        ("ghp_" + "z" * 40, "task", "no credential of onloop"),
        ("onl_agt_" + "z" * 9_000, "task", "no credential of onloop"),
    ],
)
def test_without_a_credential_that_counts_nothing_is_asked(
    door: OpenDoor, gateway: ScriptedGateway, token: str | None, operation: str, words: str
) -> None:
    found = ask(door.client(token), operation)

    assert found.status_code == 401
    assert found.headers["www-authenticate"].startswith("Bearer")
    assert words in found.json()["detail"]
    assert found.json()["exit"] == 13
    assert operation not in gateway.asked_names()


def test_a_credential_that_was_revoked_meanwhile_is_told_from_one_that_may_not(
    door: OpenDoor, gateway: ScriptedGateway
) -> None:
    gateway.does["perform"] = lambda _line, _asked: error("not_allowed")
    client = door.client()
    may_not = ask(client, "perform")
    gateway.valid.clear()

    revoked = ask(client, "perform")

    assert (may_not.status_code, revoked.status_code) == (403, 401)


def test_a_credential_is_proved_by_what_it_is(door: OpenDoor, gateway: ScriptedGateway) -> None:
    tokens = {"launcher": LAUNCHER_TOKEN, "session": SESSION_TOKEN, "job": "eyJhbGciOiJSUzI1NiJ9.e30.c2ln"}
    for token in tokens.values():
        ask(door.client(token), "task")

    assert [asked["operation"] for asked in gateway.asked if "token" in asked["fields"]] == list(tokens)


def test_nobody_adds_a_second_credential_to_a_line(door: OpenDoor, gateway: ScriptedGateway) -> None:
    client = door.client()
    session = ask(door.client(None), "scram_first").headers["onloop-session"]

    assert ask(client, "agent", {"token": OTHER_TOKEN}).status_code == 403
    assert ask(client, "launcher", {"token": LAUNCHER_TOKEN}).status_code == 403
    assert ask(client, "agent", {"token": TOKEN}, Onloop_Session=session).status_code == 403
    assert {asked["fields"]["token"] for asked in gateway.asked if "token" in asked["fields"]} == {TOKEN}
    assert ask(client, "agent", {"token": TOKEN}).status_code == 200


def test_the_key_of_the_header_is_the_key_of_the_operation(door: OpenDoor, gateway: ScriptedGateway) -> None:
    client = door.client()

    assert ask(client, "perform", {}, Idempotency_Key="k1").json() == {"ok": {"key": "k1"}}
    assert ask(client, "perform", {"key": "k1"}, Idempotency_Key="k1").status_code == 200
    assert ask(client, "perform", {"key": "k2"}, Idempotency_Key="k1").status_code == 400
    for name in ("task", "base_result", "keep_base_result"):  # what is called key there is no such key
        assert ask(client, name, {}, Idempotency_Key="k1").status_code == 400, name


@pytest.mark.parametrize("code", ["1", ":", "x:tag", "-1:tag", "1" * 16 + ":tag", "١:tag"])
def test_a_code_that_is_no_number_and_tag_is_refused(door: OpenDoor, code: str) -> None:
    session = ask(door.client(None), "scram_first", {"message": "n"}).headers["onloop-session"]

    found = door.client(None).post(
        "/v1/scram_final", json={}, headers=[(b"Onloop-Session", session.encode()), (b"Onloop-Code", code.encode())]
    )
    assert found.status_code == 400


def test_a_person_proves_themselves_in_a_session_and_their_code_is_passed_on(
    door: OpenDoor, gateway: ScriptedGateway
) -> None:
    client = door.client(None)
    first = ask(client, "scram_first", {"message": "n,,n=ana"})
    client.headers["Onloop-Session"] = first.headers["onloop-session"]
    early = ask(client, "task")
    final = ask(client, "scram_final", {"message": "c=", "typed": True})
    decided = ask(client, "perform", {"key": "k"}, Onloop_Code="7:tag")

    assert (first.json(), early.status_code, final.status_code) == ({"ok": "demand"}, 401, 200)
    assert decided.json() == {"ok": {"key": "k"}}
    assert gateway.asked[-1] == {
        "protocol": 2,
        "operation": "perform",
        "fields": {"key": "k"},
        "code": {"n": 7, "tag": "tag"},
    }
    assert len(gateway.network_lines()) == 1
    assert len(client.headers["Onloop-Session"]) >= 43


def test_a_session_that_is_not_there_is_lost_and_so_is_one_whose_line_has_ended(
    door: OpenDoor, gateway: ScriptedGateway
) -> None:
    client = door.client(None)
    unknown = ask(client, "task", Onloop_Session="x" * 43)
    session = ask(client, "scram_first").headers["onloop-session"]
    gateway.network_lines()[0].hang_up()

    wait_for(
        lambda: ask(client, "scram_final", Onloop_Session=session).json().get("code") == "session_lost",
        lambda: "the session goes on",
    )
    assert (unknown.status_code, unknown.json()["code"]) == (401, "session_lost")


def test_a_line_that_the_gateway_closed_meanwhile_is_made_anew(door: OpenDoor, gateway: ScriptedGateway) -> None:
    client = door.client()
    ask(client, "task")
    gateway.network_lines()[0].hang_up()

    wait_for(lambda: ask(client, "task").status_code == 200, lambda: "it stays closed")
    assert gateway.asked_names().count("agent") == 2


def test_a_line_that_breaks_under_a_request_says_that_it_may_still_take_effect(
    door: OpenDoor, gateway: ScriptedGateway
) -> None:
    def hang_up(line: ScriptedLine, _asked: object) -> None:
        line.hang_up()

    gateway.does["perform"] = hang_up

    found = ask(door.client(), "perform", {}, Idempotency_Key="k")

    assert found.status_code == 503
    assert "may still take effect" in found.json()["detail"]
    assert found.json()["hint"] == "try again under the same key"
    assert "perform" in gateway.asked_names()


def test_an_unknown_operation_path_or_method_is_a_problem(door: OpenDoor) -> None:
    client = door.client()
    found = {
        (method, path): client.request(method, path, json={} if method == "POST" else None)
        for method, path in (
            ("POST", "/v1/fly"),
            ("POST", "/v1/task/more"),
            ("GET", "/"),
            ("GET", "/v1/../healthz/x"),
            ("GET", "/v1/task"),
            ("DELETE", "/v1/task"),
            ("OPTIONS", "/v1/task"),
            ("PUT", "/v1/events"),
            ("POST", "/healthz"),
        )
    }

    assert [answer.status_code for answer in found.values()] == [404, 404, 404, 404, 405, 405, 405, 405, 405]
    assert {answer.headers["content-type"] for answer in found.values()} == {"application/problem+json"}
    assert not any("access-control-allow-origin" in answer.headers for answer in found.values())


def test_an_answer_of_many_megabytes_arrives_whole(door: OpenDoor, gateway: ScriptedGateway) -> None:
    gateway.does["output"] = lambda _line, _asked: {"ok": "x" * 20_000_000}

    assert len(ask(door.client(), "output").json()["ok"]) == 20_000_000
