"""What `check` finds ready made is what it would be told the long way, on every path."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress

from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.shop import Shop
from onloop.errors import Refused
from onloop.gateway.command_operations import PerformCommand
from onloop.gateway.message_sending import mark_shown, save_checkpoint
from onloop.gateway.upkeep import FireTimers
from onloop.machine import commands as c
from onloop.machine.definition import ContextLimits
from onloop.machine.messages import Message, MessageKind
from onloop.machine.principal import EFFECTS, Principal
from onloop.machine.state import State
from onloop.machine.task import RequestKind
from onloop.machine.usage import Usage
from onloop.store.memory import MemoryStore
from onloop.store.rows import CachedAnswer
from support.scenario import ERROR, FAIL, PASS, work
from support.steps import SECOND, defined, develop, gate, human, merge, ship

WALKED = defined(
    develop(gate("tests"), gate("lint"), rounds=1, context=ContextLimits(40, 70)),
    ship(human(quorum=2), on_reject="develop.implement"),
    merge(),
)
VERDICTS = (PASS, PASS, PASS, FAIL, ERROR)


def strides(shop: Shop, number: int) -> dict[str, Callable[[], object]]:
    """What can be tried with r1, by name; `number` picks one of several ways."""
    agent = shop.agent(shop.secrets["r1"]) if "r1" in shop.secrets else None
    task, person = shop.task(), shop.person(("ana", "ben")[number % 2])
    heads = ("a" * 40, "b" * 40, "c" * 40)
    held: dict[str, Callable[[], object]] = {}
    if agent is not None:
        held = {
            "submit": lambda: shop.submit(agent, work(heads[number % 3])),
            "ask": lambda: shop.ask(agent, "Which \u202eone?\n\x1b[31m"),
            "pass on": lambda: passing(shop, agent, number),
            "release": lambda: shop.gateway.perform(
                PerformCommand(agent, "r1", c.Release(agent.id, agent.epoch, list(c.ReleaseCause)[number % 4]))
            ),
        }
    voice = shop.voice(person.name)
    asked: dict[str, Callable[[], object]] = {}
    if len(task.requests) == 1:
        asked = {
            "approve": lambda: shop.approve(person.name),
            "reject": lambda: shop.gateway.perform(
                PerformCommand(person, "r1", c.Reject(shop.asked().id, shop.approval().digest, voice, "no"))
            ),
            "answer": lambda: shop.gateway.perform(
                PerformCommand(person, "r1", c.Reply(shop.asked().id, shop.voice(person.name), "That."))
            ),
        }
    return {
        "claim": lambda: shop.claim("r1"),
        "deliver": lambda: deliver(shop, number),
        "report": lambda: shop.report(gate=(*task.awaited, "tests")[0], verdict=VERDICTS[number % 5]),
        "retry": lambda: shop.gateway.perform(PerformCommand(person, "r1", c.Retry(voice, "again"))),
        "reassign": lambda: shop.gateway.perform(
            PerformCommand(person, "r1", c.Reassign("agent:alfa", voice, "knows it"))
        ),
        "cancel": lambda: (
            shop.gateway.perform(PerformCommand(person, "r1", c.Cancel(voice, "enough"))) if number == 7 else None
        ),
        "effect": lambda: shop.gateway.perform(
            PerformCommand(EFFECTS, "r1", c.FinishEffect(task.effect.id if task.effect else "", "f" * 40))
        ),
        "wait": lambda: wait(shop, 10 * SECOND * (1 + number)),
        **held,
        **asked,
    }


def passing(shop: Shop, agent: Principal, number: int) -> None:
    """Whatever an agent hands on, or looks at."""
    holder = (agent.id, agent.epoch)
    if number == 0:
        mark_shown(shop.gateway, agent, shop.task())
    elif number < 3:
        save_checkpoint(shop.gateway, agent, f"half {number}\x1b[31m".encode())
    elif number < 6:
        shop.gateway.perform(PerformCommand(agent, "r1", c.ReportContext(*holder, number * 15)))
    elif number < 7:
        shop.gateway.perform(PerformCommand(agent, "r1", c.ReportUsage(*holder, "claude", Usage(shop.clock() % 9_000))))
    else:
        shop.gateway.perform(PerformCommand(agent, "r1", c.Handoff(*holder, "", "full", ("which?",))))


def deliver(shop: Shop, number: int) -> None:
    """Another task of the run tells r1 something."""
    message = Message(MessageKind.NOTE, "agent:bravo", "r1.1", f"{number}" * 64, 5, shop.clock())
    shop.gateway.perform(PerformCommand(EFFECTS, "r1", c.Deliver(message, "r1")))


def wait(shop: Shop, ms: int) -> None:
    shop.later(ms)
    shop.gateway.perform(FireTimers())


def sensible(shop: Shop) -> str:
    """What somebody would do next."""
    task = shop.task()
    match task.state:
        case State.SUBMITTED:
            return "claim" if task.not_before <= shop.clock() else "wait"
        case State.WORKING:
            return "report" if task.awaited else "effect" if task.effect else "submit"
        case State.INPUT_REQUIRED:
            kinds = {RequestKind.APPROVAL: "approve", RequestKind.QUESTION: "answer", RequestKind.CHOICE: "retry"}
            return kinds[task.requests[0].kind]
    return "wait"


STRIDES = st.tuples(
    st.sampled_from(
        ("go on",) * 12
        + ("claim", "submit", "ask", "release", "report", "approve", "reject", "answer")
        + ("pass on", "pass on", "deliver", "retry", "reassign", "cancel", "effect", "wait")
    ),
    st.integers(0, 7),
)


@settings(max_examples=60, deadline=None)
@given(st.lists(STRIDES, max_size=25))
def test_the_projected_answer_is_the_full_answer_on_every_path(walk: list[tuple[str, int]]) -> None:
    shop = Shop(MemoryStore())
    shop.begin(WALKED)
    for name, number in walk:
        wanted = sensible(shop) if name == "go on" else name
        with suppress(Refused):
            strides(shop, number).get(wanted, lambda: None)()
        shop.check()


def test_nobody_who_never_claimed_is_projected(shop: Shop) -> None:
    shop.begin()

    with shop.store.reading() as at:
        assert at.get(CachedAnswer, "r1") is None
