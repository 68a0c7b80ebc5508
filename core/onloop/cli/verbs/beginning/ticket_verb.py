"""Tickets: which are open, whose they are, and a task for each that has none."""

from __future__ import annotations

from pathlib import Path

from onloop.access.elsewhere.foreign_words import one_line
from onloop.access.elsewhere.ticket_tasks import issues_of, linear, start_for, task_of_ticket
from onloop.access.opening import GatewayHandle
from onloop.access.preflight import preflight, wants_of
from onloop.access.project_folder import committed_in
from onloop.access.run_inputs import NOTHING_ATTACHED
from onloop.access.runs import Workflow, builtin_workflow, committed_workflow, is_builtin
from onloop.access.targets import RunTarget, target_of
from onloop.cli.context import Context
from onloop.cli.elsewhere_verb_table import TicketsArguments
from onloop.cli.json_models.ticket_models import TicketJson, TicketsJson
from onloop.cli.output import VerbOutput, columns
from onloop.cli.verbs.beginning.start_verbs import check_ready
from onloop.errors import BadInput
from onloop.forges.configured import forge_of, repository_of
from onloop.forges.ticket_port import Ticket, Tickets

MOST_BEGUN = 100


def tickets(context: Context[TicketsArguments]) -> VerbOutput:
    """List open tickets with their tasks; with `take`, begin a task for each that has none."""
    context.check_no_agent("tickets")
    args, opened = context.args, context.opened_file
    if args.repo is None:
        raise BadInput("in which repository is the work done", hint="--repo REPO")
    if not 1 <= args.limit <= MOST_BEGUN:
        raise BadInput(f"--limit {args.limit} is not valid", hint=f"give a number from 1 to {MOST_BEGUN}")
    target = target_of(args.repo, args.branch, Path.cwd())
    known = _tracker(opened, target, args.team)
    found = [(each, task_of_ticket(opened, each)) for each in known.open_tickets(args.label or ())]
    rows = [_json(ticket, task.id if task is not None else None) for ticket, task in found]
    if args.what == "take":
        free = [ticket for ticket, task in found if task is None][: args.limit]
        begun = _taken(context, opened, target, free) if free else {}
        rows = [
            _json(ticket, begun.get(ticket.name) or row.task, ticket.name in begun)
            for (ticket, _), row in zip(found, rows, strict=True)
        ]
    lines = columns([(row.task or "-", row.name, row.title) for row in rows], header=("TASK", "TICKET", "TITLE"))
    count = sum(row.begun for row in rows)
    data = TicketsJson(rows, count)
    told = f"{count} begun; next: onloop work --agent claude" if count else f"{len(rows)} open"
    return VerbOutput(lines=lines, data=data, notes=(told,))


def _tracker(opened: GatewayHandle, target: RunTarget, team: str | None) -> Tickets:
    if team is not None:
        return linear(opened, team.upper())
    repo = repository_of(opened, target.origin)
    if repo is None:
        forge_of(opened, target.origin)
        raise BadInput(f"{target.origin[:200]!r} is at no declared forge", hint="onloop help forges")
    return issues_of(opened, repo)


def _taken(
    context: Context[TicketsArguments], opened: GatewayHandle, target: RunTarget, free: list[Ticket]
) -> dict[str, str]:
    """The task of each ticket, begun now."""
    workflow = _workflow(opened, context.args.workflow, target)
    (look,) = preflight([target], opened.mirror, wants_of(workflow.definition))
    check_ready([look], "--repo")
    by = context.launcher()
    return {each.name: start_for(opened, by, workflow, look.target, each, NOTHING_ATTACHED).id for each in free}


def _workflow(opened: GatewayHandle, name: str | None, target: RunTarget) -> Workflow:
    mirror = opened.mirror(target.origin)
    if name is None:
        return committed_in(mirror, target.branch, Path.cwd())
    return builtin_workflow(name) if is_builtin(name) else committed_workflow(mirror, target.branch, name)


def _json(ticket: Ticket, task: str | None, begun: bool = False) -> TicketJson:
    labels = [one_line(label, 60) for label in ticket.labels]
    return TicketJson(one_line(ticket.name), one_line(ticket.url, 500), one_line(ticket.title), labels, task, begun)
