"""Gates, as a workflow file says them."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, ConfigDict, Field, WithJsonSchema

from onloop.machine.definition import Assurance
from onloop.workflow.model.field_values import (
    GATE_ID,
    Argv,
    Attached,
    BoxKind,
    Bytes,
    FileName,
    FilePath,
    Freshness,
    Grace,
    Holes,
    People,
    Timeout,
    Wait,
    WorkflowPart,
    complaint,
)
from onloop.workflow.model.outside_parts import ForgePart, HttpPart
from onloop.workflow.model.override_parts import OverridableBy
from onloop.workflow.model.policy_parts import PolicyPart
from onloop.workflow.model.report_parts import CoveragePart, SarifPart

GATE_KINDS = ("command", "file", "artefact", "github", "http", "policy", "review", "human")


class TestsPart(WorkflowPart):
    """What a test run must show beyond exit code 0."""

    __test__ = False

    min_tests: Annotated[int, Field(ge=1, le=1_000_000)] = Field(
        default=1, description="how many tests must have run at least"
    )
    max_skipped: Annotated[int, Field(ge=0, le=1_000_000)] | None = Field(
        default=None, description="how many of them may have been skipped at most"
    )
    no_fewer_than: Literal["base"] | None = Field(
        default=None, description="`base`: no fewer tests than ran on the base"
    )


class BaseTestsPart(WorkflowPart):
    """Which tests run on the head's code: those of the base, chosen by convention or by these patterns of paths."""

    from_: Annotated[
        Annotated[Literal["base"], Field(alias="from")],
        Field(description="`base`: tests of the base run over the code of the commit"),
    ]
    paths: Annotated[list[FilePath], Field(max_length=100)] = Field(
        default=[], description="patterns of the files that are tests (default: by convention)"
    )


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
                    "from": {
                        "const": "base",
                        "description": "`base`: tests of the base run over the code of the commit",
                    },
                    "paths": {
                        "type": "array",
                        "items": {"type": "string"},
                        "maxItems": 100,
                        "description": "patterns of the files that are tests (default: by convention)",
                    },
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

    path: Annotated[FilePath, Field(description="where the file must be in the commit")]
    contains: Annotated[str, Field(min_length=1, max_length=10_000)] | None = Field(
        default=None, description="a text that it must hold"
    )
    min_bytes: Bytes = Field(default=1, description="how large it must be at least")


class ArtefactPart(WorkflowPart):
    """A file that the agent must hand over beside its commit, in `$ONLOOP_OUT`."""

    name: Annotated[FileName, Field(description="the name of the file that the agent leaves in `$ONLOOP_OUT`")]
    min_bytes: Bytes = Field(default=1, description="how large it must be at least")


class EscalatePart(WorkflowPart):
    """Who else may decide when nobody has for a while."""

    after: Annotated[Wait, Field(description="how long nobody has decided")]
    to: Annotated[People, Field(description="people or groups who may decide from then on, too")]


class ExpirePart(WorkflowPart):
    """What happens when nobody decides at all. Approve is not in the list, on purpose."""

    after: Annotated[Wait, Field(description="how long nobody has decided")]
    outcome: Annotated[
        Literal["hold", "reject"],
        Field(description="what happens then: the task is held, or the work is rejected; it is never approved"),
    ]


class HumanPart(WorkflowPart):
    """Who must approve, how many of them, and how they are reminded; `not_by_amender`: nobody who amended the run."""

    from_: Annotated[
        Annotated[People, Field(alias="from")], Field(description="people or groups who may approve, such as approvers")
    ]
    quorum: Annotated[int, Field(ge=1, le=10)] = Field(default=1, description="how many of them must")
    assurance: Annotated[Assurance, Field(strict=False)] = Field(
        default=Assurance.A0,
        description="how well it must be proved who decides: A0, A1 or A2, see the guide on approvals",
    )
    remind: Wait | None = Field(default=None, description="how often they are reminded")
    escalate: EscalatePart | None = Field(default=None, description="who else may decide after a while")
    expire: ExpirePart | None = Field(default=None, description="what happens when nobody decides at all")
    fresh: Freshness | None = Field(
        default=None,
        description="how long ago their passphrase may have been proved; 0s: it is asked for each decision",
    )
    not_by_amender: bool = Field(default=False, description="whether somebody who amended the run may not approve")
    grace: Grace | None = Field(
        default=None,
        description="how long nothing follows from a decision, so that it may be taken back; 5s to 1h",
    )


class ReviewPart(WorkflowPart):
    """How many agents who had no part in the work must judge it a pass."""

    quorum: Annotated[int, Field(ge=1, le=5)] = Field(
        default=1, description="how many reviewing agents must judge it a pass"
    )


class GatePart(WorkflowPart):
    """A named check that must pass to leave a step, of one kind, such as command, file or human.

    `fails_on_base` says that it is known to fail before the work is done.
    """

    model_config = ConfigDict(json_schema_extra={"oneOf": [{"required": [kind]} for kind in GATE_KINDS]})

    id: Annotated[Annotated[str, Field(pattern=GATE_ID)], Field(description="what it is called; unique in its step")]
    command: Argv | None = Field(
        default=None, description="a program and its words, run in a clean checkout of the commit; 0 is a pass"
    )
    timeout: Timeout | None = Field(default=None, description="how long the command may take")
    junit: TestsPart | None = Field(
        default=None, description="what its JUnit report at `{report}` must show beyond exit code 0"
    )
    unittest: TestsPart | None = Field(
        default=None, description="what the last lines of Python's unittest must show beyond exit code 0"
    )
    coverage: CoveragePart | None = Field(
        default=None, description="how much of the code its coverage report at `{report}` must show as tested"
    )
    sarif: SarifPart | None = Field(default=None, description="which findings its SARIF report at `{report}` may hold")
    tests: TestsOf | None = Field(
        default=None,
        description="`base`: the base's tests are run over the commit's code, so that no test can be weakened",
    )
    file: FilePart | None = Field(default=None, description="a file that the commit must hold")
    artefact: ArtefactPart | None = Field(default=None, description="a file that the agent must hand over")
    github: ForgePart | None = Field(
        default=None, description="what GitHub must say of the commit: check runs, statuses, reviews"
    )
    http: HttpPart | None = Field(default=None, description="what an address of the web must answer")
    policy: PolicyPart | None = Field(default=None, description="a rule over recorded facts must be true")
    review: ReviewPart | None = Field(default=None, description="reviewing agents must judge the work a pass")
    human: HumanPart | None = Field(default=None, description="people must approve")
    network: bool = Field(default=False, description="whether the command may reach the network")
    nested: bool = Field(
        default=False, description="whether the command may make a box of its own, as browsers and build tools do"
    )
    box: BoxKind | None = Field(default=None, description="the weakest kind of box in which the command may run")
    open: Holes | None = Field(default=None, description="what is open to the command although a box closes it")
    fails_on_base: bool = Field(default=False, description="whether it is known to fail before the work is done")
    attach: Attached = Field(
        default=[], description="patterns of files that are kept with its evidence, such as reports/*.xml"
    )
    exclusive: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_-]{0,39}$")] | None = Field(
        default=None, description="a name: of all gates with it, on this machine, one runs at a time"
    )
    overridable_by: OverridableBy | None = Field(
        default=None,
        description="who may let work on past it though it does not pass, such as [leads]; without it, nobody",
    )
