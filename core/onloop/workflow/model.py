"""The shape of a workflow file. `semantic_checks` checks whether the parts fit together."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, WithJsonSchema
from pydantic_core import PydanticCustomError

from onloop.errors import BadInput
from onloop.inherited import variable_problem
from onloop.machine.definition import Assurance
from onloop.workflow.duration import PATTERN as DURATION
from onloop.workflow.duration import milliseconds, written
from onloop.workflow.percentage import PATTERN as SHARE
from onloop.workflow.percentage import percentage

WORKFLOW_NAME = r"^[a-z][a-z0-9-]{0,63}$"
STEP_ID = r"^[a-z0-9_-]{1,64}\.[a-z0-9_-]{1,64}$"
REJECT_TARGET = rf"^end$|{STEP_ID}"
GATE_ID = r"^[a-z0-9][a-z0-9_-]{0,63}$"
ROLE = r"^[a-z][a-z0-9_-]{0,39}$"
AGENT = ROLE
PERSON = "^[A-Za-z0-9À-\uffff._-]{1,40}$"

GATE_KINDS = ("command", "file", "artefact", "review", "human")
SECOND, WEEK, YEAR = 1_000, 604_800_000, 31_536_000_000
OWN = "onloop"
"""The type of the errors with our own words: their context has `what` and `hint`."""

_ABSOLUTE_OR_OPTION = re.compile(r"[/~-]|[A-Za-z]:")
_NOT_IN_A_NAME = re.compile(r"[\\\n\t]")


def complaint(what: str, hint: str) -> PydanticCustomError:
    """An error that already says what is wrong and what would work."""
    return PydanticCustomError(OWN, "{what}; {hint}", {"what": what, "hint": hint})


def _between(least: int, most: int) -> Callable[[Any], Any]:
    def check(given: Any) -> Any:
        if not isinstance(given, str | int | float):
            raise complaint("that is not a duration", "write a text such as 500ms, 90s, 45m, 4h or 3d")
        try:
            found = milliseconds(str(given))
        except BadInput as problem:
            raise complaint(problem.message, problem.hint) from None
        if not least <= found <= most:
            raise complaint(f"{given!r} is out of bounds", f"give {written(least)} to {written(most)}")
        return found

    return check


def _share(given: Any) -> Any:
    if not isinstance(given, str) or not re.match(SHARE, given):
        raise complaint("that is not a share", "write a text such as 60%")
    try:
        return percentage(given)
    except BadInput as problem:
        raise complaint(problem.message, problem.hint) from None


def _file_path(given: str) -> str:
    parts = given.split("/")
    is_path = not _ABSOLUTE_OR_OPTION.match(given) and not _NOT_IN_A_NAME.search(given)
    if not is_path or any(part in {"", ".", ".."} for part in parts):
        raise complaint(
            f"{given[:80]!r} is not a path inside a repository", "write it as git does, such as docs/api.md"
        )
    return given


def _file_name(given: str) -> str:
    if given.startswith(("-", "~")) or given in {".", ".."} or "/" in given or _NOT_IN_A_NAME.search(given):
        raise complaint(f"{given[:80]!r} is not a plain file name", "write a name without a folder, such as notes.md")
    return given


def _agent_variable(given: str) -> str:
    if problem := variable_problem(given):
        raise complaint(problem, "name one such as ANTHROPIC_API_KEY; GIT_*, SSH_*, LD_* and ONLOOP_* are never given")
    return given


_DURATION_SCHEMA = WithJsonSchema({"type": "string", "pattern": DURATION, "examples": ["90s", "45m", "3d"]})
_SHARE_SCHEMA = WithJsonSchema({"type": "string", "pattern": SHARE, "examples": ["60%", "85%"]})
Share = Annotated[int, BeforeValidator(_share), _SHARE_SCHEMA]
Timeout = Annotated[int, BeforeValidator(_between(SECOND, WEEK)), _DURATION_SCHEMA]
Pause = Annotated[int, BeforeValidator(_between(0, WEEK)), _DURATION_SCHEMA]
Freshness = Annotated[int, BeforeValidator(_between(0, WEEK)), _DURATION_SCHEMA]
Wait = Annotated[int, BeforeValidator(_between(SECOND, YEAR)), _DURATION_SCHEMA]
StepId = Annotated[str, Field(pattern=STEP_ID)]
Argv = Annotated[list[Annotated[str, Field(max_length=10_000)]], Field(min_length=1, max_length=200)]
FilePath = Annotated[str, Field(min_length=1, max_length=1_000), AfterValidator(_file_path)]
FileName = Annotated[str, Field(min_length=1, max_length=200), AfterValidator(_file_name)]
People = Annotated[list[Annotated[str, Field(pattern=PERSON)]], Field(min_length=1, max_length=50)]
AgentVariable = Annotated[str, Field(min_length=1, max_length=100), AfterValidator(_agent_variable)]
Bytes = Annotated[int, Field(ge=1, le=100_000_000)]
BoxKind = Literal["landlock", "sandbox-exec", "namespaces", "bubblewrap"]
Holes = Annotated[list[Literal["container", "sudo", "gpu"]], Field(min_length=1, max_length=3)]
CacheName = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_-]{0,39}$")]
ToolName = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,39}$")]
VariableName = Annotated[str, Field(pattern=r"^[A-Z][A-Z0-9_]{0,79}$")]
Attached = Annotated[list[FilePath], Field(max_length=20)]
Few = Annotated[int, Field(ge=1, le=20)]


class WorkflowPart(BaseModel):
    """A mapping of a workflow file: no value is converted, and no unknown field is accepted."""

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True)


class CachePart(WorkflowPart):
    """Downloads that setup reads in `{cache}`: `fetch` has the network and sees no file but those in `key`."""

    name: CacheName
    fetch: Annotated[list[Argv], Field(min_length=1, max_length=20)]
    key: Annotated[list[FilePath], Field(max_length=50)] = []


class ServicePart(WorkflowPart):
    """A server beside the gates, in the same box and on its own loopback; `{data}` is an empty folder for it.

    It is ready when the command `ready` exits 0, or when `port` accepts a connection.
    """

    name: CacheName
    command: Argv
    prepare: Annotated[list[Argv], Field(max_length=20)] = []
    ready: Argv | None = None
    port: Annotated[int, Field(ge=1, le=65_535)] | None = None
    timeout: Timeout | None = None


class EnvironmentPart(WorkflowPart):
    """What commands find: `setup` once per content of the files in `cache_key`, `build` once per commit.

    `network` lets setup reach the network; `box` is the weakest kind of box for setup and every gate; `tools` names
    programs, `{python}` for python; `secrets` are seen by setup alone; `git`, `submodules` and `lfs` fill the checkout;
    `attach` are patterns of files that are kept as evidence.
    """

    setup: Annotated[list[Argv], Field(max_length=20)] = []
    build: Annotated[list[Argv], Field(max_length=20)] = []
    cache_key: Annotated[list[FilePath], Field(max_length=50)] = []
    caches: Annotated[list[CachePart], Field(max_length=10)] = []
    tools: Annotated[dict[ToolName, Annotated[str, Field(min_length=1, max_length=1_000)]], Field(max_length=20)] = {}
    services: Annotated[list[ServicePart], Field(max_length=10)] = []
    secrets: Annotated[list[VariableName], Field(max_length=20)] = []
    variables: Annotated[dict[VariableName, Annotated[str, Field(max_length=10_000)]], Field(max_length=50)] = {}
    network: bool = False
    git: bool = False
    submodules: bool = False
    lfs: bool = False
    attach: Attached = []
    box: BoxKind | None = None


class AttemptsPart(WorkflowPart):
    """How often a step is tried before a person is asked, and the pause between tries, which doubles."""

    max: Few | None = None
    backoff: Pause | None = None
    max_backoff: Pause | None = None


class TestsPart(WorkflowPart):
    """What a test run must show beyond exit code 0."""

    __test__ = False

    min_tests: Annotated[int, Field(ge=1, le=1_000_000)] = 1
    max_skipped: Annotated[int, Field(ge=0, le=1_000_000)] | None = None
    no_fewer_than: Literal["base"] | None = None


class BaseTestsPart(WorkflowPart):
    """Which tests run on the head's code: those of the base, chosen by convention or by these patterns of paths."""

    from_: Annotated[Literal["base"], Field(alias="from")]
    paths: Annotated[list[FilePath], Field(max_length=100)] = []


