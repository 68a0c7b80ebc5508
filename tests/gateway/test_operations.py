"""The list of operations: it is whole, each is spelled once, and each query answers the same over a connection."""

from __future__ import annotations

import json
import typing
from collections.abc import Callable
from contextlib import suppress
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from gateway.letting_in import let_in
from gateway.served import line_to, resident
from gateway.shop import Shop
from onloop.calls.call_operations import ReadCalls
from onloop.errors import BadInput, Refused
from onloop.gateway.environment_operations import KeepEnvironment
from onloop.gateway.leases import Heartbeat
from onloop.gateway.operations import OPERATIONS, every_operation
from onloop.gateway.upkeep import KeepBaseResult, KeepContent
from onloop.home import Home
from onloop.machine.agent_environment import EnvironmentKind
from onloop.machine.artefacts import Artefact
from onloop.machine.gate_facts import Attachment
from onloop.machine.operation import Asker, Lane, Operation, answer_type
from onloop.machine.principal import launcher
from onloop.machine.state import State
from onloop.remote.client import ClientStore, GatewayClient
from onloop.remote.protocol import answer_from, answer_text, request_fields, request_from, request_text
from onloop.schedules.firing_operations import ReadSchedules
from onloop.store.memory import MemoryStore
from onloop.store.port import AnswerT, Store, TaskFilter, Transaction
from onloop.triggers.delivery_operations import ReadDeliveries, ReadDelivery, ReceiveDeliveries
from onloop.triggers.delivery_records import TakenDelivery
from onloop.views.dossier import ReadDossier
from onloop.views.effective_status import ReadTaskNow, ReadTasksNow
from onloop.views.message_text import ReadUnread
from onloop.views.overview_projector import ReadBoard
from onloop.views.pinned_workflow import ReadDefinition
from onloop.views.queries.agent_reads import (
    ReadGiven,
    ReadHeldTask,
    ReadPosition,
    ReadStepBrief,
    ReadSubAgents,
    ReadWaiting,
)
from onloop.views.queries.base_results import ReadBaseResult
from onloop.views.queries.environment_reads import ReadEnvironments
from onloop.views.queries.first_sight import ReadFirstSight
from onloop.views.queries.kept_files import ReadAttachments
from onloop.views.queries.known_names import NameKind, ReadNames
from onloop.views.queries.launcher_reads import ReadLaunchers
from onloop.views.queries.needs import ReadNeeds
from onloop.views.queries.reads import ReadEvents, ReadJobs, ReadStoreState, ReadTask, ReadTasks
from onloop.views.queries.short_answers import ReadShortCheck, ReadShortNext
from onloop.views.queries.shown_task import ReadOpenRequests, ReadShown
from onloop.views.queries.store_at import ReadStoreAt
from onloop.views.queries.store_changes import ReadStoreChanges
from onloop.views.queries.task_outputs import ReadOutput, ReadOutputs
from onloop.views.queries.tasks_below import Deed, ReadTasksBelow
from onloop.views.queries.wave_reads import ReadWaves
from onloop.views.queries.worker_reads import ReadMachines
from onloop.views.query import Query
from onloop.views.reporting.report_queries import ReadReportTasks, ReadRunHistory, ReadRunReport
from onloop.views.reporting.timelines import ReadTimeline
from onloop.views.sub_agents import SubAgentNews
from store.furnished import RED_BASE, clockwork

