"""Steps, what they fan out to, and the whole file."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, WithJsonSchema

from onloop.workflow.model.budget_parts import BudgetPart
from onloop.workflow.model.effect_parts import Effecting
from onloop.workflow.model.environment_parts import EnvironmentPart
from onloop.workflow.model.field_values import (
    AGENT,
    REJECT_TARGET,
    ROLE,
    WORKFLOW_NAME,
    AgentVariable,
    Argv,
    BoxKind,
    Few,
    FileName,
    Holes,
    MatrixValue,
    PartName,
    Pause,
    Share,
    StepId,
    Timeout,
    ValueName,
    Wait,
    WorkflowPart,
    complaint,
)
from onloop.workflow.model.gate_parts import GatePart
from onloop.workflow.model.graph_parts import Nexts
from onloop.workflow.model.override_parts import OverridableBy

Isolated = Literal["none", "clone", "box", "container", "vm"]


class AttemptsPart(WorkflowPart):
    """How often a step is tried before a person is asked, and the pause between tries, which doubles."""

    max: Few | None = Field(default=None, description="how many tries there are before a person is asked")
    backoff: Pause | None = Field(default=None, description="the pause before the second try; it doubles with each one")
    max_backoff: Pause | None = Field(default=None, description="the longest pause between two tries")


class ScorePart(WorkflowPart):
    """The command whose last line is a number: the child with the highest wins."""

    command: Annotated[Argv, Field(description="a command whose last line is a number: the higher, the better")]
    timeout: Timeout | None = Field(default=None, description="how long it may take")


class BestOfPart(WorkflowPart):
    """Which of the completed children is the best."""

    score: Annotated[ScorePart, Field(description="how children are compared")]


class JoinPart(WorkflowPart):
    """When enough children are done: a `quorum` of them, the `best_of` them, or all if neither is given."""

    quorum: Annotated[int, Field(ge=1, le=100)] | None = Field(
        default=None, description="how many children must be done; the others are sent away"
    )
    best_of: BestOfPart | None = Field(default=None, description="the best of all children goes on")


def _join_words(given: Any) -> Any:
    words = {"all": JoinPart(), "first": JoinPart(quorum=1)}
    if isinstance(given, str) and given not in words:
        raise complaint(f"{given[:60]!r} is not a join", "write all, first, {quorum: 2} or {best_of: {score: …}}")
    return words[given] if isinstance(given, str) else given


_JOIN_SCHEMA = WithJsonSchema({"anyOf": [{"enum": ["all", "first"]}, {"type": "object"}]})
Joining = Annotated[JoinPart, BeforeValidator(_join_words), _JOIN_SCHEMA]


class ResolvePart(WorkflowPart):
    """Who resolves a conflict between children's commits before a person is asked."""

    role: Annotated[
        Annotated[str, Field(pattern=ROLE)], Field(description="the role of the agent that resolves the conflict")
    ]
    rounds: Few = Field(default=3, description="how often failed gates go back to it")
    timeout: Timeout | None = Field(default=None, description="how long a try may take")
    gates: Annotated[list[GatePart], Field(max_length=50)] = Field(
        default=[], description="what must pass before its work is used"
    )


class BranchPart(WorkflowPart):
    """One of several ways that a step takes at once: a child with steps of its own."""

    steps: Annotated[
        Annotated[list[StepPart], Field(min_length=1, max_length=20)],
        Field(description="the steps that this branch walks"),
    ]
    brief: Annotated[str, Field(max_length=50_000)] = Field(default="", description="what its agents are told")
    after: Annotated[list[PartName], Field(max_length=20)] = Field(
        default=[], description="branches that must be done before it begins; it begins with their work"
    )


class FanOutPart(WorkflowPart):
    """Children of a step: by the lines of an artefact, by number, by branch, by combination, or as its agent spawns."""

    over: FileName | None = Field(default=None, description="an artefact: a child for each of its lines")
    count: Annotated[int, Field(ge=1, le=100)] | None = Field(default=None, description="so many children")
    spawn: Literal[True] | None = Field(
        default=None, description="the step's agent makes the children itself: onloop spawn"
    )
    branches: Annotated[dict[PartName, BranchPart], Field(min_length=1, max_length=20)] | None = Field(
        default=None, description="a child for each branch, by its name, with steps of its own"
    )
    matrix: (
        Annotated[
            dict[ValueName, Annotated[list[MatrixValue], Field(min_length=1, max_length=100)]],
            Field(min_length=1, max_length=10),
        ]
        | None
    ) = Field(default=None, description='a child for each combination of values: `{python: ["3.11", "3.12"]}`')
    exclude: Annotated[list[dict[ValueName, MatrixValue]], Field(max_length=100)] = Field(
        default=[], description="of a matrix: combinations that are left out, by some or all of their values"
    )
    most: Annotated[int, Field(ge=1, le=100)] = Field(default=20, description="how many children there may be at most")
    max_parallel: Annotated[int, Field(ge=1, le=100)] | None = Field(
        default=None, description="how many of them are worked on at once"
    )
    join: Joining = Field(
        default=JoinPart(), description="when enough are done: `all`, `first`, `{quorum: N}` or `{best_of: {score: …}}`"
    )
    environments: Annotated[list[Isolated], Field(max_length=5)] = Field(
        default=[], description="where an agent that spawns may ask for a child to work: onloop spawn --environment"
    )
    brief: Annotated[str, Field(max_length=50_000)] = Field(default="", description="what every child's agent is told")
    steps: Annotated[list[StepPart], Field(min_length=1, max_length=20)] | None = Field(
        default=None, description="the steps that each child walks; branches have their own"
    )
    resolve: ResolvePart | None = Field(
        default=None, description="who resolves a conflict between children's commits; without it, a person"
    )


