"""Work that is handed in over HTTP: in pieces, again from where it broke off, and never more than the gateway takes."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator

import httpx
import pytest

from onloop.records import replace
from onloop.remote.http.door_settings import DoorLimits
from remote_http.conftest import OpenDoor
from remote_http.scripted_gateway import LAUNCHER_TOKEN, OTHER_TOKEN, TOKEN, ScriptedGateway, ScriptedLine, error
from support.waiting import wait_for

PIECE = b"0123456789" * 50_000


@pytest.fixture
def limits(request: pytest.FixtureRequest) -> DoorLimits:
    """Small uploads, few of them; a test that waits for one to be given up says how soon."""
    idle_s = getattr(request, "param", DoorLimits().upload_idle_s)
    return replace(DoorLimits(), piece=600_000, uploads_of_one=2, upload_idle_s=idle_s)


def begun(client: httpx.Client) -> str:
    """An upload that the gateway is ready for."""
    return client.post("/v1/hand_in", json={"commit": "a" * 40}).headers["onloop-upload"]


def upload_line(gateway: ScriptedGateway) -> ScriptedLine:
    return max(gateway.network_lines(), key=lambda line: len(line.bytes))


def wait_for_bytes(gateway: ScriptedGateway, expected: bytes) -> None:
    """What was sent on has come, no byte more or less: the door answers before the other end has read it."""

    def has_all() -> bool:
        return len(upload_line(gateway).bytes) >= len(expected)

    wait_for(has_all, lambda: f"{len(upload_line(gateway).bytes)} of {len(expected)} bytes came")
    assert bytes(upload_line(gateway).bytes) == expected


def test_pieces_arrive_in_order_and_are_submitted_on_their_own_line(door: OpenDoor, gateway: ScriptedGateway) -> None:
    client = door.client()
    upload = begun(client)

    received = [client.put(f"/v1/uploads/{upload}?offset={at * len(PIECE)}", content=PIECE).json() for at in range(3)]
    done = client.post("/v1/submit", json={"statement": "done"}, headers={"Onloop-Upload": upload})

    assert received == [{"received": len(PIECE) * count} for count in (1, 2, 3)]
    assert done.json() == {"ok": {"statement": "done"}}
    wait_for_bytes(gateway, PIECE * 3)


def test_who_lost_the_answer_asks_how_much_has_come_and_goes_on(door: OpenDoor, gateway: ScriptedGateway) -> None:
    client = door.client()
    upload = begun(client)
    with socket.create_connection(("127.0.0.1", door.door.port)) as line:
        head = f"PUT /v1/uploads/{upload}?offset=0 HTTP/1.1\r\nHost: {door.host}\r\nAuthorization: Bearer {TOKEN}\r\n"
        line.sendall(f"{head}Content-Length: {len(PIECE)}\r\n\r\n".encode() + PIECE[:100_000])
        wait_for(lambda: len(upload_line(gateway).bytes) == 100_000, lambda: "nothing comes")

    def received() -> int:
        return int(client.get(f"/v1/uploads/{upload}").json()["received"])

    assert received() == 100_000
    wait_for(
        lambda: client.put(f"/v1/uploads/{upload}?offset=100000", content=PIECE[100_000:]).status_code == 200,
        lambda: "the broken piece holds its place",
    )
    assert received() == len(PIECE)
    wait_for_bytes(gateway, PIECE)


@pytest.mark.parametrize("offset", ["?offset=0", "?offset=499999", "?offset=600000", "?offset=x", ""])
def test_a_piece_that_begins_elsewhere_is_refused_with_where_to_go_on(door: OpenDoor, offset: str) -> None:
    client = door.client()
    upload = begun(client)
    client.put(f"/v1/uploads/{upload}?offset=0", content=PIECE)

    found = client.put(f"/v1/uploads/{upload}{offset}", content=PIECE)
    assert found.status_code == 409
    assert found.json()["hint"] == "go on with ?offset=500000"


def test_a_piece_that_is_too_large_is_refused(door: OpenDoor) -> None:
    def unannounced() -> Iterator[bytes]:
        yield from (PIECE, PIECE)

    client = door.client()
    path = f"/v1/uploads/{begun(client)}?offset=0"
    assert client.put(path, content=PIECE * 2).status_code == 413
    assert client.put(path, content=unannounced()).status_code == 413
    assert client.put(path, content=PIECE, headers={"Content-Encoding": "gzip"}).status_code == 415


def test_an_upload_is_of_whoever_began_it(door: OpenDoor) -> None:
    upload = begun(door.client())
    for client in (door.client(OTHER_TOKEN), door.client(LAUNCHER_TOKEN)):
        for answer in (
            client.put(f"/v1/uploads/{upload}?offset=0", content=PIECE),
            client.get(f"/v1/uploads/{upload}"),
            client.get(f"/v1/uploads/{'x' * 43}"),
            client.post("/v1/submit", json={}, headers={"Onloop-Upload": upload}),
        ):
            assert (answer.status_code, answer.json()["code"]) == (404, "upload_lost")
    assert door.client(None).get(f"/v1/uploads/{upload}").status_code == 401
    assert door.client().get(f"/v1/uploads/{upload}").json() == {"received": 0}


def test_what_the_gateway_said_before_it_hung_up_is_what_is_answered(door: OpenDoor, gateway: ScriptedGateway) -> None:
    client = door.client()
    upload = begun(client)
    line = gateway.network_lines()[-1]
    line.say(error("bad_input", "more bytes than were announced", 2))
    line.hang_up()

    for _ in range(2):
        found = client.put(f"/v1/uploads/{upload}?offset=0", content=PIECE)
        assert (found.status_code, found.json()["detail"]) == (400, "more bytes than were announced")


def test_a_submission_whose_answer_was_lost_is_answered_again_and_done_once(
    door: OpenDoor, gateway: ScriptedGateway
) -> None:
    client = door.client()
    upload = begun(client)
    asked = {"json": {"statement": "done"}, "headers": {"Onloop-Upload": upload, "Idempotency-Key": "k"}}
    answers = [client.post("/v1/submit", **asked).json() for _ in range(3)]  # type: ignore[arg-type]

    assert answers == [{"ok": {"statement": "done", "key": "k"}}] * 3
    assert gateway.asked_names().count("submit") == 1


def test_an_announcement_that_is_refused_leaves_no_upload(door: OpenDoor, gateway: ScriptedGateway) -> None:
    gateway.does["hand_in"] = lambda _line, _asked: error("refused", "no lease")
    for _ in range(5):
        answer = door.client().post("/v1/hand_in", json={})
        assert (answer.status_code, "onloop-upload" in answer.headers) == (409, False)
    assert door.figure("onloop_http_uploads") == 0


@pytest.mark.parametrize("limits", [0.5], indirect=True)
def test_one_credential_has_so_many_uploads_until_they_have_rested(door: OpenDoor) -> None:
    client = door.client()
    begun(client), begun(client)

    assert client.post("/v1/hand_in", json={}).status_code == 429
    assert door.client(OTHER_TOKEN).post("/v1/hand_in", json={}).status_code == 200
    wait_for(lambda: client.post("/v1/hand_in", json={}).status_code == 200, lambda: "they are kept for ever")


def test_two_pieces_at_a_time_do_not_mix(door: OpenDoor, gateway: ScriptedGateway) -> None:
    upload = begun(door.client())
    statuses: list[int] = []

    def send() -> None:
        statuses.append(door.client().put(f"/v1/uploads/{upload}?offset=0", content=PIECE).status_code)

    senders = [threading.Thread(target=send) for _ in range(4)]
    for sender in senders:
        sender.start()
    for sender in senders:
        sender.join()

    assert sorted(statuses) == [200, 409, 409, 409]
    wait_for_bytes(gateway, PIECE)


def test_submitting_names_an_upload(door: OpenDoor) -> None:
    assert door.client().post("/v1/submit", json={"statement": "done"}).status_code == 400
