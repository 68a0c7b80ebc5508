"""A credential that ends while something of it is under way ends that as well."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import httpx
import pytest

from gateway.letting_in import let_in, revoke
from gateway.shop import passphrase_of
from network.far import Far
from onloop.errors import OnloopError
from onloop.gateway.command_operations import PerformCommand
from onloop.gateway.upkeep import RecordStoreEvent
from onloop.machine import commands as c
from onloop.machine.people import PersonRemoved
from onloop.machine.state import State
from support.waiting import wait_for


@contextmanager
def _events(far: Far, bearer: str, after: int = 0) -> Iterator[Iterator[str]]:
    """The lines of a stream of the log."""
    headers = {"Authorization": f"Bearer {bearer}"}
    with far.client.stream("GET", "/v1/events", params={"after": after}, headers=headers) as stream:
        assert stream.status_code == 200, stream.read()
        yield stream.iter_lines()


def _until(lines: Iterator[str], start: str) -> str:
    return next(line for line in lines if line.startswith(start))


def test_a_stream_tells_nothing_more_once_its_session_has_ended(far: Far) -> None:
    session = far.session()
    with _events(far, session) as lines:
        assert _until(lines, "event: Created")
        assert far.caller(session).post("end_session", {"token": session}).status_code == 200
        far.shop.begin(run="r2")

        after = [line for line in lines if line.startswith(("event:", "data:"))]

        assert "event: problem" in after
        assert not [line for line in after if '"r2"' in line]


def test_a_session_ends_with_the_person_who_has_it(far: Far) -> None:
    session = far.session("ben")
    assert far.caller(session).post("state").status_code == 200

    far.shop.gateway.perform(RecordStoreEvent(far.shop.person("ana"), PersonRemoved("ben", "human:ana", "left")))

    assert far.caller(session).post("state").status_code in {401, 403}
    assert far.caller(session).post("board", {"now": 0}).status_code in {401, 403}


def test_who_was_removed_decides_nothing_in_the_session_they_have(far: Far) -> None:
    line = far.line()
    person = line.person("ben", passphrase_of("ben"), typed=True)
    far.shop.gateway.perform(RecordStoreEvent(far.shop.person("ana"), PersonRemoved("ben", "human:ana", "left")))

    assert person.voice is not None
    with pytest.raises(OnloopError):
        line.ask(PerformCommand(person, "r1", c.Cancel(person.voice, "not needed")))

    assert far.shop.task("r1").state is State.SUBMITTED
    line.close()


def test_an_agent_of_a_launcher_that_is_revoked_hands_nothing_in(far: Far) -> None:
    launcher = far.caller(let_in(far.shop, "farm"))
    fields = {"principal": {"kind": "launcher", "name": "farm"}, "agent": "agent:alfa", "role": "implementer"}
    claimed = launcher.post("claim", fields)
    assert claimed.status_code == 200, claimed.text
    agent = far.caller(claimed.json()["ok"]["secret"])
    assert agent.post("check").status_code == 200

    revoke(far.shop, "farm")

    for caller in (agent, launcher):
        answers = [caller.post(name) for name in ("check", "next", "stamp", "state")]
        assert {answer.status_code for answer in answers} <= {401, 403}, [answer.text for answer in answers]
    assert far.shop.task("r1").holder is None


def test_a_wait_ends_with_its_credential(far: Far) -> None:
    session = far.session()
    stamp = far.caller(session).get("/v1/wait", timeout="0").json()["stamp"]
    far.caller(session).post("end_session", {"token": session})

    def refused() -> httpx.Response | None:
        answer = far.caller(session).get("/v1/wait", seen=str(stamp), timeout="1")
        return answer if answer.status_code in {401, 403} else None

    assert wait_for(refused, lambda: "it goes on to answer")
