"""What a gateway must answer, said a second time and plainly: who may do what to which task, and when."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from gateway.plain_task import (
    ENDED,
    HELD,
    NOT_YOURS,
    NOTHING,
    OK,
    OVER,
    USAGE,
    No,
    PlainStep,
    PlainTask,
)

LEASE = 60_000
ALIKE_TASKS, ALIKE_ENDS, WITHIN, FIRST_TRIAL, LONGEST_TRIAL = 3, 5, 600_000, 60_000, 900_000


@dataclass
class PlainStreak:
    """Ends of a role's agents that were alike, one after another; `cause` is why they ended."""

    cause: str
    at: int
    count: int = 0
    tasks: set[str] = field(default_factory=set)
    is_held: bool = False
    trials: int = 0
    next_at: int = 0


@dataclass
class PlainModel:
    """Every task of a store, what is frozen, and which keys were used for what, with `now` as the only time."""

    now: int
    tasks: dict[str, PlainTask] = field(default_factory=dict)
    most: dict[str, int] = field(default_factory=dict)
    freezes: list[str] = field(default_factory=list)
    keys: dict[str, int] = field(default_factory=dict)
    house: int = 0
    streak: PlainStreak | None = None
    """Of the only role that there is."""

    @property
    def deeds(self) -> int:
        """How much was ever recorded; no count of events, but it grows when theirs does."""
        return self.house + sum(task.deeds for task in self.tasks.values())

    def run_of(self, task: PlainTask) -> PlainTask:
        return self.tasks[task.parent or task.name]

    def children(self, root: PlainTask) -> list[PlainTask]:
        """Those that count: one that is excluded is none of them."""
        return [task for task in self.tasks.values() if task.parent == root.name and task.reason != "excluded"]

    def frozen(self, task: PlainTask, actor: str = "") -> bool:
        run = self.run_of(task).name
        return bool({"all", f"run:{run}", f"task:{task.name}", task.holder, actor} & set(self.freezes))

    def begin(self, run: str, steps: tuple[PlainStep, ...], members: int = 0, most: int = 0) -> int:
        """A run of one task, or of a fleet."""
        if run in self.tasks:
            return HELD if self.frozen(self.tasks[run]) else USAGE
        if {"all", f"run:{run}"} & set(self.freezes):
            return HELD
        self.tasks[run] = root = PlainTask(run, steps, None, self.now)
        if members:
            self.most[run] = most
            root.state, root.reason = "working", "children_running"
        for number in range(1, members + 1):
            self.tasks[f"{run}.{number}"] = PlainTask(f"{run}.{number}", steps, run, self.now)
        for task in self.tasks.values():
            if not task.step and task.reason != "children_running" and task.name.startswith(run):
                task.enter(steps[0].id)
        return OK

    def perform(
        self, name: str, actor: str, deed: Deed, key: str = "", body: int = 0, holder: tuple[str, int] = ("", 0)
    ) -> int:
        """The exit code of a command on a task, OK where it is accepted; what is due happens first.

        `holder` is in whose name and under which epoch it is given: one who was away comes back with it.
        """
        if key in self.keys:
            return OK if self.keys[key] == body else USAGE
        task = self.tasks[name]
        self.come_back(task, *holder)
        self.fire_due(task, wanted=actor.startswith("human:"))
        try:
            if not (task.is_started and deed.__qualname__.startswith("finish_effect")):  # the target has moved already
                self.check_open(task, actor)
            deed(self, task)
        except No as no:
            return no.code
        finally:
            self.settle()
        if key:
            self.keys[key] = body
        return OK

    def check_open(self, task: PlainTask, actor: str) -> None:
        if self.frozen(task, actor):
            raise No(HELD)
        if task.over:
            raise No(ENDED)

    def check_running(self, task: PlainTask) -> None:
        """What would let a task of a paused run go on waits until the run does."""
        if task.parent is not None and self.tasks[task.parent].state == "paused":
            raise No(HELD)

    def come_back(self, task: PlainTask, agent: str, epoch: int) -> None:
        task.now = self.now
        if (task.holder, task.epoch) == (agent, epoch):
            task.come_back(frozen=self.frozen(task))

    def ended_alike(self, task: PlainTask, cause: str, until: int = 0) -> None:
        """An agent of the role ended so on the task: from so many on, the role is held."""
        if task.owner is not None and task.owner.startswith("agent:"):
            return
        self.house += 1
        known = self.streak
        if known is None or known.cause != cause or not (known.is_held or self.now - known.at < WITHIN):
            known = self.streak = PlainStreak(cause, self.now)
        known.at, known.count, known.tasks = self.now, known.count + 1, {*known.tasks, task.name}
        if not known.is_held and len(known.tasks) >= ALIKE_TASKS and known.count >= ALIKE_ENDS:
            known.is_held, known.next_at = True, self.now + FIRST_TRIAL
        if known.is_held:
            known.next_at = max(known.next_at, until)

    def works(self, task: PlainTask) -> None:
        """An agent of the role did its work on the task."""
        if self.streak is not None and not (task.owner or "").startswith("agent:"):
            self.streak = None
            self.house += 1

    def hold_of(self, task: PlainTask) -> PlainStreak | None:
        is_named = (task.owner or "").startswith("agent:")
        return self.streak if self.streak is not None and self.streak.is_held and not is_named else None

    def fire_due(self, task: PlainTask, *, wanted: bool = True) -> None:
        task.now = self.now
        if not self.frozen(task):
            task.fire_due(wanted=wanted)
        elif wanted and task.lease_until is not None and task.lease_until <= self.now:
            task.lease_until = 0  # nothing moves while it is frozen, but what has run out has run out for good

    def fire_all(self, *, wanted: bool) -> None:
        for task in self.tasks.values():
            self.fire_due(task, wanted=wanted)
        self.settle()

    def settle(self) -> None:
        """A fleet ends with the last of its tasks."""
        for root in self.tasks.values():
            states = {task.state for task in self.children(root)}
            is_open = root.reason == "children_running" and not self.frozen(root)
            if is_open and states and states <= set(OVER):
                root.end(next(state for state in ("failed", "completed", "rejected", "canceled") if state in states))

    def claim(self, agent: str, role: str, name: str | None, key: str = "", body: int = 0) -> int:
        """The exit code of a claim of the named task, or of the oldest that the agent may have."""
        self.fire_all(wanted=True)
        try:
            found = self.tasks[name] if name else next(self.free(agent, role), None)
            if found is None:
                raise No(NOTHING)
            self.check_claim(found, agent, role)
        except No as no:
            return no.code
        found.holder, found.claimed_at, found.lease_until = agent, self.now, self.now + LEASE
        found.epoch, found.attempt, found.not_before, found.beat_at = found.epoch + 1, found.tries + 1, 0, self.now
        found.move("working", None)
        hold = self.hold_of(found)
        if hold is not None:
            hold.trials += 1
            hold.next_at = self.now + min(LONGEST_TRIAL, FIRST_TRIAL * 2**hold.trials)
            self.house += 1
        if key:
            self.keys[key] = body
        return OK

    def claim_again(self, name: str, epoch: int) -> int:
        """The exit code of a claim that is asked again under its key: the same lease, while it lasts."""
        task = self.tasks[name]
        self.fire_due(task)
        self.settle()
        return OK if task.epoch == epoch and task.lease_until is not None and task.lease_until > 0 else NOT_YOURS

    def free(self, agent: str, role: str) -> Iterator[PlainTask]:
        """Whatever the agent may have, oldest first."""
        for task in self.tasks.values():
            try:
                self.check_claim(task, agent, role)
            except No:
                continue
            yield task

    def check_claim(self, task: PlainTask, agent: str, role: str) -> None:
        self.check_open(task, agent)
        self.check_running(task)
        if task.holder is not None:
            raise No(NOT_YOURS)
        if task.state != "submitted":
            raise No(HELD if task.state == "input_required" else NOTHING)
        hold = self.hold_of(task)
        if task.not_before > self.now or (hold is not None and hold.next_at > self.now) or not self.has_slot(task):
            raise No(NOTHING)
        wanted = task.owner or task.at.role or ""
        if wanted != (agent if wanted.startswith("agent:") else role):
            raise No(NOT_YOURS)

    def has_slot(self, task: PlainTask) -> bool:
        most = self.most.get(task.parent or "")
        held = sum(other.holder is not None for other in self.tasks.values() if other.parent == task.parent)
        return most is None or held < most

    def heartbeat(self, name: str, agent: str, epoch: int) -> int:
        task = self.tasks[name]
        self.come_back(task, agent, epoch)
        if (task.holder, task.epoch) == (agent, epoch) and task.lease_until is not None:
            if task.lease_until > self.now:
                task.beat_at = self.now
                task.lease_until = max(task.lease_until, self.now + LEASE)
                return OK
            self.fire_due(task)
            self.settle()
        return NOT_YOURS

    def freeze(self, scope: str, holder: tuple[str, str, int] | None = None) -> int:
        """A person freezes anything, an agent its own task while it holds it."""
        if holder is not None:
            self.come_back(self.tasks[holder[0]], *holder[1:])
            self.fire_due(self.tasks[holder[0]])
            self.settle()
        if scope in self.freezes:
            return HELD
        task = self.tasks[holder[0]] if holder else None
        if holder and task and ((task.holder, task.epoch) != holder[1:] or not task.lease_until):
            return NOT_YOURS
        self.freezes.append(scope)
        self.house += 1
        return OK

    def unfreeze(self, scope: str) -> int:
        if scope not in self.freezes:
            return USAGE
        self.freezes.remove(scope)
        self.house += 1
        self.settle()
        return OK


Deed = Callable[[PlainModel, PlainTask], None]
"""What a command does to a task that is neither frozen nor over."""
