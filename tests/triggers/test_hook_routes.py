"""The door for webhooks: every kind of sender over HTTP, and what is too large, too slow, too much, or forged."""

from __future__ import annotations

import hashlib
import json
import socket
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from onloop.access.opening import GatewayHandle, create_home, open_file
from onloop.errors import StoreError
from onloop.home import Home
from onloop.identity.scram import RANDOM_COST
from onloop.remote.http.door import HttpDoor
from onloop.remote.http.door_settings import DoorLimits, DoorSettings
from onloop.remote.http.routes import ROUTES
from onloop.store.rows import Delivery
from onloop.triggers.body_turns import MOST_OF_ONE
from onloop.triggers.delivery_intake import DeliveryIntake
from onloop.triggers.delivery_records import LARGEST_BODY, TakenDelivery
from onloop.triggers.hook_proofs import signed
from onloop.triggers.hook_routes import FORGED_AT_ONCE, MOST_BODIES, hook_doors
from support.hooked import SECRET, github_headers, issue, standard_headers

HOOKS = "".join(
    f'[{name}]\nkind = "{kind}"\nsecret = {{env = "{where}"}}\n{more}'
    for name, kind, where, more in (
        ("github", "github", "HOOK_SECRET", ""),
        ("linear", "linear", "HOOK_SECRET", ""),
        ("standard", "standard", "HOOK_SECRET", ""),
        ("buses", "cloudevents", "HOOK_SECRET", 'auth = "bearer"\n'),
        ("signed", "cloudevents", "HOOK_SECRET", ""),
        ("broken", "github", "NONE", ""),
    )
)


@dataclass
class HookedDoor:
    """A door before nothing but a store."""

    home: Home
    door: HttpDoor
    client: httpx.Client

    def rows(self) -> dict[str, Delivery]:
        opened = open_file(self.home)
        with opened.gateway.store.reading() as at:
            found = {row.id: row for row in at.select(Delivery)}
        opened.close()
        return found

    def post(self, hook: str, body: bytes, headers: dict[str, str]) -> httpx.Response:
        return self.client.post(f"/v1/hooks/{hook}", content=body, headers=headers)