def _base_tests(given: Any) -> Any:
    if isinstance(given, str) and given != "base":
        raise complaint(f"{given[:60]!r} has no tests to run", "write base or {from: base, paths: [tests/**]}")
    return {"from": "base"} if isinstance(given, str) else given


_BASE_TESTS_SCHEMA = WithJsonSchema(
    {
        "anyOf": [
            {"const": "base"},
            {
                "type": "object",
                "properties": {
                    "from": {"const": "base"},
                    "paths": {"type": "array", "items": {"type": "string"}, "maxItems": 100},
                },
                "required": ["from"],
                "additionalProperties": False,
            },
        ]
    }
)
TestsOf = Annotated[BaseTestsPart, BeforeValidator(_base_tests), _BASE_TESTS_SCHEMA]


class FilePart(WorkflowPart):
    """A file that the submitted commit must hold."""

    path: FilePath
    contains: Annotated[str, Field(min_length=1, max_length=10_000)] | None = None
    min_bytes: Bytes = 1


class ArtefactPart(WorkflowPart):
    """A file that the agent must hand over beside its commit, in `$ONLOOP_OUT`."""

    name: FileName
    min_bytes: Bytes = 1


class EscalatePart(WorkflowPart):
    """Who else may decide when nobody has for a while."""

    after: Wait
    to: People


