"""Whatever anybody can send has a type, a length and a range, and what is past one is refused at one place."""

from __future__ import annotations

import json
import math
import socket
import typing
from enum import Enum
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gateway.served import served
from gateway.shop import LAUNCHER, Shop
from onloop.errors import BadInput, OnloopError, Refused
from onloop.gateway.claims import ClaimTask
from onloop.gateway.command_operations import PerformCommand
from onloop.gateway.declared_limits import checked
from onloop.gateway.leases import Heartbeat, PassOn
from onloop.gateway.operations import OPERATIONS, operation_named
from onloop.gateway.upkeep import FireTimers, RecordStoreEvent
from onloop.home import Home
from onloop.machine import commands as c
from onloop.machine.limits import LATEST, Id, Items, Range, Size, Text, check_fields, undeclared
from onloop.machine.marks import Muted, Rule
from onloop.machine.operation import Operation, field_hints
from onloop.machine.store_state import Frozen, StoreEvent
from onloop.machine.task import Artefact
from onloop.records import Record, fields_of, replace
from onloop.remote.client import GatewayClient
from onloop.remote.framing import Frames, framed
from onloop.remote.protocol import request_from
from onloop.remote.unix_socket import connected
from onloop.store.memory import MemoryStore
from onloop.store.port import TaskFilter
from onloop.store.sqlite.database import SqliteStore, create_store
from onloop.views.effective_status import ReadTaskNow
from onloop.views.queries.agent_reads import ReadStepBrief
from onloop.views.queries.reads import ReadEvents, ReadTask, ReadTasks
from onloop.views.queries.store_at import ReadStoreAt
from onloop.views.queries.store_changes import ReadStoreChanges
from onloop.views.sub_agents import SubAgentNews
from support.scenario import work

HUGE = "x" * 10_000_000
FOREIGN_TO_THE_STORE = {"Principal", "PinnedWorkflow", "Job"}
"""Fields that only the gateway's own user gives, or that were proved before they are looked at."""


@pytest.fixture
def shop() -> Shop:
    """A shop over memory."""
    return Shop(MemoryStore())


def test_every_field_that_can_be_sent_declares_its_limit() -> None:
    assert undeclared(c.Command) == undeclared(StoreEvent) == undeclared(SubAgentNews) == ()


@pytest.mark.parametrize("name", OPERATIONS)
def test_every_field_of_every_operation_declares_its_limit(name: str) -> None:
    kind = operation_named(name)
    assert kind is not None
    hints = field_hints(kind)
    found = [word for word, hint in hints.items() if getattr(hint, "__name__", "") not in FOREIGN_TO_THE_STORE]
    assert [word for word in found if undeclared(hints[word], word)] == []


@pytest.mark.parametrize(
    "command",
    [
        lambda who: c.Ask(who.id, who.epoch, HUGE),
        lambda who: c.Submit(who.id, who.epoch, replace(work(), statement=HUGE)),
        lambda who: c.Submit(who.id, who.epoch, replace(work(), artefacts=(Artefact("a", "d", 1),) * 100_000)),
        lambda who: c.Submit(who.id, who.epoch, replace(work(), authors=("a",) * 100_000)),
        lambda who: c.Submit(who.id, who.epoch, replace(work(), at=2**53)),
        lambda who: c.Submit(who.id, who.epoch, replace(work(), head=HUGE)),
        lambda who: c.SaveCheckpoint(who.id, who.epoch, HUGE, 1),
        lambda who: c.SaveCheckpoint(who.id, who.epoch, "d", 2**62),
        lambda who: c.Tell(who.id, who.epoch, HUGE, "note", "d", 1),  # type: ignore[arg-type]
        lambda who: c.Judge(who.id, who.epoch, 1, "odd"),  # type: ignore[arg-type]
        lambda who: c.ReportContext(who.id, who.epoch, True),
        lambda who: c.ReportContext(who.id, who.epoch, 10**5000),
        lambda who: c.ReportContext(who.id, who.epoch, math.nan),  # type: ignore[arg-type]
        lambda who: c.Ask(who.id, who.epoch, None),  # type: ignore[arg-type]
        lambda who: c.Ask(who.id, who.epoch, "\ud800"),
        lambda who: c.Ask(who.id, 2**62, "why?"),
        lambda who: c.Release(who.id, who.epoch, "stopped"),  # type: ignore[arg-type]
        lambda who: c.Handoff(who.id, who.epoch, "", "why", ("open",) * 1_000_000),
        lambda who: c.Submit(who.id, who.epoch, c.Settle()),  # type: ignore[arg-type]
    ],
)
def test_what_no_agent_could_mean_is_refused_in_words_and_recorded_nowhere(shop: Shop, command: Any) -> None:
    shop.begin()
    agent = shop.claim()
    before = len(shop.log())

    with pytest.raises(BadInput) as refused:
        shop.gateway.perform(PerformCommand(agent, "r1", command(agent)))

    assert len(refused.value.message) < 200 and refused.value.hint.startswith("give ")
    assert len(shop.log()) == before


