"""What `onloop conformance` prints."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Literal

from msgspec import Meta

from onloop.records import Record


class CaseJson(Record):
    """A case of the conformance suite."""

    number: Annotated[int, Meta(description="Its number, for ever.")]
    level: Literal["agent", "human", "fleet", "trust"]
    end: Annotated[Literal["command", "url"], Meta(description="Through what it speaks: the command line, or HTTP.")]
    name: str
    says: Annotated[str, Meta(description="What the standard asks for.")]


class CasesJson(Record):
    """The cases of the conformance suite."""

    protocol: Annotated[int, Meta(description="The version of the protocol that they ask about.")]
    cases: Sequence[CaseJson]


class PlayedCaseJson(CaseJson):
    """What came of a case; the last three are empty where it passed."""

    result: Annotated[Literal["passed", "failed", "broken"], Meta(description="broken: it left nothing to judge.")]
    sent: str
    came: Annotated[str, Meta(description="Untrusted: what the gateway under trial answered.")]
    expected: str


class ConformanceJson(Record):
    """How a gateway keeps the standard."""

    protocol: Annotated[int, Meta(description="The version of the protocol that was asked about.")]
    conforms: Annotated[bool, Meta(description="Whether every case that was played has passed.")]
    passed: int
    failed: Annotated[int, Meta(description="How many did not pass.")]
    cases: Sequence[PlayedCaseJson]


class CalledCauseJson(Record):
    """One cause in a call."""

    cause: str
    headline: str
    tier: str
    reason: str
    tasks: Annotated[Sequence[str], Meta(description="Up to five of its tasks.")]
    count: int
    since: Annotated[str, Meta(description="ISO 8601, UTC.")]
    foreign_words: Annotated[str, Meta(description="Untrusted: what was said there, not by the gateway.")]
    command: Annotated[str, Meta(description="The command that shows it.")]
    link: str


class CalledJson(Record):
    """What needs somebody: one entry for each cause."""

    recipient: str
    subject: str
    causes: Sequence[CalledCauseJson]


class NeedsPersonJson(Record):
    """A call in the form of Standard Webhooks: its id, time and signature are in the headers."""

    type: Literal["onloop.needs_person"]
    timestamp: Annotated[str, Meta(description="ISO 8601, UTC.")]
    data: CalledJson
