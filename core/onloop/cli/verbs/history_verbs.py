"""What people have decided, for those who decided it."""

from __future__ import annotations

from onloop.cli.arguments import DecisionsArguments
from onloop.cli.context import Context
from onloop.cli.json_models.dossier_models import DecisionMadeJson, DecisionsJson
from onloop.cli.name_checks import check_names
from onloop.cli.output import VerbOutput, columns
from onloop.errors import BadInput
from onloop.machine.people import PERSON
from onloop.machine.requests import unseen_words
from onloop.store.port import TaskFilter
from onloop.text import safe
from onloop.times import second_words
from onloop.views.decisions_made import DecisionMade, decisions_made
from onloop.views.queries.reads import ReadStoreState, ReadTasks

LONGEST_WORDS = 60
"""How much of a note and of an outcome stands in a row."""


def decisions(context: Context[DecisionsArguments]) -> VerbOutput:
    """Every decision, newest first: when, who, what, about what, with what words, and what came of it."""
    args, gateway = context.args, context.opened.gateway
    if args.limit < 1:
        raise BadInput(f"--limit {args.limit} shows nothing", hint="give 1 or more")
    by = (args.by or "").removeprefix("human:")
    check_names(context, run=args.run)
    tasks = gateway.perform(ReadTasks(TaskFilter(run=args.run)))
    found = decisions_made(tasks, gateway.perform(ReadStoreState()).owner_called(f"{PERSON}{by}") if by else "")
    if not found:
        check_names(context, person=by or None)
    shown = found[: args.limit]
    header = ("WHEN", "WHO", "WHAT", "TASK", "REPO", "WORDS", "WHAT CAME OF IT")
    lines = columns([_row(made) for made in shown], header=header)
    left = (f"{len(found) - len(shown)} older ones: --limit {len(found)}",) if len(shown) < len(found) else ()
    return VerbOutput(
        lines=lines if shown else ("nothing was decided",), data=DecisionsJson([_json(m) for m in shown]), notes=left
    )


def _row(made: DecisionMade) -> tuple[str, ...]:
    decision, task = made.decision, made.task
    what = f"{decision.answer.value} {decision.gate or decision.step}"
    reason = safe(" ".join(decision.reason.split()), LONGEST_WORDS)
    words = " · ".join(filter(None, (reason, safe(unseen_words(decision.unseen)))))
    outcome = safe(made.outcome, LONGEST_WORDS)
    return (second_words(decision.at), decision.who, what, task.id, task.repo or "", words, outcome)


def _json(made: DecisionMade) -> DecisionMadeJson:
    decision, task = made.decision, made.task
    return DecisionMadeJson(
        task=task.id,
        repo=task.repo,
        step=decision.step,
        gate=decision.gate,
        answer=decision.answer,
        by=decision.by,
        at=decision.at,
        reason=decision.reason,
        head=decision.head or None,
        state=task.state,
        detail=task.detail,
        behalf=decision.behalf or None,
        unseen=decision.unseen,
    )