@pytest.mark.parametrize("lease_ms", [0, -1, 86_400_001, 2**62, True, None, "60000", 1.5])
def test_a_lease_is_of_a_millisecond_to_a_day(shop: Shop, lease_ms: Any) -> None:
    shop.begin()
    with pytest.raises(BadInput, match="claim: lease_ms of "):
        shop.gateway.perform(ClaimTask(LAUNCHER, "agent:alfa", "implementer", lease_ms=lease_ms))
    agent = shop.claim()
    with pytest.raises(BadInput, match="heartbeat: lease_ms of "):
        shop.gateway.perform(Heartbeat(agent, lease_ms=lease_ms))


def test_what_is_said_of_a_sub_agent_and_of_the_whole_store_has_limits(shop: Shop) -> None:
    shop.begin()
    agent, person = shop.claim(), shop.person()
    with pytest.raises(BadInput, match=r"heartbeat: news\[0\].doing of 10000000 characters"):
        shop.gateway.perform(Heartbeat(agent, news=[SubAgentNews("a", doing=HUGE)]))
    with pytest.raises(BadInput, match="heartbeat: news of 100000 items"):
        shop.gateway.perform(Heartbeat(agent, news=[SubAgentNews("a")] * 100_000))
    with pytest.raises(BadInput, match="Frozen: reason of 10000000 characters"):
        shop.gateway.perform(RecordStoreEvent(person, Frozen("all", person.id, HUGE)))
    with pytest.raises(BadInput, match="Muted: until of 9007199254740992"):
        shop.gateway.perform(RecordStoreEvent(person, Muted(Rule(repo="r"), person.id, 2**53, "known")))


def test_what_is_passed_on_must_be_stored_and_is_as_large_as_it_is(shop: Shop) -> None:
    shop.begin()
    agent = shop.claim()
    with pytest.raises(Refused, match="nothing is stored under"):
        shop.gateway.perform(PerformCommand(agent, "r1", c.SaveCheckpoint(agent.id, agent.epoch, "f" * 64, 5)))

    digest = shop.gateway.perform(PassOn(agent, b"how far I am"))
    task = shop.gateway.perform(PerformCommand(agent, "r1", c.SaveCheckpoint(agent.id, agent.epoch, digest, 60_000)))

    assert [kept.size for kept in task.checkpoints.values()] == [len(b"how far I am")]


def test_what_may_be_asked_of_a_store_has_limits() -> None:
    queries: tuple[Operation[Any], ...] = (
        ReadTask(HUGE),
        ReadEvents(limit=2**40),
        ReadEvents(newest=1),  # type: ignore[arg-type]
        ReadStoreChanges(known=("r",) * 100_000),
        ReadStoreAt(known=("r",) * 100_000),
        ReadTasks(TaskFilter(run=5)),  # type: ignore[arg-type]
        ReadTaskNow("t", 2**70),
        ReadStepBrief("t", HUGE),
    )
    for query in queries:
        with pytest.raises(BadInput):
            checked(query)


def test_nothing_is_not_taken_for_something_that_must_be_there() -> None:
    command = ["Settle", {}]
    for name, said in (
        ("tasks", {"wanted": None}),
        ("put_back_job", {"job": None}),
        ("put_back_job", {}),
        ("perform", {"principal": None, "task": "r1", "command": command}),
    ):
        with pytest.raises(BadInput, match="invalid fields"):
            request_from({"protocol": 2, "operation": name, "fields": said})


COMMANDS = typing.get_args(c.Command)


def _is_record(base: Any) -> bool:
    return isinstance(base, type) and issubclass(base, Record)


def edges(hint: Any) -> list[tuple[Any, bool]]:
    """Values at the limit that a field declares, and one past it, each with whether it fits."""
    base, mark = typing.get_args(hint)[:2] if typing.get_origin(hint) is typing.Annotated else (hint, None)
    if isinstance(mark, Text):
        return [("x" * mark.most, True), ("x" * (mark.most + 1), False), (None, False), (5, False)]
    if isinstance(mark, Range):
        return [(mark.least, True), (mark.most, True), (mark.least - 1, False), (mark.most + 1, False), (True, False)]
    if isinstance(mark, Items):
        return [((), True), (("x",) * (mark.most + 1), False), ("xy", False)]
    return [(object(), False)] if base in {str, int, bool} or _is_record(base) else []


@pytest.mark.parametrize("kind", COMMANDS, ids=lambda kind: kind.__name__)
def test_each_field_of_each_command_is_held_to_its_limit(kind: type) -> None:
    hints = typing.get_type_hints(kind, include_extras=True)
    good = kind(**{name: plain(hints[name]) for name in fields_of(kind)})
    check_fields(good)
    for name, hint in hints.items():
        for value, fits in edges(hint):
            changed = replace(good, **{name: value})
            if fits:
                check_fields(changed)
                continue
            with pytest.raises(BadInput, match=rf"{kind.__name__}: {name} of "):
                check_fields(changed)


