"""What must hold at every moment of every history, looked at after each act of a simulation."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from onloop.attention.items import item_of
from onloop.home import Home
from onloop.insight.derivation import Derivation
from onloop.machine import events as e
from onloop.machine.definition import Definition, Step
from onloop.machine.state import LIVE, Reason, State
from onloop.machine.task import DecisionKind, Kind, Task
from onloop.machine.wave_plan import WaveStanding
from onloop.simulation.simulated_run import RUN, Simulation
from onloop.store.codec import event_from_text
from onloop.store.port import Reading, Recorded, TaskFilter
from onloop.store.rows import FleetMember, Lease
from onloop.store.sqlite.inspection import inspect
from onloop.views.pinned_workflow import definition_of


@dataclass
class Witness:
    """Sees every change, and says what is not as it must be. `before` is each task as it was last seen."""

    max_parallel: int | None = None
    before: dict[str, Task] = field(default_factory=dict)
    heard: int = 0
    at: int = 0
    merged: Counter[str] = field(default_factory=Counter)
    decided: Counter[str] = field(default_factory=Counter)
    tips: dict[str, str] = field(default_factory=dict)

    def __call__(self, reading: Reading, changed: Sequence[str]) -> None:
        """Look at what changed; AssertionError names the rule."""
        events = [event for page in _pages(reading, self.heard) for event in page]
        self.heard = events[-1].seq if events else self.heard
        self.decided.update(event.task for event in events if event.name == e.Decided.__name__)
        for name in changed:
            task = reading.task(name)
            if task is None:  # the store's own facts
                continue
            definition = definition_of(reading, task)
            seen = Seen(reading, self.before.get(name), task, definition, self.decided[name])
            for rule, holds in OF_A_TASK.items():
                assert holds(seen), f"{rule}: {name}, {task.state.value} {task.reason} at {task.step}"
            if task.wave:
                check_wave(reading, self.before.get(name), task)
            self.before[name] = task
        for event in events:
            self._hear(event)
        if self.max_parallel is not None:
            held = reading.held(RUN)
            assert held <= self.max_parallel, f"{held} are held, and {self.max_parallel} may be"

    def _hear(self, recorded: Recorded) -> None:
        assert recorded.at >= self.at, "time goes forward in the log"
        self.at = recorded.at
        event = event_from_text(recorded.name, recorded.data)
        if isinstance(event, e.Decided):
            assert event.decision.by.startswith("human:"), "only people decide"
            assert recorded.principal.startswith("human:"), "only people decide"
        if isinstance(event, e.GateReported):
            assert recorded.principal.startswith("verifier:"), "only verifiers write evidence"
        if isinstance(event, e.EffectStarted):
            origin = self.before[recorded.task].origin or ""
            known = self.tips.setdefault(origin, event.expected)
            assert known == event.expected, "a merge is built on the tip"
            self.tips[origin] = event.result
            self.merged[recorded.task] += 1
            assert self.merged[recorded.task] == 1, "one merge for each task"


def check_wave(reading: Reading, was: Task | None, now: Task) -> None:
    """Nobody begins a task before its wave, nor while its fleet is halted; no more is at risk than the wave."""
    root = reading.task(RUN)
    assert root is not None
    assert root.waves is not None
    if now.attempt and (was is None or not was.attempt):
        assert now.wave <= root.waves.current, f"{now.id} of wave {now.wave} began in wave {root.waves.current}"
        assert not root.waves.halted, f"{now.id} began while its fleet was halted: {root.waves.halted}"
    risked = reading.select(FleetMember, fleet=RUN, standing=WaveStanding.BEGUN.value)
    size = len(reading.select(FleetMember, fleet=RUN, wave=root.waves.current))
    fresh = [row for row in risked if row.wave == root.waves.current]
    assert len(fresh) <= size, f"{len(fresh)} are at risk in a wave of {size}"


@dataclass
class Seen:
    """A task that changed: as it was, as it is, and how often people have decided about it."""

    reading: Reading
    was: Task | None
    now: Task
    definition: Definition
    decided: int

    @property
    def left(self) -> Step | None:
        """The step that was left by going on to one that follows it, or by completing, if one was."""
        if self.was is None or self.was.step is None or self.was.ended:
            return None
        step = self.definition.step(self.was.step)
        if self.now.state is State.COMPLETED:
            return step if self.was.step == self.now.step else self.definition.step(self.now.step or "")
        to = self.now.step or ""
        is_entered = self.now.visits.get(to, 0) > self.was.visits.get(to, 0)
        sent_back = {step.on_fail, step.on_reject, step.on_conflict}
        return step if is_entered and to in self.definition.followers(step.id) and to not in sent_back else None


def _gates_allowed(seen: Seen) -> bool:
    """A step is left forward only with every machine gate passed on what counts now."""
    step = seen.left
    if step is None or (step.skip is not None and seen.now.submission is None):
        return True
    return step.id in seen.now.base_checks or all(seen.now.passed(step.id, gate.id) for gate in step.machine_gates)


def _people_allowed(seen: Seen) -> bool:
    """A step is left forward only with the approvals that its human gates want, by so many different people."""
    step = seen.left
    if step is None:
        return True
    visit = seen.now.visits[step.id]
    said = [
        d for d in seen.now.decisions if d.step == step.id and d.visit == visit and d.answer is DecisionKind.APPROVE
    ]
    return all(len({d.by for d in said if d.gate == gate.id}) >= gate.quorum for gate in step.human_gates)


def _fenced(seen: Seen) -> bool:
    """Every new owner has a larger epoch, and nobody's grows smaller."""
    if seen.was is None:
        return True
    is_new = seen.now.holder is not None and seen.now.holder != seen.was.holder
    return seen.now.epoch > seen.was.epoch if is_new else seen.now.epoch >= seen.was.epoch


