"""The real gateway over a real store does what the plain model says, whoever asks what, and whatever befalls them."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import initialize, rule, run_state_machine_as_test

from gateway import plain_deeds as plain
from gateway.model_hands import Hands
from gateway.plain_task import PlainTask
from gateway.team_shared_store import TeamSharedStore
from onloop.gateway.upkeep import FireTimers
from onloop.machine import commands as c
from onloop.machine.events import EffectProblem
from support.steps import HOUR, MINUTE, SECOND

NUMBERS, KEYED = st.integers(0, 7), st.sampled_from((False, False, True))
AGENTS = st.sampled_from(("agent:alfa", "agent:bravo", "agent:charlie"))
PEOPLE = st.sampled_from(("ana", "ana", "ben", "ben", "cleo"))
VERDICTS = st.sampled_from(("pass", "pass", "fail", "error", "timed_out"))
SENSIBLE = st.lists(NUMBERS, min_size=2, max_size=8)
POINTS = st.integers(1, 80)
"""Before which change of a file a kill comes; a transition makes 30 to 70."""

WORDS = ("ask", "fail", "release", "stop", "trouble", "not_now")
AMISS = st.sampled_from((None, None, None, "digest", "request", "both"))


def is_held(task: PlainTask) -> bool:
    return task.holder is not None


class GatewayMachine(Hands):
    """Every rule is something that somebody might try, or that might befall them."""

    @initialize(workflow=st.sampled_from((0, 1)), most=st.integers(1, 2))
    def begin_a_fleet(self, workflow: int, most: int) -> None:
        self.begin("r1", workflow, 3, most)

    @rule(workflow=st.sampled_from((0, 1)), number=st.integers(2, 3))
    def begin_another(self, workflow: int, number: int) -> None:
        self.begin(f"r{number}", workflow)

    # Time, and what befalls processes

    @rule(ms=st.sampled_from((SECOND, 10 * SECOND, 40 * SECOND, MINUTE, 11 * MINUTE, HOUR, 5 * HOUR)))
    def time_passes(self, ms: int) -> None:
        self.wait(ms)

    @rule(ms=st.sampled_from((SECOND, MINUTE, HOUR, 9 * HOUR)))
    def the_clock_is_set_back(self, ms: int) -> None:
        self.clock.now -= ms

    @rule(number=NUMBERS, what=st.sampled_from(("heartbeat", "claim", "freeze")), scope=st.sampled_from(("", "all")))
    def what_has_run_out_stays_so_though_the_clock_is_set_back(self, number: int, what: str, scope: str) -> None:
        if not any(map(is_held, self.work())):
            self.take("agent:alfa", None, keyed=True)
        task = self.among(number + 1, is_held)
        if scope:
            self.freeze(scope)
        for ms in (HOUR, -HOUR):
            self.clock.now += ms
            self.come_back(task, what)
        self.thaw(scope or "all")

    @rule()
    def tick(self) -> None:
        self.doom = 0  # a tick is a transaction for each task
        self.do(lambda shop: shop.gateway.perform(FireTimers()), self.fire_all)

    @rule()
    def restart(self) -> None:
        self.shared.restart()
        self.compare()

    @rule(point=POINTS)
    def the_next_command_is_the_last(self, point: int) -> None:
        self.doom = point

    @rule(point=POINTS, number=NUMBERS, agent=AGENTS)
    def all_are_killed_while_one_goes_on(self, point: int, number: int, agent: str) -> None:
        self.doom = point
        self.go_on(self.one(number), 0, agent)

    @rule()
    def all_are_killed_at_rest(self) -> None:
        self.die_in(lambda _: None)
        self.compare()

    # Agents

    @rule(agent=AGENTS, number=NUMBERS, is_named=st.booleans(), keyed=KEYED)
    def claim(self, agent: str, number: int, is_named: bool, keyed: bool) -> None:
        self.take(agent, self.one(number).name if is_named else None, keyed=keyed)

    @rule(number=NUMBERS)
    def claim_again(self, number: int) -> None:
        if self.taken:
            self.take_again(self.taken[number % len(self.taken)])

    @rule(number=NUMBERS, stale=KEYED)
    def heartbeat(self, number: int, stale: bool) -> None:
        task = self.among(number, is_held)
        self.beat(task, self.agent(task, stale=stale))

    @rule(number=NUMBERS, old=st.integers(0, 2), keyed=KEYED)
    def submit(self, number: int, old: int, keyed: bool) -> None:
        """A commit: a new one, or one that was handed in before."""
        task = self.among(number, is_held)
        self.hand_in(task, self.agent(task), old, keyed=keyed)

    @rule(number=NUMBERS, what=st.sampled_from(WORDS), stale=st.booleans())
    def leave_off(self, number: int, what: str, stale: bool) -> None:
        task = self.among(number, is_held)
        self.say(task, self.agent(task, stale=stale), what)

    @rule(number=NUMBERS)
    def a_stale_owner_tries_everything(self, number: int) -> None:
        owned = [task for task in self.work() if len(self.agents.get(task.name, ())) > 1]
        if owned:
            task = owned[number % len(owned)]
            who = self.agent(task, stale=True)
            assert not self.hand_in(task, who)
            for what in WORDS:
                assert not self.say(task, who, what)
            assert not self.beat(task, who)
            assert not self.freeze_own(task, who)

    @rule(number=NUMBERS)
    def an_agent_freezes_its_task(self, number: int) -> None:
        if number < 3:
            task = self.among(number, is_held)
            self.freeze_own(task, self.agent(task))

    # Verifiers and effects

    @rule(number=NUMBERS, verdict=VERDICTS, late=st.integers(0, 3), twice=st.booleans())
    def report(self, number: int, verdict: str, late: int, twice: bool) -> None:
        """What a gate found, about the last commit or one before it."""
        task = self.among(number, lambda task: task.awaited)
        known = self.heads.get(task.name)
        if known:
            head, at = known[-1 - late] if late < len(known) else known[-1]
            gate = task.awaited[0] if task.awaited else "tests"
            for _ in range(1 + twice):
                self.found(task, gate, verdict, head, at)

    @rule(number=NUMBERS, what=st.sampled_from(("start", "finish", "fail", "void")), old=KEYED)
    def carry_out(self, number: int, what: str, old: bool) -> None:
        task = self.among(number, lambda task: task.effect)
        effect = f"{task.name}/ship.merge/{task.effects - old}"
        if what == "void":
            self.void_effect(task, effect)
        else:
            self.take_effect(task, what, effect, list(EffectProblem)[number % 5])

    @rule(number=NUMBERS, late=st.booleans())
    def meet_trouble_outside(self, number: int, late: bool) -> None:
        self.meet_trouble(self.among(number, lambda task: task.effect or task.awaited), late=late)

    # People

    @rule(number=NUMBERS, person=PEOPLE, yes=st.sampled_from((True, True, False)), amiss=AMISS, twice=st.booleans())
    def decide(self, number: int, person: str, yes: bool, amiss: str | None, twice: bool) -> None:
        task = self.among(number, lambda task: task.asked and task.asked.kind != "question")
        for _ in range(1 + twice):
            self.judge(task, person, yes=yes, amiss=amiss)

    @rule(number=NUMBERS, keyed=KEYED)
    def answer(self, number: int, keyed: bool) -> None:
        self.reply(self.among(number, lambda task: task.asked and task.asked.kind == "question"), keyed=keyed)

    @rule(number=NUMBERS, to=st.sampled_from(("agent:alfa", "agent:bravo", "implementer", "nobody")))
    def reassign(self, number: int, to: str) -> None:
        voice = self.shop.voice()
        self.perform(
            self.shop.person(), self.one(number).name, c.Reassign(to, voice, "it knows this"), plain.reassign(to)
        )

    @rule(number=NUMBERS, what=st.sampled_from(("retry", "pause", "resume", "exclude", "cancel")), keyed=KEYED)
    def order(self, number: int, what: str, keyed: bool) -> None:
        """What a person orders about a task, or about the whole fleet."""
        is_whole = number == 0 and what in {"pause", "resume", "cancel"}
        if what != "cancel" or number < 2:
            task = "r1" if is_whole else self.one(number).name
            self.command(task, what, keyed=keyed)

    @rule(number=NUMBERS, what=st.sampled_from(("all", "run", "task", "agent")))
    def freeze_or_not(self, number: int, what: str) -> None:
        task = self.one(number)
        scopes = {"all": "all", "run": f"run:{task.parent or task.name}", "task": f"task:{task.name}"}
        scope = scopes.get(what, "agent:alfa")
        if number == 5:
            self.freeze(scope)
        else:
            self.thaw(self.model.freezes[0] if self.model.freezes else scope)

    @rule()
    def unfreeze_everything(self) -> None:
        while self.model.freezes:
            self.thaw(self.model.freezes[0])

    # The same again

    @rule(number=st.integers(0, 40))
    def ask_again_under_the_same_key(self, number: int) -> None:
        if self.acts:
            self.repeat(self.acts[number % len(self.acts)])

    @rule(number=st.integers(0, 40))
    def ask_otherwise_under_the_same_key(self, number: int) -> None:
        """It is refused, where the key was used: nothing else happens under it."""
        if self.acts:
            act = self.acts[number % len(self.acts)]
            if f"{act.who.id} {act.key}" in self.model.keys:
                self.repeat(self.otherwise(act))

    # Somebody sensible, who gets further than chance does

    @rule(numbers=SENSIBLE, agent=AGENTS)
    def go_on_with_all(self, numbers: list[int], agent: str) -> None:
        for number in numbers:
            self.go_on(self.one(number), number, agent)

    @rule(numbers=SENSIBLE, agent=AGENTS, which=NUMBERS)
    def go_on_with_one(self, numbers: list[int], agent: str, which: int) -> None:
        for number in numbers:
            self.go_on(self.one(which), number, agent)

    @rule(numbers=SENSIBLE, agent=AGENTS)
    def go_on_with_the_first(self, numbers: list[int], agent: str) -> None:
        for number in numbers:
            self.go_on(self.one(0), number, agent)


class TeamMachine(GatewayMachine):
    """The same over two gateways of one database."""

    kind_of_store = TeamSharedStore


def run(examples: int, *, is_random: bool, machine: type[GatewayMachine] = GatewayMachine) -> None:
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=examples,
            stateful_step_count=50,
            deadline=None,
            report_multiple_bugs=False,
            derandomize=not is_random,
            suppress_health_check=list(HealthCheck),
        ),
    )


def test_the_gateway_does_as_the_plain_model_says() -> None:
    run(100, is_random=False)


def test_gateways_of_one_database_do_as_the_plain_model_says() -> None:
    run(5, is_random=False, machine=TeamMachine)


@pytest.mark.soak
def test_gateways_of_one_database_do_as_the_plain_model_says_on_five_hundred_paths() -> None:
    run(500, is_random=True, machine=TeamMachine)


@pytest.mark.soak
def test_the_gateway_does_as_the_plain_model_says_on_two_thousand_paths() -> None:
    run(2_000, is_random=True)