def plain(hint: Any) -> Any:
    """A value that fits."""
    base, mark = typing.get_args(hint)[:2] if typing.get_origin(hint) is typing.Annotated else (hint, None)
    if isinstance(mark, Range):
        return mark.most
    if base in {str, bool} or isinstance(mark, Items):
        return {str: "x", bool: False}.get(base, ())
    if isinstance(base, type) and issubclass(base, Enum):
        return next(iter(base))
    if _is_record(base):
        hints = typing.get_type_hints(base, include_extras=True)
        return base(**{name: plain(hints[name]) for name in fields_of(base)})
    return None


def test_a_size_is_a_limit_too() -> None:
    assert undeclared(typing.Annotated[bytes, Size(5)], "b") == ()
    assert undeclared(bytes, "b") == ("b",)
    assert undeclared(tuple[Id, ...], "b") == ("b[]",)
    assert undeclared(int, "b") == ("b",)


ODD = st.one_of(
    st.none(),
    st.booleans(),
    st.sampled_from([0, -1, 2**31, 2**53, 2**62, LATEST + 1, 10**400, 1e308, -0.5]),
    st.text(max_size=30),
    st.sampled_from(["r1", "agent:alfa", "human:ana", "all", "task:r1", "x" * 5000]),
    st.binary(max_size=9).map(lambda raw: raw.decode("latin-1")),
)
ANY_JSON = st.recursive(
    ODD, lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(st.text(max_size=9), inner, max_size=4))
)
NAMES = sorted({kind.__name__ for union in (c.Command, StoreEvent) for kind in typing.get_args(union)})
SLOTS = sorted({name for kind in COMMANDS for name in fields_of(kind)})
COMMAND = st.tuples(st.sampled_from(NAMES), st.dictionaries(st.sampled_from(SLOTS), ANY_JSON, max_size=6)).map(list)
PRINCIPAL = st.fixed_dictionaries(
    {"kind": st.sampled_from(["agent", "human", "launcher", "verifier", "gateway", "nobody"]), "name": ODD},
    optional={"task": ODD, "epoch": ODD, "step": ODD},
)


def asked(name: str, required: dict[str, Any], optional: dict[str, Any]) -> Any:
    """A request for that operation, with odd fields."""
    fields = st.fixed_dictionaries(required, optional=optional)
    return fields.map(lambda found: {"protocol": 2, "operation": name, "fields": found})


WORDS = sorted(
    {word for kind in map(operation_named, OPERATIONS) if kind is not None for word in kind.__struct_fields__}
)
REQUEST = st.one_of(
    st.tuples(st.sampled_from(sorted(OPERATIONS)), st.dictionaries(st.sampled_from(WORDS), ANY_JSON, max_size=6)).map(
        lambda pair: {"protocol": 2, "operation": pair[0], "fields": pair[1]}
    ),
    asked("perform", {"principal": PRINCIPAL, "task": ODD, "command": COMMAND}, {"key": ODD}),
    asked("record", {"principal": PRINCIPAL, "event": COMMAND}, {"key": ODD}),
    asked("claim", {"principal": PRINCIPAL, "agent": ODD, "role": ODD}, {"task": ODD, "lease_ms": ODD, "key": ODD}),
    asked("heartbeat", {"principal": PRINCIPAL}, {"lease_ms": ODD, "progress": ODD, "news": st.lists(ANY_JSON)}),
    ANY_JSON,
)
KNOWN = {"bad_input", "unknown", "refused", "stale", "not_allowed", "store", "unavailable"}


def fuzz(folder: Path, examples: int) -> None:
    """Send that many messages; each is answered with what was asked for or an error that somebody foresaw."""
    create_store(folder / "store")
    shop = Shop(SqliteStore(folder / "store"))
    shop.begin()
    home = Home(folder / "store")
    with served(home, shop, apart=False):
        line = connected(home.socket, 10, home.store)

        @settings(max_examples=examples, deadline=None, database=None, suppress_health_check=list(HealthCheck))
        @given(REQUEST)
        def ask(said: Any) -> None:
            told = exchanged(line, json.dumps(said))
            assert ("ok" in told) != ("error" in told)
            if "error" in told:
                assert told["error"]["code"] in KNOWN
                assert "the gateway failed" not in told["error"]["message"], (said, told)

        ask()
        line.close()
        assert isinstance(shop.gateway, GatewayClient)
        assert shop.gateway.perform(FireTimers()) == 0
    shop.store.close()


def exchanged(line: socket.socket, text: str) -> dict[str, Any]:
    """What is answered to a message."""
    line.sendall(framed(text))
    frames = Frames(2**28)
    while True:
        for message in frames.feed(line.recv(65_536)):
            told: dict[str, Any] = json.loads(message)
            return told


def test_a_gateway_answers_whatever_json_it_is_sent_and_lives(tmp_path: Path) -> None:
    fuzz(tmp_path, 400)


@pytest.mark.soak
def test_a_gateway_answers_twenty_thousand_odd_commands_and_lives(tmp_path: Path) -> None:
    fuzz(tmp_path, 20_000)


def test_what_is_odd_is_an_error_of_ours() -> None:
    for odd in (object(), [], {}, b"", float("inf"), 10**9999, ("x",) * 3):
        with pytest.raises(OnloopError):
            check_fields(c.Ask("agent:a", 1, odd))  # type: ignore[arg-type]
