"""A decision in progress: the events so far, and the task after them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NoReturn

from onloop.errors import Exit, Ground, NotAllowed, Refused, Stale
from onloop.machine import events as e
from onloop.machine.budgets import RunBudget
from onloop.machine.definition import Assurance, Definition, HumanGate, Step
from onloop.machine.evolve import evolve
from onloop.machine.gate_facts import Program
from onloop.machine.held_roles import Streak
from onloop.machine.lessons import Lessons
from onloop.machine.people import Delegated, is_person
from onloop.machine.rule_engine import NO_RULES, RuleEngine
from onloop.machine.rules.freshness import Change
from onloop.machine.rules.join import Child
from onloop.machine.signed_text import KeyProof
from onloop.machine.state import Reason, State
from onloop.machine.task import Request, RequestKind, Task
from onloop.machine.wave_plan import WaveReport, Waves
from onloop.records import MutableRecord, Record, field


class Facts(Record):
    """Facts besides the task, read in the same transaction.

    `frozen` names the freeze that covers the task; `lease_expires` is ms; `children` are the states of those that are
    not excluded; `people` maps everyone enrolled to their groups; `changes` are the events after the version that the
    command names, if that is not the newest. `swarm` is the children of the current step, in order; `handed` the lines
    of the artefacts to fan out over.
    """

    frozen: str | None = None
    lease_expires: int | None = None
    slot_free: bool = True
    children: tuple[State, ...] = ()
    people: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    swarm: tuple[Child, ...] = ()
    handed: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    run_live: bool = True
    run_paused: bool = False
    changes: tuple[Change, ...] = ()
    untold: Task | None = None
    """The task without its newest decision, where nothing has begun since; only for who takes that back."""
    since: tuple[Change, ...] = ()
    """What has happened since that decision, besides what followed from it at once."""
    amended: Definition | None = None
    """The workflow that an amendment names."""
    hold: Streak | None = None
    """The hold of its role, where that is held."""
    programs: tuple[Program, ...] = ()
    """Those that the workflow names, as they are now: where a run starts, and where a person has it tried again."""
    former: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """People who were removed, with the groups that they were in: what they approved before goes on to count."""
    delegations: tuple[Delegated, ...] = ()
    """Those that hold now."""

    before: Mapping[str, Child] = field(default_factory=dict)
    """The siblings that it waits for before it begins, by the names in its `after`; of a lost one, what replaced it."""
    signed: KeyProof | None = None
    """What the security key proved whose signature came with the command."""
    waves: Waves | None = None
    """Where the fleet stands that the task is in a wave of."""
    report: WaveReport | None = None
    """Of a fleet: how its current wave stands."""
    following: int = 0
    """Of a fleet: how many tasks the next wave has."""

    run_budget: RunBudget | None = None
    """The budget of its run, of a task that is not its root, where it has one."""
    lessons: Lessons = field(default_factory=dict)
    """What people want said where work fails as it failed before."""

    rules: RuleEngine = NO_RULES
    """What evaluates the rules of the workflow and of policies."""

    @property
    def voters(self) -> Mapping[str, tuple[str, ...]]:
        """Everyone whose approvals may count, with their groups."""
        return {**self.former, **self.people} if self.former else self.people


class DecisionBuilder(MutableRecord):
    """Events so far, and the task after them."""

    definition: Definition
    task: Task
    facts: Facts
    now: int
    events: list[e.Event] = field(default_factory=list)

    def record(self, *events: e.Event) -> None:
        """Add `events` to the decision and apply them to the task."""
        for event in events:
            self.task = evolve(self.task, event, id=self.task.id, at=self.now)
            self.events.append(event)

    @property
    def step(self) -> Step:
        """The step where the task stands."""
        if self.task.step is None:
            refuse(f"{self.task.id} is at no step", Exit.NOTHING, f"onloop show {self.task.id}")
        return self.definition.step(self.task.step)

    def end_lease(self, why: str) -> None:
        """Fence off the holder, if there is one."""
        task = self.task
        if task.holder is None:
            return
        is_agent = not is_person(task.holder) and task.step is not None
        held_ms, step = (max(0, self.now - task.claimed_at), task.step or "") if is_agent else (0, "")
        self.record(e.LeaseEnded(task.epoch, why, held_ms, step))

    def close_requests(self, why: str) -> None:
        """Withdraw every open request."""
        for request in self.task.requests:
            self.record(e.RequestClosed(request.id, why))

    def ask(
        self, kind: RequestKind, question: str, *, gate: HumanGate | None = None, asked_by: str = "gateway"
    ) -> None:
        """Open a request; its id is the task's, plus what is asked, plus the version at which it was."""
        self.record(
            e.RequestOpened(
                Request(
                    id=f"{self.task.id}/{gate.id if gate else kind.value}/{self.task.version}",
                    kind=kind,
                    step=self.task.step or "",
                    question=question,
                    opened_at=self.now,
                    gate=gate.id if gate else None,
                    approvers=gate.approvers if gate else (),
                    quorum=gate.quorum if gate else 1,
                    assurance=gate.assurance if gate else Assurance.A0,
                    asked_by=asked_by,
                    fresh_ms=gate.fresh_ms if gate else None,
                )
            )
        )

    def hold(self, reason: Reason, detail: str) -> None:
        """Stop and ask a person what now. The lease ends, the environment stays."""
        self.end_lease(reason.value)
        self.ask(RequestKind.CHOICE, detail)
        self.record(e.Moved(State.INPUT_REQUIRED, reason, detail))

    def end(self, state: State, words: str) -> None:
        """End the task in that state."""
        self.end_lease(state.value)
        self.close_requests(state.value)
        self.record(e.Moved(state, None, words))


