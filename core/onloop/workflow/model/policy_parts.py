"""Policies, as a gate of a workflow file or a file of the organization says them."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, WithJsonSchema

from onloop.workflow.model.field_values import POLICY_PLACE, WORKFLOW_NAME, People, WorkflowPart, complaint
from onloop.workflow.model.override_parts import OverridableBy

LONGEST_RULE = 4_000
ON_DENY = ("round", "ask")

Rule = Annotated[
    str,
    Field(
        min_length=1,
        max_length=LONGEST_RULE,
        examples=["change.count <= 500", "change.sensitive == 0 || people.approvers.size() >= 2"],
    ),
]
Explanation = Annotated[str, Field(max_length=1_000)]


class DemandPart(WorkflowPart):
    """Who must approve where the rule does not allow, and how many of them."""

    from_: Annotated[
        Annotated[People, Field(alias="from")], Field(description="people or groups who may approve, such as security")
    ]
    quorum: Annotated[int, Field(ge=1, le=10)] = Field(default=1, description="how many of them must")


class DenialPart(WorkflowPart):
    """What happens where the rule does not allow: one of the outcomes, or approvals that take the place of it."""

    outcome: Literal["round", "ask"] | None = Field(
        default=None, description="round: back to its agent; ask: a person decides what now"
    )
    approvals: DemandPart | None = Field(default=None, description="who must approve, in the place of the rule")


def _on_deny(given: Any) -> Any:
    is_word = isinstance(given, str)
    if (is_word and given not in ON_DENY) or given == {}:
        raise complaint(
            f"on_deny cannot be {str(given)[:60]!r}",
            "write round (back to the agent), ask (a person), or {approvals: {from: [security], quorum: 2}}",
        )
    return {"outcome": given} if is_word else given


_ON_DENY_SCHEMA = WithJsonSchema(
    {
        "anyOf": [
            {"enum": list(ON_DENY)},
            {
                "type": "object",
                "properties": {
                    "approvals": {
                        "type": "object",
                        "properties": {
                            "from": {
                                "type": "array",
                                "items": {"type": "string"},
                                "minItems": 1,
                                "maxItems": 50,
                                "description": "people or groups who may approve, such as security",
                            },
                            "quorum": {
                                "type": "integer",
                                "minimum": 1,
                                "maximum": 10,
                                "description": "how many different people must",
                            },
                        },
                        "required": ["from"],
                        "additionalProperties": False,
                        "description": "who must approve, in the place of the rule",
                    }
                },
                "required": ["approvals"],
                "additionalProperties": False,
            },
        ]
    }
)
OnDeny = Annotated[DenialPart, BeforeValidator(_on_deny), _ON_DENY_SCHEMA]
_ON_DENY = (
    "what happens where the rule does not allow: round (back to the agent, with `explain`), ask (a person), or "
    "approvals (people must approve); default: round where the rule reads `change` or `evidence`, else ask"
)


class PolicyPart(WorkflowPart):
    """A rule that must be exactly true."""

    rule: Annotated[Rule, Field(description="a rule in CEL over the facts that `onloop policy facts` lists")]
    explain: Explanation = Field(
        default="", description="what the rule asks and how to satisfy it, for whoever reads it"
    )
    on_deny: OnDeny | None = Field(default=None, description=_ON_DENY)


class CasePart(WorkflowPart):
    """Facts, and what the policy must say of them."""

    name: Annotated[str, Field(min_length=1, max_length=200, description="what the case shows")]
    facts: Annotated[dict[str, Any], Field(description="facts by name, such as {change: {count: 3}}")]
    expect: Annotated[Literal["allow", "deny"], Field(description="allow, or deny")]
    because: str | None = Field(
        default=None, max_length=200, description="a text that the words of the denial must contain"
    )


Place = Annotated[str, Field(pattern=POLICY_PLACE, examples=["effect:merge", "phase:develop", "every"])]


class PolicyFile(WorkflowPart):
    """A policy of the organization: a rule that steps of every workflow must satisfy."""

    policy: Annotated[
        Annotated[str, Field(pattern=WORKFLOW_NAME)],
        Field(description="its name, which is that of its gate after `policy/`"),
    ]
    at: Annotated[
        Annotated[list[Place], Field(min_length=1, max_length=20)],
        Field(description="at which steps it is judged: effect:merge, phase:NAME, step:ID or every"),
    ]
    rule: Annotated[Rule, Field(description="a rule in CEL over the facts that `onloop policy facts` lists")]
    explain: Annotated[
        Annotated[str, Field(min_length=1, max_length=1_000)],
        Field(description="what the rule asks and how to satisfy it, for whoever is stopped by it"),
    ]
    mode: Literal["enforce", "audit"] = Field(
        default="enforce", description="audit: it is judged, counted and shown, and stops nothing"
    )
    on_deny: OnDeny | None = Field(default=None, description=_ON_DENY)
    overridable_by: OverridableBy | None = Field(
        default=None, description="who may let work on past it though it denies; without it, nobody"
    )
    cases: Annotated[list[CasePart], Field(max_length=200)] = Field(
        default=[], description="what `onloop policy test` tries"
    )
