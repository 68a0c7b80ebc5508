"""What the verb audit prints."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

from msgspec import Meta

from onloop.insight.audit.artefact import ArtefactStanding
from onloop.insight.audit.primitives import Degree, Primitive
from onloop.records import Record


class PrimitiveJson(Record):
    """One of the four things that working with agents takes."""

    primitive: Primitive
    degree: Degree
    evidence: Annotated[Sequence[str], Meta(description="What was seen of it.")]
    missing: Annotated[Sequence[str], Meta(description="What it lacks to be solved.")]
    next: Annotated[str, Meta(description="The next command for it; empty where it is solved.")]


class AgentSeenJson(Record):
    """A vendor's agent, as it is on this machine."""

    agent: str
    degree: Degree
    program: Annotated[str, Meta(description="Where it is; empty where it is not installed.")]
    logins: Annotated[Sequence[str], Meta(description="Files and variables in which a login is seen; none is read.")]
    hooks: Annotated[Sequence[str], Meta(description="Files that have our hook.")]
    next: str


class PlaceJson(Record):
    """A place that shows something."""

    path: str
    line: Annotated[int, Meta(description="0 where the whole file is meant.")]
    words: str


class AuditedArtefactJson(Record):
    """An artefact, and how it stands."""

    artefact: str
    standing: ArtefactStanding
    places: Sequence[PlaceJson]
    more: Annotated[int, Meta(description="How many places more there are than are named.")]
    words: str
    next: str


class AuditedRepositoryJson(Record):
    """What was seen of a repository."""

    name: str
    path: str
    commit: Annotated[str, Meta(description="Empty where its files were looked at as they lie.")]
    notes: Annotated[Sequence[str], Meta(description="What was not looked at, and why.")]
    primitives: Sequence[PrimitiveJson]
    agents: Sequence[AgentSeenJson]
    artefacts: Sequence[AuditedArtefactJson]
    unmet: Annotated[Sequence[str], Meta(description="What --require demands and is not so.")]


class AuditJson(AuditedRepositoryJson):
    """What was seen of the one repository that was asked about."""


class UnreadJson(Record):
    """A repository that could not be looked at."""

    path: str
    problem: str


class FleetAuditJson(Record):
    """What was seen of several repositories."""

    repositories: Sequence[AuditedRepositoryJson]
    unread: Sequence[UnreadJson]
