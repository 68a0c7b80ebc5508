"""What the verbs print that begin work and look at it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated

from msgspec import Meta

from onloop.attention.responsibility import Actor
from onloop.cli.json_models.attention_models import CountsJson
from onloop.cli.json_models.envelope import AtMs
from onloop.machine.state import Reason, State
from onloop.records import Record
from onloop.store.port import Recorded


class SubAgentJson(Record):
    """A sub-agent in the process of a task's agent, as that agent says."""

    id: str
    kind: str
    doing: str
    since: AtMs
    said_at: AtMs
    process_of: Annotated[str, Meta(description="The task whose agent has it in its process.")]


class SubAgentsJson(Record):
    """What agents say of their own processes."""

    sub_agents: Sequence[SubAgentJson]


class EnvironmentJson(Record):
    """Where an agent worked, as its launcher attested it."""

    id: str
    kind: str
    isolation: Annotated[str, Meta(description="How far it separates, as it counts.")]
    host: str
    image: str
    digest: str
    details: tuple[str, ...]
    by: Annotated[str, Meta(description="The launcher that attests it.")]
    trust: Annotated[str, Meta(description="Who vouches for the launcher.")]
    at: AtMs
    is_current: Annotated[bool, Meta(description="Whether the agent that holds the task works in it.")]


class UsedJson(Record):
    """What a task took: claims and time as the gateway measured them, tokens and cost as its agents told them."""

    tokens_in: Annotated[int | None, Meta(description="All that went in, from caches too; null where none was told.")]
    tokens_cached: Annotated[int | None, Meta(description="Of these, those that were read from a cache.")]
    tokens_out: int | None
    micro_usd: Annotated[int | None, Meta(description="The cost in millionths of a dollar; null where none was told.")]
    claims: Annotated[int, Meta(description="How often it was given to an agent.")]
    held_ms: Annotated[int, Meta(description="For how long agents had held it when their leases ended.")]
    telling: Annotated[int, Meta(description="In how many of its claims agents told tokens.")]
    priced: Annotated[int, Meta(description="In how many of its claims agents told a cost.")]


class TaskJson(Record, kw_only=True):
    """A task as it is recorded."""

    task: str
    run: str
    parent: str | None
    repo: str | None
    title: str
    workflow: str
    state: State
    reason: Annotated[Reason | None, Meta(description="Why it is not moving.")]
    recorded_reason: Annotated[Reason | None, Meta(description="Why it is not moving, as the log says.")]
    detail: str
    step: str | None
    since: AtMs
    holder: Annotated[str | None, Meta(description="The agent that holds its lease.")]
    attempt: int
    round: int
    context: Annotated[int | None, Meta(description="How full its agent's context is, in percent.")]
    unread: Annotated[int, Meta(description="How many messages its agent has not read.")]
    head: Annotated[
        str | None,
        Meta(
            description="Deprecated: the submitted commit, or in the answer of a write the end of the log; "
            "read `commit` and `log_head`, which mean one thing each."
        ),
    ]
    commit: Annotated[str | None, Meta(description="The submitted commit.")]
    result: Annotated[str | None, Meta(description="The commit that the target was moved to.")]
    version: Annotated[int, Meta(description="How many events it has.")]
    environment: Annotated[EnvironmentJson | None, Meta(description="Where its last agent worked.")]
    used: Annotated[UsedJson | None, Meta(description="What it took; left out where nobody was given it yet.")] = None


class OwnershipJson(Record):
    """What a task owns, what it waits for, and who may act."""

    part: Annotated[str, Meta(description="Untrusted: what tells it from its siblings, or its repository.")]
    files: Annotated[Sequence[str], Meta(description="Untrusted: the paths that whoever divided the work named.")]
    waits_for: str
    actor: Annotated[Actor, Meta(description="Of which kind whoever may act is.")]
    may_act: Annotated[Sequence[str], Meta(description="People, groups, agents or roles; none: any of that kind.")]


class TaskNowJson(TaskJson):
    """A task as it stands now, whose lease may have run out though nothing has recorded that."""

    lapsed: Annotated[bool, Meta(description="Whether its lease has run out, and nothing has recorded that yet.")]
    untrusted: SubAgentsJson
    owns: OwnershipJson


class PastJson(Record):
    """The moment as of which something is told."""

    seq: Annotated[int, Meta(description="The newest event by then.")]
    at: AtMs
    archived: Annotated[int, Meta(description="How many runs are left out, whose events are in archives.")]


class TasksJson(Record):
    """Tasks as they stand now, oldest first; or as they stood."""

    tasks: Sequence[TaskNowJson]
    store: Annotated[str, Meta(description="The folder of the store that they are in, or the URL of its gateway.")]
    counts: CountsJson
    past: Annotated[PastJson | None, Meta(description="When they stood so; left out of what stands now.")] = None


class WhyJson(TaskNowJson):
    """A task, with why it stands where it stands and what would move it."""

    why: Annotated[Mapping[str, str], Meta(description="Sentences by their labels.")]


class FleetJson(TaskJson):
    """The root of a fleet that was begun."""

    tasks: Annotated[int, Meta(description="How many repositories it is over.")]


class LogJson(Record):
    """Events of the log, in order; `at` is in milliseconds since the epoch, `data` is JSON in a text."""

    events: Sequence[Recorded]


class DemoEndJson(Record):
    """How a task of the demo ended."""

    task: str
    name: str
    persona: str
    state: State
    merged: bool
    differences: Annotated[Sequence[str], Meta(description="How its end differs from what the scenario says.")]


class DemoLeftJson(Record):
    """A demo that a person has left."""

    dir: str
    left: Annotated[str, Meta(description="`leave` where it goes on by itself, `stop` where it stands still.")]


class DemoJson(Record):
    """How a demo ended that a script decided."""

    ok: bool
    dir: str
    seconds: Annotated[str, Meta(description="How long it took, with one decimal.")]
    events: int
    problems: Sequence[str]
    tasks: Sequence[DemoEndJson]


class VersionJson(Record):
    """The version of onloop."""

    version: str


class NoStoreJson(Record):
    """That there is no store yet, and which verbs make one."""

    store: None
    next: Annotated[Sequence[str], Meta(description="Verbs.")]


class LogPartJson(Record):
    """The end of what one run of an agent, one gate or one effect wrote."""

    kind: Annotated[str, Meta(description="agent, gate, base or effect.")]
    heading: str
    attempt: int
    at: AtMs
    lines: Annotated[Sequence[str], Meta(description="Untrusted: safe to show, secrets masked.")]


class LogsJson(Record):
    """The end of what a task's agents, gates and effects wrote."""

    task: str
    path: Annotated[str, Meta(description="The file that holds it.")]
    lines: Annotated[Sequence[str], Meta(description="Untrusted: agents' words, safe to show, secrets masked.")]
    parts: Annotated[Sequence[LogPartJson], Meta(description="The parts that were asked for, the oldest first.")]