QUERIES: dict[str, Callable[[Shop], Query[Any]]] = {
    "task": lambda _: ReadTask("r1"),
    "tasks": lambda _: ReadTasks(TaskFilter(states=(State.WORKING, State.INPUT_REQUIRED))),
    "state": lambda _: ReadStoreState(),
    "jobs": lambda _: ReadJobs(),
    "base_result": lambda _: ReadBaseResult(RED_BASE[0]),
    "log": lambda _: ReadEvents(after=2, limit=5, newest=True),
    "task_now": lambda shop: ReadTaskNow("r1", shop.clock()),
    "tasks_now": lambda shop: ReadTasksNow(shop.clock()),
    "names": lambda _: ReadNames(NameKind.ROLE),
    "definition": lambda shop: ReadDefinition(shop.definition.digest),
    "dossier": lambda _: ReadDossier("r1"),
    "shown": lambda shop: ReadShown("r1", shop.clock()),
    "attachments": lambda _: ReadAttachments("r1", "tests:test.log"),
    "outputs": lambda _: ReadOutputs("r1"),
    "output": lambda _: ReadOutput("r1", sha256(b"all is well").hexdigest()),
    "open_requests": lambda _: ReadOpenRequests("r1", "a key", "ana"),
    "waves": lambda shop: ReadWaves(shop.fleet(2, run="r9", sizes=(1, 1)).id),
    "tasks_below": lambda shop: ReadTasksBelow("r1", Deed.CANCEL, shop.clock()),
    "run_history": lambda shop: ReadRunHistory("r1", shop.clock()),
    "run_report": lambda shop: ReadRunReport("r1", shop.clock()),
    "timeline": lambda shop: ReadTimeline("r1", shop.clock()),
    "report_tasks": lambda shop: ReadReportTasks("r1", ("r1",), shop.clock()),
    "board": lambda shop: ReadBoard(shop.clock()),
    "first_sight": lambda shop: ReadFirstSight(shop.clock()),
    "store_changes": lambda _: ReadStoreChanges(1),
    "store_at": lambda _: ReadStoreAt(seq=3),
    "brief": lambda _: ReadStepBrief("r2", "develop.implement"),
    "position": lambda shop: ReadPosition("r2", "agent:alfa", shop.clock()),
    "held_task": lambda _: ReadHeldTask("r2"),
    "sub_agents": lambda _: ReadSubAgents("r2"),
    "waiting": lambda shop: ReadWaiting(shop.clock()),
    "given": lambda _: ReadGiven("r3"),
    "unread": lambda _: ReadUnread("r2"),
    "launchers": lambda _: ReadLaunchers(),
    "environments": lambda _: ReadEnvironments(),
    "schedules": lambda shop: ReadSchedules(shop.clock()),
    "calls": lambda _: ReadCalls(),
    "needs": lambda shop: ReadNeeds(shop.clock(), 3, is_resumed=True),
    "machines": lambda shop: ReadMachines(shop.clock()),
    "deliveries": lambda _: ReadDeliveries(),
    "delivery": lambda _: ReadDelivery("f1"),
    "check": lambda shop: ReadShortCheck(shop.agent(shop.secrets["r2"]), shop.clock()),
    "next": lambda shop: ReadShortNext(shop.agent(shop.secrets["r2"]), shop.clock()),
}


def kinds(kind: type[Any]) -> set[type[Any]]:
    """Every record below that one which has a name on the wire."""
    below = {found for each in kind.__subclasses__() for found in kinds(each)}
    return below | ({kind} if "name" in vars(kind) else set())


def test_the_list_names_every_operation_once_and_by_the_name_that_it_gives_itself() -> None:
    known = every_operation()

    assert [kind.name for kind in known] == list(OPERATIONS)
    assert {kind for kind in kinds(Operation) if kind.__module__.startswith("onloop")} == set(known)


@pytest.mark.parametrize("kind", every_operation(), ids=lambda kind: kind.name)
def test_every_operation_says_its_answer_its_lane_and_who_may_ask(kind: type[Operation[Any]]) -> None:
    assert answer_type(kind) is None or answer_type(kind) is not typing.Any
    assert isinstance(kind.lane, Lane) and isinstance(kind.asker, Asker)
    assert kind.asker is not Asker.PROVEN or "principal" in kind.__struct_fields__