class ContextPart(WorkflowPart):
    """How much of its context an agent may use before it should hand off (`soft`) and before rounds stop (`hard`)."""

    soft: Annotated[Share, Field(description="from how full an agent's context is it told to hand off")]
    hard: Annotated[Share, Field(description="from how full its context is it gets no more rounds")]


CallKind = Literal["read", "edit", "delete", "move", "search", "execute", "think", "fetch", "switch_mode", "other"]
"""Kinds of tool calls, as the Agent Client Protocol names them."""


class StepPart(WorkflowPart):
    """A micro-step: done by a `role`, by `run`, by an `effect`, by time (`wait`), or by its gates alone.

    `skip: when_met` starts no agent where its gates pass on what the agent would begin with.
    `agent` names the agent of the repository (a file in `.onloop/agents`) or the vendor that does the role's work.
    """

    id: Annotated[StepId, Field(description="phase.name, such as develop.implement; unique in the workflow")]
    role: Annotated[str, Field(pattern=ROLE)] | None = Field(
        default=None, description="the role of the agents that do it"
    )
    agent: Annotated[str, Field(pattern=AGENT)] | None = Field(
        default=None, description="the agent that does the role's work: a file in .onloop/agents, or a vendor"
    )
    permit: Annotated[list[CallKind], Field(max_length=20)] = Field(
        default=[], description="kinds of calls about which an agent that speaks ACP need not ask a person"
    )
    run: Argv | None = Field(
        default=None, description="a command that does it, without an agent: a program and its words"
    )
    effect: Effecting | None = Field(
        default=None, description="what the gateway changes outside, once: `merge`, `pull_request` or another kind"
    )
    wait: Wait | None = Field(
        default=None, description="how long the task stands here before it goes on by itself, such as 1h"
    )
    brief: Annotated[str, Field(max_length=50_000)] = Field(default="", description="what its agent is told")
    isolation: Isolated = Field(default="none", description="the least isolation of its agent that it accepts")
    not_by: Annotated[list[StepId], Field(max_length=100)] = Field(
        default=[], description="steps: whoever did one of them does not do this one"
    )
    timeout: Timeout | None = Field(default=None, description="how long a try may take")
    attempts: AttemptsPart = Field(
        default=AttemptsPart(), description="how often it is tried, and the pauses between tries"
    )
    rounds: Few = Field(
        default=3, description="how often failed gates go back to the same agent before a person is asked"
    )
    max_visits: Few = Field(default=3, description="how often the task may come to this step before a person is asked")
    gates: Annotated[list[GatePart], Field(max_length=50)] = Field(default=[], description="what must pass to leave it")
    on_reject: Annotated[str, Field(pattern=REJECT_TARGET)] | None = Field(
        default=None, description="the step that a rejection returns to, or `end`"
    )
    on_fail: StepId | None = Field(default=None, description="the step that goes on where its gates fail for good")
    on_conflict: StepId | None = Field(
        default=None, description="of a merge: the step whose agent mends a conflict before a person is asked"
    )
    fan_out: FanOutPart | None = Field(default=None, description="children that do it, and how their work becomes one")
    context: ContextPart | None = Field(default=None, description="how full its agent's context may be")
    budget: BudgetPart | None = Field(default=None, description="what all its agents may spend on it together")
    network: bool = Field(default=False, description="of `run`: whether the command may reach the network")
    nested: bool = Field(default=False, description="of `run`: whether the command may make a box of its own")
    box: BoxKind | None = Field(
        default=None, description="of `run`: the weakest kind of box in which the command may run"
    )
    open: Holes | None = Field(
        default=None, description="of `run`: what is open to the command although a box closes it"
    )
    skip: Literal["when_met"] | None = Field(
        default=None, description="`when_met`: no agent starts where the gates pass on what it would begin with"
    )
    overridable_by: OverridableBy | None = Field(
        default=None, description="of `run`: who may let work on past its command though it fails; without it, nobody"
    )
    uses: Annotated[str, Field(min_length=1, max_length=1_000)] | None = Field(
        default=None, description="a built-in, or a file of the same commit: its steps stand in the place of this one"
    )
    with_: Annotated[dict[ValueName, Annotated[str, Field(max_length=10_000)]], Field(max_length=20)] | None = Field(
        default=None, alias="with", description="of `uses`: texts that stand for `{with.NAME}` in its steps"
    )
    next: Nexts | None = Field(
        default=None, description="where it leads: the first rule that is true; without it, the step after it here"
    )


BranchPart.model_rebuild()
FanOutPart.model_rebuild()


class WorkflowFile(WorkflowPart):
    """A workflow: steps, in order. `agent_env` names variables of the worker that its agents get beside the usual."""

    workflow: Annotated[
        Annotated[str, Field(pattern=WORKFLOW_NAME)], Field(description="its name, such as raise-coverage")
    ]
    description: Annotated[str, Field(max_length=2_000)] = Field(
        default="", description="what it is for, in a sentence"
    )
    environment: EnvironmentPart = Field(
        default=EnvironmentPart(), description="what commands of gates find around them"
    )
    agent_env: Annotated[list[AgentVariable], Field(max_length=50)] = Field(
        default=[],
        description="variables of the worker that its agents get beside the usual ones, such as ANTHROPIC_API_KEY",
    )
    budget: BudgetPart | None = Field(
        default=None, description="what a task may spend on all its steps; children of a step have their own"
    )
    steps: Annotated[
        Annotated[list[StepPart], Field(min_length=1, max_length=100)],
        Field(description="what is done, in order; the first is where a task begins"),
    ]
