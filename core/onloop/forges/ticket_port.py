"""What onloop needs of a tracker: tickets to read, one comment of ours on each, and the end of one.

Everything that a tracker says is foreign text. `ForgeTrouble` passes, `ForgeRefused` does not.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from onloop.records import Record


class Ticket(Record):
    """A ticket: `project` is `owner/name` at a forge, or the key of a team; `name` is what people call it."""

    host: str
    project: str
    number: int
    name: str
    url: str
    title: str
    body: str
    author: str
    is_open: bool = True
    labels: tuple[str, ...] = ()


class TicketComment(Record):
    """A comment on a ticket; `is_ours` says that our own account wrote it."""

    id: str
    body: str
    is_ours: bool


class Tickets(Protocol):
    """The tickets of one project, as one account sees them."""

    def ticket(self, number: int) -> Ticket:
        """The ticket with a number."""
        ...

    def open_tickets(self, labels: Sequence[str]) -> tuple[Ticket, ...]:
        """Open tickets that have all these labels."""
        ...

    def comments(self, ticket: Ticket) -> tuple[TicketComment, ...]:
        """What is said on it, oldest first."""
        ...

    def comment(self, ticket: Ticket, body: str) -> None:
        """Say something new."""
        ...

    def update_comment(self, ticket: Ticket, id: str, body: str) -> None:  # noqa: A002 - the field's own word
        """Say it otherwise."""
        ...

    def finish(self, ticket: Ticket) -> None:
        """Move it to where finished tickets are; one that is there stays."""
        ...
