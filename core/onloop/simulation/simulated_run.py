"""One simulation from its beginning to its end: acts at their time, and what follows from each."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from onloop.access.runs import pinned
from onloop.gateway.command_operations import CreateRun
from onloop.gateway.service import Gateway
from onloop.gateway.upkeep import FireTimers
from onloop.machine.commands import Create
from onloop.machine.definition import Definition, HumanGate, Step
from onloop.machine.task import Kind, Task
from onloop.records import MutableRecord, field, replace
from onloop.simulation.conduct import Cause
from onloop.simulation.gate_desk import GateDesk
from onloop.simulation.people_desk import PeopleDesk, people
from onloop.simulation.simulated_agents import SimulatedAgents, agent_names
from onloop.simulation.simulated_store import STARTER, opened_store
from onloop.simulation.simulation_plan import MONDAY, Plan
from onloop.simulation.virtual_time import VirtualTime
from onloop.simulation.world import World
from onloop.store.port import Reading
from onloop.store.rows import TimerRow
from onloop.store.sqlite.database import SqliteStore

RUN = "sim"
GROUPED = 64
"""How many acts share a commit: durability is of no use to a simulation."""

Watcher = Callable[[Reading, Sequence[str]], None]
"""Looks at the store after each act, and at which tasks it changed."""


class Simulation(MutableRecord):
    """A run on a virtual clock. `watch` is called after each act, before the next; its error ends the simulation."""

    world: World
    crew: SimulatedAgents
    gates: GateDesk
    people: PeopleDesk
    watch: Watcher | None = None
    seq: int = 0
    armed: set[str] = field(default_factory=set)
    acts: int = 0

    def run(self) -> None:
        """Go on until everything has ended, nothing is to come, or the plan's time is over."""
        self._begin()
        until = MONDAY + self.world.plan.limit_ms
        more = True
        while more:
            with self.world.store.grouping():
                more = self._some_acts(until)

    def _some_acts(self, until: int) -> bool:
        """Some acts in one commit; whether there are more."""
        for _ in range(GROUPED):
            act = self.world.time.next(until)
            if act is None:
                return False
            act()
            self.acts += 1
            self._follow()
        with self.world.store.reading() as at:
            root = at.task(RUN)
        return root is not None and not root.ended

    def _begin(self) -> None:
        with self.world.store.grouping():
            creations = tuple(_creations(self.world.plan))
            self.world.gateway.perform(CreateRun(STARTER, creations, pinned(self.world.plan.workflow)))
            self._follow()

    def _follow(self) -> None:
        """Let everybody look at what has changed, until nothing changes any more."""
        while True:
            with self.world.store.reading() as at:
                changed = self._changed(at)
                tasks = [task for name in changed if (task := at.task(name)) is not None]
                for task in tasks:
                    self._arm(at, task)
                if self.watch is not None and changed:
                    self.watch(at, changed)
            for task in tasks:
                self.crew.notice(task)
                self.gates.notice(task)
                self.people.notice(task)
            self.gates.start()
            self.people.start()
            self.crew.dispatch()
            if not self._has_changed():
                return

    def _has_changed(self) -> bool:
        with self.world.store.reading() as at:
            return at.last_seq() > self.seq

    def _changed(self, at: Reading) -> tuple[str, ...]:
        """The tasks that the log's new events are about, each once, in that order."""
        found = dict[str, None]()
        while events := at.log(after=self.seq):
            found |= dict.fromkeys(event.task for event in events)
            self.seq = events[-1].seq
        return tuple(found)

    def _arm(self, at: Reading, task: Task) -> None:
        """Let what the store has armed come due at its time."""
        for row in at.select(TimerRow, task=task.id):
            if row.id not in self.armed:
                self.armed.add(row.id)
                self.world.time.at(row.at, self._fire)

    def _fire(self) -> None:
        self.world.gateway.perform(FireTimers())
        self.crew.stirred = True


def simulation(plan: Plan, folder: Path, watch: Watcher | None = None) -> Simulation:
    """A simulation of the plan that has not begun, with a new store in `folder`."""
    time = VirtualTime(MONDAY)
    groups = tuple(sorted({"approvers", *_groups(plan.workflow.definition)}))
    store = opened_store(folder, time, plan.seed, plan.conduct.people.count, groups)
    world = World(plan, store, Gateway(store, time), time, groups, _flaws(plan))
    return Simulation(
        world,
        SimulatedAgents(world, world.chance("agents"), agent_names(plan.agents)),
        GateDesk(world, world.chance("gates")),
        PeopleDesk(world, world.chance("people"), people(plan.conduct.people.count)),
        watch,
    )


def repository_name(number: int) -> str:
    """The name of the simulated repository of that number, from 1."""
    return f"repo-{number:05}"


def _creations(plan: Plan) -> Iterator[tuple[str, Create]]:
    definition, title = plan.workflow.definition, f"{plan.workflow.definition.name}, simulated"
    if plan.repositories == 1:
        yield RUN, _create(definition, title, 1, None)
        return
    root = Create(title, Kind.FLEET, definition.name, definition.digest, STARTER.id, RUN)
    yield RUN, replace(root, max_parallel=plan.max_parallel, plan=plan.waves)
    for number in range(1, plan.repositories + 1):
        yield f"{RUN}.{number}", _create(definition, title, number, RUN)


def _create(definition: Definition, title: str, number: int, parent: str | None) -> Create:
    repo = repository_name(number)
    return Create(
        title,
        Kind.WORK,
        definition.name,
        definition.digest,
        STARTER.id,
        RUN,
        parent=parent,
        repo=repo,
        origin=f"/simulated/{repo}.git",
    )


def _groups(definition: Definition) -> Iterator[str]:
    """Every group or person that a human gate of the workflow names, those of children as well."""
    for step in _steps(definition.steps):
        for gate in step.gates:
            if isinstance(gate, HumanGate):
                yield from gate.approvers
                yield from gate.escalate.to if gate.escalate is not None else ()


def _steps(steps: Sequence[Step]) -> Iterator[Step]:
    for step in steps:
        yield step
        if step.fan_out is not None:
            yield from _steps((*step.fan_out.steps, *step.fan_out.resolve))


def _flaws(plan: Plan) -> dict[str, Cause]:
    """What is wrong with each repository: at most one thing, by the causes' shares."""
    from random import Random

    chance, found = Random(f"{plan.seed}/flaws"), dict[str, Cause]()  # noqa: S311 - nothing here is a secret
    for number in range(1, plan.repositories + 1):
        draw = chance.random() * 1000
        for cause in plan.conduct.causes:
            if draw < cause.share:
                found[repository_name(number)] = cause
                break
            draw -= cause.share
    return found


def store_of(simulated: Simulation) -> SqliteStore:
    """The store of a simulation, which its owner closes."""
    return simulated.world.store
