"""Whatever agents, verifiers, people and time do to a swarm, through the real gateway: what must hold holds."""

from __future__ import annotations

import os
from contextlib import suppress

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from gateway.shop import Shop
from onloop.errors import OnloopError, Refused
from onloop.gateway.command_operations import PerformCommand
from onloop.gateway.message_sending import mark_shown, tell
from onloop.gateway.upkeep import FireTimers
from onloop.machine import commands as c
from onloop.machine.definition import FanOut, Join, JoinKind, Step
from onloop.machine.messages import MessageKind
from onloop.machine.principal import EFFECTS, Principal
from onloop.machine.rules.message_rules import MOST_UNREAD
from onloop.machine.state import TERMINAL, Reason, State
from onloop.machine.task import Kind, RequestKind, Task, Verdict
from onloop.store.memory import MemoryStore
from onloop.store.port import TaskFilter
from onloop.views.pinned_workflow import definition_of
from support.scenario import work
from support.steps import defined, parts, quorum, ship, spawning

PATHS = int(os.environ.get("ONLOOP_PATHS", "60"))
"""How many histories are tried; a soak gives more."""

NESTED = Step("develop.all", fan_out=FanOut((parts(2),), count=2, join=Join(JoinKind.FIRST)))
SHAPES = (
    (parts(3),),
    (parts(3, Join(JoinKind.FIRST)), ship(on_reject="develop.parts")),
    (parts(4, quorum(2), max_parallel=2),),
    (spawning(most=3),),
    (NESTED, ship(on_reject="end")),
)
NUMBERS = st.integers(0, 7)