class ExpirePart(WorkflowPart):
    """What happens when nobody decides at all. Approve is not in the list, on purpose."""

    after: Wait
    outcome: Literal["hold", "reject"]


class HumanPart(WorkflowPart):
    """Who must approve, how many of them, and how they are reminded; `not_by_amender`: nobody who amended the run."""

    from_: Annotated[People, Field(alias="from")]
    quorum: Annotated[int, Field(ge=1, le=10)] = 1
    assurance: Annotated[Assurance, Field(strict=False)] = Assurance.A0
    remind: Wait | None = None
    escalate: EscalatePart | None = None
    expire: ExpirePart | None = None
    fresh: Freshness | None = None
    not_by_amender: bool = False


class ReviewPart(WorkflowPart):
    """How many agents who had no part in the work must judge it a pass."""

    quorum: Annotated[int, Field(ge=1, le=5)] = 1


class GatePart(WorkflowPart):
    """A named check that must pass to leave a step, of exactly one kind: command, file, artefact, review or human.

    `fails_on_base` says that it is known to fail before the work is done.
    """

    model_config = ConfigDict(json_schema_extra={"oneOf": [{"required": [kind]} for kind in GATE_KINDS]})

    id: Annotated[str, Field(pattern=GATE_ID)]
    command: Argv | None = None
    timeout: Timeout | None = None
    junit: TestsPart | None = None
    unittest: TestsPart | None = None
    tests: TestsOf | None = None
    file: FilePart | None = None
    artefact: ArtefactPart | None = None
    review: ReviewPart | None = None
    human: HumanPart | None = None
    network: bool = False
    nested: bool = False
    box: BoxKind | None = None
    open: Holes | None = None
    fails_on_base: bool = False
    attach: Attached = []
    exclusive: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_-]{0,39}$")] | None = None


class ScorePart(WorkflowPart):
    """The command whose last line is a number: the child with the highest wins."""

    command: Argv
    timeout: Timeout | None = None


