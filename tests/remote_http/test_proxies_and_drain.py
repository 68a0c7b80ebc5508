"""Behind a proxy, at the end, and for whoever looks after the gateway."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial

import httpx
import pytest

from onloop.records import replace
from onloop.remote.http.door_settings import DoorLimits, DoorSettings
from onloop.remote.http.entry.problem_details import HttpProblem
from onloop.remote.http.entry.request_checks import RequestChecks
from remote_http.conftest import OpenDoor, opened
from remote_http.scripted_gateway import LAUNCHER_TOKEN, SESSION_TOKEN, TOKEN, ScriptedGateway, ScriptedLine, error
from support.waiting import wait_for

PUBLIC = DoorSettings("127.0.0.1", 0, public=("https://gateway.example",), proxies=("127.0.0.1",))


@contextmanager
def proxied(gateway: ScriptedGateway) -> Iterator[OpenDoor]:
    """A door whose proxy is on this machine."""
    with opened(gateway.adopt, settings=PUBLIC) as door:
        yield door


def test_a_named_proxy_is_believed_whose_request_it_passes_on(gateway: ScriptedGateway) -> None:
    with proxied(gateway) as door:
        headers = {"Host": "gateway.example", "X-Forwarded-For": "10.9.9.9, 192.0.2.7", "X-Forwarded-Proto": "https"}
        found = door.client().post("/v1/task", json={}, headers={**headers, "Origin": "https://gateway.example"})

    assert found.status_code == 200
    assert [line.peer.account for line in gateway.network_lines()] == ["address:192.0.2.7"]


def test_nobody_else_is_believed_what_they_say_of_others(door: OpenDoor, gateway: ScriptedGateway) -> None:
    door.client().post("/v1/task", json={}, headers={"X-Forwarded-For": "192.0.2.7", "Forwarded": "for=192.0.2.7"})

    assert [line.peer.account for line in gateway.network_lines()] == ["address:127.0.0.1"]


def test_a_proxy_that_was_asked_in_the_clear_is_refused(gateway: ScriptedGateway) -> None:
    with proxied(gateway) as door:
        headers = {"X-Forwarded-For": "192.0.2.7", "X-Forwarded-Proto": "http"}
        found = door.client().post("/v1/task", json={}, headers=headers)

    assert (found.status_code, gateway.lines) == (403, [])


def scope(client: str, server: str, **headers: str) -> dict[str, object]:
    named = [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
    return {
        "client": (client, 1),
        "server": (server, 8080),
        "headers": named,
        "raw_path": b"/healthz",
        "query_string": b"",
    }


def test_past_the_proxy_nobody_is_answered_in_the_clear() -> None:
    checks = RequestChecks(DoorSettings("0.0.0.0", 8080, proxies=("10.0.0.5",)), 8080, DoorLimits())  # noqa: S104

    passed_on = checks.arrived(scope("::ffff:10.0.0.5", "10.0.0.9", host="10.0.0.9:8080", x_forwarded_for="::1"))
    with pytest.raises(HttpProblem, match=r"10\.0\.0\.77 is not the proxy of this gateway"):
        checks.arrived(scope("10.0.0.77", "10.0.0.9", host="10.0.0.9:8080"))
    assert (passed_on.address, passed_on.is_near) == ("::1", False)
    assert checks.arrived(scope("127.0.0.1", "127.0.0.1", host="localhost:8080")).is_near


def test_the_usual_port_may_be_left_out_and_an_address_of_the_machine_is_a_name_of_it() -> None:
    checks = RequestChecks(replace(PUBLIC, host="::", port=443, proxies=()), 443, DoorLimits())

    for host in ("gateway.example", "GATEWAY.example:443", "[2001:db8::1]:443"):
        assert checks.arrived(scope("127.0.0.1", "2001:db8::1", host=host)).address == "127.0.0.1"
    for host in ("gateway.example:80", "[::]:443", "gateway.example.evil.com", "xgateway.example"):
        with pytest.raises(HttpProblem, match="no name of this gateway"):
            checks.arrived(scope("127.0.0.1", "2001:db8::1", host=host))


def test_what_is_under_way_ends_and_nothing_new_begins(gateway: ScriptedGateway) -> None:
    go = threading.Event()

    def wait(_line: ScriptedLine, _asked: object) -> dict[str, object]:
        go.wait()
        return {"ok": "done"}

    gateway.does["task"] = wait
    with opened(gateway.adopt) as door:
        client, late, answers = door.client(), door.client(), list[httpx.Response]()
        assert late.get("/healthz").status_code == 200
        asking = threading.Thread(target=lambda: answers.append(client.post("/v1/task", json={})))
        asking.start()
        wait_for(lambda: "task" in gateway.asked_names(), lambda: "it is not asked")
        with client_stream(door) as lines:
            stopping = threading.Thread(target=door.door.stop, args=(60.0,))
            stopping.start()

            said = [line for line in lines if line]
            with pytest.raises(httpx.TransportError):
                late.get("/healthz")
            go.set()
            asking.join()
            stopping.join()

    assert [answer.json() for answer in answers] == [{"ok": "done"}]
    assert said[-1] == ": the gateway stops: go on with Last-Event-ID"


def test_whoever_asks_while_it_ends_is_answered_or_sent_away_and_nothing_is_done_unasked(
    gateway: ScriptedGateway,
) -> None:
    with opened(gateway.adopt, replace(DoorLimits(), waiting_of_one=100)) as door:
        answers, broken = list[int](), list[Exception]()

        def ask() -> None:
            with httpx.Client(base_url=door.url, headers={"Authorization": f"Bearer {TOKEN}"}, timeout=60) as client:
                while True:
                    try:
                        answers.append(client.post("/v1/perform", json={}).status_code)
                    except httpx.TransportError as failure:
                        broken.append(failure)
                        return

        asking = [threading.Thread(target=ask) for _ in range(6)]
        for each in asking:
            each.start()
        wait_for(lambda: len(answers) > 50, lambda: "nothing is answered")
        door.door.stop(60.0)
        done = gateway.asked_names().count("perform")
        for each in asking:
            each.join()

    assert len(broken) == 6
    assert set(answers) <= {200, 503}
    assert answers.count(200) == done == gateway.asked_names().count("perform")


@contextmanager
def client_stream(door: OpenDoor) -> Iterator[Iterator[str]]:
    with door.client().stream("GET", "/v1/events") as answer:
        lines = answer.iter_lines()
        assert next(lines).startswith(":")
        yield lines


def test_what_does_not_end_in_time_is_cut_off(gateway: ScriptedGateway) -> None:
    never = threading.Event()
    gateway.does["task"] = lambda _line, _asked: {"ok": never.wait()}
    with opened(gateway.adopt) as door:
        answers = list[httpx.Response]()
        asking = threading.Thread(target=lambda: answers.append(door.client().post("/v1/task", json={})))
        asking.start()
        wait_for(lambda: "task" in gateway.asked_names(), lambda: "it is not asked")
        door.door.stop(0.05)
        asking.join()
        never.set()

    assert [answer.status_code for answer in answers] == [503]
    assert "may still take effect" in answers[0].json()["detail"]


def test_a_door_that_was_stopped_leaves_nothing_open(gateway: ScriptedGateway) -> None:
    with opened(gateway.adopt) as door:
        door.client().post("/v1/task", json={})
        port = door.door.port
    wait_for(lambda: all(line.end.fileno() < 0 for line in gateway.lines), lambda: "lines are open")

    with opened(gateway.adopt, settings=DoorSettings("127.0.0.1", port)) as again:
        assert again.client().get("/healthz").json() == {"alive": True}
    assert threading.active_count() < 50


def test_readiness_is_the_stores_and_liveness_is_not(door: OpenDoor, gateway: ScriptedGateway) -> None:
    client = door.client(None)
    assert client.get("/readyz").json() == {"ready": True, "warnings": []}
    gateway.does["stamp"] = lambda _line, _asked: error("store", "the disk is full", 17)

    found = wait_for(partial(unready, client), lambda: "it stays ready")

    assert (found.status_code, found.json()["ready"]) == (503, False)
    assert found.json()["trouble"] == "the store does not answer: the disk is full"
    assert client.get("/healthz").status_code == 200


def unready(client: httpx.Client) -> httpx.Response | None:
    found = client.get("/readyz")
    return found if found.status_code != 200 else None


def test_whoever_asks_whether_it_is_ready_again_and_again_makes_nobody_look(
    door: OpenDoor, gateway: ScriptedGateway
) -> None:
    client = door.client(None)
    for _ in range(50):
        client.get("/readyz")

    assert gateway.asked_names().count("stamp") < 20


def test_figures_are_for_people_launchers_and_whoever_is_near(door: OpenDoor, gateway: ScriptedGateway) -> None:
    gateway.append(count=7)
    door.client().post("/v1/task", json={})
    door.client().post("/v1/fly", json={})
    assert door.client(None).get("/readyz").status_code == 200

    statuses = {
        token: door.client(token).get("/metrics").status_code
        for token in (None, LAUNCHER_TOKEN, SESSION_TOKEN, TOKEN, "onl_ses_" + "z" * 40)
    }
    text = door.client(None).get("/metrics").text

    assert list(statuses.values()) == [200, 200, 200, 403, 401]
    assert 'onloop_http_requests_total{operation="task",status="200"} 1' in text
    assert 'onloop_http_requests_total{operation="unknown",status="404"} 1' in text
    assert 'onloop_http_request_seconds_bucket{operation="task",le="+Inf"} 1' in text
    assert "onloop_store_last_sequence 7" in text
    assert "fly" not in text


def test_figures_are_not_for_whoever_a_proxy_passes_on(gateway: ScriptedGateway) -> None:
    with proxied(gateway) as door:
        assert door.client(None).get("/metrics", headers={"X-Forwarded-For": "127.0.0.1"}).status_code == 401
        assert door.client(None).get("/metrics").status_code == 401
        assert door.client(LAUNCHER_TOKEN).get("/metrics").status_code == 200