class Swarm(RuleBasedStateMachine):
    """One run; every rule is something that somebody might try, and most of it may be refused."""

    def __init__(self) -> None:
        super().__init__()
        self.shop = Shop(MemoryStore())
        self.agents: dict[str, Principal] = {}
        self.heads = 0

    @initialize(shape=st.sampled_from(SHAPES))
    def begin(self, shape: tuple[Step, ...]) -> None:
        self.shop.begin(defined(*shape))

    def tasks(self, *states: State) -> list[Task]:
        with self.shop.store.reading() as at:
            return [task for task in at.tasks(TaskFilter(states=states or None)) if task.kind is Kind.WORK]

    def live(self, number: int) -> Task | None:
        found = [task for task in self.tasks() if not task.ended]
        return found[number % len(found)] if found else None

    def perform(self, who: Principal, task: Task, command: c.Command) -> None:
        with suppress(Refused):
            self.shop.gateway.perform(PerformCommand(who, task.id, command))

    @rule(numbers=st.lists(NUMBERS, min_size=4, max_size=16))
    def go_on(self, numbers: list[int]) -> None:
        """What somebody sensible would do next, many times over."""
        for number in numbers:
            task = self.live(number)
            match task and (task.state, task.reason):
                case State.SUBMITTED, _:
                    self.wait(1)
                    self.claim(number, "delta")
                case State.WORKING, None:
                    self.hand_in(number)
                case State.WORKING, Reason.GATES_RUNNING:
                    self.verify(number, Verdict.PASS)
                case State.WORKING, Reason.EFFECT_RUNNING:
                    self.funnel(number, number)
                case State.INPUT_REQUIRED, _:
                    for what in ("answer", "approve", "retry"):
                        self.decide(number, what)
                case _:
                    pass

    @rule(number=NUMBERS, name=st.sampled_from(("alfa", "bravo", "charlie")))
    def claim(self, number: int, name: str) -> None:
        free = self.tasks(State.SUBMITTED)
        if free:
            task = free[number % len(free)]
            with suppress(Refused):
                self.agents[task.id] = self.shop.claim(task.id, f"agent:{name}", task.role or "implementer")

    @rule(number=NUMBERS)
    def hand_in(self, number: int) -> None:
        held = [task for task in self.tasks(State.WORKING) if task.holder and not task.awaited]
        if held:
            task = held[number % len(held)]
            self.heads += 1
            with suppress(Refused):
                self.shop.submit(self.agents[task.id], work(f"{self.heads:040x}"))

    @rule(number=NUMBERS, verdict=st.sampled_from((*[Verdict.PASS] * 5, Verdict.FAIL, Verdict.ERROR)))
    def verify(self, number: int, verdict: Verdict) -> None:
        asked = [task for task in self.tasks(State.WORKING) if task.awaited]
        if asked:
            task = asked[number % len(asked)]
            with suppress(Refused):
                self.shop.report(task.id, task.awaited[0], verdict)

    @rule(number=NUMBERS, conflict=st.integers(0, 4))
    def funnel(self, number: int, conflict: int) -> None:
        merging = [task for task in self.tasks(State.WORKING) if task.effect is not None]
        if merging:
            task = merging[number % len(merging)]
            effect, first = task.effect.id if task.effect else "", (task.joined or ("",))[0]
            self.heads += 1
            done = c.FinishFunnel(effect, work(f"{self.heads:040x}"))
            self.perform(EFFECTS, task, c.ReportConflict(effect, first, ("a.py",)) if conflict == 0 else done)

    @rule(number=NUMBERS, say=st.sampled_from(("spawn", "ask", "hand off", "give up", "tell", "look")))
    def speak(self, number: int, say: str) -> None:
        held = [task for task in self.tasks(State.WORKING) if task.holder]
        if not held:
            return
        task = held[number % len(held)]
        who = self.agents[task.id]
        as_holder = (who.id, who.epoch)
        match say:
            case "spawn":
                self.perform(who, task, c.Spawn(*as_holder, f"part {number}"))
            case "ask":
                self.perform(who, task, c.Ask(*as_holder, "which?"))
            case "hand off":
                self.perform(who, task, c.Handoff(*as_holder, "", "full"))
            case "give up":
                self.perform(who, task, c.Fail(*as_holder, "hard"))
            case "look":
                mark_shown(self.shop.gateway, who, task)
            case _:
                with suppress(OnloopError):
                    to = ("parent", "children", "r1", "r1.1")[number % 4]
                    tell(self.shop.gateway, who, to, MessageKind.NOTE, str(number).encode())

    @rule(number=NUMBERS, what=st.sampled_from(("retry", "retry", "cancel", "answer", "approve", "reject")))
    def decide(self, number: int, what: str) -> None:
        task = self.live(number)
        if task is None or (what == "cancel" and number % 4):
            return
        person, voice = self.shop.person(), self.shop.voice()
        kinds = {request.kind: request for request in task.requests}
        if what == "retry":
            self.perform(person, task, c.Retry(voice, "again"))
        elif what == "cancel":
            self.perform(person, task, c.Cancel(voice, "enough"))
        elif what == "answer" and RequestKind.QUESTION in kinds:
            self.perform(person, task, c.Reply(kinds[RequestKind.QUESTION].id, voice, "that"))
        elif what == "approve" and RequestKind.APPROVAL in kinds:
            self.perform(person, task, self.shop.approval(task_id=task.id))

    @rule(number=NUMBERS, lift=st.booleans())
    def freeze(self, number: int, lift: bool) -> None:
        with self.shop.store.reading() as at:
            frozen = list(at.house().freezes)
        task = self.live(number)
        if frozen:
            self.shop.unfreeze(frozen[0])
        elif task is not None and not lift and number < 2:
            self.shop.freeze(f"task:{task.id}")

    @rule(minutes=st.integers(1, 50))
    def wait(self, minutes: int) -> None:
        self.shop.later(minutes * 60_000)
        self.shop.gateway.perform(FireTimers())

    @invariant()
    def what_must_hold(self) -> None:
        known = {task.id: task for task in self.tasks()}
        with self.shop.store.reading() as at:
            frozen = bool(at.house().freezes)
        for task in known.values():
            below = [child for child in known.values() if child.parent == task.id]
            if task.state is State.COMPLETED:
                assert all(child.ended for child in below), f"{task.id} completed with a live child"
            if task.ended and not frozen:
                assert all(child.ended for child in below), f"{task.id} ended and left a child at work"
            assert {child.id for child in below} == {f"{task.id}.{n}" for n in range(1, task.born + 1)}
            assert all(known[name].state is State.COMPLETED for name in task.joined or ())
            if task.joined is not None and self.asks_for_all(task):
                parts = {made.title for made in task.children if not made.resolves}
                assert {known[name].title for name in task.joined} == parts, f"{task.id} went on without {parts}"
            assert len(task.messages) <= MOST_UNREAD
            if task.reason is Reason.CHILDREN_RUNNING and not frozen:
                assert any(child.state not in TERMINAL for child in below), f"{task.id} waits for nobody"

    def asks_for_all(self, task: Task) -> bool:
        with self.shop.store.reading() as at:
            fan_out = definition_of(at, task).step(task.step or "").fan_out
        return fan_out is not None and fan_out.join.kind is JoinKind.ALL

    @precondition(lambda self: self.heads % 5 == 4)
    @rule()
    def compare_everything_with_the_log(self) -> None:
        self.shop.check()

    def teardown(self) -> None:
        self.shop.check()


TestSwarm = Swarm.TestCase
TestSwarm.settings = settings(
    max_examples=PATHS,
    stateful_step_count=40,
    deadline=None,
    derandomize=PATHS == 60,
    suppress_health_check=list(HealthCheck),
)
