"""What the verb policy prints."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

from msgspec import Meta

from onloop.machine.definition import DenyOutcome, PolicyMode
from onloop.records import Record


class PolicyJson(Record):
    """A policy of the organization that is in force for runs that start now."""

    name: str
    mode: PolicyMode
    at: Annotated[Sequence[str], Meta(description="The steps at which it is judged.")]
    rule: Annotated[str, Meta(description="In CEL.")]
    explain: str
    on_deny: DenyOutcome
    approvers: Sequence[str]
    quorum: int
    override: Annotated[Sequence[str], Meta(description="Who may bypass it; nobody where it is empty.")]
    digest: Annotated[str, Meta(description="sha256 of everything that it says.")]
    by: Annotated[str, Meta(description="Who adopted it.")]
    reason: str


class PoliciesJson(Record):
    """The policies in force."""

    policies: Sequence[PolicyJson]


class PolicyCaseJson(Record):
    """A case of a policy file, and what came of it."""

    name: str
    at: Annotated[str, Meta(description="file:line:col.")]
    expect: str
    met: bool
    words: Annotated[str, Meta(description="What the rule said, and the facts that it read.")]
    absorbed: Annotated[Sequence[str], Meta(description="Parts that failed without changing what came out.")]


class PolicyTestJson(Record):
    """What came of the cases of policy files."""

    ok: bool
    policies: Annotated[Sequence[str], Meta(description="Those whose files could be read.")]
    cases: Sequence[PolicyCaseJson]
    problems: Annotated[Sequence[str], Meta(description="Each as file:line:col: what; what would work.")]


class FactJson(Record):
    """A fact that a rule may read."""

    path: Annotated[str, Meta(description="* stands for a name, such as a gate's.")]
    type: Annotated[str, Meta(description="In the words of CEL.")]
    words: str


class FactsJson(Record):
    """Every fact that a rule may read."""

    facts: Sequence[FactJson]


class PolicyAnswerJson(Record):
    """What one policy says of a task, as it is now."""

    gate: Annotated[str, Meta(description="A policy of the organization begins with policy/.")]
    step: Annotated[str, Meta(description="Where it is judged; empty for one that this run did not pin.")]
    mode: PolicyMode
    allows: bool
    words: str
    values: Annotated[Sequence[str], Meta(description="The facts that it read.")]
    pinned: Annotated[bool, Meta(description="Whether the run of the task is held to it.")]


class PolicyCheckJson(Record):
    """What every policy says of a task now; nothing of it is recorded."""

    task: str
    dry_run: bool
    answers: Sequence[PolicyAnswerJson]


class PolicySourceJson(Record):
    """A policy that comes with onloop."""

    source: Annotated[str, Meta(description="YAML.")]


class ShippedPoliciesJson(Record):
    """The policies that come with onloop."""

    shipped: Annotated[Sequence[str], Meta(description="Their names.")]


class PolicyChangeJson(Record):
    """Policies that were adopted or dropped."""

    adopted: Sequence[str]
    dropped: Sequence[str]
