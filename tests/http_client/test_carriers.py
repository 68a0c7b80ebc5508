"""What carries requests believes no stranger, takes no more than it should, and says what would work."""

from __future__ import annotations

import datetime
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from http_client.scripted_host import Authority, Script, answer, scripted_host
from onloop.errors import OnloopError, Unavailable
from onloop.remote.http_client.carriers import Carrier, HttpRequest, PooledCarrier, SmallCarrier
from onloop.remote.http_client.plain_request import LARGEST_BODY, Misspoken, head_from
from onloop.remote.http_client.problems import told_from
from onloop.remote.line import ConnectionLost

Make = Callable[[str, str], Carrier]
ASKED = HttpRequest("POST", "/v1/state", (("Authorization", "Bearer onl_agt_x"),), b"{}", timeout_s=30)
GOOD = answer(b'{"ok": 1}')


@pytest.fixture(params=[SmallCarrier, PooledCarrier], ids=["small", "pooled"])
def make(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Make:
    """Each way of carrying requests."""
    for name in ("HTTPS_PROXY", "HTTP_PROXY", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")  # the environment's proxies do not count
    kind: Make = request.param
    return kind


@pytest.fixture(scope="session")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority.new(tmp_path_factory.mktemp("ca"))


@contextmanager
def carried(make: Make, authority: Authority, script: Script, *names: str) -> Iterator[tuple[Carrier, list[bytes]]]:
    """A carrier to a host that answers by the script."""
    with scripted_host(script, authority.server(*names)) as host:
        carrier = make(host.url, str(authority.file))
        yield carrier, host.requests
        carrier.close()


def test_a_kept_connection_carries_one_request_after_the_other(make: Make, authority: Authority) -> None:
    with scripted_host(lambda _, __: GOOD, authority.server()) as host:
        carrier = make(host.url, str(authority.file))
        said = [carrier.carry(ASKED).body for _ in range(3)]
        carrier.close()

    assert (said, host.connections) == ([b'{"ok": 1}'] * 3, 1)
    assert b"Authorization: Bearer onl_agt_x" in host.requests[0]
    assert f"Host: 127.0.0.1:{host.port}".encode() in host.requests[0]


@pytest.mark.parametrize(
    "said",
    [
        b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n"
        b'4;x=1\r\n{"ok\r\n5\r\n": 1}\r\n0\r\nTrailer: x\r\n\r\n',
        b"HTTP/1.1 103 Early Hints\r\n\r\n" + GOOD,
    ],
    ids=["chunks", "interim"],
)
def test_an_answer_may_come_in_chunks_or_after_an_interim_one(make: Make, authority: Authority, said: bytes) -> None:
    with carried(make, authority, lambda _, __: said) as (carrier, _):
        assert carrier.carry(ASKED).body == b'{"ok": 1}'
        assert carrier.carry(ASKED).body == b'{"ok": 1}'


@pytest.mark.parametrize(
    "said",
    [
        b"",
        b"HTTP/1.1 200 OK\r\nContent-Type: appli",
        answer(b'{"ok": 1}')[:-3],
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n{",
    ],
    ids=["nothing", "half a head", "half a body", "half a chunk"],
)
def test_an_answer_that_breaks_off_is_a_connection_that_was_lost(make: Make, authority: Authority, said: bytes) -> None:
    asked = HttpRequest("POST", "/v1/state", (("Connection", "close"),), b"{}", timeout_s=30)

    with carried(make, authority, lambda _, __: said) as (carrier, _), pytest.raises(ConnectionLost):
        carrier.carry(asked)


@pytest.mark.parametrize(
    ("said", "words"),
    [
        (answer(b"<html>sign in</html>", kind="text/html"), "it says 200 with text/html"),
        (answer(b"", "302 Found", more=("Location: https://elsewhere.example/",)), "sends on to https://elsewhere"),
        (answer(b"[1]"), "its answer is no object"),
        (answer(b'{"ok": '), "its answer is no JSON"),
        (answer(b"<html>", "502 Bad Gateway", "text/html"), "what stands before the gateway"),
        (answer(zlib.compress(b"{}"), more=("Content-Encoding: deflate",)), "a packed answer"),
        (f"HTTP/1.1 200 OK\r\nContent-Length: {LARGEST_BODY + 1}\r\n\r\n".encode(), ""),
        (b"SSH-2.0-OpenSSH_9.9\r\n\r\n\r\n\r\n", ""),
        (b"HTTP/1.1 200 OK\r\nX: " + b"x" * 200_000 + b"\r\n\r\n", ""),
    ],
    ids=["portal", "redirect", "list", "no JSON", "proxy", "packed", "huge", "ssh", "long head"],
)
def test_what_no_gateway_says_is_not_believed(make: Make, authority: Authority, said: bytes, words: str) -> None:
    with (
        carried(make, authority, lambda _, __: said) as (carrier, requests),
        pytest.raises((Unavailable, ConnectionLost)) as refused,
    ):
        told_from(carrier.carry(HttpRequest("POST", "/v1/state", (), b"{}", 5.0)), "https://gateway.example")

    assert words in str(refused.value)
    assert len(requests) == 1, "nobody is followed, and nothing is asked twice"


def test_an_answer_without_an_end_is_not_taken_for_ever(make: Make, authority: Authority) -> None:
    piece = b"%x\r\n%s\r\n" % (1_048_576, b"x" * 1_048_576)
    endless = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + piece * 65

    with (
        carried(make, authority, lambda _, __: endless) as (carrier, _),
        pytest.raises(Unavailable, match="more than"),
    ):
        carrier.carry(ASKED)


def _complaint(make: Make, url: str, ca: str) -> OnloopError:
    carrier = make(url, ca)
    with pytest.raises(Unavailable) as refused:
        carrier.carry(ASKED)
    carrier.close()
    return refused.value


def test_a_certificate_that_does_not_hold_says_why_and_what_would_work(
    make: Make, authority: Authority, tmp_path: Path
) -> None:
    past = datetime.datetime.now(datetime.UTC) - datetime.timedelta(hours=3)
    ca, stranger = str(authority.file), str(Authority.new(tmp_path, "other.pem").file)
    with scripted_host(lambda _, __: GOOD, authority.server(expires=past)) as host:
        old = _complaint(make, host.url, ca)
    with scripted_host(lambda _, __: GOOD, authority.server("gateway.example")) as host:
        other = _complaint(make, host.url, ca)
    with scripted_host(lambda _, __: GOOD, authority.server()) as host:
        unknown, system = _complaint(make, host.url, stranger), _complaint(make, host.url, "")
        assert host.requests == [], "no credential goes to whoever is not believed"

    assert "has expired" in old.message and "check this clock" in old.hint
    assert "is another host's" in other.message and "ONLOOP_URL" in other.hint
    assert "is not vouched for by the authorities in" in unknown.message
    assert "that this system trusts" in system.message and "ONLOOP_CA=FILE" in system.hint


def test_a_port_that_speaks_no_tls_and_a_file_that_is_no_authority_are_named(
    make: Make, authority: Authority, tmp_path: Path
) -> None:
    (tmp_path / "empty.pem").write_text("nothing\n")
    with scripted_host(lambda _, __: GOOD, None) as host:
        url = host.url.replace("http:", "https:")
        plain = _complaint(make, url, str(authority.file))
        missing = _complaint(make, url, str(tmp_path / "none.pem"))
        empty = _complaint(make, url, str(tmp_path / "empty.pem"))

    assert "does not speak TLS" in plain.message
    assert "cannot be read" in missing.message
    assert "holds no certificate" in empty.message


def test_nobody_there_is_a_lost_connection_and_silence_is_waited_for_no_longer_than_said(
    make: Make, authority: Authority
) -> None:
    with scripted_host(lambda _, __: GOOD, None) as host:
        url = host.url
    nobody = make(url, "")
    with pytest.raises(ConnectionLost):
        nobody.carry(ASKED)
    nobody.close()
    with (
        carried(make, authority, lambda _, __: b"HTTP/1.1 103 Wait\r\n\r\n") as (carrier, _),
        pytest.raises(TimeoutError),
    ):
        carrier.carry(HttpRequest("POST", "/v1/state", (), b"{}", timeout_s=0.2))


@given(st.binary(max_size=300))
def test_no_head_of_an_answer_breaks_the_reader(head: bytes) -> None:
    try:
        status, headers = head_from(b"HTTP/1.1 200 OK\r\n" + head)
    except Misspoken:
        return
    assert status == 200
    assert all(name == name.lower() for name in headers)
