"""A workflow as checked data: what the machine walks. Files become this in `onloop.workflow`."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum

from onloop.machine.budgets import Budget
from onloop.machine.effect_specs import PLAIN, EffectSpec
from onloop.machine.effect_specs import Effect as Effect
from onloop.machine.environment_spec import CacheSpec as CacheSpec
from onloop.machine.environment_spec import EnvironmentSpec as EnvironmentSpec
from onloop.machine.environment_spec import ServiceSpec as ServiceSpec
from onloop.machine.environment_spec import ToolSpec as ToolSpec
from onloop.machine.fan_out_parts import Combination
from onloop.machine.gate_kinds import ArtefactGate as ArtefactGate
from onloop.machine.gate_kinds import Assurance as Assurance
from onloop.machine.gate_kinds import BaseTests as BaseTests
from onloop.machine.gate_kinds import BoxSpec as BoxSpec
from onloop.machine.gate_kinds import CommandGate as CommandGate
from onloop.machine.gate_kinds import Counter as Counter
from onloop.machine.gate_kinds import CoverageExpectation as CoverageExpectation
from onloop.machine.gate_kinds import Escalation as Escalation
from onloop.machine.gate_kinds import ExpireOutcome as ExpireOutcome
from onloop.machine.gate_kinds import Expiry as Expiry
from onloop.machine.gate_kinds import FileGate as FileGate
from onloop.machine.gate_kinds import FindingLevel as FindingLevel
from onloop.machine.gate_kinds import FindingsExpectation as FindingsExpectation
from onloop.machine.gate_kinds import Hole as Hole
from onloop.machine.gate_kinds import HumanGate as HumanGate
from onloop.machine.gate_kinds import OverrideRule as OverrideRule
from onloop.machine.gate_kinds import ReviewGate as ReviewGate
from onloop.machine.gate_kinds import TestExpectation as TestExpectation
from onloop.machine.next_rule import NextRule as NextRule
from onloop.machine.organization_policies import Policy as Policy
from onloop.machine.outside_gates import CheckDemand as CheckDemand
from onloop.machine.outside_gates import ForgeGate as ForgeGate
from onloop.machine.outside_gates import HttpGate as HttpGate
from onloop.machine.outside_gates import ReviewDemand as ReviewDemand
from onloop.machine.outside_gates import StatusDemand as StatusDemand
from onloop.machine.policy_gate import DenyOutcome as DenyOutcome
from onloop.machine.policy_gate import PolicyGate as PolicyGate
from onloop.machine.policy_gate import PolicyMode as PolicyMode
from onloop.records import Record

END = "end"
"""No step: `on_reject` with it ends a task as rejected, and `next` with it ends it as completed."""

RUN_GATE = "run"
"""The id of the gate that a `run:` step carries implicitly: its command passed."""


class Isolation(StrEnum):
    """How far an agent's environment is separated, weakest first."""

    NONE = "none"
    CLONE = "clone"
    BOX = "box"
    CONTAINER = "container"
    VM = "vm"


class Skip(StrEnum):
    """When a step needs no agent."""

    WHEN_MET = "when_met"
    """Its gates pass on what the agent would begin with."""


LocalGate = CommandGate | FileGate | ArtefactGate
OutsideGate = ForgeGate | HttpGate
MachineGate = LocalGate | OutsideGate
Gate = MachineGate | HumanGate | ReviewGate | PolicyGate
_NO_VERIFIER = HumanGate | ReviewGate | PolicyGate


class JoinKind(StrEnum):
    """When the children of a fan-out are enough."""

    ALL = "all"
    QUORUM = "quorum"
    FIRST = "first"
    BEST_OF = "best_of"


SCORE_GATE = "score"
"""The id of the gate that each child of a `best_of` fan-out carries at its last step."""


class Join(Record):
    """When the children are enough, and whose work counts; `quorum` is read where the kind is that."""

    kind: JoinKind = JoinKind.ALL
    quorum: int = 1


class ParallelBranch(Record):
    """One of several ways that a step takes at once: a child that walks `steps`, once those in `after` are done."""

    name: str
    steps: tuple[Step, ...]
    brief: str = ""
    after: tuple[str, ...] = ()


class FanOut(Record):
    """Children that a step makes: one per line of the artefact `over`, or `count`, or as its agent spawns them.

    Or one for each of its `branches`, or for each combination of values of its `matrix`. Each walks `steps` (a branch
    its own) as a workflow of its own; `resolve` is walked by a child that mends a conflict of the funnel.
    No step ever has more than `most` children. `environments` are those that an agent may ask for when it spawns one.
    """

    steps: tuple[Step, ...]
    over: str | None = None
    count: int | None = None
    spawn: bool = False
    most: int = 20
    max_parallel: int | None = None
    join: Join = Join()
    brief: str = ""
    resolve: tuple[Step, ...] = ()
    environments: tuple[Isolation, ...] = ()
    branches: tuple[ParallelBranch, ...] = ()
    matrix: tuple[Combination, ...] = ()


def inner_steps(fan_out: FanOut) -> tuple[Step, ...]:
    """Every step that some child of the fan-out may walk."""
    branched = (step for branch in fan_out.branches for step in branch.steps)
    return (*fan_out.steps, *branched, *fan_out.resolve)


class Attempts(Record):
    """How often a step is tried without a person, and the pause between tries (doubling up to `max_backoff_ms`)."""

    max: int = 3
    backoff_ms: int = 10_000
    max_backoff_ms: int = 300_000

    def pause_ms(self, tries: int) -> int:
        """The pause after `tries` failed tries (1 or more), in milliseconds."""
        return min(self.max_backoff_ms, self.backoff_ms << min(tries - 1, 20))


