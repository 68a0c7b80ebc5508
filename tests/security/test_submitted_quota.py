"""What agents leave in the store for ever is bounded: beside the log by size for each task, in the log by pace."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from gateway.place import Place, at_the_socket, placed
from onloop.errors import Exit, Refused
from onloop.gateway import quota
from onloop.gateway.claims import ClaimTask
from onloop.gateway.command_operations import PerformCommand
from onloop.gateway.leases import Heartbeat
from onloop.gateway.quota import A_SECOND, MOST_AT_ONCE, Pace, paced_task
from onloop.gateway.upkeep import CountDenial, FireTimers, RecogniseAgent
from onloop.machine import commands as c
from onloop.machine.principal import NOBODY, Principal, PrincipalKind, launcher


@pytest.fixture(params=["embedded", "socket"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Place]:
    with placed(tmp_path) as made:
        if request.param == "embedded":
            yield made
        else:
            with at_the_socket(made) as elsewhere:
                yield elsewhere


def test_a_holder_who_hands_in_again_and_again_fills_the_store_to_a_limit_and_no_further(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(quota, "LARGEST_SUBMITTED", 50_000)
    place.hand_over("notes", bytes(30_000))
    place.submit()
    place.submit()  # the same again costs nothing
    before = place.shop.task().submission

    place.hand_over("notes", b"x" * 30_000)
    with pytest.raises(Refused, match=r"have handed in \d+ parts of 3\d{4} bytes") as refused:
        place.submit()
    assert refused.value.exit is Exit.SPENT
    assert place.shop.task().submission == before


EVE, ANA = "uid:2001", "uid:2002"


def test_a_users_agents_add_to_the_log_at_a_pace_and_hold_up_nobody_else() -> None:
    pace = Pace()
    for _ in range(MOST_AT_ONCE):
        pace.check(EVE, "r1", 1.0)
        pace.note(EVE, "r1", 1.0)
    with pytest.raises(Refused, match="user 2001 adds to the log about r1 faster") as refused:
        pace.check(EVE, "r1", 1.0)
    assert refused.value.exit is Exit.SPENT
    pace.check(EVE, "r2", 1.0)
    pace.check(EVE, "", 1.0)
    pace.check(ANA, "r1", 1.0)
    pace.check(EVE, "r1", 1.0 + 2 / A_SECOND)


def test_what_agents_do_and_claims_are_paced_and_what_people_and_reads_ask_is_not() -> None:
    agent, ana = Principal(PrincipalKind.AGENT, "a", "r1"), Principal(PrincipalKind.HUMAN, "ana")
    release, ask = c.Release(agent.id, 1, c.ReleaseCause.STOPPED), c.Settle()
    assert paced_task(PerformCommand(agent, "r1", release)) == "r1"
    assert paced_task(ClaimTask(launcher("uid-1"), "agent:a", "implementer")) == ""
    others = (
        PerformCommand(ana, "r1", ask),
        Heartbeat(agent),
        FireTimers(),
        RecogniseAgent("token"),
        CountDenial(NOBODY, "x"),
    )
    assert {paced_task(each) for each in others} == {None}
