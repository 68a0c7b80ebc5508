"""`onloop note`: a person tells the agents of tasks something."""

from __future__ import annotations

from collections.abc import Sequence

from onloop.cli.context import Context
from onloop.cli.json_models.people_models import CauseOutcomesJson
from onloop.cli.output import VerbOutput
from onloop.cli.people_arguments import NoteArguments
from onloop.cli.verbs.attention_verbs import group_named
from onloop.cli.verbs.bulk_verbs import bulk_exit, bulk_hints, bulk_lines, outcomes_json
from onloop.cli.verbs.people_verbs import decide
from onloop.errors import BadInput
from onloop.gateway.bulk import BulkOutcome, perform_each
from onloop.machine.commands import SendNote
from onloop.machine.principal import Principal
from onloop.text import safe
from onloop.views.queries.tasks_below import DEEDS, ReadTasksBelow

LONGEST = 4_000
"""How many characters a note may have."""


def note(context: Context[NoteArguments]) -> VerbOutput:
    """Tell whoever works on a task, on all below a run, or on all tasks with one cause; it decides nothing."""
    args, text = context.args, _checked(context.args.text)
    if args.cause and (args.below or args.version is not None):
        raise BadInput("--cause goes with neither --below nor --version", hint='onloop note CAUSE "…" --cause')
    person, voice = context.voice("note")
    if args.cause:
        group = group_named(context, args.task)
        if not group.has_tasks:
            raise BadInput(f"{args.task} is about no task whose agent could be told", hint="onloop attention")
        members = [item.task for item in group.members]
        return _told(_each(context, person, members, SendNote(voice, text)), args.task)
    if args.below:
        gateway = context.opened.gateway
        found = gateway.perform(ReadTasksBelow(args.task, DEEDS[SendNote], gateway.clock(), args.version)).ids
        if not found:
            raise BadInput(f"nothing of {args.task} is done by agents any more", hint=f"onloop show {args.task}")
        return _told(_each(context, person, found, SendNote(voice, text)), args.task)
    return decide(context, person, args.task, args.key, SendNote(voice, text, args.version))


def _each(
    context: Context[NoteArguments], person: Principal, tasks: Sequence[str], command: SendNote
) -> tuple[BulkOutcome, ...]:
    named = [task for task in dict.fromkeys(tasks) if task]
    return perform_each(context.opened.gateway, person, [(task, command) for task in named], key=context.args.key)


def _told(outcomes: tuple[BulkOutcome, ...], to: str) -> VerbOutput:
    told = sum(outcome.accepted for outcome in outcomes)
    lines = (*bulk_lines(outcomes), safe(f"told: {told} of {len(outcomes)}; each agent is shown it once"))
    data = CauseOutcomesJson(to, len(outcomes) - told, outcomes_json(outcomes))
    return VerbOutput(bulk_exit(outcomes), lines, data, bulk_hints(outcomes))


def _checked(text: str) -> str:
    """The note, unless it is longer than a note may be."""
    if len(text) > LONGEST:
        raise BadInput(f"a note of {len(text)} characters is too long", hint=f"say it in {LONGEST}")
    return text.strip("\n")
