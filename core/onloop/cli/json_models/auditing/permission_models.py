"""What `onloop audit permissions --json` prints."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

from msgspec import Meta

from onloop.insight.permissions.permission_graph import Goal
from onloop.records import Record


class PermissionGrantJson(Record):
    """Who may what, and where."""

    kind: str
    holder: str
    may: str
    where: Annotated[str, Meta(description="On which repositories; empty where that is not the question.")]
    note: Annotated[str, Meta(description="Until when, by whom, or from what it is known.")]


class ChainLinkJson(Record):
    """One edge of a way."""

    to: str
    fact: Annotated[str, Meta(description="Why it is there.")]
    close: Annotated[str, Meta(description="What takes it away; empty where only another edge does.")]


class ChainJson(Record):
    """A way from an agent, or a credential, to what it must not reach."""

    goal: Goal
    start: str
    links: Sequence[ChainLinkJson]
    close: Annotated[str, Meta(description="What closes it.")]


class GoalJson(Record):
    """A goal, what it means, and how many ways lead to it."""

    goal: Goal
    means: str
    ways: int


class PermissionChangeJson(Record):
    """An event by which somebody or something may more, or less."""

    at: Annotated[int, Meta(description="Milliseconds since 1970, UTC.")]
    event: str
    about: str
    by: str


class DifferenceJson(Record):
    """What changed since an earlier audit."""

    new_ways: Sequence[str]
    gone_ways: Sequence[str]
    new_grants: Sequence[str]
    gone_grants: Sequence[str]


class PermissionsJson(Record):
    """Who and what may what, and the ways to what nobody else must reach."""

    store: str
    store_read: Annotated[bool, Meta(description="Whether the store itself was read, and not only its files.")]
    grants: Sequence[PermissionGrantJson]
    goals: Sequence[GoalJson]
    chains: Sequence[ChainJson]
    looked: Annotated[int, Meta(description="How many edges were looked for.")]
    unknown: Annotated[Sequence[str], Meta(description="What cannot be known from here, and who knows it.")]
    changes: Annotated[
        Sequence[PermissionChangeJson] | None, Meta(description="By the log since --since; null without it.")
    ] = None
    difference: Annotated[DifferenceJson | None, Meta(description="Against --against; null without it.")] = None
    unmet: Annotated[Sequence[str], Meta(description="The goals of --require to which a way leads.")] = ()
