"""What holds on every path: commands at random, sensible and wild, over workflows of different shapes."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from onloop.errors import Refused
from onloop.machine import commands as c
from onloop.machine import events as e
from onloop.machine.definition import Definition, Escalation, ExpireOutcome, Expiry, Step
from onloop.machine.digest import shown_digest
from onloop.machine.evolve import evolve, replay
from onloop.machine.state import LIVE, REASONS, TERMINAL, Reason, State
from onloop.machine.table import TABLE
from onloop.machine.task import Request, Task, Verdict
from scenario import (
    ALFA,
    ANA,
    BEN,
    BRAVO,
    CLEO,
    DAN,
    HOUR,
    MINUTE,
    NOTES,
    OTHER_BASE,
    OTHER_HEAD,
    PEOPLE,
    TASK,
    Play,
    Scenario,
    create,
    defined,
    develop,
    full,
    gate,
    human,
    merge,
    notes,
    report,
    ship,
    work,
)

BACK = "develop.implement"
RELEASE = human(quorum=2, escalate=Escalation(HOUR, ("leads",)), expire=Expiry(4 * HOUR, ExpireOutcome.HOLD))
DEFINITIONS = (
    defined(develop(gate("tests"), gate("lint")), ship(RELEASE, on_reject=BACK), merge()),
    defined(
        Step("plan.breakdown", role="planner", gates=(notes(),)),
        develop(gate("tests"), human("review"), rounds=1, max_visits=2),
        full(on_fail=BACK),
        Step("review.code", role="reviewer", not_by=(BACK,), gates=(human("verdict", ("leads",)),), on_reject=BACK),
        merge(),
    ),
    defined(
        develop(),
        full(gates=(gate("tests"),)),
        ship(human("security", remind_ms=HOUR), human("legal", ("leads", "dan")), on_reject="end"),
    ),
    defined(develop(), ship(human(expire=Expiry(HOUR, ExpireOutcome.REJECT)), on_reject=BACK)),
)
AGENTS = (ALFA, BRAVO, "agent:charlie")
VOICES = (ANA, BEN, CLEO, DAN, "human:eve", ALFA, "verifier:v")
SUBMISSIONS = (work(), work(OTHER_HEAD), work(base=OTHER_BASE), work(artefacts=(NOTES,)), work(authors=("ana@x",)))
EMAILS = {ANA: "ana@x"}

likely = st.integers(0, 9).map(bool)
agents = st.sampled_from(AGENTS)
voices = st.sampled_from(VOICES).map(lambda who: c.Voice(who, PEOPLE.get(who, ()), c.Assurance.A1, EMAILS.get(who, "")))
submissions = st.sampled_from(SUBMISSIONS)
verdicts = st.sampled_from([Verdict.PASS, Verdict.PASS, Verdict.PASS, *Verdict])


class Walk(RuleBasedStateMachine):
    """One task, everything that can be done to it, and a ledger of its own against which the machine is held."""

    def __init__(self) -> None:
        super().__init__()
        self.loop = Scenario(DEFINITIONS[0])
        self.lease: tuple[str, int] | None = None
        self.reports: dict[tuple[str, str], c.ReportGate] = {}
        self.approvals: list[tuple[Request, int, c.Approve]] = []
        self.asked: list[Request] = []
        self.armed: list[tuple[c.TimerKind, str]] = []

    @property
    def task(self) -> Task:
        return self.loop.task

    @initialize(definition=st.sampled_from(DEFINITIONS))
    def begin(self, definition: Definition) -> None:
        self.loop = Scenario(definition).given(create())

    # What may be tried

    @rule(agent=agents, fits=likely, role=st.sampled_from(["planner", "implementer", "reviewer", BRAVO]))
    def claim(self, agent: str, fits: bool, role: str) -> None:
        fitting = self.task.role or role
        self.attempt(c.Claim(agent, fitting if fits else role))

    @rule(mine=likely, agent=agents, what=submissions)
    def submit(self, mine: bool, agent: str, what: object) -> None:
        self.attempt(c.Submit(*self.writer(mine, agent), what))  # type: ignore[arg-type] - sampled from SUBMISSIONS

    @rule(verdict=verdicts, asked=likely, current=likely, what=submissions)
    def answer_a_gate(self, verdict: Verdict, asked: bool, current: bool, what: object) -> None:
        awaited = self.task.awaited if asked else ("tests", "lint", "notes", "run")
        for gate_id in awaited[:1]:
            about = None if current else what
            self.attempt(report(gate_id, verdict, about))  # type: ignore[arg-type] - sampled from SUBMISSIONS

    @rule(voice=voices, shown=likely, old=st.booleans())
    def approve(self, voice: c.Voice, shown: bool, old: bool) -> None:
        for request in self.requests(old):
            self.attempt(c.Approve(request.id, self.digest(request, shown), voice))

    @rule(voice=voices, shown=likely, reason=st.sampled_from(["no", "no", " "]))
    def reject(self, voice: c.Voice, shown: bool, reason: str) -> None:
        for request in self.requests(old=False)[:1]:
            self.attempt(c.Reject(request.id, self.digest(request, shown), voice, reason))

    @rule(mine=likely, agent=agents, voice=voices)
    def ask_and_answer(self, mine: bool, agent: str, voice: c.Voice) -> None:
        self.attempt(c.Ask(*self.writer(mine, agent), "Which?"))
        for request in self.requests(old=False)[:1]:
            self.attempt(c.Reply(request.id, voice, "That."))

    @rule(voice=voices, to=st.sampled_from([*AGENTS, "implementer", "reviewer"]))
    def reassign(self, voice: c.Voice, to: str) -> None:
        self.attempt(c.Reassign(to, voice, "it knows this"))

    @rule(voice=voices)
    def retry(self, voice: c.Voice) -> None:
        self.attempt(c.Retry(voice, "again"))

    @rule(mine=likely, agent=agents, cause=st.sampled_from(c.ReleaseCause), gives_up=st.booleans())
    def give_back(self, mine: bool, agent: str, cause: c.ReleaseCause, gives_up: bool) -> None:
        who, epoch = self.writer(mine, agent)
        self.attempt(c.Fail(who, epoch, "hard") if gives_up else c.Release(who, epoch, cause))

    @rule(ms=st.sampled_from([1, MINUTE, HOUR, 4 * HOUR]), index=st.integers(0, 3))
    def let_time_pass(self, ms: int, index: int) -> None:
        self.loop = self.loop.later(ms)
        for kind, token in self.armed[-1 - index :]:
            self.attempt(c.FireTimer(kind, token))

    @rule(epoch=st.integers(-1, 0))
    def expire_lease(self, epoch: int) -> None:
        self.attempt(c.FireTimer(c.TimerKind.LEASE, str(self.task.epoch + epoch)))

    @rule(right=likely, problem=st.sampled_from(e.EffectProblem), happens=likely)
    def carry_out_the_effect(self, right: bool, problem: e.EffectProblem, happens: bool) -> None:
        effect = self.task.effect.id if self.task.effect and right else "r1.1/ship.merge/0"
        self.attempt(c.StartEffect(effect, "0" * 40, "f" * 40))
        self.attempt(c.FinishEffect(effect, "f" * 40) if happens else c.FailEffect(effect, problem, "no"))

    @precondition(lambda self: len(self.loop.past) > 40)
    @rule()
    def cancel(self) -> None:
        self.attempt(c.Cancel(ANA, "enough"))

    @rule(who=st.sampled_from([ANA, BEN, CLEO]), groups=st.sampled_from([None, (), ("approvers",), ("leads",)]))
    def change_who_is_enrolled(self, who: str, groups: tuple[str, ...] | None) -> None:
        self.loop = self.loop.without(who)
        if groups is not None:
            self.loop = self.loop.knowing(people={**self.loop.facts.people, who: groups})

    @rule(frozen=st.sampled_from([None, None, None, "all"]), slot=likely, expires=st.sampled_from([None, 0]))
    def change_what_else_is_true(self, frozen: str | None, slot: bool, expires: int | None) -> None:
        self.loop = self.loop.knowing(frozen=frozen, slot_free=slot, lease_expires=expires)

    # What is tried, and what it may lead to

    def attempt(self, command: c.Command | Play) -> None:
        spoken = command if isinstance(command, c.Command) else command(self.loop)
        before = self.task
        with suppress(Refused):
            events = self.loop.when(spoken)
            self.check_allowed(before, spoken)
            for event in events:
                self.check_event(event, spoken)
                self.loop = self.loop.given(event)
                self.note(event, spoken)
            assert self.task.state in TABLE[type(spoken)][before.state]
            return
        self.loop.refuses(spoken)

    def check_allowed(self, before: Task, command: c.Command) -> None:
        assert not before.ended
        assert self.loop.facts.frozen is None
        if isinstance(command, c.Submit | c.Ask | c.Release | c.Fail):
            assert (command.agent, command.epoch) == self.lease

    def check_event(self, event: e.Event, command: c.Command) -> None:
        match event:
            case e.Claimed(agent, _, epoch):
                assert epoch == self.task.epoch + 1
                done = {who for step in self.loop.definition.step(self.task.step or "").not_by for who in self.did(step)}
                assert agent not in done
            case e.StepEntered(step):
                following = self.loop.definition.after(self.task.step or "")
                if following is not None and following.id == step:
                    self.check_leaving(self.loop.definition.step(self.task.step or ""))
            case e.Moved(State.COMPLETED):
                self.check_leaving(self.loop.definition.step(self.task.step or ""))
            case e.EffectRequested():
                for step in self.loop.definition.steps[:-1]:
                    self.check_leaving(step)
            case e.Decided(decision):
                assert decision.by.startswith("human:")
                assert decision.by in self.loop.facts.people
                assert not isinstance(command, c.FireTimer)
            case _:
                pass

    def check_leaving(self, step: Step) -> None:
        """The machine lets work through only if the ledger says so, too."""
        now = self.task.submission
        for machine_gate in step.machine_gates:
            found = self.reports[step.id, machine_gate.id].evidence
            assert found.verdict is Verdict.PASS
            if machine_gate.id != "notes":
                assert now is not None
                assert (found.head, found.tree, found.base) == (now.head, now.tree, now.base)
        for human_gate in step.human_gates:
            counted = {
                said.voice.person
                for request, visit, said in self.approvals
                if (request.step, request.gate, visit) == (step.id, human_gate.id, self.task.visits[step.id])
            }
            entitled = {"approvers", "leads", "dan"} if human_gate.escalate else set(human_gate.approvers)
            able = {who for who in counted if self.is_entitled(who, entitled)}
            assert len(able) >= human_gate.quorum

    def is_entitled(self, person: str, entitled: set[str]) -> bool:
        groups = self.loop.facts.people.get(person)
        authors = self.task.submission.authors if self.task.submission else ()
        is_asked = groups is not None and bool({*groups, person.removeprefix("human:")} & entitled)
        return is_asked and EMAILS.get(person) not in authors

    def note(self, event: e.Event, command: c.Command) -> None:
        match event:
            case e.Claimed(agent, _, epoch):
                self.lease = (agent, epoch)
            case e.LeaseEnded(epoch):
                assert self.lease is not None and self.lease[1] == epoch
                self.lease = None
            case e.RequestOpened(request):
                self.asked.append(request)
            case e.GateReported() if isinstance(command, c.ReportGate):
                self.reports[self.task.step or "", command.evidence.gate] = command
            case e.Decided(decision) if isinstance(command, c.Approve):
                request = next(r for r in self.asked if r.id == decision.request)
                self.approvals.append((request, self.task.visits[request.step], command))
            case _:
                pass
        self.armed = [*self.armed, *((t.kind, t.token) for t in self.loop.timers)][-6:]

    # What always holds

    @invariant()
    def the_reason_is_one_of_the_state(self) -> None:
        if self.loop.known is None:
            return
        state, reason = self.task.state, self.task.reason
        moving = state is State.WORKING or state in TERMINAL
        assert reason in REASONS[state] if reason is not None else moving

    @invariant()
    def a_person_is_asked_exactly_while_one_must_act(self) -> None:
        if self.loop.known is not None:
            assert bool(self.task.requests) == (self.task.state is State.INPUT_REQUIRED)

    @invariant()
    def what_is_awaited_is_what_the_reason_says(self) -> None:
        if self.loop.known is not None:
            assert bool(self.task.awaited) == (self.task.reason is Reason.GATES_RUNNING)
            assert (self.task.effect is not None) == (self.task.reason is Reason.EFFECT_RUNNING)

    @invariant()
    def the_lease_is_the_ledgers(self) -> None:
        if self.loop.known is None:
            return
        held = (self.task.holder, self.task.epoch) if self.task.holder else None
        assert held == self.lease
        assert held is None or (self.task.state, self.task.reason) in {
            (State.WORKING, None),
            (State.WORKING, Reason.GATES_RUNNING),
        }
        if (self.task.state, self.task.reason) == (State.WORKING, None):
            assert held is not None

    @invariant()
    def the_fold_of_the_log_is_the_task(self) -> None:
        if self.loop.known is not None:
            assert replay(TASK, self.loop.past) == self.task
            assert self.task.version == len(self.loop.past)

    # What the walk knows

    def writer(self, mine: bool, agent: str) -> tuple[str, int]:
        if mine and self.lease is not None:
            return self.lease
        return agent, max(0, self.task.epoch - 1)

    def requests(self, old: bool) -> list[Request]:
        return self.asked[-3:] if old else list(self.task.requests)

    def digest(self, request: Request, shown: bool) -> str:
        return shown_digest(self.task, request) if shown else "f" * 64

    def did(self, step: str) -> set[str]:
        return {
            event.agent
            for number, (event, _) in enumerate(self.loop.past)
            if isinstance(event, e.Claimed) and self.step_at(number) == step
        }

    def step_at(self, number: int) -> str:
        entered = [event.step for event, _ in self.loop.past[:number] if isinstance(event, e.StepEntered)]
        return entered[-1]


TestWalk = Walk.TestCase
TestWalk.settings = settings(
    max_examples=100, stateful_step_count=40, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
