"""A shop: a real gateway over a real store, with a clock set by hand, people enrolled and a workflow to walk."""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from onloop.errors import Refused
from onloop.gateway.claims import ClaimTask
from onloop.gateway.command_operations import CreateRun, PerformCommand
from onloop.gateway.port import GatewayPort
from onloop.gateway.projection import is_brief_kept
from onloop.gateway.schedule import job_gates
from onloop.gateway.service import Gateway, append_store_event
from onloop.gateway.upkeep import RecordStoreEvent
from onloop.identity.resolution import agent_from_token
from onloop.identity.scram import keys_from, salted_password
from onloop.machine import commands as c
from onloop.machine.anomalies import Noticed
from onloop.machine.box_facts import BoxProved
from onloop.machine.budgets import NO_BUDGET, Budget
from onloop.machine.definition import Assurance, Definition
from onloop.machine.denials import Denied
from onloop.machine.digest import shown_digest
from onloop.machine.gate_facts import Attachment
from onloop.machine.principal import INTAKE, Principal, PrincipalKind, launcher, verifier
from onloop.machine.rules.timers import armed_timers
from onloop.machine.store_state import HOUSE, Frozen, PersonEnrolled, StoreCreated, Unfrozen
from onloop.machine.task import Evidence, Kind, Request, Submission, Task, TestCounts, Verdict
from onloop.machine.wave_plan import SlotLimits, WavePlan
from onloop.records import replace
from onloop.store.codec import event_from_text, to_text
from onloop.store.port import Reading, Recorded, Store, TaskFilter, Transaction
from onloop.store.rows import BriefRow, CachedAnswer, Job, Lease, PinnedWorkflow, TimerRow, Token
from onloop.store.verification import verify
from onloop.text import safe_lines
from onloop.views.answer import AgentAnswer, answer_for, answer_json, answer_lines
from onloop.views.brief import brief_for
from onloop.views.brief_facts import brief_facts
from onloop.views.pinned_workflow import definition_of
from support.scenario import NOON, PASS, PEOPLE, work
from support.steps import defined, develop, merge, ship

CHEAP = 2**4
"""What scrypt costs in tests, which guess nothing."""


def passphrase_of(name: str) -> str:
    """What proves a person of the shop."""
    return f"the passphrase of {name}"


@cache
def enrolled(name: str, groups: tuple[str, ...]) -> PersonEnrolled:
    """A person of the shop, the same in every run."""
    keys = keys_from(salted_password(passphrase_of(name), b"\0", CHEAP))
    given = {"cost": CHEAP, "stored_key": keys.stored.hex(), "server_key": keys.server.hex()}
    return PersonEnrolled(name, groups, f"{name}@example.org", "00", "", LAUNCHER.id, **given)  # type: ignore[arg-type]


LAUNCHER, VERIFIER = launcher("tests"), verifier("tests")


@dataclass
class Clock:
    """Stands still until somebody moves it."""

    now: int = NOON

    def __call__(self) -> int:
        return self.now


