"""What the verbs print that show what needs people, and keep what they said about it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated

from msgspec import Meta

from onloop.attention.board import HowHidden
from onloop.attention.items import Tier
from onloop.attention.lifecycle import Stage
from onloop.attention.viewer import Scope
from onloop.cli.json_models.envelope import AtMs
from onloop.machine.state import Reason
from onloop.records import Record


class LifeJson(Record):
    """How far people are with a cause."""

    stage: Stage
    by: Annotated[str, Meta(description="Who brought it there; empty while it is new.")]
    at: AtMs
    until: Annotated[int | None, Meta(description="When an acknowledgement lapses (ms).")]
    news: Annotated[int, Meta(description="How many have joined since somebody looked.")]


class MemberJson(Record):
    """A task that shares a cause."""

    task: str
    repo: str | None
    since: AtMs
    version: int
    requests: Annotated[Sequence[str], Meta(description="What it asks of people.")]
    whose: Annotated[str | None, Meta(description="The person or group whose it is, where somebody said so.")] = None


class TextJson(Record):
    """One of the texts that share a cause."""

    text: str
    count: Annotated[int, Meta(description="How many tasks have it.")]
    task: Annotated[str, Meta(description="The one that has had it longest.")]


class GroupJson(Record):
    """One cause with everyone who shares it, and how far people are with it."""

    life: LifeJson
    clock: Annotated[int | None, Meta(description="When the first of theirs runs out (ms).")]
    overdue: bool
    cause: Annotated[str, Meta(description="Its name, in 8 letters.")]
    reason: Reason
    tier: Annotated[Tier, Meta(description="How pressing it is: lower comes first.")]
    headline: str
    detail: str
    workflow: str
    step: str
    gate: str | None
    since: AtMs
    members: Sequence[MemberJson]
    texts: Annotated[Sequence[TextJson], Meta(description="Its different texts, the most frequent first; at most 20.")]
    text_count: Annotated[int, Meta(description="How many different texts there are.")]
    acts: Annotated[Sequence[str], Meta(description="What people split off or merged to make it, in words.")]
    content: Annotated[str | None, Meta(description="The digest of the one change that all ask to approve.")]


class HiddenJson(GroupJson):
    """What is not shown of one cause: how, by whom, until when."""

    how: HowHidden
    by: str
    until: Annotated[int | None, Meta(description="Until when (ms); null: until that changes.")]
    words: str
    rule: Annotated[str | None, Meta(description="The mute that hides it: onloop unmute takes it.")]


class CauseJson(Record):
    """A cause, with its texts, and what people did to it."""

    cause: Annotated[str, Meta(description="Its name, in 8 letters.")]
    headline: str
    tasks: Annotated[int, Meta(description="How many tasks have it.")]
    texts: Annotated[Sequence[TextJson], Meta(description="Its different texts, the most frequent first; at most 20.")]
    text_count: Annotated[int, Meta(description="How many different texts there are.")]
    acts: Annotated[Sequence[str], Meta(description="What people split off or merged to make it, in words.")]


class CausesJson(Record):
    """The causes that came of what was said: after a split several, after a merge one."""

    causes: Sequence[CauseJson]


class CountsJson(Record):
    """The numbers of the dashboard's header, in items: but for `blocked` and `bypassed`, together they are all."""

    needs_you: Annotated[int, Meta(description="How many need the person who looks.")]
    blocked: Annotated[int, Meta(description="How many of these do because the machine gave up.")]
    causes: Annotated[int, Meta(description="How many causes the blocked items have.")]
    failed: int
    acknowledged: int
    snoozed: int
    muted: int
    inhibited: int
    stalled: Annotated[int, Meta(description="How many wait for an agent that is silent, or for what is outside.")]
    for_others: Annotated[int, Meta(description="How many are outside the scope of the person who looks.")]
    bypassed: Annotated[int, Meta(description="How many of all these tell of a gate that somebody bypassed.")]


class FrozenJson(Record):
    """A scope in which nothing moves."""

    scope: str
    by: str
    reason: str


class AttentionJson(Record):
    """What needs a person, one group for each cause, the most pressing first; and what is hidden."""

    groups: Sequence[GroupJson]
    hidden: Sequence[HiddenJson]
    counts: CountsJson
    needs_person: Annotated[int, Meta(description="How many items need a person, shown or hidden.")]
    frozen: Sequence[FrozenJson]
    store: Annotated[str, Meta(description="The folder of the store that was asked, or the URL of its gateway.")]
    scope: Annotated[Scope, Meta(description="Which part is shown; the rest is counted.")]
    viewer: Annotated[str | None, Meta(description="Who looks; null: nobody known, so everything is shown.")]


class MarkedJson(Record):
    """How a cause is shown after what a person said about it."""

    cause: str
    hidden: bool
    stage: Stage
    words: str


class MuteJson(Record):
    """A mute that was made."""

    rule: Annotated[str, Meta(description="Its id, for onloop unmute.")]
    covers: Annotated[Mapping[str, str], Meta(description="The fields that an item must equal.")]
    until: AtMs
    muted: Annotated[int, Meta(description="How many items it hides now.")]


class UnmuteJson(Record):
    """A mute that was lifted."""

    unmuted: str