class ContextLimits(Record):
    """From how many per cent of its context an agent is advised to hand off, and from how many it starts no round."""

    soft: int
    hard: int


class Step(Record):
    """A micro-step: done by a `role`, by `run`, by an `effect`, by time (`wait_ms`), or, with none, by people alone.

    `agent` names the agent that a worker runs for the role. A merge that conflicts returns to `on_conflict` first.
    """

    id: str
    role: str | None = None
    run: tuple[str, ...] | None = None
    effect: Effect | None = None
    brief: str = ""
    isolation: Isolation = Isolation.NONE
    not_by: tuple[str, ...] = ()
    timeout_ms: int = 3_600_000
    attempts: Attempts = Attempts()
    rounds: int = 3
    max_visits: int = 3
    gates: tuple[Gate, ...] = ()
    on_reject: str | None = None
    on_fail: str | None = None
    on_conflict: str | None = None
    fan_out: FanOut | None = None
    context: ContextLimits | None = None
    agent: str = ""
    box: BoxSpec = BoxSpec()
    """Of the command of a `run:` step."""
    override: OverrideRule | None = None
    """Who may bypass the command of a `run:` step."""
    skip: Skip | None = None
    next: tuple[NextRule, ...] = ()
    """Where it leads; to the step after it in the file where there is none."""
    wait_ms: int | None = None
    """How long the task stands here before it goes on by itself."""
    outside: EffectSpec | None = None
    """What its effect does in particular; None where the workflow gave no more than the effect's name."""
    permit: tuple[str, ...] = ()
    """Kinds of calls about which an agent that speaks ACP need not ask a person."""
    budget: Budget | None = None
    """What all visits of a task to it may spend together."""

    @property
    def effect_spec(self) -> EffectSpec | None:
        """What its effect does in particular; None where it has none, or is a funnel."""
        return self.outside or (PLAIN.get(self.effect) if self.effect is not None else None)

    @property
    def phase(self) -> str:
        """The part of the id before the dot."""
        return self.id.partition(".")[0]

    @property
    def machine_gates(self) -> tuple[MachineGate, ...]:
        """The gates that a verifier answers, the implicit one of a `run:` step first."""
        own: tuple[MachineGate, ...] = tuple(g for g in self.gates if not isinstance(g, _NO_VERIFIER))
        return (self._run_gate(self.run), *own) if self.run else own

    def _run_gate(self, argv: tuple[str, ...]) -> CommandGate:
        return CommandGate(RUN_GATE, argv, self.timeout_ms, box=self.box, override=self.override)

    @property
    def review_gates(self) -> tuple[ReviewGate, ...]:
        """The gates that reviewing agents answer."""
        return tuple(g for g in self.gates if isinstance(g, ReviewGate))

    @property
    def human_gates(self) -> tuple[HumanGate, ...]:
        """The gates that people answer."""
        return tuple(g for g in self.gates if isinstance(g, HumanGate))

    @property
    def policy_gates(self) -> tuple[PolicyGate, ...]:
        """The gates that rules answer."""
        return tuple(g for g in self.gates if isinstance(g, PolicyGate))


class Definition(Record):
    """One workflow, whole: what a run pins by `digest` (sha256 of the file's bytes) when it starts."""

    name: str
    description: str
    digest: str
    steps: tuple[Step, ...]
    environment: EnvironmentSpec = EnvironmentSpec()
    agent_env: tuple[str, ...] = ()
    """Variables of a worker that its agents get beside the usual ones."""
    policies: tuple[Policy, ...] = ()
    """Those of the organization that are woven in: its digest then covers them, and `file` is that of the bytes."""
    file: str = ""
    budget: Budget | None = None
    """What a task that walks it may spend; each child of it has its own workflow."""

    def step(self, step_id: str) -> Step:
        """The step called `step_id`; a KeyError means the definition was not checked."""
        for step in self.steps:
            if step.id == step_id:
                return step
        raise KeyError(step_id)

    def owes_change(self, step_id: str) -> bool:
        """Whether the step's agent must change something: a later effect uses its commit, and not only its files."""
        gates = self.step(step_id).machine_gates
        only_hands_over = bool(gates) and all(isinstance(gate, ArtefactGate) for gate in gates)
        return not only_hands_over and any(step.effect for step in self.later(step_id))

    def later(self, step_id: str) -> tuple[Step, ...]:
        """The steps that some way leads to from `step_id` before it leads back, in the order of the file."""
        places = {step.id: place for place, step in enumerate(self.steps)}
        here = places[step_id]
        reached = {step_id}
        for step in self.steps[here:]:
            if step.id in reached:
                reached.update(to for to in self.followers(step.id) if places.get(to, -1) > places[step.id])
        return tuple(step for step in self.steps[here + 1 :] if step.id in reached)

    def followers(self, step_id: str) -> tuple[str, ...]:
        """The steps that may come next, in the order of the rules of `step_id`; `end` where the task may complete."""
        step = self.step(step_id)
        if step.next:
            return tuple(dict.fromkeys(rule.to for rule in step.next))
        following = self.steps[[known.id for known in self.steps].index(step_id) + 1 :][:1]
        return (following[0].id,) if following else (END,)

    def reject_target(self, step_id: str, way: Sequence[Step] = ()) -> Step | None:
        """Where a rejection returns the work: `on_reject`, else the agent's own step, else the agent step before it.

        `way` are the steps on which a task came there, where one did; else any step before it may be meant. None means
        that a rejection ends the task.
        """
        step = self.step(step_id)
        if step.on_reject is not None:
            return None if step.on_reject == END else self.step(step.on_reject)
        ids = [s.id for s in self.steps]
        before = way or self.steps[: ids.index(step_id) + 1]
        return next((s for s in reversed(before) if s.role is not None or s.fan_out is not None), None)
