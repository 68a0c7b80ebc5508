"""What the verbs about schedules, calls and what needs people print."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

from msgspec import Meta

from onloop.records import Record


class FiringJson(Record):
    """A firing of a schedule, and what came of it."""

    firing: str
    planned: Annotated[str, Meta(description="UTC.")]
    state: Annotated[str, Meta(description="waiting, taken, started, skipped or failed.")]
    run: Annotated[str | None, Meta(description="The run that it began.")]
    words: Annotated[str, Meta(description="Why not, or why later.")]


class ScheduleJson(Record):
    """A schedule that is in force."""

    schedule: str
    cron: str
    zone: str
    begins: Annotated[str, Meta(description="A workflow and its repository, or a fleet file.")]
    overlap: str
    missed: str
    jitter_ms: int
    next: Annotated[str | None, Meta(description="UTC; null while it is paused.")]
    paused_by: str | None
    running: Annotated[str | None, Meta(description="The run of an earlier firing that goes on.")]
    by: Annotated[str, Meta(description="Who adopted it.")]
    reason: str
    trouble: Annotated[str | None, Meta(description="Why it begins nothing at present.")]
    firings: Annotated[Sequence[FiringJson], Meta(description="The newest first.")]


class SchedulesJson(Record):
    """The schedules in force."""

    schedules: Sequence[ScheduleJson]


class ScheduleChangeJson(Record):
    """Schedules that were adopted, dropped, paused or resumed."""

    adopted: Sequence[str]
    dropped: Sequence[str]
    paused: Sequence[str]
    resumed: Sequence[str]


class FiredJson(Record):
    """A firing that somebody asked for."""

    firing: str
    state: str
    run: str | None
    words: str


class CallRuleJson(Record):
    """A rule of calls."""

    rule: str
    about: Annotated[str, Meta(description="Which causes it is about, in words.")]
    dwell_ms: int
    digest_ms: int
    ladder: Annotated[Sequence[Sequence[str]], Meta(description="Whom it calls first, and then.")]


class RecipientJson(Record):
    """Somebody who is called."""

    recipient: str
    channels: Sequence[str]
    quiet: Annotated[str, Meta(description="When not; empty where always.")]


class CallRulesJson(Record):
    """The rules in force, and the channels that this machine knows."""

    rules: Sequence[CallRuleJson]
    recipients: Sequence[RecipientJson]
    channels: Annotated[Sequence[str], Meta(description="In calls.toml of the store; empty where it is elsewhere.")]


class CallsChangedJson(Record):
    """Rules of calls that were adopted; none where they were dropped."""

    rules: Sequence[str]


class PlannedCallJson(Record):
    """A call that the rules ask for now, or why there is none."""

    cause: str
    rule: str
    recipient: str
    channel: str
    state: Annotated[str, Meta(description="now, or why not (yet).")]
    text: Annotated[str, Meta(description="What would be sent.")]


class CallsPlannedJson(Record):
    """What would be sent now, and why not."""

    calls: Sequence[PlannedCallJson]
    problems: Annotated[Sequence[str], Meta(description="What would keep calls from going out.")]


class CallJson(Record):
    """A call: to whom, about what, and what came of it."""

    call: str
    cause: str
    rule: str
    level: int
    recipient: str
    channel: str
    state: str
    due: str
    sent: str | None
    attempts: int
    message: Annotated[str, Meta(description="The id that went along; those of one message share it.")]
    words: str


class CallLogJson(Record):
    """The calls that are remembered, the newest first."""

    calls: Sequence[CallJson]


class WatchedJson(Record):
    """A change of what needs people; `watch` prints one such object a line."""

    change: Annotated[str, Meta(description="new, changed, cleared or decided.")]
    cause: str
    headline: str
    tier: str
    reason: str
    tasks: Annotated[Sequence[str], Meta(description="Those that share the cause; of a decision, the task.")]
    by: Annotated[str, Meta(description="Who decided.")]
    since: Annotated[str, Meta(description="UTC; since when it needs somebody.")]
    seq: Annotated[int, Meta(description="Where the log stood; --since goes on from here.")]


class WatchEndedJson(Record):
    """The last line of `watch`: where the log stood when it ended."""

    seq: int