def furnished(shop: Shop) -> None:
    """A task that waits for a person, and one at which an agent works."""
    clockwork(shop)
    shop.begin(run="r1")
    shop.begin(run="r2")
    brief = Artefact("brief.md", shop.gateway.perform(KeepContent(b"do it")), 5)
    shop.begin(run="r3", attachments=(brief,))
    shop.submit(shop.claim("r1"))
    log = shop.gateway.perform(KeepContent(b"all is well"))
    shop.report("r1", left=(Attachment("test.log", log, 11),), output=log)
    agent = shop.claim("r2")
    shop.gateway.perform(Heartbeat(agent, news=(SubAgentNews("s1", "explorer", "reads"),)))
    shop.gateway.perform(KeepBaseResult(*RED_BASE))
    let_in(shop)
    shop.gateway.perform(KeepEnvironment(launcher("farm"), "e1", EnvironmentKind.BOX, "here", "r2"))
    shop.gateway.perform(ReceiveDeliveries((TakenDelivery("f1", "github", "g", "push", "5" * 64, "{}", "{}"),)))


@pytest.mark.parametrize("name", [kind.name for kind in every_operation() if issubclass(kind, Query)])
def test_a_query_answers_over_a_connection_what_it_answers_from_the_file(
    name: str, durable: Shop, tmp_path: Path
) -> None:
    furnished(durable)
    query = QUERIES[name](durable)
    with resident(Home(tmp_path / "store"), durable.clock):
        line = line_to(Home(tmp_path / "store"))
        there = GatewayClient(line, ClientStore(line), durable.clock).perform(query)
        line.close()

    here = durable.gateway.perform(query)
    assert there == here
    assert type(there) is type(here)
    assert here not in (None, ()) or name in {"jobs"}


def test_a_request_leaves_out_what_is_as_usual_and_is_read_back_whole(durable: Shop) -> None:
    furnished(durable)
    for make in QUERIES.values():
        query = make(durable)
        told = json.loads(request_text(query.name, request_fields(query)))
        assert request_from(told) == query
        answer = durable.gateway.perform(query)
        assert answer_from(query, json.loads(answer_text(query, answer, None))) == (answer, None)
    assert request_fields(ReadEvents(limit=5)) == {"limit": 5}


@pytest.mark.parametrize("told", [{"verb": "task", "args": ["r1"]}, {"protocol": 3, "operation": "task", "fields": {}}])
def test_client_and_gateway_of_different_protocols_refuse_each_other_in_words(told: dict[str, Any]) -> None:
    with pytest.raises(BadInput, match=r"the request uses protocol [13], but this gateway uses 2") as refused:
        request_from(told)
    assert refused.value.hint == "use the onloop that serves the store"


class Twice(MemoryStore):
    """A store that runs each body twice: the first run is forgotten, as where another writer came first."""

    def transact(self, body: Callable[[Transaction], AnswerT], *, about: str = "") -> AnswerT:
        """See Store.transact."""

        class Again(Exception):
            pass

        def once(tx: Transaction) -> None:
            body(tx)
            raise Again

        with suppress(Again):
            super().transact(once, about=about)
        return super().transact(body, about=about)


def walked(store: Store) -> Shop:
    """A shop in which much has happened."""
    shop = Shop(store)
    furnished(shop)
    shop.approve()
    shop.freeze("run:r2")
    shop.unfreeze("run:r2")
    shop.later(200_000)
    with pytest.raises(Refused):
        shop.claim("r1")
    shop.cancel("r2", key="a key")
    shop.cancel("r2", key="a key")
    return shop


def test_a_body_that_runs_again_leaves_what_one_run_leaves() -> None:
    once, twice = walked(MemoryStore()), walked(Twice())

    def story(shop: Shop) -> list[tuple[str, str, str, int]]:
        return [(event.task, event.name, event.principal, event.at) for event in shop.log()]

    assert story(twice) == story(once)
    assert [twice.task(run) for run in ("r1", "r2")] == [once.task(run) for run in ("r1", "r2")]
    twice.check_rows()


@pytest.mark.parametrize("kind", every_operation(), ids=lambda kind: kind.name)
def test_every_operation_is_carried_out_by_itself(kind: type[Operation[Any]]) -> None:
    assert "carry_out" in vars(kind)
