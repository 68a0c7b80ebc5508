"""What the verb harness prints with --json: failures that come again, and lessons."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Literal

from msgspec import Meta

from onloop.cli.json_models.envelope import AtMs
from onloop.cli.json_models.insight.proportion_models import ShareDifferenceJson, ShareJson
from onloop.insight.harness.recurrence import LessonWorth
from onloop.machine.lessons import StrikeKind
from onloop.records import Record


class FailureExampleJson(Record):
    """Where the log has one such failure. Code under judgement, an agent or a person wrote its words."""

    task: str
    event: Annotated[int, Meta(description="Its number in the log.")]
    at: AtMs
    words: str


class EncodingJson(Record):
    """What could be encoded against it."""

    kind: Literal["lesson", "agents-md", "test", "linter", "gate"]
    words: str
    command: Annotated[str, Meta(description="What proposes it.")]


class FailureJson(Record):
    """Failures of one pattern: the same cause, at the same gate of the same step."""

    id: str
    workflow: str
    step: str
    kind: StrikeKind
    gate: str
    cause: Annotated[str, Meta(description="What its failures have in common; somebody else's words.")]
    gap: Annotated[bool, Meta(description="Whether it is frequent enough to have something encoded against it.")]
    tasks: Annotated[int, Meta(description="In how many tasks it struck.")]
    strikes: Annotated[int, Meta(description="How often it struck.")]
    looked: Annotated[int, Meta(description="How often its gate looked at all.")]
    followed: Annotated[int, Meta(description="How many of those tasks were looked at again after its first strike.")]
    again: Annotated[int, Meta(description="How many of these it struck at that very next look.")]
    lost_ms: Annotated[int, Meta(description="From each strike to the next look, or the end, taken together.")]
    example: FailureExampleJson
    lessons: Annotated[Sequence[str], Meta(description="Lessons that are proposed or in force against it.")]
    encodings: Sequence[EncodingJson]


class LessonJson(Record):
    """A lesson, and how it does."""

    id: str
    failure: Annotated[str, Meta(description="The id of the pattern that it is against.")]
    workflow: str
    step: str
    gate: str
    cause: str
    text: str
    state: Literal["proposed", "in_force"]
    author: Annotated[str, Meta(description="The person who proposed it.")]
    proposed_at: AtMs
    evidence: str
    by: Annotated[str | None, Meta(description="The approver who adopted it.")]
    at: Annotated[int | None, Meta(description="When that was, in milliseconds since the epoch, UTC.")]
    without: Annotated[
        ShareJson, Meta(description="Of tasks whose refusal had no lesson: how many it struck at the next look.")
    ]
    told: Annotated[ShareJson, Meta(description="The same, of tasks whose refusal had this lesson.")]
    change: Annotated[ShareDifferenceJson, Meta(description="told less without.")]
    before: Annotated[ShareJson, Meta(description="Of all looks while it was not in force: how many it struck at.")]
    in_force: Annotated[ShareJson, Meta(description="The same, while it was in force.")]
    rate_change: ShareDifferenceJson
    worth: Annotated[LessonWorth, Meta(description="By tasks, which are counted once each.")]


class HarnessJson(Record):
    """Where agents get lost, most costly first, and how lessons do."""

    since: Annotated[int | None, Meta(description="Milliseconds since the epoch, UTC; none: from the first event.")]
    until: AtMs
    events: int
    looked: Annotated[int, Meta(description="Looks of gates, ends of attempts, decisions of people.")]
    strikes: Annotated[int, Meta(description="How many of them failed.")]
    rare: Annotated[int, Meta(description="How many of these are of causes that are not told one by one.")]
    failures: Sequence[FailureJson]
    lessons: Sequence[LessonJson]


class LessonsJson(Record):
    """The lessons that are proposed or in force."""

    lessons: Sequence[LessonJson]


class LessonProposedJson(Record):
    """A lesson that waits for an approver."""

    lesson: str
    failure: str
    text: str


class LessonChangeJson(Record):
    """Which lesson is told from now on, or no longer."""

    adopted: Sequence[str]
    dropped: Sequence[str]