def _leased(seen: Seen) -> bool:
    lease = seen.reading.get(Lease, seen.now.id)
    held = (seen.now.holder, seen.now.epoch) if seen.now.holder is not None else None
    return held == (None if lease is None else (lease.agent, lease.epoch))


def _never_restarts(seen: Seen) -> bool:
    return seen.was is None or not seen.was.ended or seen.now.state is seen.was.state


def _children_ended(seen: Seen) -> bool:
    if seen.now.state is not State.COMPLETED:
        return True
    below = seen.reading.tasks(TaskFilter(parent=seen.now.id, states=tuple(LIVE)))
    return all(child.reason is Reason.EXCLUDED for child in below)


def _asks_somebody(seen: Seen) -> bool:
    """Whoever waits for a person has asked, and is in the Inbox; nobody else has asked."""
    waits = seen.now.state is State.INPUT_REQUIRED
    return waits == bool(seen.now.requests) and (not waits or item_of(seen.now, seen.definition) is not None)


def _bounded(seen: Seen) -> bool:
    """Beyond its bound a step is entered by a person's decision alone, once for each."""
    steps = {step.id: step for step in seen.definition.steps}
    return all(
        visits <= steps[name].max_visits + 1 + seen.decided for name, visits in seen.now.visits.items() if name in steps
    )


OF_A_TASK: Mapping[str, Callable[[Seen], bool]] = {
    "a step is left with its machine gates passed": _gates_allowed,
    "a step is left with its approvals given": _people_allowed,
    "an epoch grows with each owner": _fenced,
    "a lease is there exactly while somebody holds the task": _leased,
    "what has ended stays so": _never_restarts,
    "nothing completes with live children": _children_ended,
    "what waits for people is shown to them": _asks_somebody,
    "no step is entered without bound": _bounded,
}


def check_end(simulated: Simulation) -> None:
    """Chains, folds, seals, rows and answers are as the log says, and everything came to an end.

    A fleet of which people took out every repository stays open: they may put one back.
    """
    store = simulated.world.store
    derives = Derivation(Home(store.folder), needs_mirrors=False)
    assert inspect(store, derives).problems == ()
    with store.reading() as at:
        live = [
            task for task in at.tasks(TaskFilter(run=RUN, states=tuple(LIVE))) if task.reason is not Reason.EXCLUDED
        ]
        if not at.child_states(RUN):
            live = [task for task in live if task.kind is not Kind.FLEET]
    assert live == [], f"{len(live)} tasks never ended: {live[0].id} is {live[0].state.value}, {live[0].detail}"


def _pages(reading: Reading, after: int) -> Iterator[Sequence[Recorded]]:
    while page := reading.log(after=after):
        yield page
        after = page[-1].seq
