"""What the verbs print that begin work, look at targets before, or put a live run right."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

from msgspec import Meta

from onloop.access.origin_look import TroubleKind
from onloop.cli.json_models.people_models import OutcomeJson
from onloop.records import Record


class TroubleJson(Record):
    """Something that is wrong or odd about a target."""

    kind: TroubleKind
    what: str
    works: Annotated[str, Meta(description="What would work.")]
    stops: Annotated[bool, Meta(description="Whether nothing can begin there.")]


class TargetLookJson(Record):
    """A target as it was found."""

    name: str
    origin: str
    branch: Annotated[str | None, Meta(description="What effects would move; HEAD's branch where none was named.")]
    tip: Annotated[str | None, Meta(description="The commit there.")]
    bytes: Annotated[int, Meta(description="How large its files are.")]
    ready: bool
    troubles: Sequence[TroubleJson]


class PreflightJson(Record):
    """A look at every target; nothing has begun."""

    begun: bool
    ready: int
    targets: Sequence[TargetLookJson]


class AddedJson(Record):
    """The tasks that were begun in a live fleet."""

    tasks: Sequence[str]


class AmendedJson(Record):
    """What each task said to its new workflow."""

    workflow: Annotated[str, Meta(description="The digest of the workflow's file.")]
    outcomes: Sequence[OutcomeJson]