@pytest.fixture
def door(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[HookedDoor]:
    monkeypatch.setenv("HOOK_SECRET", SECRET)
    home = Home(tmp_path / "state" / "store")
    given = {"groups": ("approvers",), "passphrase": "x" * 20, "email": "", "scripted": True, "cost": RANDOM_COST}
    create_home(home, store_id="hooked", person="ana", **given)  # type: ignore[arg-type]
    (home.store / "hooks.toml").write_text(HOOKS)
    (home.store / "hooks.toml").chmod(0o600)
    intake = DeliveryIntake(lambda: open_file(home), lambda: None)
    routes = (*hook_doors(home.store, intake, lambda: time.time_ns() // 1_000_000), *ROUTES)
    made = HttpDoor(
        DoorSettings("127.0.0.1", 0), lambda *_: None, print, lambda: 0, DoorLimits(body_s=1.0), routes=routes
    )
    made.start()
    intake.start()
    with httpx.Client(base_url=made.url, trust_env=False, timeout=60) as client:
        yield HookedDoor(home, made, client)
    made.stop(1)
    intake.stop(5)


def beginning(door: HookedDoor, address: str, more: str = "X-Hub-Signature-256: sha256=00\r\n") -> socket.socket:
    """A connection from that address on which the beginning of a webhook has come, and no more."""
    where = ("127.0.0.1", door.door.port)
    line = socket.create_connection(where, timeout=30, source_address=(address, 0))
    headers = f"Host: {where[0]}:{where[1]}\r\n{more}Content-Length: 9\r\n\r\n"
    line.sendall(f"POST /v1/hooks/github HTTP/1.1\r\n{headers}x".encode())
    return line


def test_each_kind_of_sender_is_taken_by_what_it_signs(door: HookedDoor) -> None:
    now = int(time.time())
    linear = json.dumps({"type": "Issue", "action": "create", "webhookTimestamp": now * 1000}).encode()
    event, standard = {"specversion": "1.0", "id": "e", "source": "/s", "type": "t"}, b'{"type": "contact.created"}'
    binary = {f"ce-{name}": value for name, value in event.items()}
    answers = [
        door.post("github", issue("opened"), github_headers(issue("opened"), "issues")),
        door.post("linear", linear, {"Linear-Signature": signed(SECRET.encode(), linear).hex()}),
        door.post("standard", standard, standard_headers(standard, "m1", now)),
        door.post("buses", b"{}", {"Authorization": f"Bearer {SECRET}", "Content-Type": "application/json", **binary}),
        door.post(
            "signed",
            json.dumps(event).encode(),
            {
                **standard_headers(json.dumps(event).encode(), "m2", now),
                "Content-Type": "application/cloudevents+json",
            },
        ),
    ]

    assert [answer.status_code for answer in answers] == [202] * 5, [answer.text for answer in answers]
    named = {row.hook: row.event for row in door.rows().values()}
    assert named == {
        "github": "issues.opened",
        "linear": "Issue.create",
        "standard": "contact.created",
        "buses": "t",
        "signed": "t",
    }
    assert door.rows().keys() == {answer.json()["delivery"] for answer in answers}, "stored before it was answered"


def test_a_body_that_is_too_large_is_refused_while_it_is_read(door: HookedDoor) -> None:
    def pieces() -> Iterator[bytes]:
        for _ in range(400):
            yield b"x" * 65_536

    announced = door.post("github", b"x" * 25_000_000, github_headers(b"", "push"))
    streamed = door.client.post("/v1/hooks/github", content=pieces(), headers=github_headers(b"", "push"))

    assert (announced.status_code, streamed.status_code) == (413, 413)
    assert f"{LARGEST_BODY} bytes" in streamed.json()["detail"]
    assert door.rows() == {}


def test_who_sends_slowly_is_told_so_and_who_compresses_too(door: HookedDoor) -> None:
    host = "127.0.0.1"
    with beginning(door, host) as slow:
        assert b" 408 " in slow.recv(4_096)
    packed = door.post("github", b"x", {**github_headers(b"x", "push"), "Content-Encoding": "gzip"})

    assert packed.status_code == 415


def test_an_address_whose_webhooks_nobody_vouches_for_is_slowed_down(door: HookedDoor) -> None:
    body = issue("labeled")
    answers = [
        door.post("github", body, github_headers(body, "issues", secret="guessed"))
        for _ in range(int(FORGED_AT_ONCE) + 3)
    ]
    honest = door.post("github", body, github_headers(body, "issues"))

    assert [answers[0].status_code, answers[-1].status_code, honest.status_code] == [403, 429, 429]
    assert int(answers[-1].headers["Retry-After"]) >= 1
    assert door.rows() == {}


def test_what_is_wrong_with_a_hook_of_ours_is_nothing_that_a_sender_is_told(door: HookedDoor) -> None:
    broken = door.post("broken", b"{}", github_headers(b"{}", "push"))
    unknown = door.post("nobody", b"{}", {})

    assert broken.status_code == 503 and "NONE" not in broken.text and "toml" not in broken.text
    assert unknown.status_code == 404


def test_the_same_again_is_known_and_no_answer_tells_a_secret(door: HookedDoor) -> None:
    body = issue("labeled")
    first, second = (door.post("github", body, github_headers(body, "issues", each)) for each in ("a", "b"))

    assert (first.json()["became"], second.json()["became"]) == ("stored", "known")
    (row,) = door.rows().values()
    assert (row.told, row.times, row.body) == ("a", 2, hashlib.sha256(body).hexdigest())
    content = b"".join(path.read_bytes() for path in door.home.store.rglob("*") if path.is_file())
    assert SECRET.encode() not in content


def test_who_shows_no_proof_is_refused_before_a_body_is_read(door: HookedDoor) -> None:
    with ExitStack() as leaving:
        held = [leaving.enter_context(beginning(door, "127.0.0.1", "")) for _ in range(40)]
        refused = {line.recv(4_096).partition(b"\r\n")[0] for line in held}
        honest = door.post("github", issue("labeled"), github_headers(issue("labeled"), "issues"))

    assert refused == {b"HTTP/1.1 403 Forbidden"}
    assert honest.status_code == 202, honest.text


def test_who_sends_slowly_from_one_address_keeps_no_other_out(door: HookedDoor) -> None:
    body = issue("labeled")
    with ExitStack() as leaving:
        held = [leaving.enter_context(beginning(door, "127.0.0.2")) for _ in range(MOST_BODIES + 8)]
        honest = door.post("github", body, github_headers(body, "issues"))
        ended = [line.recv(4_096).split(b" ")[1] for line in held]

    assert honest.status_code == 202, honest.text
    assert set(ended) == {b"408", b"429"} and ended.count(b"408") >= MOST_OF_ONE


def test_who_sends_webhooks_that_do_not_come_whole_is_slowed_down(door: HookedDoor) -> None:
    def cut_off() -> bytes:
        with beginning(door, "127.0.0.2") as line:
            line.shutdown(socket.SHUT_WR)
            return line.recv(4_096)

    answers = [cut_off() for _ in range(int(FORGED_AT_ONCE) + 8)]

    assert not answers[0].startswith(b"HTTP/1.1 429 ") and answers[-1].startswith(b"HTTP/1.1 429 ")


def test_many_webhooks_of_one_address_at_once_are_all_taken(door: HookedDoor) -> None:
    bodies = [issue("labeled", number) for number in range(24)]
    with ThreadPoolExecutor(len(bodies)) as pool:
        answers = pool.map(lambda body: door.post("github", body, github_headers(body, "issues")), bodies)

    assert {answer.status_code for answer in answers} == {202}
    assert len(door.rows()) == len(bodies)


def test_a_store_that_cannot_be_opened_is_said_to_the_sender_and_the_next_webhook_is_stored(door: HookedDoor) -> None:
    troubles = [StoreError("the disk is full", hint="free some space")]

    def opened() -> GatewayHandle:
        if troubles:
            raise troubles.pop()
        return open_file(door.home)

    intake = DeliveryIntake(opened, lambda: None)
    intake.start()
    first, second = (
        intake.give(TakenDelivery(name, "github", "g", "push", name * 64, "{}", "{}")).exception(60) for name in "56"
    )
    intake.stop(5)

    assert isinstance(first, StoreError)
    assert second is None
