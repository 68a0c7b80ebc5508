"""Who ends the TLS between a person and the gateway reads along; they change, repeat and add nothing."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from gateway.shop import CHEAP, passphrase_of
from network.between import Between, between, with_body
from network.far import Far
from onloop.errors import NotAllowed, OnloopError, Unavailable
from onloop.gateway.command_operations import PerformCommand
from onloop.machine import commands as c
from onloop.machine.principal import Principal
from onloop.machine.state import State
from onloop.remote.client_credentials import Credentials
from onloop.remote.http_client.carriers import SmallCarrier
from onloop.remote.http_client.http_line import HttpLine


@pytest.fixture
def between_us(far: Far, tmp_path: Path) -> Iterator[Between]:
    with between(tmp_path / "between", far.host, far.port, far.authority.trust) as made:
        yield made


@pytest.fixture
def line(between_us: Between) -> Iterator[HttpLine]:
    carrier = SmallCarrier(between_us.url, str(between_us.authority.file))
    made = HttpLine(between_us.url, carrier, Credentials(least_cost=CHEAP), patience=())
    yield made
    made.close()


def _cancel(person: Principal, task: str = "r1") -> PerformCommand:
    assert person.voice is not None
    return PerformCommand(person, task, c.Cancel(person.voice, "not needed"))


def test_who_is_vouched_for_by_an_authority_of_their_own_hears_nothing(far: Far, between_us: Between) -> None:
    carrier = SmallCarrier(between_us.url, str(far.authority.file))
    line = HttpLine(between_us.url, carrier, Credentials(least_cost=CHEAP), patience=())

    with pytest.raises(Unavailable, match="certificate"):
        line.person("ana", passphrase_of("ana"), typed=True)

    assert between_us.seen == []


def test_a_decision_that_is_changed_on_its_way_is_refused(far: Far, between_us: Between, line: HttpLine) -> None:
    far.shop.begin(run="r2")
    person = line.person("ana", passphrase_of("ana"), typed=True)
    between_us.meddle = lambda request: with_body(request, b'"r1"', b'"r2"')

    with pytest.raises(NotAllowed, match="changed, inserted or repeated"):
        line.ask(_cancel(person))

    assert {far.shop.task(task).state for task in ("r1", "r2")} == {State.SUBMITTED}


def test_a_decision_that_is_repeated_counts_once(far: Far, between_us: Between, line: HttpLine) -> None:
    far.shop.begin(run="r2")
    person = line.person("ana", passphrase_of("ana"), typed=True)
    line.ask(_cancel(person))
    before = len(far.shop.log("r1"))
    (said,) = [request for request in between_us.seen if b"/v1/perform" in request]
    head, _, body = said.partition(b"\r\n\r\n")
    session = next(row for row in head.split(b"\r\n") if row.lower().startswith(b"onloop-session")).decode()
    code = next(row for row in head.split(b"\r\n") if row.lower().startswith(b"onloop-code")).decode()
    stolen = {"Onloop-Session": session.split(": ")[1], "Onloop-Code": code.split(": ")[1]}
    stolen |= {"Content-Type": "application/json"}

    def asked(name: str, content: bytes, tag: str = stolen["Onloop-Code"]) -> httpx.Response:
        return far.client.post(f"/v1/{name}", content=content, headers={**stolen, "Onloop-Code": tag})

    number, _, tag = stolen["Onloop-Code"].partition(":")
    for answer in (
        asked("perform", body),
        asked("perform", body.replace(b'"r1"', b'"r2"')),
        asked("perform", body, f"{int(number) + 1}:{tag}"),
        asked("record", body),
    ):
        assert answer.status_code in {400, 403}, answer.text
    assert len(far.shop.log("r1")) == before
    assert far.shop.task("r2").state is State.SUBMITTED


def test_a_passphrase_never_passes_by(far: Far, between_us: Between, line: HttpLine) -> None:
    line.person("ana", passphrase_of("ana"), typed=True)

    assert between_us.seen
    assert not [request for request in between_us.seen if passphrase_of("ana").encode() in request]


def test_the_exchange_of_one_person_proves_nobody_else(far: Far, between_us: Between, line: HttpLine) -> None:
    between_us.meddle = lambda request: with_body(request, b"n=ben,", b"n=ana,")

    with pytest.raises(OnloopError):
        line.person("ben", passphrase_of("ben"), typed=True)
