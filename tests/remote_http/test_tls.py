"""The door over TLS: its certificate is read again when it changes, and what is broken or old is spoken of."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

import httpx
import pytest
from cryptography import x509

from onloop.errors import BadInput
from onloop.records import replace
from onloop.remote.http.door_settings import DoorLimits, TlsFiles
from remote_http.conftest import Authority, OpenDoor, opened
from remote_http.scripted_gateway import ScriptedGateway
from support.waiting import wait_for


@contextmanager
def secured(authority: Authority, gateway: ScriptedGateway, limits: DoorLimits | None = None) -> Iterator[OpenDoor]:
    with opened(gateway.adopt, limits, authority.settings, authority.trust) as door:
        yield door


def careless() -> ssl.SSLContext:
    """What takes any certificate."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    return context


def greeted_with(door: OpenDoor, name: str | None) -> int:
    """The serial number of the certificate that a new connection is greeted with."""
    with (
        socket.create_connection(("127.0.0.1", door.door.port), timeout=60) as line,
        careless().wrap_socket(line, server_hostname=name) as secured_line,
    ):
        found = secured_line.getpeercert(binary_form=True)
    assert found is not None
    return x509.load_der_x509_certificate(found).serial_number


def serial_of(authority: Authority) -> int:
    return x509.load_pem_x509_certificates(authority.files.certificate.read_bytes())[0].serial_number


def test_requests_are_answered_over_tls_to_whoever_trusts_the_authority(
    authority: Authority, gateway: ScriptedGateway
) -> None:
    with secured(authority, gateway) as door:
        assert door.url.startswith("https://127.0.0.1:")
        assert door.client().post("/v1/task", json={}).status_code == 200
        strangers = httpx.Client(base_url=door.url, trust_env=False)
        with pytest.raises(httpx.ConnectError, match="certificate verify failed"):
            strangers.get("/healthz")
        strangers.close()


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_tls_of_today_is_spoken(authority: Authority, gateway: ScriptedGateway, version: ssl.TLSVersion) -> None:
    trust = authority.trust
    trust.minimum_version = trust.maximum_version = version
    with secured(authority, gateway) as door, httpx.Client(base_url=door.url, verify=trust, trust_env=False) as client:
        assert client.get("/healthz").json() == {"alive": True}


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_tls_of_before_is_not(authority: Authority, gateway: ScriptedGateway) -> None:
    trust = authority.trust
    trust.set_ciphers("ALL:@SECLEVEL=0")
    trust.minimum_version = trust.maximum_version = ssl.TLSVersion.TLSv1_1
    with (
        secured(authority, gateway) as door,
        httpx.Client(base_url=door.url, verify=trust, trust_env=False) as client,
        pytest.raises(httpx.ConnectError),
    ):
        client.get("/healthz")


@pytest.mark.parametrize("name", ["localhost", None])
def test_a_new_pair_of_files_is_taken_up_while_connections_go_on(
    authority: Authority, gateway: ScriptedGateway, name: str | None
) -> None:
    with secured(authority, gateway) as door:
        client, before = door.client(), serial_of(authority)
        assert client.get("/healthz").status_code == 200
        assert greeted_with(door, name) == before

        authority.issue()

        wait_for(lambda: greeted_with(door, name) == serial_of(authority) != before, lambda: str(door.words))
        assert client.get("/healthz").status_code == 200
        assert door.words[-1].startswith("the certificate was read again; it ends ")


@pytest.mark.parametrize("harm", ["another key", "no PEM", "gone"])
def test_a_broken_pair_keeps_the_one_before_and_is_spoken_of(
    authority: Authority, gateway: ScriptedGateway, harm: str
) -> None:
    with secured(authority, gateway) as door:
        before = serial_of(authority)
        if harm == "another key":
            authority.ca.issue_cert("localhost").private_key_pem.write_to_path(authority.files.key)
        elif harm == "no PEM":
            authority.files.certificate.write_text("nothing of the kind")
        else:
            authority.files.certificate.unlink()

        wait_for(lambda: door.words, lambda: "nothing is said")
        assert "are no certificate and its key" in door.words[0]
        assert door.words[0].endswith("the certificate from before is kept")
        assert greeted_with(door, None) == before

        authority.issue()
        wait_for(lambda: greeted_with(door, None) == serial_of(authority), lambda: str(door.words))


def test_a_certificate_that_has_ended_is_served_and_spoken_of(authority: Authority, gateway: ScriptedGateway) -> None:
    authority.issue(not_before=datetime.now(UTC) - timedelta(days=3), not_after=datetime.now(UTC) - timedelta(days=1))
    with secured(authority, gateway) as door:
        assert "the certificate has ended" in door.words[0]
        with pytest.raises(httpx.ConnectError, match="certificate has expired"):
            door.client().get("/readyz")
        with httpx.Client(base_url=door.url, verify=careless(), trust_env=False) as client:
            ready = client.get("/readyz")

    assert ready.json() == {"ready": True, "warnings": ["the certificate has ended"]}


def test_a_certificate_that_ends_soon_is_spoken_of(authority: Authority, gateway: ScriptedGateway) -> None:
    authority.issue(not_after=datetime.now(UTC) + timedelta(days=3))
    with secured(authority, gateway) as door:
        (words,) = door.words

    assert words.startswith("trouble: the certificate ends 20")


def test_files_that_are_no_pair_are_refused_before_anything_listens(
    authority: Authority, gateway: ScriptedGateway
) -> None:
    for files in (
        TlsFiles(authority.files.key, authority.files.certificate),
        TlsFiles(authority.folder / "nothing.pem", authority.files.key),
    ):
        settings = replace(authority.settings, tls=files)
        with pytest.raises(BadInput, match="are no certificate and its key"), opened(gateway.adopt, settings=settings):
            pass


def test_who_begins_no_greeting_holds_their_place_for_some_seconds_only(
    authority: Authority, gateway: ScriptedGateway
) -> None:
    narrow = replace(DoorLimits(), connections=2, connections_of_one=2, connections_kept=0, handshake_s=0.2)
    with (
        secured(authority, gateway, narrow) as door,
        socket.create_connection(("127.0.0.1", door.door.port)) as one,
        socket.create_connection(("127.0.0.1", door.door.port)) as two,
    ):

        def is_answered() -> bool:
            try:
                with httpx.Client(base_url=door.url, verify=authority.trust, trust_env=False) as client:
                    return client.get("/healthz").status_code == 200
            except httpx.TransportError:
                return False

        wait_for(is_answered, lambda: "nobody is let in")
        assert (one.recv(1), two.recv(1)) == (b"", b"")
