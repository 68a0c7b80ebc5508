"""Tickets become tasks: one live task for each, which knows where it came from."""

from __future__ import annotations

import re

from onloop.access.elsewhere.forge_views import issue_named, known_view
from onloop.access.elsewhere.ticket_briefs import brief_of, link_of, source_of, title_of
from onloop.access.opening import GatewayHandle
from onloop.access.run_inputs import Attached
from onloop.access.runs import Workflow, start_run
from onloop.access.targets import RunTarget
from onloop.errors import BadInput, Exit, Refused
from onloop.forges.issue_tickets import IssueTickets
from onloop.forges.linear.linear_settings import FILE, linear_settings
from onloop.forges.linear.linear_tickets import HOST, LinearTickets
from onloop.forges.port import RepositoryName
from onloop.forges.ticket_port import Ticket, Tickets
from onloop.gateway.command_operations import PerformCommand
from onloop.gateway.upkeep import KeepContent
from onloop.known_secrets import known_secrets
from onloop.machine.artefacts import Artefact
from onloop.machine.links import RecordLink
from onloop.machine.principal import Principal, integration
from onloop.machine.task import Task
from onloop.records import Record, replace
from onloop.redaction import redacted
from onloop.store.rows import LinkRow
from onloop.views.given_files import BRIEF

_LINEAR = re.compile(
    r"(?:https://linear\.app/[^/\s]+/issue/)?([A-Za-z][A-Za-z0-9]{0,19})-([1-9][0-9]{0,8})(?:[/?#].*)?"
)


class TicketBeginning(Record):
    """A ticket, the tracker that has it, and the repository in which it is done, where the ticket says it."""

    ticket: Ticket
    tickets: Tickets
    target: RunTarget | None = None


def ticket_named(opened: GatewayHandle, words: str, origin: str | None) -> TicketBeginning:
    """The ticket that a URL or a name such as ENG-12 or 12 (with a repository) means."""
    if found := _LINEAR.fullmatch(words):
        tickets = linear(opened, found[1].upper())
        return TicketBeginning(tickets.ticket(int(found[2])), tickets)
    named = issue_named(opened, words, origin)
    tickets = issues_of(opened, named.repo)
    ticket = tickets.ticket(named.number)
    if origin is not None:
        return TicketBeginning(ticket, tickets)
    clone = known_view(opened, named.repo).forge.repository(named.repo).clone_url
    return TicketBeginning(ticket, tickets, RunTarget(named.repo.name, clone))


def issues_of(opened: GatewayHandle, repo: RepositoryName) -> Tickets:
    """The issues of a repository of a declared forge."""
    return IssueTickets(known_view(opened, repo).forge, repo)


def linear(opened: GatewayHandle, team: str) -> Tickets:
    """The tickets of a team in Linear, as the store declares it."""
    settings = linear_settings(opened.home.store)
    if settings is None:
        hint = f'write into {opened.home.store / FILE}: [linear] token = {{ file = "PATH" }}'
        raise BadInput("Linear is not declared for this store", hint=hint)
    return LinearTickets(settings, team)


def tickets_at(opened: GatewayHandle, host: str, project: str) -> Tickets:
    """The tickets of a project as a task's link names it."""
    if host == HOST:
        return linear(opened, project)
    owner, _, name = project.partition("/")
    return issues_of(opened, RepositoryName(host, owner, name))


def task_of_ticket(opened: GatewayHandle, ticket: Ticket) -> Task | None:
    """The live task that a ticket began; None where there is none."""
    with opened.gateway.store.reading() as reading:
        row = reading.get(LinkRow, link_of(ticket).key)
        task = reading.task(row.task) if row is not None else None
    return task if task is not None and not task.ended else None


def check_free(opened: GatewayHandle, ticket: Ticket) -> None:
    """Refuse a ticket that a live task works on, or that is closed."""
    known = task_of_ticket(opened, ticket)
    if known is not None:
        raise Refused(f"{ticket.name} is {known.id}'s already", exit=Exit.HELD, hint=f"onloop show {known.id}")
    if not ticket.is_open:
        raise Refused(f"{ticket.name} is closed", exit=Exit.ENDED, hint="open it again, or name another")


def given_by(opened: GatewayHandle, ticket: Ticket, given: Attached) -> Attached:
    """What comes with a run, and the ticket as its brief; BadInput where another brief was given."""
    if any(each.name == BRIEF for each in given.files):
        raise BadInput("a ticket is its task's brief", hint="leave out --brief, or attach it: --attach FILE")
    text = redacted(brief_of(ticket), known_secrets()).encode()
    kept = Artefact(BRIEF, opened.gateway.perform(KeepContent(text)), len(text))
    return replace(given, files=(kept, *given.files))


def start_for(
    opened: GatewayHandle, by: Principal, workflow: Workflow, target: RunTarget, ticket: Ticket, given: Attached
) -> Task:
    """Begin the task of a ticket, with no gate run on the base first; the same one where somebody else just did."""
    check_free(opened, ticket)
    whole = given_by(opened, ticket, given)
    task = start_run(opened, by, workflow, target, title_of(ticket), given=whole, source=source_of(ticket))
    return linked(opened, task, ticket)


def linked(opened: GatewayHandle, task: Task, ticket: Ticket) -> Task:
    """The task, to which the ticket belongs from now on."""
    by = integration(ticket.host)
    return opened.gateway.perform(PerformCommand(by, task.id, RecordLink(link_of(ticket))))
