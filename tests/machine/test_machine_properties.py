"""What holds on every path: sensible and odd commands at random, over workflows of different shapes."""

from __future__ import annotations

from collections.abc import Callable
from typing import get_args

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from onloop.errors import Refused
from onloop.machine import commands as c
from onloop.machine import events as e
from onloop.machine.definition import Assurance, Attempts, Definition, Escalation, ExpireOutcome, Expiry, Step
from onloop.machine.digest import shown_digest
from onloop.machine.evolve import evolve, replay
from onloop.machine.flags import Flag, FlagKind
from onloop.machine.state import REASONS, TERMINAL, Reason, State
from onloop.machine.task import Evidence, Request, RequestKind, Submission, Task, Verdict
from onloop.machine.transition_table import TABLE
from onloop.records import Record, replace
from support.flag_ledger import FlagLedger
from support.scenario import (
    ALFA,
    ANA,
    BEN,
    BRAVO,
    CLEO,
    DAN,
    NOON,
    NOTES,
    OTHER_BASE,
    OTHER_HEAD,
    PEOPLE,
    TASK,
    Play,
    Scenario,
    create,
    report,
    work,
)
from support.steps import HOUR, MINUTE, SECOND, defined, develop, full, gate, human, merge, notes, ship

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
        Step("tell.all", role="planner"),
    ),
    defined(
        develop(attempts=Attempts(max=1)),
        full(gates=(gate("tests"),)),
        ship(human("security", remind_ms=HOUR), human("legal", ("leads", "dan")), on_reject="end"),
    ),
    defined(develop(), ship(human(expire=Expiry(HOUR, ExpireOutcome.REJECT)), on_reject=BACK)),
    defined(develop(gate("tests"), max_visits=2), merge()),
)
AGENTS = (ALFA, BRAVO, "agent:charlie")
VOICES = (ANA, ANA, ANA, BEN, BEN, BEN, CLEO, CLEO, CLEO, DAN, "human:eve", ALFA)
STAFF = (ANA, BEN, CLEO)
EMAILS = {ANA: "ana@x"}
SUBMISSIONS = (
    *[work()] * 4,
    work(OTHER_HEAD),
    work(base=OTHER_BASE),
    work(artefacts=(NOTES,)),
    work("c" * 40, authors=("ana@x",)),
)
FLAGS = (*[()] * 3, (Flag("tests/test_a.py", FlagKind.TEST_CHANGED),), (Flag("json.py", FlagKind.SHADOW),))
VERDICTS = (*[Verdict.PASS] * 7, Verdict.FAIL, Verdict.ERROR, Verdict.TIMED_OUT)
FACTS = ("enrol", "facts", "wait")
ODD = (
    *("claim", "submit", "report", "approve", "reject", "ask", "reply", "reassign", "retry"),
    *("release", "fail", "fire", "lease", "effect", "void", "cancel"),
    *("pause", "exclude"),
)


class Stroke(Record):
    """One thing to try: the next sensible thing (`go on`) or an odd one, with everything it might need."""

    kind: str
    agent: str
    person: str
    what: Submission
    verdict: Verdict
    flags: tuple[Flag, ...]
    number: int
    amiss: bool


STROKES = st.builds(
    Stroke,
    kind=st.sampled_from(("go on",) * 40 + FACTS * 4 + ODD),
    agent=st.sampled_from(AGENTS),
    person=st.sampled_from(VOICES),
    what=st.sampled_from(SUBMISSIONS),
    verdict=st.sampled_from(VERDICTS),
    flags=st.sampled_from(FLAGS),
    number=st.integers(0, 5),
    amiss=st.integers(0, 7).map(lambda n: n == 7),
)
EVENTS: st.SearchStrategy[e.Event] = st.one_of([st.from_type(kind) for kind in get_args(e.Event)])