class BestOfPart(WorkflowPart):
    """Which of the completed children is the best."""

    score: ScorePart


class JoinPart(WorkflowPart):
    """When enough children are done: a `quorum` of them, the `best_of` them, or all if neither is given."""

    quorum: Annotated[int, Field(ge=1, le=100)] | None = None
    best_of: BestOfPart | None = None


def _join_words(given: Any) -> Any:
    words = {"all": JoinPart(), "first": JoinPart(quorum=1)}
    if isinstance(given, str) and given not in words:
        raise complaint(f"{given[:60]!r} is not a join", "write all, first, {quorum: 2} or {best_of: {score: …}}")
    return words[given] if isinstance(given, str) else given


_JOIN_SCHEMA = WithJsonSchema({"anyOf": [{"enum": ["all", "first"]}, {"type": "object"}]})
Joining = Annotated[JoinPart, BeforeValidator(_join_words), _JOIN_SCHEMA]


class ResolvePart(WorkflowPart):
    """Who resolves a conflict between children's commits before a person is asked."""

    role: Annotated[str, Field(pattern=ROLE)]
    rounds: Few = 3
    timeout: Timeout | None = None
    gates: Annotated[list[GatePart], Field(max_length=50)] = []


class FanOutPart(WorkflowPart):
    """Children of a step: one per line of the artefact `over`, `count` of them, or as the step's agent spawns them."""

    over: FileName | None = None
    count: Annotated[int, Field(ge=1, le=100)] | None = None
    spawn: Literal[True] | None = None
    most: Annotated[int, Field(ge=1, le=100)] = 20
    max_parallel: Annotated[int, Field(ge=1, le=100)] | None = None
    join: Joining = JoinPart()
    brief: Annotated[str, Field(max_length=50_000)] = ""
    steps: Annotated[list[StepPart], Field(min_length=1, max_length=20)]
    resolve: ResolvePart | None = None


class ContextPart(WorkflowPart):
    """How much of its context an agent may use before it should hand off (`soft`) and before rounds stop (`hard`)."""

    soft: Share
    hard: Share


class StepPart(WorkflowPart):
    """A micro-step: done by a `role`, by `run`, by an `effect`, or by its gates alone.

    `skip: when_met` starts no agent where its gates pass on what the agent would begin with.
    `agent` names the agent of the repository (a file in `.onloop/agents`) or the vendor that does the role's work.
    """

    id: StepId
    role: Annotated[str, Field(pattern=ROLE)] | None = None
    agent: Annotated[str, Field(pattern=AGENT)] | None = None
    run: Argv | None = None
    effect: Literal["merge"] | None = None
    brief: Annotated[str, Field(max_length=50_000)] = ""
    isolation: Literal["none", "clone"] = "none"
    not_by: Annotated[list[StepId], Field(max_length=100)] = []
    timeout: Timeout | None = None
    attempts: AttemptsPart = AttemptsPart()
    rounds: Few = 3
    max_visits: Few = 3
    gates: Annotated[list[GatePart], Field(max_length=50)] = []
    on_reject: Annotated[str, Field(pattern=REJECT_TARGET)] | None = None
    on_fail: StepId | None = None
    on_conflict: StepId | None = None
    fan_out: FanOutPart | None = None
    context: ContextPart | None = None
    network: bool = False
    nested: bool = False
    box: BoxKind | None = None
    open: Holes | None = None
    skip: Literal["when_met"] | None = None


FanOutPart.model_rebuild()


class WorkflowFile(WorkflowPart):
    """A workflow: steps, in order. `agent_env` names variables of the worker that its agents get beside the usual."""

    workflow: Annotated[str, Field(pattern=WORKFLOW_NAME)]
    description: Annotated[str, Field(max_length=2_000)] = ""
    environment: EnvironmentPart = EnvironmentPart()
    agent_env: Annotated[list[AgentVariable], Field(max_length=50)] = []
    steps: Annotated[list[StepPart], Field(min_length=1, max_length=100)]