@dataclass
class Shop:
    """Everything that a test does to a store, in words; `clock` is the only time there is."""

    store: Store
    clock: Clock = field(default_factory=Clock)
    definition: Definition = field(default_factory=lambda: defined(develop(), ship(), merge()))
    secrets: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.gateway: GatewayPort = Gateway(self.store, self.clock)
        self.store.transact(self._open)

    def _open(self, tx: Transaction) -> None:
        if tx.house().id:
            return
        append_store_event(tx, StoreCreated("s1", scripted=False), self.clock(), LAUNCHER.id)
        for who, groups in PEOPLE.items():
            name = who.removeprefix("human:")
            append_store_event(tx, enrolled(name, groups), self.clock(), LAUNCHER.id)

    def begin(self, definition: Definition | None = None, run: str = "r1", **more: Any) -> Task:
        """A run of one task."""
        return self._create([(run, self.creation(definition, run, **more))])

    def fleet(
        self,
        count: int,
        max_parallel: int | None = None,
        run: str = "r1",
        sizes: tuple[int, ...] = (),
        each: Callable[[int], dict[str, Any]] = lambda _: {},
        budget: Budget = NO_BUDGET,
        **plan: Any,
    ) -> Task:
        """A run of `count` tasks below one root, in waves of these sizes; `each` gives what the nth has of its own."""
        limits = plan.pop("limits", SlotLimits())
        waves = WavePlan(sizes, **plan) if sizes else None
        root = replace(self.creation(None, run), kind=Kind.FLEET, repo=None, origin=None, max_parallel=max_parallel)
        root = replace(root, plan=waves, limits=limits, budget=budget)
        children = [(f"{run}.{n}", self.creation(None, run, parent=run, **each(n))) for n in range(1, count + 1)]
        return self._create([(run, root), *children])

    def creation(self, definition: Definition | None = None, run: str = "r1", **more: Any) -> c.Create:
        """The command that begins a task."""
        self.definition = definition or self.definition
        given = {"repo": "billing", "origin": "/srv/billing.git", **more}
        return c.Create("Fix it", Kind.WORK, "feature", self.definition.digest, LAUNCHER.id, run, **given)

    def claim(self, task: str | None = None, agent: str = "agent:alfa", role: str = "implementer") -> Principal:
        """The agent that has taken the lease."""
        got = self.gateway.perform(ClaimTask(LAUNCHER, agent, role, task=task))
        self.secrets[got.task.id] = got.secret
        return self.agent(got.secret)

    def want(self) -> None:
        """Somebody wants whatever there is, and gets nothing: leases that have run out are over now."""
        with suppress(Refused):
            self.gateway.perform(ClaimTask(LAUNCHER, "agent:want", "nothing-waits-for"))

    def agent(self, secret: str) -> Principal:
        """Whoever the secret belongs to."""
        with self.store.reading() as at:
            return agent_from_token(at, secret)

    def submit(self, agent: Principal, what: Submission | None = None, key: str = "") -> Task:
        """The agent hands in."""
        handed = replace(what or work(), at=self.clock())
        return self.gateway.perform(
            PerformCommand(INTAKE, agent.task or "", c.Submit(agent.id, agent.epoch, handed), key=key)
        )

    def ask(self, agent: Principal, question: str = "Which one?") -> Task:
        """The agent asks a person."""
        return self.gateway.perform(PerformCommand(agent, agent.task or "", c.Ask(agent.id, agent.epoch, question)))

    def report(
        self,
        task_id: str = "r1",
        gate: str = "tests",
        verdict: Verdict = PASS,
        left: tuple[Attachment, ...] = (),
        output: str | None = None,
        tests: TestCounts | None = None,
    ) -> Task:
        """The verifier answers about what is submitted now."""
        task = self.task(task_id)
        now = task.submission or work()
        said, by = f"{gate} says {verdict.value}", VERIFIER.id
        evidence = Evidence(gate, verdict, said, now.head, now.tree, now.base, task.definition, by, self.clock())
        evidence = replace(evidence, attachments=left, output=output, tests=tests)
        return self.gateway.perform(PerformCommand(VERIFIER, task_id, c.ReportGate(evidence)))

    def person(self, name: str = "ana", assurance: Assurance = Assurance.A1) -> Principal:
        """A person who has proved themselves."""
        who = f"human:{name}"
        voice = c.Voice(who, PEOPLE.get(who, ()), assurance, f"{name}@example.org")
        return Principal(PrincipalKind.HUMAN, name, voice=voice)

    def voice(self, name: str = "ana") -> c.Voice:
        """The voice of that person."""
        voice = self.person(name).voice
        assert voice is not None
        return voice

    def approval(self, name: str = "ana", task_id: str = "r1") -> c.Approve:
        """What the person would say now."""
        request = self.asked(task_id)
        return c.Approve(request.id, shown_digest(self.task(task_id), request), self.voice(name))

    def approve(self, name: str = "ana", task_id: str = "r1") -> Task:
        """The person says yes to what is shown now."""
        return self.gateway.perform(PerformCommand(self.person(name), task_id, self.approval(name, task_id)))

    def reject(self, reason: str = "not like this", name: str = "ana", task_id: str = "r1") -> Task:
        """The person says no to what is shown now."""
        said = self.approval(name, task_id)
        return self.gateway.perform(
            PerformCommand(self.person(name), task_id, c.Reject(said.request, said.digest, said.voice, reason))
        )

    def cancel(self, task_id: str = "r1", name: str = "ana", key: str = "") -> Task:
        """The person ends it."""
        return self.gateway.perform(
            PerformCommand(self.person(name), task_id, c.Cancel(self.voice(name), "not needed"), key=key)
        )

    def freeze(self, scope: str = "all", name: str = "ana") -> None:
        """Nothing moves."""
        self.gateway.perform(RecordStoreEvent(self.person(name), Frozen(scope, f"human:{name}", "look first")))

    def unfreeze(self, scope: str = "all", name: str = "ana") -> None:
        """It moves again."""
        self.gateway.perform(RecordStoreEvent(self.person(name), Unfrozen(scope, f"human:{name}")))

    def waiting(self, task_id: str = "r1") -> Request:
        """Bring a waiting task to its approval; the answer is what is asked."""
        self.submit(self.claim(task_id))
        self.report(task_id)
        return self.asked(task_id)

    def task(self, task_id: str = "r1") -> Task:
        """The task as stored."""
        with self.store.reading() as at:
            task = at.task(task_id)
        assert task is not None, task_id
        return task

    def asked(self, task_id: str = "r1") -> Request:
        """The one open request."""
        (request,) = self.task(task_id).requests
        return request

    def log(self, task_id: str | None = None) -> list[Recorded]:
        """What is recorded, but for denials, anomalies and proofs of a box, which move nothing."""
        aside = {Denied.__name__, BoxProved.__name__, Noticed.__name__}
        with self.store.reading() as at:
            return [event for event in at.log(task=task_id) if event.name not in aside]

    def denied(self) -> list[Denied]:
        """What is recorded of denials."""
        with self.store.reading() as at:
            found = (event_from_text(event.name, event.data) for event in at.log(task=HOUSE))
            return [fact for fact in found if isinstance(fact, Denied)]

    def jobs(self) -> list[Job]:
        """What is asked of verifier and executor."""
        with self.store.reading() as at:
            return list(at.select(Job))

    def people(self) -> tuple[str, ...]:
        """Everyone who is enrolled."""
        with self.store.reading() as at:
            return tuple(at.house().people)

    def lease(self, task_id: str = "r1") -> Lease | None:
        """The lease of the task."""
        with self.store.reading() as at:
            return at.get(Lease, task_id)

    def later(self, ms: int) -> None:
        """Time passes."""
        self.clock.now += ms

    def answer(self, task_id: str = "r1", *, head: str | None = None, frozen: str | None = None) -> AgentAnswer:
        """What the full path tells the newest agent, with HEAD where it submitted or at `head`."""
        with self.store.reading() as at:
            return self._answer(at, task_id, head, frozen)

    def _answer(self, at: Reading, task_id: str, head: str | None = None, frozen: str | None = None) -> AgentAnswer:
        task = at.task(task_id)
        assert task is not None, task_id
        agent = agent_from_token(at, self.secrets[task_id])
        return answer_for(definition_of(at, task), task, agent, head or _head(task), frozen)

    def check(self) -> None:
        """Whatever follows from the log is as it must be: folds, chains, timers, leases, jobs, tokens, answers."""
        self.check_rows()
        with self.store.reading() as at:
            for task in at.tasks(TaskFilter()):
                assert len(at.select(Token, task=task.id)) == (task.id in self.secrets)
        for task_id in self.secrets:
            self.check_glance(task_id)

    def check_rows(self) -> None:
        """What can be checked without any agent's secret: folds, chains, timers, leases, jobs."""
        with self.store.reading() as at:
            assert verify(at).problems == ()
            for task in at.tasks(TaskFilter()):
                timers = {(t.kind.value, t.token, t.at) for t in armed_timers(definition_of(at, task), task)}
                assert {(d.kind, d.token, d.at) for d in at.select(TimerRow, task=task.id)} == timers
                lease, jobs = at.get(Lease, task.id), at.select(Job, task=task.id)
                assert (lease and (lease.agent, lease.epoch)) == (task.holder and (task.holder, task.epoch))
                assert sorted(job.gate or "" for job in jobs) == sorted(
                    job_gate or "" for job_gate in job_gates(task).values()
                )

    def check_glance(self, task_id: str = "r1") -> None:
        """The projected answer is the answer, in one reading: a resident gateway may be about to move the task."""
        with self.store.reading() as at:
            row, brief, task = at.get(CachedAnswer, task_id), at.get(BriefRow, task_id), at.task(task_id)
            assert row is not None and task is not None
            answer, said = self._answer(at, task_id), self._brief(at, task) if brief is not None else ""
        assert (row.exit, row.commit_id, row.epoch) == (answer.exit, _head(task) or "", task.epoch)
        assert row.text == "".join(f"{safe_lines(line)}\n" for line in answer_lines(answer))
        told = {"exit": answer.exit.value, **answer_json(answer)}
        assert row.json == json.dumps(told)
        assert (brief is not None) == is_brief_kept(task)
        if brief is None:
            return
        assert (brief.text, json.loads(brief.json)) == (f"{safe_lines(said.rstrip())}\n", said)

    def _brief(self, at: Reading, task: Task) -> str:
        if task.step != agent_from_token(at, self.secrets[task.id]).step:
            return ""
        return brief_for(definition_of(at, task), task, brief_facts(at, task))

    def _create(self, creations: list[tuple[str, c.Create]]) -> Task:
        walked = self.definition
        return self.gateway.perform(
            CreateRun(
                LAUNCHER,
                tuple(creations),
                PinnedWorkflow(walked.digest, walked.name, "workflow: feature", to_text(walked)),
            )
        )


def _head(task: Task) -> str | None:
    return task.submission.head if task.submission else None
