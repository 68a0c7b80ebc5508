"""Simulated agents: they claim what waits, take their time, and hand in, ask, judge, crash or vanish."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from enum import StrEnum
from random import Random

from onloop.errors import NotAllowed
from onloop.gateway.claims import ClaimGranted, ClaimTask
from onloop.gateway.command_operations import PerformCommand
from onloop.gateway.upkeep import KeepContent
from onloop.identity.resolution import agent_from_token
from onloop.machine import commands as c
from onloop.machine.artefacts import Artefact
from onloop.machine.definition import ArtefactGate, Step
from onloop.machine.limits import LONGEST_LEASE_MS
from onloop.machine.principal import INTAKE, Principal, launcher
from onloop.machine.state import Reason, State
from onloop.machine.task import Hand, Task
from onloop.records import MutableRecord, field, replace
from onloop.simulation.conduct import happens
from onloop.simulation.world import World
from onloop.views.pinned_workflow import definition_of

SHORT_LEASE_MS = 60_000
"""The lease of an agent that vanishes: as a real worker's, which nobody renews any more."""

FIRST_UID = 20_000
SPAWNED = 3
"""How many children an agent makes at a step that may spawn."""

_PARTS = "parse the input\nstore the result\nshow the result\n"


def agent_names(count: int) -> deque[str]:
    """The names of so many agents, all idle."""
    return deque(map(agent_name, range(1, count + 1)))


def agent_name(number: int) -> str:
    """The name of the agent with that number, from 1."""
    return f"agent:sim-{number:03}"


class TryEnding(StrEnum):
    """How a try at a step ends."""

    HANDS_IN = "hands in"
    CRASHES = "crashes"
    VANISHES = "vanishes"
    ASKS = "asks"
    GIVES_UP = "gives up"


class Holding(MutableRecord):
    """What an agent holds: the task's epoch and round that it works on, until it is seen to hold it no more."""

    agent: str
    secret: str
    epoch: int
    round: int
    fate: TryEnding
    since: int


