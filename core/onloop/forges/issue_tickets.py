"""Issues of a forge as tickets."""

from __future__ import annotations

from collections.abc import Sequence

from onloop.forges.port import Forge, ForgeIssue, RepositoryName
from onloop.forges.ticket_port import Ticket, TicketComment


class IssueTickets:
    """The issues of one repository."""

    def __init__(self, forge: Forge, repo: RepositoryName) -> None:
        self._forge, self._repo = forge, repo
        self._us = ""

    def ticket(self, number: int) -> Ticket:
        """See Tickets."""
        return self._made(self._forge.issue(self._repo, number))

    def open_tickets(self, labels: Sequence[str]) -> tuple[Ticket, ...]:
        """See Tickets."""
        return tuple(map(self._made, self._forge.issues(self._repo, labels=labels, state="open")))

    def comments(self, ticket: Ticket) -> tuple[TicketComment, ...]:
        """See Tickets."""
        self._us = self._us or self._forge.identity(self._repo).author
        found = self._forge.comments(self._repo, ticket.number)
        return tuple(TicketComment(str(each.id), each.body, each.author.login.lower() == self._us) for each in found)

    def comment(self, ticket: Ticket, body: str) -> None:
        """See Tickets."""
        self._forge.create_comment(self._repo, ticket.number, body)

    def update_comment(self, ticket: Ticket, id: str, body: str) -> None:  # noqa: A002, ARG002 - see Tickets
        """See Tickets."""
        self._forge.update_comment(self._repo, int(id), body)

    def finish(self, ticket: Ticket) -> None:
        """See Tickets."""
        if ticket.is_open:
            self._forge.update_issue(self._repo, ticket.number, state="closed")

    def _made(self, issue: ForgeIssue) -> Ticket:
        return Ticket(
            self._repo.host,
            self._repo.words,
            issue.number,
            f"{self._repo.words}#{issue.number}",
            issue.url,
            issue.title,
            issue.body,
            issue.author.login,
            issue.state == "open",
            issue.labels,
        )
