"""What every answer of a door says, of every route, right or refused: nobody keeps it, and it is what it says it is."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Iterator, Mapping
from contextlib import closing

import httpx

from gateway.over_http import certified
from onloop.remote.http.routes import ROUTES, DoorRoute
from support.page_line import PageLine
from support.waiting import DEADLINE_S
from web.conftest import Page, served

HANDSHAKE = b"GET /web/line HTTP/1.1\r\nHost: x\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n"
Told = Iterator[tuple[str, Mapping[str, str]]]


def _page_routes(page: Page) -> tuple[DoorRoute, ...]:
    serving = page.doors[-1]._serving
    assert serving is not None and serving._page is not None
    return serving._page.routes


def _asked(page: Page) -> Told:
    """Every route of the door, asked rightly and in ways that are refused."""
    trusted = ssl.create_default_context(cafile=certified().ca)
    ways: tuple[dict[str, str], ...] = ({}, {"Origin": page.url}, {"Authorization": "Bearer onl_ses_wrong"})
    with httpx.Client(base_url=page.url, verify=trusted, trust_env=False, timeout=DEADLINE_S) as client:
        for row in (*_page_routes(page), *ROUTES):
            path = row.path.replace("{name:path}", "nothing.js").replace("{operation}", "board")
            path = path.replace("{task}", "r1").replace("{upload}", "u1")
            for method in (row.method, "DELETE"):
                for headers in ways:
                    answer = client.request(method, path, headers=headers)
                    yield f"{method} {path} {headers}: {answer.status_code}", answer.headers
        for path in ("/", "/nothing", "/web/nothing"):
            yield path, client.get(path).headers


def _refused(page: Page) -> Told:
    """Lines that are refused, and what is no request."""
    for headers in ({"Origin": "https://evil.example"}, {"Origin": page.url}, {}):
        with closing(PageLine.opened(page.port, headers)) as refused:
            assert refused.status in {401, 403}, refused.status
            yield f"a line with {headers}", refused.headers
    for said in (b"nothing of the kind\r\n\r\n", HANDSHAKE):
        yield repr(said), _raw(page, said)


def _raw(page: Page, said: bytes) -> dict[str, str]:
    trusted = ssl.create_default_context(cafile=certified().ca)
    with (
        socket.create_connection(("127.0.0.1", page.port), DEADLINE_S) as made,
        trusted.wrap_socket(made, server_hostname="127.0.0.1") as line,
    ):
        line.sendall(said)
        rows = line.recv(65_536).partition(b"\r\n\r\n")[0].decode().split("\r\n")
    assert rows[0].split()[1].startswith("4"), rows
    return {name.lower(): value for name, _, value in (row.partition(": ") for row in rows[1:])}


def test_every_answer_of_every_route_and_every_refusal_says_so() -> None:
    seen = 0
    with served() as page:
        for told in (_asked(page), _refused(page)):
            for what, headers in told:
                seen += 1
                assert headers.get("x-content-type-options") == "nosniff", what
                assert headers.get("cache-control") in {"no-store", "no-cache"}, what
    assert seen > 80