class Walk:
    """One task, whatever is tried with it, and a ledger to which the machine is held."""

    def __init__(self, definition: Definition) -> None:
        self.loop = Scenario(definition).given(create(parent="r1"))
        self.lease: tuple[str, int] | None = None
        self.reports: dict[tuple[str, str], Evidence] = {}
        self.approvals: list[tuple[Request, tuple[int, str, str], str]] = []
        self.asked: list[Request] = []
        self.held: set[tuple[str, str]] = set()
        self.flags = FlagLedger()
        self.armed: list[tuple[c.TimerKind, str]] = []

    @property
    def task(self) -> Task:
        return self.loop.task

    @property
    def step(self) -> Step:
        return self.loop.definition.step(self.task.step or "")

    def step_called(self, name: str) -> Step:
        return self.loop.definition.step(name)

    def stroke(self, s: Stroke) -> None:
        """Do as the stroke says."""
        if s.kind in FACTS:
            self.change_facts(s)
        for kind in (s.kind,) if s.kind in ODD else self.sensible(s):
            self.attempt(self.command(kind, s))
        self.loop = self.loop.knowing(frozen=None, slot_free=True)

    def sensible(self, s: Stroke) -> tuple[str, ...]:
        """What somebody would do next."""
        match self.task.state, self.task.reason:
            case State.SUBMITTED, _:
                self.loop = self.loop.later(max(0, self.task.not_before - self.loop.now))
                return ("take",)
            case State.WORKING, None:
                return ("submit",)
            case State.WORKING, Reason.GATES_RUNNING:
                return ("verify",)
            case State.WORKING, _:
                if s.flags:
                    return ("flagged",)
                return ("effect",) if s.amiss else ("start", "void" if s.number == 5 else "effect")
            case State.INPUT_REQUIRED, _:
                return (self.decision(s),)
            case State.PAUSED, _:
                return ("resume",)
            case _:
                return ("claim",)

    def decision(self, s: Stroke) -> str:
        match self.task.requests[0].kind:
            case RequestKind.APPROVAL:
                return "reject" if s.number == 0 else "approve"
            case RequestKind.QUESTION:
                return "reply"
            case RequestKind.CHOICE:
                return ("retry", "reassign", "reject", "retry", "retry", "retry")[s.number]

    def command(self, kind: str, s: Stroke) -> c.Command | Play:
        """The command in question, in words of the stroke's."""
        spoken = c.Voice(s.person, PEOPLE.get(s.person, ()), Assurance.A1, EMAILS.get(s.person, ""))
        open_or_old = self.asked[-2:] if s.amiss else list(self.task.requests)
        request = (
            open_or_old[s.number % len(open_or_old)] if open_or_old else Request("?", RequestKind.CHOICE, "", "", 0)
        )
        shown = "f" * 64 if s.amiss and s.number % 2 else shown_digest(self.task, request)
        effect = self.task.effect.id if self.task.effect and not s.amiss else "r1.1/ship.merge/0"
        owner, role = self.task.owner or "", self.task.role or ""
        who = self.lease if self.lease and not s.amiss else (s.agent, max(0, self.task.epoch - s.number % 2))
        menu: dict[str, Callable[[], c.Command | Play]] = {
            "take": lambda: c.Claim(owner if owner in AGENTS else s.agent, role if owner in AGENTS else owner or role),
            "claim": lambda: c.Claim(s.agent, ("planner", "implementer", "reviewer", BRAVO)[s.number % 4]),
            "submit": lambda: c.Submit(*who, s.what),
            "verify": lambda: report(self.task.awaited[0], s.verdict, s.what if s.amiss else None, flags=s.flags),
            "report": lambda: report(("tests", "lint", "notes", "run")[s.number % 4], s.verdict, s.what),
            "approve": lambda: c.Approve(request.id, shown, spoken),
            "reject": lambda: c.Reject(request.id, shown, spoken, "no"),
            "ask": lambda: c.Ask(*who, "Which?"),
            "reply": lambda: c.Reply(request.id, spoken, "That."),
            "reassign": lambda: c.Reassign((*AGENTS, "implementer", "reviewer", "")[s.number], spoken, "knows this"),
            "retry": lambda: c.Retry(spoken, "again"),
            "release": lambda: c.Release(*who, list(c.ReleaseCause)[s.number % 4]),
            "fail": lambda: c.Fail(*who, "it is hard"),
            "end_turn": lambda: c.EndTurn(*who, "not_yet"),
            "fire": lambda: c.FireTimer(*(self.armed[-1 - s.number :] or [(c.TimerKind.RETRY, "0")])[0]),
            "lease": lambda: c.FireTimer(c.TimerKind.LEASE, str(self.task.epoch - s.amiss)),
            "start": lambda: c.StartEffect(effect, "0" * 40, "f" * 40),
            "effect": lambda: (
                c.FinishEffect(effect, "f" * 40)
                if s.number > 1
                else c.FailEffect(effect, list(e.EffectProblem)[s.number], "no")
            ),
            "void": lambda: c.VoidEffect(effect, s.what, "main moved"),
            "flagged": lambda: c.FailEffect(effect, e.EffectProblem.FLAGGED, "nobody was shown it", s.flags),
            "pause": lambda: c.Pause(spoken, "" if s.amiss else "look"),
            "exclude": lambda: c.Exclude(spoken, "" if s.amiss else "not this one"),
            "resume": lambda: c.Resume(spoken, "go on"),
            "cancel": lambda: c.Cancel(spoken, "enough") if s.number > 4 else c.Settle(),
        }
        return menu[kind]()

    def change_facts(self, s: Stroke) -> None:
        if s.kind == "wait":
            self.loop = self.loop.later((1, SECOND, MINUTE, HOUR, 4 * HOUR, 4 * HOUR)[s.number])
            for timer in self.loop.timers:
                self.attempt(c.FireTimer(timer.kind, timer.token))
        elif s.kind == "enrol":
            who, groups = STAFF[s.number % 3], ((), ("leads",), ("approvers",))[s.number // 2]
            left = self.loop.without(who)
            self.loop = left if s.amiss else left.knowing(people={**left.facts.people, who: groups})
        else:
            frozen = "all" if s.number % 3 == 0 else None
            expires = self.loop.now + s.number * SECOND if s.number else None
            self.loop = self.loop.knowing(frozen=frozen, slot_free=not s.amiss, lease_expires=expires)

    def attempt(self, command: c.Command | Play) -> None:
        spoken = command if isinstance(command, c.Command) else command(self.loop)
        before = self.task
        try:
            events = self.loop.when(spoken)
        except Refused:
            self.loop.refuses(spoken)
            return
        self.check_allowed(spoken)
        for event in events:
            self.check_event(event, spoken)
            self.loop = self.loop.given(event)
            self.note(event, spoken)
        assert self.task.state in TABLE[type(spoken)][before.state]

    def check_allowed(self, command: c.Command) -> None:
        """What was not refused must have been allowed."""
        assert not self.task.ended
        intent = self.task.effect is not None and self.task.effect.expected is not None
        assert self.loop.facts.frozen is None or (isinstance(command, c.FinishEffect) and intent)
        match command:
            case c.Submit() | c.Ask() | c.Release() | c.EndTurn() | c.Fail():
                assert (command.agent, command.epoch) == self.lease
            case c.Claim(agent, role):
                assert self.lease is None
                assert self.loop.facts.slot_free
                assert self.loop.now >= self.task.not_before
                assert (self.task.owner or self.task.role) == (agent if self.task.owner in AGENTS else role)
            case c.Approve() | c.Reject():
                request = next(r for r in self.task.requests if r.id == command.request)
                assert command.digest == shown_digest(self.task, request)
                assert self.may_decide(command.voice.person, set(request.approvers))
            case c.FireTimer(c.TimerKind.LEASE, token):
                assert self.lease is not None
                assert token == str(self.lease[1])
                assert self.loop.facts.lease_expires in range(self.loop.now + 1)
            case c.FireTimer(kind, token):
                assert any((t.kind, t.token) == (kind, token) and t.at <= self.loop.now for t in self.loop.timers)
            case _:
                pass

    def check_event(self, event: e.Event, command: c.Command) -> None:
        match event:
            case e.Claimed(agent, _, epoch):
                assert epoch == self.task.epoch + 1
                assert not any((step, agent) in self.held for step in self.step.not_by)
            case e.StepEntered(entered) if self.goes_on(entered):
                self.check_gates(self.step)
            case e.Moved(State.COMPLETED):
                self.check_gates(self.step)
            case e.EffectRequested():
                earlier = self.loop.definition.steps[: self.loop.definition.steps.index(self.step)]
                last = max(number for number, step in enumerate(earlier) if step.role is not None)
                for step in earlier[last:]:
                    self.check_gates(step)
                self.flags.check(self.task)
            case e.Decided(decision):
                assert decision.by.startswith("human:")
                assert decision.by in self.loop.facts.people
                assert not isinstance(command, c.FireTimer)
            case _:
                pass

    def goes_on(self, entered: str) -> bool:
        """Whether entering that step leaves the one before behind, and does not lead back to it."""
        return self.step_called(entered) in self.loop.definition.later(self.step.id)

    def check_gates(self, step: Step) -> None:
        """Work is let through only if the ledger would let it through, too."""
        now = self.task.submission
        for machine_gate in step.machine_gates:
            found = self.reports[step.id, machine_gate.id]
            assert now is not None
            assert found.verdict is Verdict.PASS
            assert (found.head, found.tree, found.base) == (now.head, now.tree, now.base)
        for human_gate in step.human_gates:
            said = {
                person
                for request, about, person in self.approvals
                if (request.step, request.gate, about) == (step.id, human_gate.id, self.subject(step.id))
            }
            entitled = {*human_gate.approvers, *(human_gate.escalate.to if human_gate.escalate else ())}
            assert len([who for who in said if self.may_decide(who, entitled)]) >= human_gate.quorum

    def subject(self, step: str) -> tuple[int, str, str]:
        """What a decision at `step` would be about: visit, head, base."""
        now = self.task.submission
        return self.task.visits[step], now.head if now else "", now.base if now else ""

    def may_decide(self, person: str, entitled: set[str]) -> bool:
        groups = self.loop.facts.people.get(person)
        return groups is not None and (not entitled or bool({*groups, person.removeprefix("human:")} & entitled))

    def note(self, event: e.Event, command: c.Command) -> None:
        self.flags.note(event, self.step.id)
        match event:
            case e.Claimed(agent, _, epoch):
                self.lease = (agent, epoch)
                self.held.add((self.step.id, agent))
            case e.LeaseEnded(epoch):
                assert self.lease is not None
                assert self.lease[1] == epoch
                self.lease = None
            case e.RequestOpened(request):
                self.asked.append(request)
            case e.GateReported() if isinstance(command, c.ReportGate):
                self.reports[self.step.id, command.evidence.gate] = command.evidence
            case e.Decided(decision) if isinstance(command, c.Approve):
                request = next(r for r in self.asked if r.id == decision.request)
                self.approvals.append((request, self.subject(request.step), decision.by))
            case _:
                pass
        self.armed = [*self.armed, *((t.kind, t.token) for t in self.loop.timers)][-8:]

    def check(self) -> None:
        """What holds at every moment."""
        task = self.task
        held = (task.holder, task.epoch) if task.holder else None
        assert task.reason in REASONS[task.state] or (task.reason is None and self.may_lack_a_reason())
        assert bool(task.requests) == (task.state is State.INPUT_REQUIRED)
        assert bool(task.awaited) == (task.reason is Reason.GATES_RUNNING)
        assert (task.effect is not None) == (task.reason is Reason.EFFECT_RUNNING)
        assert held == self.lease
        assert task.round <= self.step.rounds
        assert task.tries <= self.step.attempts.max
        assert held is None or (task.state is State.WORKING and task.reason in {None, Reason.GATES_RUNNING})
        assert held is not None or (task.state, task.reason) != (State.WORKING, None)

    def may_lack_a_reason(self) -> bool:
        return self.task.state in TERMINAL or self.task.state is State.WORKING


@settings(max_examples=400, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.sampled_from(DEFINITIONS), st.lists(STROKES, min_size=15, max_size=80))
def test_no_path_leads_past_a_rule(definition: Definition, strokes: list[Stroke]) -> None:
    walk = Walk(definition)
    for stroke in strokes:
        ended, before = walk.task.ended, walk.task
        walk.stroke(stroke)
        walk.check()
        assert walk.task.epoch >= before.epoch
        assert not ended or walk.task == before
    assert replay(TASK, walk.loop.past) == walk.task
    assert walk.task.version == len(walk.loop.past)


@settings(max_examples=100, deadline=None)
@given(st.lists(EVENTS, max_size=30))
def test_a_recorded_event_is_never_refused_in_whatever_order(events: list[e.Event]) -> None:
    task = Scenario(DEFINITIONS[0]).given(create()).task
    before = task.version

    for event in events:
        task = evolve(task, event, id=TASK, at=NOON)

    assert task.version == before + len(events)


@settings(max_examples=100, deadline=None)
@given(st.lists(EVENTS, max_size=30))
def test_a_fold_in_one_go_is_that_of_single_steps_and_neither_changes_what_it_began_with(
    events: list[e.Event],
) -> None:
    first = task = Scenario(DEFINITIONS[0]).given(create()).task
    for number, event in enumerate(events):
        kept = replace(task)
        after = evolve(task, event, id=TASK, at=NOON + number)
        assert task == kept
        task = after

    kept = replace(first)
    assert replay(TASK, [(event, NOON + number) for number, event in enumerate(events)], first) == task
    assert first == kept
