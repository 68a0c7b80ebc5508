"""What callers over the network may ask: each operation by each kind of caller, about theirs and about others'."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from gateway.letting_in import let_in, revoke
from gateway.network_callers import NOBODY, claimed, person_from, proved, refusal
from gateway.served import AdoptedLine, serving
from gateway.shop import Shop
from gateway.test_operations import QUERIES
from onloop.access.live_runs import AddToFleet, PinWorkflow
from onloop.calls.call_operations import FinishCalls, TakeCalls
from onloop.errors import NotAllowed, UnknownThing
from onloop.gateway.claims import ClaimTask, TakeTask
from onloop.gateway.command_operations import CreateRun, PerformCommand
from onloop.gateway.credential_operations import MintSession
from onloop.gateway.environment_operations import AttestEnvironment, DropEnvironments, KeepEnvironment
from onloop.gateway.jobs import FreeJobs, PerformJob, PutBackJob, PutOffJob, RenewJobs, TakeJob, WakeGates
from onloop.gateway.leases import Heartbeat, PassOn, TakeNotes
from onloop.gateway.operations import OPERATIONS, operation_named
from onloop.gateway.upkeep import CountDenial, FireTimers, KeepBaseResult, KeepContent, RecordStoreEvent
from onloop.gateway.worker_operations import TellWorker
from onloop.home import Home
from onloop.machine import commands as c
from onloop.machine.agent_environment import EnvironmentKind, MadeEnvironment, ReportEnvironment
from onloop.machine.definition import Isolation
from onloop.machine.operation import Operation, field_hints
from onloop.machine.people import PersonRemoved
from onloop.machine.principal import PrincipalKind, launcher
from onloop.machine.setbacks import Trouble
from onloop.machine.store_state import Frozen
from onloop.records import replace
from onloop.remote.connection_operations import (
    AnnounceWork,
    AskChallenge,
    OfferHistory,
    ProveOwner,
    ReadAgentLog,
    ReadBundle,
    ReadChanges,
    ReadPatchPage,
    ReadReceived,
    ReadStamp,
    SubmitAnnounced,
    SubmitBranch,
)
from onloop.remote.network_access import NETWORK, OPENING
from onloop.remote.protocol import request_fields
from onloop.remote.server import GatewayServer
from onloop.schedules.firing_operations import AskFiring, FinishFiring, TakeFirings
from onloop.store.rows import Job, PinnedWorkflow
from onloop.triggers.delivery_operations import (
    CarryOutDelivery,
    ForgetDeliveries,
    PostponeDelivery,
    ReceiveDeliveries,
    TryDeliveryAgain,
)
from onloop.triggers.delivery_records import TakenDelivery
from onloop.views.queries.reads import ReadTask
from onloop.views.queries.short_answers import ReadShortCheck, ReadShortNext
from store.furnished import RED_BASE
from support.steps import MINUTE

NEVER = {
    *("challenge", "own", "keep", "keep_base_result"),
    *("receive", "carry_out", "postpone", "again", "forget_deliveries", "delivery"),
    *("take_job", "put_back_job", "put_off_job", "wake_gates", "free_jobs", "perform_job", "renew_jobs"),
    *("take_firings", "finish_firing", "take_calls", "finish_calls"),
}
"""What nobody asks over the network: what proves the store's owner, and what the gateway's own verifier does."""


@contextmanager
def callers(shop: Shop, folder: Path) -> Iterator[tuple[GatewayServer, dict[str, AdoptedLine]]]:
    """One of each kind, each on a line of its own: the agent and the launcher are of r1, and r2 is of others."""
    shop.begin(run="r1", origin="https://forge.example/acme/shop.git")
    shop.begin(run="r2", origin="https://forge.example/other/shop.git")
    secret = let_in(shop, repositories=("forge.example/acme/*",), at_most=1)
    with serving(Home(folder / "store"), shop.clock) as (gateway, _):
        lines = {"nobody": AdoptedLine(gateway), "launcher": proved(gateway, "launcher", secret)}
        lines["agent"] = proved(gateway, "agent", claimed(lines["launcher"], shop=shop)["ok"]["secret"])
        client, ana = person_from(gateway, shop)
        lines["session"] = proved(gateway, "session", client.perform(MintSession(ana)).secret)
        client.line.close()
        yield gateway, lines
        for line in lines.values():
            line.close()


def fields_for(name: str, shop: Shop, task: str) -> dict[str, Any]:
    """What can be sent for an operation, about a task."""
    kind = operation_named(name)
    assert kind is not None
    made = (_MADE.get(name) or QUERIES[name])(shop)
    sent = request_fields(made)
    hints = field_hints(kind)
    if "principal" in hints:
        sent["principal"] = NOBODY
    if "task" in hints and name not in {"claim", *NEVER}:
        sent["task"] = task
    return sent


_BY, _JOB = launcher("x"), Job("r1/tests/1", "r1", "tests", 1)
_MADE: dict[str, Callable[[Shop], Operation[Any]]] = {
    "perform": lambda _: PerformCommand(_BY, "r1", c.SaveCheckpoint("agent:alfa", 1, "5" * 64, 1)),
    "create": lambda shop: CreateRun(_BY, (("r9", shop.creation(run="r9")),), PinnedWorkflow("5" * 64, "x", "", "")),
    "add": lambda shop: AddToFleet(_BY, "r1", (shop.creation(),)),
    "pin": lambda _: PinWorkflow(_BY, b"x"),
    "claim": lambda _: ClaimTask(_BY, "agent:bravo", "implementer"),
    "take": lambda _: TakeTask(_BY, "r1"),
    "tell_worker": lambda _: TellWorker(_BY, "farm-1", "farm", "here"),
    "heartbeat": lambda _: Heartbeat(_BY),
    "record": lambda _: RecordStoreEvent(_BY, Frozen("task:r1", "agent:alfa", "look")),
    "fire_timers": lambda _: FireTimers(),
    "deny": lambda _: CountDenial(_BY, "try"),
    "take_job": lambda _: TakeJob(_BY, 9, effects=False),
    "put_back_job": lambda _: PutBackJob(_JOB),
    "put_off_job": lambda _: PutOffJob(_JOB, 9),
    "wake_gates": lambda _: WakeGates("a" * 40),
    "perform_job": lambda _: PerformJob(_BY, _JOB, c.ReportTrouble(Trouble.BUSY, "locked")),
    "renew_jobs": lambda _: RenewJobs(_BY, 9, ("r1/tests/1",)),
    "free_jobs": lambda _: FreeJobs(),
    "keep": lambda _: KeepContent(b"x"),
    "keep_base_result": lambda _: KeepBaseResult(*RED_BASE),
    "pass_on": lambda _: PassOn(_BY, b"x"),
    "take_notes": lambda _: TakeNotes(_BY),
    "hand_in": lambda _: AnnounceWork(_BY, "a" * 40),
    "received": lambda _: ReadReceived(),
    "submit": lambda _: SubmitAnnounced(_BY, "done"),
    "submit_branch": lambda _: SubmitBranch(_BY, "done"),
    "changes": lambda _: ReadChanges("r1"),
    "patch_page": lambda _: ReadPatchPage("r1", "a.py"),
    "agent_log": lambda _: ReadAgentLog("r1"),
    "offer_history": lambda _: OfferHistory(_BY),
    "read_bundle": lambda _: ReadBundle(_BY, "5" * 64),
    "stamp": lambda _: ReadStamp(),
    "challenge": lambda _: AskChallenge(),
    "own": lambda _: ProveOwner("x"),
    "mint_session": lambda _: MintSession(_BY),
    "receive": lambda _: ReceiveDeliveries((TakenDelivery("f9", "github", "g", "push", "5" * 64, "{}", "{}"),)),
    "carry_out": lambda _: CarryOutDelivery("f9", "", ()),
    "postpone": lambda _: PostponeDelivery("f9", "nobody answers"),
    "again": lambda _: TryDeliveryAgain("f9"),
    "forget_deliveries": lambda _: ForgetDeliveries(),
    "keep_environment": lambda _: KeepEnvironment(_BY, "e1", EnvironmentKind.BOX, "here"),
    "drop_environments": lambda _: DropEnvironments(_BY, "here", ("e1",)),
    "attest_environment": lambda _: AttestEnvironment(
        _BY, "r1", ReportEnvironment("agent:alfa", 1, MadeEnvironment("e1", EnvironmentKind.BOX, Isolation.BOX))
    ),
    "take_firings": lambda _: TakeFirings("x"),
    "finish_firing": lambda _: FinishFiring("x", "nightly|1", began=True),
    "ask_firing": lambda _: AskFiring(_BY, "nightly"),
    "take_calls": lambda _: TakeCalls("x"),
    "finish_calls": lambda _: FinishCalls("m1", "mail", ("c1",), sent=True),
    "check": lambda _: ReadShortCheck(),
    "next": lambda _: ReadShortNext(),
}


def test_every_operation_is_opening_never_asked_or_in_the_table() -> None:
    assert {*NETWORK, *OPENING, *NEVER} == set(OPERATIONS)
    assert not NEVER & NETWORK.keys() and not OPENING & NETWORK.keys()
    assert all(kinds for kinds in NETWORK.values())


@pytest.mark.parametrize("who", ["nobody", "agent", "launcher", "session"])
def test_whoever_has_no_row_is_denied_and_whoever_has_one_is_not(who: str, durable: Shop, tmp_path: Path) -> None:
    kind = {"nobody": None}.get(who, who)
    with callers(durable, tmp_path) as (_, lines):
        for name in OPERATIONS:
            if name in OPENING:
                continue
            may = kind is not None and PrincipalKind(kind) in NETWORK.get(name, {})
            answer = lines[who].ask(name, **fields_for(name, durable, "r1"))
            told = refusal(answer) if "error" in answer else ("", "")
            denied = told[0] == "not_allowed" and told[1].startswith("over the network, ")
            assert denied is not may, (name, answer)


def test_nobody_but_a_person_moves_anything_that_people_decide(durable: Shop, tmp_path: Path) -> None:
    durable.begin(run="r3")
    durable.waiting("r3")
    request = durable.asked("r3")
    said = PerformCommand(_BY, "r3", replace(durable.approval("ana", "r3"), request=request.id))
    approval = request_fields(said)["command"]
    with callers(durable, tmp_path) as (_, lines):
        for who, line in lines.items():
            for principal in (NOBODY, {"kind": "human", "name": "ana"}):
                answer = line.ask("perform", principal=principal, task="r3", command=approval)
                assert "error" in answer, who
                assert refusal(answer)[0] in {"not_allowed", "unknown"}, (who, answer)
    assert durable.task("r3").decisions == ()


@pytest.mark.parametrize("who", ["agent", "launcher"])
def test_what_is_about_a_task_of_others_is_answered_as_if_it_did_not_exist(
    who: str, durable: Shop, tmp_path: Path
) -> None:
    about = [name for name, kinds in NETWORK.items() if PrincipalKind(who) in kinds and _is_about_a_task(name)]
    with callers(durable, tmp_path) as (_, lines):
        for name in about:
            foreign, unknown = (lines[who].ask(name, **fields_for(name, durable, task)) for task in ("r2", "r99"))
            assert refusal(foreign) == ("unknown", "there is no task 'r2'"), (name, foreign)
            assert refusal(unknown) == ("unknown", "there is no task 'r99'"), (name, unknown)
    assert len(about) > 4
    with durable.store.reading() as at:
        counted = {(burst.principal, burst.ground.value) for burst in at.house().denials.values()}
    assert any(ground == "foreign" for _, ground in counted), "it is counted all the same"


def _is_about_a_task(name: str) -> bool:
    kind = operation_named(name)
    return kind is not None and "task" in field_hints(kind) and name not in {"claim", "log", "names"}


def test_agents_read_what_is_below_their_task_and_lists_only_of_that(durable: Shop, tmp_path: Path) -> None:
    with callers(durable, tmp_path) as (_, lines):
        agent = lines["agent"]
        for wanted, fits in (({"parent": "r1"}, True), ({"parent": "r2"}, False), ({"run": "r1"}, False), ({}, False)):
            assert ("ok" in agent.ask("tasks", wanted=wanted)) is fits, wanted
        assert "ok" in agent.ask("log", task="r1", limit=5)
        assert "ok" not in agent.ask("log", limit=5)
        assert refusal(agent.ask("task", task="r10")) == ("unknown", "there is no task 'r10'")


def test_who_works_is_told_of_the_store_what_work_needs_and_a_reader_everything_but_keys(
    durable: Shop, tmp_path: Path
) -> None:
    with callers(durable, tmp_path) as (_, lines):
        for who in ("agent", "launcher"):
            told = lines[who].ask("state")["ok"]
            assert (told["id"], told.get("people"), told.get("launchers")) == ("s1", None, None)
        told = lines["session"].ask("state")["ok"]
        assert {"ana", "ben"} <= told["people"].keys() and "stored_key" not in told["people"]["ana"]
        assert told["launchers"]["farm"]["digest"] == ""
        durable.begin(run="r4")
        assert [name for name, _ in lines["launcher"].ask("waiting", now=durable.clock())["ok"]] == ["implementer"]


def test_a_line_is_one_of_those_who_can_prove_something(durable: Shop, tmp_path: Path) -> None:
    with callers(durable, tmp_path) as (_, lines):
        other = let_in(durable, "other")
        assert "cannot be launcher:other too" in refusal(lines["launcher"].ask("launcher", token=other))[1]
        assert "cannot be agent:alfa too" in refusal(lines["session"].ask("agent", token=durable.secrets["r1"]))[1]


def test_a_person_proves_themselves_over_the_network_and_each_decision_has_its_code(
    durable: Shop, tmp_path: Path
) -> None:
    durable.begin(run="r3")
    durable.waiting("r3")
    with callers(durable, tmp_path) as (gateway, _):
        client, ana = person_from(gateway, durable)
        assert client.perform(ReadTask("r1")) is not None
        durable.gateway, before = client, durable.gateway
        durable.approve("ana", "r3")
        client.line.close()
        durable.gateway = before
    decision = durable.task("r3").decisions[-1]
    assert (decision.by, decision.assurance.value, ana.hand.address) == ("human:ana", "A1", "10.0.0.9")


def test_a_person_who_is_removed_or_takes_another_passphrase_is_asked_anew(durable: Shop, tmp_path: Path) -> None:
    with callers(durable, tmp_path) as (gateway, lines):
        client, _ = person_from(gateway, durable, "ben")
        session = proved(gateway, "session", client.perform(MintSession(_)).secret)
        removed = PersonRemoved("ben", "human:ana", "left")
        durable.gateway.perform(RecordStoreEvent(durable.person(), removed))
        with pytest.raises((NotAllowed, UnknownThing), match="was removed, or has another passphrase"):
            client.line.ask(ReadTask("r1"))
        assert refusal(session.ask("stamp")) == ("not_allowed", "this session has ended")
        assert "ok" in lines["session"].ask("stamp")
        client.line.close()
        session.close()


@pytest.mark.parametrize("how", ["revoked", "expired"])
def test_whoever_was_let_in_no_more_is_denied_everything(how: str, durable: Shop, tmp_path: Path) -> None:
    with callers(durable, tmp_path) as (_, lines):
        if how == "revoked":
            revoke(durable)
        else:
            durable.later(25 * 60 * MINUTE)
        for who in ("launcher", "agent"):
            for name, kinds in NETWORK.items():
                if PrincipalKind(who) in kinds:
                    told = refusal(lines[who].ask(name, **fields_for(name, durable, "r1")))
                    assert told[0] == "not_allowed" and (how in told[1] or "no longer valid" in told[1]), (name, told)


def test_an_agent_hands_in_over_the_network_as_itself_alone(durable: Shop, tmp_path: Path) -> None:
    with callers(durable, tmp_path) as (_, lines):
        for principal in (
            {"kind": "agent", "name": "bravo", "task": "r2", "epoch": 1},
            {"kind": "gateway", "name": "x"},
        ):
            answer = lines["agent"].ask("heartbeat", principal=principal)
            assert "ok" in answer, "it is asked in the agent's own name"
    lease = durable.lease("r1")
    assert lease is not None and lease.agent == "agent:alfa"


def test_a_person_over_the_network_cannot_ask_as_a_launcher(durable: Shop, tmp_path: Path) -> None:
    with callers(durable, tmp_path) as (gateway, _):
        client, _ana = person_from(gateway, durable)
        with durable.store.reading() as at:
            (pinned,) = at.select(PinnedWorkflow)
        asked = CreateRun(launcher("farm"), (("r9", durable.creation(run="r9")),), pinned)
        with pytest.raises(NotAllowed, match="has not proved to be launcher:farm"):
            client.line.ask(asked)
        client.line.close()
    with durable.store.reading() as at:
        assert at.task("r9") is None
