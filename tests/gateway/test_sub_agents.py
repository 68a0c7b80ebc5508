"""Sub-agents in an agent's own process: what the holder of a task says of them lives with its lease, off the log."""

from __future__ import annotations

import pytest

from gateway.shop import Shop
from onloop.errors import Exit, Refused
from onloop.gateway.leases import DEFAULT_LEASE_MS, Heartbeat
from onloop.store.rows import SubAgent
from onloop.views.effective_status import effective_statuses
from onloop.views.sub_agents import LONGEST_DOING, LONGEST_NAME, MOST, SubAgentNews, cut
from support.scenario import NOON
from support.steps import MINUTE

EXPLORE = SubAgentNews("a1", "Explore", "looks for callers")


def within(shop: Shop, task: str = "r1") -> list[tuple[str, str, str]]:
    """Whom the task's holder has, as every face is told."""
    known = shop.task(task)
    with shop.store.reading() as at:
        stand = effective_statuses(at, (known,), shop.clock())[task]
    return [(row.name, row.kind, row.doing) for row in stand.sub_agents]


def rows(shop: Shop) -> list[SubAgent]:
    """What the store keeps, whoever holds what."""
    with shop.store.reading() as at:
        return list(at.select(SubAgent))


def test_who_begins_is_there_until_it_is_said_to_have_ended_and_none_of_it_is_in_the_log(shop: Shop) -> None:
    shop.begin()
    agent = shop.claim()
    length = len(shop.log())

    shop.gateway.perform(Heartbeat(agent, news=(EXPLORE, SubAgentNews("a2", "Plan"))))
    assert within(shop) == [("a1", "Explore", "looks for callers"), ("a2", "Plan", "")]
    shop.gateway.perform(Heartbeat(agent, news=(SubAgentNews("a1", ended=True),)))

    assert within(shop) == [("a2", "Plan", "")]
    assert len(shop.log()) == length


def test_who_is_spoken_of_again_keeps_its_beginning_and_what_was_not_said_anew(shop: Shop) -> None:
    shop.begin()
    agent = shop.claim()
    shop.gateway.perform(Heartbeat(agent, news=(EXPLORE,)))
    shop.later(MINUTE // 2)

    shop.gateway.perform(Heartbeat(agent, news=(SubAgentNews("a1", doing="reads them"),)))
    shop.gateway.perform(Heartbeat(agent, news=(SubAgentNews("never there", ended=True),)))

    assert rows(shop) == [SubAgent("r1|a1", "r1", 1, "a1", "Explore", "reads them", NOON, NOON + MINUTE // 2)]


def test_they_go_with_the_lease_whichever_way_it_ends(shop: Shop) -> None:
    shop.fleet(3)
    asks, cancelled, lapses = (shop.claim(f"r1.{n}", agent=f"agent:a{n}") for n in (1, 2, 3))
    for agent in (asks, cancelled, lapses):
        shop.gateway.perform(Heartbeat(agent, news=(EXPLORE,)))
    assert len(rows(shop)) == 3

    shop.ask(asks)
    shop.cancel("r1.2")
    shop.later(DEFAULT_LEASE_MS)
    shop.want()

    assert rows(shop) == []


def test_whoever_takes_over_begins_with_none_and_the_old_holder_adds_none(shop: Shop) -> None:
    shop.begin()
    old = shop.claim()
    shop.gateway.perform(Heartbeat(old, news=(EXPLORE,)))
    shop.later(DEFAULT_LEASE_MS)
    shop.want()
    shop.later(MINUTE)
    new = shop.claim("r1", agent="agent:bravo")

    with pytest.raises(Refused) as no:
        shop.gateway.perform(Heartbeat(old, news=(EXPLORE,)))

    assert no.value.exit is Exit.NOT_YOURS
    assert within(shop) == []
    shop.gateway.perform(Heartbeat(new, news=(SubAgentNews("b1"),)))
    assert within(shop) == [("b1", "", "")]


def test_more_than_a_screen_of_them_is_refused_with_the_limit_and_what_makes_room(shop: Shop) -> None:
    shop.begin()
    agent = shop.claim()
    shop.gateway.perform(Heartbeat(agent, news=[SubAgentNews(f"a{n}") for n in range(MOST)]))

    with pytest.raises(Refused, match=f"already has {MOST} sub-agents") as no:
        shop.gateway.perform(Heartbeat(agent, news=(SubAgentNews("one more"),)))

    assert (no.value.exit, no.value.hint) == (Exit.SPENT, "onloop heartbeat --ended ID says that one has ended")
    shop.gateway.perform(Heartbeat(agent, news=(SubAgentNews("a0", doing="goes on"),)))
    shop.gateway.perform(Heartbeat(agent, news=(SubAgentNews("a0", ended=True), SubAgentNews("one more"))))
    assert len(rows(shop)) == MOST


@pytest.mark.parametrize(
    ("news", "most"),
    [
        (SubAgentNews("x" * (LONGEST_NAME + 1)), LONGEST_NAME),
        (SubAgentNews("a1", "x" * (LONGEST_NAME + 1)), LONGEST_NAME),
        (SubAgentNews("a1", "", "x" * (LONGEST_DOING + 1)), LONGEST_DOING),
        (SubAgentNews(" \n"), "ID"),
    ],
)
def test_what_is_too_long_is_refused_with_the_limit_and_nothing_of_it_is_kept(
    shop: Shop, news: SubAgentNews, most: object
) -> None:
    shop.begin()
    agent = shop.claim()

    with pytest.raises(Refused) as no:
        shop.gateway.perform(Heartbeat(agent, news=(EXPLORE, news)))

    assert no.value.exit is Exit.USAGE and str(most) in no.value.hint
    assert rows(shop) == []


def test_what_an_agent_says_of_them_is_kept_as_one_line_that_no_terminal_obeys(shop: Shop) -> None:
    shop.begin()
    agent = shop.claim()
    hostile = "a\x1b[2J\x00b\n\tc \u202e\udc80 [red]x"

    shop.gateway.perform(Heartbeat(agent, news=(SubAgentNews(hostile, hostile, hostile),)))

    (row,) = rows(shop)
    assert row.name == row.kind == row.doing == "a␛[2J␀b c ‹U+202E›‹U+DC80› [red]x"
    shop.gateway.perform(Heartbeat(agent, news=(SubAgentNews(hostile, ended=True),)))
    assert rows(shop) == []


@pytest.mark.parametrize("text", ["x" * 1_000, "\x1b\u202e" * 500, "word " * 100])
def test_what_is_passed_on_from_a_vendor_is_cut_and_then_always_taken(shop: Shop, text: str) -> None:
    shop.begin()
    agent = shop.claim()

    shop.gateway.perform(Heartbeat(agent, news=(cut(SubAgentNews(text, text, text)),)))

    (row,) = rows(shop)
    assert (len(row.name), len(row.kind), len(row.doing)) <= (LONGEST_NAME, LONGEST_NAME, LONGEST_DOING)
    shop.gateway.perform(Heartbeat(agent, news=(cut(SubAgentNews(text, ended=True)),)))
    assert rows(shop) == []