class SimulatedAgents(MutableRecord):
    """The agents of a simulation. `busy_ms` is how long they worked, all together.

    Where only work waits that each of them had a part in, and so none may judge, another agent is brought in, as an
    operator would start one more worker: `brought` counts those.
    """

    world: World
    chance: Random
    idle: deque[str]
    held: dict[str, Holding] = field(default_factory=dict)
    busy_ms: int = 0
    brought: int = 0
    stirred: bool = True

    def notice(self, task: Task) -> None:
        """Look at a task that has changed: whoever holds it no more is idle, and a new round is worked on."""
        holding = self.held.get(task.id)
        if holding is not None and (task.holder, task.epoch) != (holding.agent, holding.epoch):
            self._let_go(task.id, holding)
            holding = None
        if holding is None:
            self.stirred |= task.wanted is not None
        elif task.state is State.WORKING and task.reason is None and task.round > holding.round:
            holding.round = task.round
            self._work(task, holding)

    def _let_go(self, task: str, holding: Holding) -> None:
        del self.held[task]
        self.idle.append(holding.agent)
        self.stirred = True

    def dispatch(self) -> None:
        """Let idle agents claim what waits. What could not be claimed is tried again once something has changed."""
        if not self.stirred or not self.idle:
            return
        self.stirred = False
        with self.world.store.reading() as at:
            waiting = sorted(at.waiting(self.world.time.now))
        for wanted, count in waiting:
            for _ in range(count):
                if not self.idle or not self._claimed(wanted, list(self.idle)[:4]):
                    break
        if not self.held:
            self._bring_in(waiting)

    def _bring_in(self, waiting: Sequence[tuple[str, int]]) -> None:
        """Let everybody try, and then somebody who had no part in anything yet; they go again if that is no use."""
        for wanted, _ in waiting:
            if self._claimed(wanted, list(self.idle)) or wanted.startswith("agent:"):
                continue
            newcomer = agent_name(self.world.plan.agents + self.brought + 1)
            self.idle.append(newcomer)
            if self._claimed(wanted, [newcomer]):
                self.brought += 1
            else:
                self.idle.remove(newcomer)

    def _claimed(self, wanted: str, names: Sequence[str]) -> bool:
        """Whether one of these idle agents got something; who worked on a task may not judge it."""
        for agent in [wanted] if wanted in self.idle else names:
            role = wanted if not wanted.startswith("agent:") else "any"
            fate = self._fate()
            lease = SHORT_LEASE_MS if fate is TryEnding.VANISHES else LONGEST_LEASE_MS
            granted = self.world.ask(ClaimTask(_hand_of(agent), agent, role, lease_ms=lease))
            if granted is not None:
                self.idle.remove(agent)
                self._begin(agent, granted, fate)
                return True
        return False

    def _fate(self) -> TryEnding:
        ways = self.world.plan.conduct.agents
        shares = (ways.crashes, ways.vanishes, ways.asks, ways.gives_up)
        fates = (TryEnding.CRASHES, TryEnding.VANISHES, TryEnding.ASKS, TryEnding.GIVES_UP)
        draw = self.chance.random() * 1000
        for share, fate in zip(shares, fates, strict=True):
            if draw < share:
                return fate
            draw -= share
        return TryEnding.HANDS_IN

    def _begin(self, agent: str, granted: ClaimGranted, fate: TryEnding) -> None:
        task = granted.task
        holding = Holding(agent, granted.secret, task.epoch, task.round, fate, self.world.time.now)
        self.held[task.id] = holding
        if fate is TryEnding.VANISHES:
            self.world.time.at(granted.expires + 1, self._want)
        else:
            self._work(task, holding)

    def _want(self) -> None:
        """Somebody wants whatever there is, so that a lease that has run out ends."""
        self.world.ask(ClaimTask(_hand_of("agent:want"), "agent:want", "nothing-waits-for"))

    def _work(self, task: Task, holding: Holding) -> None:
        took = self.world.plan.conduct.agents.work.sample(self.chance)
        holding.since = self.world.time.now
        self.world.time.after(took, lambda: self._finish(task.id, holding, task.round))

    def _finish(self, task_id: str, holding: Holding, round_: int) -> None:
        """The agent is done with a round, if it still holds the task."""
        if self.held.get(task_id) is not holding or holding.round != round_:
            return
        self.busy_ms += self.world.time.now - holding.since
        with self.world.store.reading() as at:
            task = at.task(task_id)
            try:
                agent = agent_from_token(at, holding.secret)
            except NotAllowed:
                return
            step = definition_of(at, task).step(task.step or "") if task is not None else None
        if task is None or step is None:
            return
        fate, holding.fate = holding.fate, TryEnding.HANDS_IN
        if fate is not TryEnding.HANDS_IN:
            self._fail(agent, task, fate)
        elif step.review_gates and not step.machine_gates:
            self._judge(agent, task)
        else:
            self._hand_in(agent, task, step)

    def _fail(self, agent: Principal, task: Task, fate: TryEnding) -> None:
        words: dict[TryEnding, c.Command] = {
            TryEnding.CRASHES: c.Release(agent.id, agent.epoch, c.ReleaseCause.CRASHED, "it ended with status 1"),
            TryEnding.ASKS: c.Ask(agent.id, agent.epoch, "Two ways are open, and they differ for users. Which one?"),
            TryEnding.GIVES_UP: c.Fail(agent.id, agent.epoch, "this cannot be done here"),
        }
        command = words.get(fate)
        if command is not None:
            self.world.ask(PerformCommand(agent, task.id, command))

    def _judge(self, agent: Principal, task: Task) -> None:
        passes = not happens(self.chance, self.world.plan.conduct.agents.fails_review)
        words = "it does what was asked" if passes else "an error path is not handled"
        self.world.ask(PerformCommand(agent, task.id, c.Judge(agent.id, agent.epoch, passes, words)))

    def _hand_in(self, agent: Principal, task: Task, step: Step) -> None:
        for number in range(SPAWNED if step.fan_out is not None and step.fan_out.spawn and not task.children else 0):
            spawn = c.Spawn(agent.id, agent.epoch, f"part {number + 1}", f"Do part {number + 1}.")
            self.world.ask(PerformCommand(agent, task.id, spawn))
        before = task.submission
        handed = self.world.submission(task)
        if before is not None and not self._changes(task):
            handed = replace(before, at=self.world.time.now)
        handed = replace(handed, artefacts=self._artefacts(task, step))
        self.world.ask(PerformCommand(INTAKE, task.id, c.Submit(agent.id, agent.epoch, handed)))
        if step.review_gates:
            self._judge(agent, task)

    def _changes(self, task: Task) -> bool:
        with self.world.store.reading() as at:
            return definition_of(at, task).owes_change(task.step or "") and task.reason is not Reason.CHOICE

    def _artefacts(self, task: Task, step: Step) -> tuple[Artefact, ...]:
        """A file for each that a gate of the step wants, or a fan-out is made over."""
        wanted = {gate.name: gate.min_bytes for gate in step.machine_gates if isinstance(gate, ArtefactGate)}
        if step.fan_out is not None and step.fan_out.over is not None:
            wanted.setdefault(step.fan_out.over, 1)
        for later in self._fanned_out(task):
            wanted.setdefault(later, 1)
        known = task.submission.artefacts if task.submission is not None else ()
        made = tuple(self._artefact(name, least) for name, least in sorted(wanted.items()))
        return (*(each for each in known if each.name not in wanted), *made)

    def _fanned_out(self, task: Task) -> tuple[str, ...]:
        with self.world.store.reading() as at:
            steps = definition_of(at, task).steps
        return tuple(step.fan_out.over for step in steps if step.fan_out is not None and step.fan_out.over is not None)

    def _artefact(self, name: str, least: int) -> Artefact:
        content = _PARTS.encode().ljust(least, b"\n")
        return Artefact(name, self.world.gateway.perform(KeepContent(content)), len(content))


def _hand_of(agent: str) -> Principal:
    """The launcher of an agent: each has a user and a process of its own, so that reviews are independent."""
    number = int(agent.rpartition("-")[2]) if agent[-1].isdigit() else 0
    return launcher(agent.removeprefix("agent:"), Hand(FIRST_UID + number, f"{1000 + number}@1"))