def refuse(message: str, exit: Exit, hint: str) -> NoReturn:  # noqa: A002 - the field's own word
    """Raise Refused."""
    raise Refused(message, exit=exit, hint=hint)


def check_effect(task: Task, effect_id: str) -> None:
    """Refuse unless the effect of that id is the one under way."""
    under_way = task.effect.id if task.effect else None
    if under_way != effect_id:
        raise Stale(
            f"effect {effect_id} of {task.id} is not running; the running one is {under_way or 'none'}",
            hint="discard it",
        )


def check_holder(task: Task, agent: str, epoch: int) -> None:
    """Refuse unless `agent` holds the task under `epoch`: a superseded owner never writes."""
    if task.ended:
        refuse(f"{task.id} has ended: {task.state.value}", Exit.ENDED, f"onloop show {task.id}")
    if task.state is State.INPUT_REQUIRED:
        refuse(
            f"{task.id} waits for a person: {task.detail or task.reason}",
            Exit.HELD,
            "stop here; the worker hands the task out again when a person has decided",
        )
    if task.holder != agent or task.epoch != epoch:
        now = f"held by {task.holder} under epoch {task.epoch}" if task.holder else "held by nobody"
        raise NotAllowed(
            f"{task.id} is {now}, and you are {agent} with epoch {epoch}",
            hint="stop work on it: its lease was lost; onloop claim --role ROLE takes another task",
            ground=Ground.SUPERSEDED,
        )


LONGEST_WORDS = 10_000
"""How many characters a question, an answer, a reason or a note may have."""


def check_length(words: str, what: str) -> None:
    """Refuse words that are too long to read."""
    if len(words) > LONGEST_WORDS:
        refuse(f"{what} of {len(words)} characters is too long", Exit.USAGE, f"use at most {LONGEST_WORDS} characters")


def check_words(words: str, what: str, example: str) -> None:
    """Refuse words that are missing or too long; `example` shows how to give them."""
    if not words.strip():
        refuse(f"{what} is needed, and none was given", Exit.USAGE, example)
    check_length(words, what)


def check_enrolled(course: DecisionBuilder, person: str) -> None:
    """Refuse whoever is not enrolled."""
    if person not in course.facts.people:
        raise NotAllowed(f"{person} is not enrolled", hint="an enrolled person must decide")


def check_target_at_rest(task: Task) -> None:
    """Refuse while the gateway is moving the target, because the outcome is not known yet."""
    if task.effect is not None and task.effect.expected is not None and task.reason is not Reason.EXTERNAL:
        refuse(
            f"{task.id} is changing {task.target} right now", Exit.UNAVAILABLE, f"onloop show {task.id}, then decide"
        )
