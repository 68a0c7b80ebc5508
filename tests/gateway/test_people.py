"""People come and go, and stand in for each other: what the store records, and what ends with it at once."""

from __future__ import annotations

from pathlib import Path

import pytest

from gateway.served import line_to, resident
from gateway.shop import CHEAP, LAUNCHER, Shop, enrolled, passphrase_of
from onloop.errors import BadInput, NotAllowed, OnloopError, Refused
from onloop.gateway.claims import ClaimTask, TakeTask
from onloop.gateway.command_operations import PerformCommand
from onloop.gateway.upkeep import RecordStoreEvent
from onloop.home import Home
from onloop.machine import commands as c
from onloop.machine.people import LONGEST_DELEGATION_MS, Delegated, DelegationEnded, PersonRemoved, PersonRenamed
from onloop.machine.principal import Principal
from onloop.machine.state import State
from onloop.machine.store_state import StoreEvent
from onloop.records import replace
from onloop.remote.client import ClientStore, GatewayClient
from onloop.store.rows import Lease
from support.scenario import NOON
from support.steps import HOUR, defined, develop, human, merge, ship

ANA, BEN, DAN = "human:ana", "human:ben", "human:dan"


def said(shop: Shop, name: str, event: StoreEvent) -> None:
    shop.gateway.perform(RecordStoreEvent(shop.person(name), event))


def lent(by: str = "ana", to: str = DAN, until: int = NOON + HOUR, key: str = "d1") -> Delegated:
    return Delegated(key, f"human:{by}", to, until, "away")


def taken(shop: Shop, name: str = "ben", task: str = "r1") -> Principal:
    """The person at work, as their token says."""
    shop.secrets[task] = shop.gateway.perform(TakeTask(shop.person(name), task)).secret
    return shop.agent(shop.secrets[task])


def test_a_person_at_work_has_a_token_that_hands_in_and_decides_nothing(shop: Shop) -> None:
    shop.begin()
    ben = taken(shop)

    assert (ben.id, shop.task().holder) == (BEN, BEN)
    with pytest.raises(NotAllowed):
        shop.gateway.perform(PerformCommand(ben, "r1", c.Retry(shop.voice("ben"), "again")))
    for event in (lent("ben"), PersonRemoved("ana", BEN, "mine"), PersonRenamed("ana", "a", BEN)):
        with pytest.raises(NotAllowed):
            shop.gateway.perform(RecordStoreEvent(ben, event))
    shop.submit(ben)
    shop.report()
    assert shop.task().step == "ship.release"


def test_work_is_not_taken_without_a_lease(shop: Shop) -> None:
    shop.begin()

    with pytest.raises(BadInput):
        shop.gateway.perform(PerformCommand(shop.person("ben"), "r1", c.Take(shop.voice("ben"))))


@pytest.mark.parametrize("who", ["agent", "launcher"])
def test_no_agent_and_no_launcher_takes_work_as_a_person(shop: Shop, who: str) -> None:
    shop.begin()
    asking = shop.claim() if who == "agent" else LAUNCHER

    with pytest.raises(NotAllowed):
        shop.gateway.perform(TakeTask(asking, "r1"))
    with pytest.raises(OnloopError):
        shop.gateway.perform(ClaimTask(LAUNCHER, BEN, "implementer", task="r1"))


def test_whoever_is_removed_loses_what_they_held_and_says_nothing_more(shop: Shop) -> None:
    shop.begin()
    ben, before = taken(shop), shop.person("ben")
    said(shop, "ana", lent("ana", BEN))

    said(shop, "ana", PersonRemoved("ben", ANA, "left"))

    after = shop.task()
    assert (after.holder, after.wanted, after.tries) == (None, "implementer", 0)
    with shop.store.reading() as at:
        assert at.select(Lease) == []
        assert at.house().delegations == {}
    with pytest.raises(Refused):
        shop.submit(ben)
    with pytest.raises(NotAllowed, match="human:ben was removed"):
        shop.gateway.perform(RecordStoreEvent(before, lent("ben", key="d2")))
    with pytest.raises(NotAllowed):
        shop.gateway.person("ben", passphrase_of("ben"), typed=True)


@pytest.mark.parametrize("voids", [False, True])
def test_what_a_removed_person_approved_counts_unless_it_is_voided(shop: Shop, voids: bool) -> None:
    shop.begin(defined(develop(), ship(human(quorum=2)), merge()))
    shop.submit(shop.claim())
    shop.report()
    shop.approve("ben")

    said(shop, "ana", PersonRemoved("ben", ANA, "left", voids))
    shop.approve("ana")

    assert shop.task().state is (State.INPUT_REQUIRED if voids else State.WORKING)


