"""What `onloop tickets` prints."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

from msgspec import Meta

from onloop.records import Record


class TicketJson(Record):
    """A ticket, and the live task that it began."""

    name: str
    url: str
    title: Annotated[str, Meta(description="What it is called there; foreign text.")]
    labels: Sequence[str]
    task: Annotated[str | None, Meta(description="Its task; null where it has none.")]
    begun: Annotated[bool, Meta(description="Whether that task was begun just now.")]


class TicketsJson(Record):
    """The open tickets that were asked for."""

    tickets: Sequence[TicketJson]
    begun: int
