"""Whatever is refused because of who asked is a fact in the log: who, what, how often; and people are told once."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.served import resident
from gateway.shop import CHEAP, Shop
from gateway.test_authorize import PRINCIPALS, asked, spoken
from onloop.attention.board import HowHidden, board_of
from onloop.attention.denial_items import GROUNDS, denial_items
from onloop.attention.groups import Group, groups_of
from onloop.attention.items import Tier
from onloop.attention.lifecycle import acknowledgement
from onloop.errors import Ground, NotAllowed, OnloopError, Refused
from onloop.gateway.authorize import ALLOWED, verb_of
from onloop.gateway.claims import ClaimTask
from onloop.gateway.command_operations import PerformCommand
from onloop.gateway.denial_counts import DENIALS
from onloop.gateway.service import Gateway
from onloop.gateway.upkeep import CountDenial, FireTimers, RecogniseAgent, RecordStoreEvent
from onloop.home import Home
from onloop.identity.passphrase import enrolment
from onloop.identity.scram import LEAST_COST
from onloop.machine import commands as c
from onloop.machine.denials import (
    ALARMING,
    MOST_AT_ONCE,
    MOST_BURSTS,
    OTHERS,
    QUIET_MS,
    Denied,
    burst_key,
    counted,
    gathered,
)
from onloop.machine.marks import Muted, Rule
from onloop.machine.operation import DeniedAct
from onloop.machine.principal import NOBODY, Principal
from onloop.machine.state import Reason
from onloop.machine.store_state import Frozen, StoreEvent, StoreState, Unfrozen, fold_store
from onloop.records import replace
from onloop.remote.client import ClientStore, GatewayClient
from onloop.remote.connection import Connection
from onloop.store.memory import MemoryStore
from onloop.store.sqlite.database import SqliteStore, create_store
from onloop.store.sqlite.inspection import inspect
from onloop.views.overview_projector import board_of_store
from support.scenario import NOON, TASK
from support.steps import HOUR, MINUTE, SECOND

AGENT = PRINCIPALS[2]


@pytest.fixture(params=["memory", "sqlite"])
def shop(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Shop]:
    if request.param == "memory":
        yield Shop(MemoryStore())
        return
    create_store(tmp_path / "store")
    made = Shop(SqliteStore(tmp_path / "store"))
    yield made
    made.check()
    assert inspect(made.store).problems == ()  # type: ignore[arg-type]
    made.store.close()


@pytest.fixture
def durable(tmp_path: Path) -> Iterator[Shop]:
    create_store(tmp_path / "store")
    made = Shop(SqliteStore(tmp_path / "store"))
    yield made
    made.store.close()


def refused(act: Callable[[], object]) -> NotAllowed:
    with pytest.raises(NotAllowed) as no:
        act()
    return no.value


def said(shop: Shop) -> list[tuple[str, str, Ground, str, int]]:
    return [(d.principal, d.verb, d.ground, d.subject, d.count) for d in shop.denied()]


def ask_of(gateway: Any, who: Principal, command: c.Command | StoreEvent) -> None:
    """Whatever it is, through the method that takes it."""
    match command:
        case c.Create():
            raise AssertionError("it needs a workflow")
        case _ if isinstance(command, StoreEvent):
            gateway.perform(RecordStoreEvent(who, command))
        case _:
            gateway.perform(PerformCommand(who, TASK, command))


FORBIDDEN = [
    (who, command)
    for who in PRINCIPALS
    for command in asked("agent:alfa")
    if who.kind not in ALLOWED[type(command)] and not isinstance(command, c.Create)
]


@pytest.mark.parametrize("who", PRINCIPALS, ids=lambda who: who.kind.value)
def test_each_forbidden_command_of_each_kind_of_principal_is_one_fact_in_the_log(
    who: Principal, tmp_path: Path
) -> None:
    commands = [command for kind, command in FORBIDDEN if kind == who]
    assert len(commands) > 8
    for command in commands:
        shop = Shop(MemoryStore())
        shop.begin(run="r1")

        no = refused(lambda: ask_of(shop.gateway, who, spoken(command, who)))  # noqa: B023 - called at once

        name = who.id if who != NOBODY else "nobody"
        (fact,) = shop.denied()
        assert (fact.principal, fact.verb, fact.ground) == (name, verb_of(command), Ground.KIND), no.message
        assert (fact.count, fact.at) == (1, NOON)


def test_over_the_socket_each_forbidden_command_of_an_agent_is_a_fact_and_a_flood_of_one_is_two(durable: Shop) -> None:
    durable.begin(run="r1")
    agent = durable.claim("r1")
    home = Home(durable.store.folder)  # type: ignore[attr-defined]
    commands = [command for who, command in FORBIDDEN if who == AGENT]
    with resident(home, durable.clock):
        line = Connection(home.socket, home.store)
        client = GatewayClient(line, ClientStore(line), durable.clock)
        assert client.perform(RecogniseAgent(durable.secrets["r1"])) == agent
        for command in commands:
            refused(lambda: ask_of(client, agent, spoken(command, agent)))  # noqa: B023 - called at once
        for _ in range(50):
            refused(lambda: client.perform(RecordStoreEvent(agent, Unfrozen("all", agent.id))))
        line.close()

    at_once = len(durable.denied())
    durable.later(MINUTE)
    Gateway(durable.store, durable.clock).perform(
        FireTimers()
    )  # of many at once, the last are said with the others, a minute later
    verbs = [d.verb for d in durable.denied() if d.principal == agent.id]
    expected = {verb_of(command) for command in commands}
    assert (set(verbs) >= expected) or OTHERS in {d.principal for d in durable.denied()}
    assert sum(d.count for d in durable.denied()) == len(commands) + 50
    assert at_once <= len(expected) + 2, "a flood of one is one fact at once, and one with the rest"


def test_the_first_is_said_at_once_and_then_one_a_minute_with_the_count_since(shop: Shop) -> None:
    shop.begin(run="r1")
    agent = shop.claim("r1")
    for _ in range(30):
        refused(lambda: shop.gateway.perform(RecordStoreEvent(agent, Unfrozen("all", agent.id))))
    assert said(shop) == [(agent.id, "unfreeze", Ground.KIND, "all", 1)]

    shop.later(MINUTE)
    shop.gateway.perform(FireTimers())

    assert [count for *_, count in said(shop)] == [1, 29]
    refused(lambda: shop.gateway.perform(RecordStoreEvent(agent, Unfrozen("all", agent.id))))
    assert sum(count for *_, count in said(shop)) in {30, 31}
    shop.later(MINUTE)
    shop.gateway.perform(FireTimers())
    assert sum(count for *_, count in said(shop)) == 31


def test_processes_that_each_ask_once_are_counted_together(durable: Shop) -> None:
    durable.begin(run="r1")
    agent = durable.claim("r1")
    for _ in range(10):  # each a gateway of its own, as a command line is
        gateway = Gateway(durable.store, durable.clock)
        refused(lambda: gateway.perform(RecordStoreEvent(agent, Unfrozen("all", agent.id))))  # noqa: B023 - called at once
    assert [count for *_, count in said(durable)] == [1]

    durable.later(MINUTE)
    Gateway(durable.store, durable.clock).perform(FireTimers())

    assert [count for *_, count in said(durable)] == [1, 9]


def test_a_flood_under_many_names_does_not_fill_the_log(shop: Shop) -> None:
    for number in range(300):
        who = replace(AGENT, name=f"a{number}")
        refused(lambda: shop.gateway.perform(RecordStoreEvent(who, Unfrozen("all", who.id))))  # noqa: B023 - called at once
    shop.later(MINUTE)
    shop.gateway.perform(FireTimers())

    facts = shop.denied()
    assert len(facts) <= MOST_AT_ONCE + 4
    assert sum(fact.count for fact in facts) == 300
    assert OTHERS in {fact.principal for fact in facts}


def test_what_an_agent_says_of_itself_is_no_text_in_the_log(shop: Shop) -> None:
    shop.gateway.perform(CountDenial(AGENT, "\x1b]52;c;aGk=\x07 rm -rf, all is well", "\x1b[2J" + "x" * 5_000))

    (fact,) = shop.denied()
    assert fact.verb == "do something"
    assert "\x1b" not in fact.subject
    assert len(fact.subject) < 500


def test_a_refusal_stays_one_where_it_cannot_be_counted(durable: Shop) -> None:
    gateway = Gateway(_Unwritable(durable.store), durable.clock)  # type: ignore[arg-type]

    assert "is wrong" in refused(lambda: gateway.person("ana", "a guess", typed=True)).message
    assert durable.denied() == []


class _Unwritable:
    """A store that cannot be written to now."""

    def __init__(self, store: Any) -> None:
        self.reading = store.reading

    def transact(self, _: Any, **__: str) -> Any:
        raise Refused("busy", exit=17, hint="later")  # type: ignore[arg-type]


def test_a_wrong_passphrase_and_a_foreign_token_are_facts(shop: Shop) -> None:
    cheap = enrolment("eve", (), "", "long enough words", shop.person().id, CHEAP)
    shop.gateway.perform(
        RecordStoreEvent(shop.person(), replace(cheap, cost=LEAST_COST))
    )  # nobody will prove to be eve

    refused(lambda: shop.gateway.person("eve", "guess number one", typed=True))
    refused(lambda: shop.gateway.perform(RecogniseAgent("onl_agt_made-up")))

    assert said(shop) == [
        ("nobody", "speak as a person", Ground.PASSPHRASE, "human:eve", 1),
        ("nobody", "use a token", Ground.TOKEN, "", 1),
    ]


def test_guessing_rings_at_the_fifth_guess_and_not_at_the_first(shop: Shop) -> None:
    for guess in range(5):
        assert shop_board(shop) == []
        refused(lambda: shop.gateway.person("ana", f"guess {guess}", typed=True))  # noqa: B023 - called at once

    (row,) = shop_board(shop)
    assert row.reason is Reason.DENIED
    assert "5 times, with a wrong passphrase" in row.detail


def shop_board(shop: Shop) -> list[Group]:
    """The rows that tell people of denials."""
    with shop.store.reading() as at:
        board = board_of_store(at, shop.clock())
        return [group for group in board.shown if group.reason is Reason.DENIED]


def test_an_agent_whose_lease_ended_is_counted_as_superseded_and_alarms_nobody(shop: Shop) -> None:
    shop.begin(run="r1")
    agent = shop.claim("r1")
    shop.later(2 * MINUTE)
    shop.want()

    refused(lambda: shop.ask(agent))

    assert said(shop) == [(agent.id, "ask", Ground.SUPERSEDED, "r1", 1)]
    assert shop_board(shop) == []


def test_reads_and_work_that_is_allowed_leave_no_fact(shop: Shop) -> None:
    shop.begin(run="r1")
    agent = shop.claim("r1")
    shop.agent(shop.secrets["r1"])
    shop.submit(agent)
    shop.report("r1")
    with suppress(OnloopError):
        shop.gateway.perform(ClaimTask(Principal(agent.kind.LAUNCHER, "x"), "agent:zulu", "nobody-wants-this"))

    assert shop.denied() == []


def test_a_burst_is_one_row_of_the_safety_tier_that_says_who_what_and_how_often(shop: Shop) -> None:
    shop.begin(run="r1")
    agent = shop.claim("r1")
    for _ in range(12):
        refused(lambda: shop.gateway.perform(RecordStoreEvent(agent, Unfrozen("all", agent.id))))
    refused(lambda: shop.gateway.perform(PerformCommand(agent, "r1", c.Cancel(shop.voice(), "mine"))))
    shop.later(MINUTE)
    shop.gateway.perform(FireTimers())

    (row,) = shop_board(shop)
    assert (row.tier, row.reason) == (Tier.SAFETY, Reason.DENIED)
    assert row.headline == "denied: agent:alfa tried to unfreeze, cancel"
    assert "unfreeze (all) 12 times, not for its kind" in row.detail
    assert "cancel (r1) once" in row.detail


def test_it_goes_when_it_is_acknowledged_and_comes_back_when_it_happens_again(shop: Shop) -> None:
    shop.begin(run="r1")
    agent = shop.claim("r1")
    refused(lambda: shop.gateway.perform(RecordStoreEvent(agent, Unfrozen("all", agent.id))))
    (row,) = shop_board(shop)
    shop.later(SECOND)
    ana = shop.person()
    shop.gateway.perform(RecordStoreEvent(ana, acknowledgement(row, ana.id, shop.clock())))
    assert shop_board(shop) == []
    shop.later(HOUR)
    assert shop_board(shop) == [], "what was seen is not asked about again when half an hour has passed"

    refused(lambda: shop.gateway.perform(RecordStoreEvent(agent, Unfrozen("all", agent.id))))

    assert [again.cause for again in shop_board(shop)] == [row.cause]


def test_no_mute_and_no_freeze_hides_it_and_a_week_of_quiet_ends_it() -> None:
    denied = Denied("agent:alfa", "approve", Ground.KIND, "r1", at=NOON)
    mute = Muted(Rule(reason="denied"), "human:ana", NOON + HOUR, "noise", NOON)
    house = fold_store([denied, Frozen("all", "human:ana", ""), mute])
    board = board_of(groups_of(denial_items(house.denials, NOON + 1)), house, {}, NOON + 1)

    assert [group.reason for group in board.shown] == [Reason.DENIED]
    assert HowHidden.MUTED not in {hidden.how for hidden in board.hidden}
    assert denial_items(house.denials, NOON + 8 * 24 * HOUR) == ()


def test_a_pause_begins_a_burst_anew() -> None:
    first = Denied("agent:alfa", "approve", Ground.KIND, count=7, at=NOON)
    later = replace(first, count=1, at=NOON + QUIET_MS)

    (burst,) = fold_store([first, later]).denials.values()

    assert (burst.count, burst.since) == (1, later.at)


NAMES = st.text(max_size=3)
FACTS = st.builds(
    Denied,
    NAMES,
    NAMES,
    st.sampled_from(Ground),
    NAMES,
    count=st.integers(1, 9),
    at=st.integers(NOON, NOON + 3 * HOUR),
)


@given(st.lists(FACTS, max_size=150))
def test_the_fold_is_bounded_and_the_sum_of_what_was_said_lately(facts: list[Denied]) -> None:
    ordered = sorted(facts, key=lambda fact: fact.at)
    house = fold_store(ordered)

    assert len(house.denials) <= MOST_BURSTS
    if len({burst_key(fact) for fact in facts}) <= MOST_BURSTS:
        assert sum(burst.count for burst in house.denials.values()) == sum(fact.count for fact in facts)
    assert len({gathered(house.denials, fact).principal for fact in facts} - {fact.principal for fact in facts}) <= 1


def test_every_ground_has_words_and_a_level_of_alarm_that_is_reached() -> None:
    assert GROUNDS.keys() == set(Ground)
    assert all(level > 1 for level in ALARMING.values())
    items = denial_items(counted({}, Denied("nobody", "x", Ground.TOKEN, count=2, at=NOON)), NOON)
    assert items == ()


def test_an_old_house_has_no_denials() -> None:
    assert StoreState().denials == {}


def test_a_denial_cannot_be_recorded_by_anybody_but_the_gateway(shop: Shop) -> None:
    for who in PRINCIPALS[:-1]:
        refused(lambda: shop.gateway.perform(RecordStoreEvent(who, Denied("human:ana", "approve", Ground.KIND))))  # noqa: B023
    assert {fact.verb for fact in shop.denied()} == {"count a denial"}
    assert {event.principal for event in _house_log(shop) if event.name == "Denied"} == {DENIALS}


def _house_log(shop: Shop) -> list[Any]:
    with shop.store.reading() as at:
        return list(at.log())


def test_threads_that_are_refused_at_the_same_time_lose_no_count(durable: Shop) -> None:
    gateway = Gateway(durable.store, durable.clock)
    folder = durable.store.folder  # type: ignore[attr-defined]
    start = threading.Barrier(4)

    def work() -> None:
        store = SqliteStore(folder)
        own = Gateway(store, durable.clock, denials=gateway.denials)
        start.wait()
        for _ in range(25):
            own.perform(CountDenial(AGENT, "approve"))
        store.close()

    with ThreadPoolExecutor(4) as pool:
        for done in [pool.submit(work) for _ in range(4)]:
            done.result()
    gateway.denials.settle(durable.store, durable.clock(), all_of_them=True)

    assert sum(fact.count for fact in durable.denied()) == 100
    assert len(durable.denied()) == 2


def test_whoever_runs_the_gateway_and_asks_it_for_what_is_its_users_has_not_tried_to_break_in(durable: Shop) -> None:
    no = NotAllowed("no proof that they can open the store", hint="only the owner can", ground=Ground.PEER)
    attempt = DeniedAct(NOBODY, "pass for the store's owner")
    for peer in (f"uid:{os.getuid()}", "uid:65533"):
        Gateway(durable.store, durable.clock, peer=peer).count_denial(attempt, no)

    (fact,) = durable.denied()
    assert (fact.principal, fact.verb) == ("uid:65533", "pass for the store's owner")