def test_the_last_approver_stays_and_only_approvers_remove_and_rename(shop: Shop) -> None:
    said(shop, "ana", PersonRemoved("ben", ANA, "left"))

    refused: dict[str, StoreEvent] = {
        "ana": PersonRemoved("ana", ANA, "left"),
        "dan": PersonRemoved("cleo", DAN, "mine"),
        "cleo": PersonRenamed("dan", "daniel", "human:cleo"),
    }
    for name, event in refused.items():
        with pytest.raises(Refused):
            said(shop, name, event)
    said(shop, "dan", PersonRemoved("dan", DAN, "I leave"))


@pytest.mark.parametrize("name", ["ben", "BEN", "dan", "leads", "", "a b"])
def test_nobody_gets_a_name_that_means_another_or_a_group(shop: Shop, name: str) -> None:
    said(shop, "ana", PersonRemoved("ben", ANA, "left"))

    with pytest.raises((NotAllowed, BadInput)):
        said(shop, "ana", PersonRenamed("cleo", name, ANA))


def test_nobody_is_enrolled_under_the_name_or_the_id_of_somebody_else(shop: Shop) -> None:
    said(shop, "ana", PersonRemoved("ben", ANA, "left"))
    said(shop, "ana", PersonRenamed("dan", "daniel", ANA))
    new = replace(enrolled("eve", ()), by=ANA, cost=2**17)

    for event in (replace(new, name="ben"), replace(new, name="Dan"), replace(new, known_as="ana")):
        with pytest.raises(NotAllowed):
            said(shop, "ana", event)
    said(shop, "ana", new)


def test_a_renamed_person_is_the_same_one_and_counts_once(shop: Shop) -> None:
    shop.begin(defined(develop(), ship(human(quorum=2)), merge()))
    shop.submit(shop.claim())
    shop.report()
    shop.approve("ben")
    said(shop, "ana", PersonRenamed("ben", "benno", ANA))
    renamed = shop.gateway.person("benno", passphrase_of("ben"), typed=True)

    assert renamed.id == BEN
    assert renamed.voice is not None
    again = replace(shop.approval(), voice=renamed.voice)
    with pytest.raises(Refused, match="already approved"):
        shop.gateway.perform(PerformCommand(renamed, "r1", again))
    shop.approve("ana")
    assert shop.task().state is State.WORKING


def test_a_delegation_ends_by_itself_and_by_either_of_the_two(shop: Shop) -> None:
    shop.begin()
    shop.submit(shop.claim())
    shop.report()
    said(shop, "ana", lent())
    said(shop, "ana", lent(key="d2"))
    said(shop, "dan", DelegationEnded("d2", DAN))
    shop.clock.now += HOUR

    with pytest.raises(NotAllowed):
        shop.approve("dan")
    with pytest.raises(NotAllowed):
        said(shop, "cleo", DelegationEnded("d1", "human:cleo"))


@pytest.mark.parametrize(
    "made",
    [
        lent(until=NOON),
        lent(until=NOON + LONGEST_DELEGATION_MS + 1),
        lent(to="human:eve"),
        lent(to="agent:alfa"),
        lent(to=ANA),
        replace(lent(), reason=" "),
        replace(lent(), group="leads"),
    ],
    ids=str,
)
def test_a_delegation_is_bounded_and_to_another_person(shop: Shop, made: Delegated) -> None:
    with pytest.raises(BadInput):
        said(shop, "ana", made)


def test_over_a_line_a_removed_persons_proof_is_over_at_once(durable: Shop, tmp_path: Path) -> None:
    home = Home(tmp_path / "store")
    with resident(home, durable.clock):
        mine, line = line_to(home), line_to(home)
        ana, ben = (GatewayClient(each, ClientStore(each), durable.clock) for each in (mine, line))
        for client in (ana, ben):
            client.line.accept_cost(CHEAP)
        who = ben.person("ben", passphrase_of("ben"), typed=True)
        ben.perform(RecordStoreEvent(who, lent("ben")))
        by = ana.person("ana", passphrase_of("ana"), typed=True)
        ana.perform(RecordStoreEvent(by, PersonRemoved("ben", ANA, "left")))
        with pytest.raises(NotAllowed):
            ben.perform(RecordStoreEvent(who, lent("ben", key="d2")))
        mine.close()
        line.close()
