"""Decisions that may concern many tasks: a run with all below it, or everything with one cause. A verdict for each."""

from __future__ import annotations

from collections.abc import Sequence

from onloop.access.submission import task_of
from onloop.access.verifier_process import ensure_verifier_for
from onloop.attention.groups import Group
from onloop.attention.held_role_items import held_role
from onloop.cli.budget_argument import budget_given
from onloop.cli.context import Context
from onloop.cli.json_models.envelope import extended
from onloop.cli.json_models.people_models import BelowJson, CauseOutcomesJson, OutcomeJson, RoleTriedJson
from onloop.cli.output import VerbOutput
from onloop.cli.people_arguments import (
    CauseDecisionArguments,
    DecisionArguments,
    ExcludeArguments,
    ReasonedDecisionArguments,
    ResumeArguments,
    RetryArguments,
)
from onloop.cli.verbs.attention_verbs import group_named
from onloop.cli.verbs.cause_rest import tried_words
from onloop.cli.verbs.people_verbs import decide, stands, stands_words
from onloop.errors import BadInput, Exit
from onloop.gateway.bulk import BulkOutcome, perform_each
from onloop.gateway.upkeep import RecordStoreEvent
from onloop.machine.commands import Cancel, Exclude, Pause, Resume, Retry
from onloop.machine.held_roles import TrialAsked
from onloop.machine.principal import Principal
from onloop.records import replace
from onloop.text import safe
from onloop.views.queries.reads import ReadStoreState
from onloop.views.queries.tasks_below import DEEDS, ReadTasksBelow


def pause(context: Context[ReasonedDecisionArguments]) -> VerbOutput:
    """Stop a task, or a run with all that moves below it."""
    person, voice = context.voice("pause")
    return _each_below(context, person, Pause(voice, context.args.reason))


def resume(context: Context[ResumeArguments]) -> VerbOutput:
    """Let a paused or excluded task go on, or a run with all that was paused with it."""
    person, voice = context.voice("resume")
    return _each_below(context, person, Resume(voice, context.args.note))


def cancel(context: Context[ReasonedDecisionArguments]) -> VerbOutput:
    """End a task, or a run with all below it."""
    person, voice = context.voice("cancel")
    return _each_below(context, person, Cancel(voice, context.args.reason))


def retry(context: Context[RetryArguments]) -> VerbOutput:
    """Try a task again, the first of those with one cause, or one of a held role."""
    person, voice = context.voice("retry")
    args = context.args
    more = budget_given("--more", args.more, may_refuse=False)
    if args.role is not None:
        return _trial(context, person, args.role)
    if args.cause is None:
        task, version = _one_task(context)
        return decide(context, person, task, args.key, Retry(voice, args.note, version, args.no_worse, more))
    group = _cause(context, args.cause)
    role = held_role(group)
    if role is not None:
        return _trial(context, person, role)
    first = group.members if args.rest else group.members[: args.first or 1]
    notes = (tried_words(context.opened, group),) if args.rest else ()
    wanted = [(item.task, Retry(voice, args.note, item.version, args.no_worse, more)) for item in first]
    return _each_of_cause(context, person, group, wanted, notes)


def _trial(context: Context[RetryArguments], person: Principal, role: str) -> VerbOutput:
    """Let one task of a held role through, before its pause is over."""
    gateway, key = context.opened.gateway, context.args.key
    gateway.perform(RecordStoreEvent(person, TrialAsked(role, person.id), key=key))
    streak = gateway.perform(ReadStoreState()).roles.get(role)
    ends = streak.words if streak is not None else ""
    line = safe(f"role {role}: one task is tried now; it opens when an agent of it hands something in")
    return VerbOutput(lines=(line,), data=RoleTriedJson(role, ends))


def exclude(context: Context[ExcludeArguments]) -> VerbOutput:
    """Let a fleet end without a task, or without all that share one cause."""
    person, voice = context.voice("exclude")
    args = context.args
    if args.cause is None:
        task, version = _one_task(context)
        return decide(context, person, task, args.key, Exclude(voice, args.reason, version))
    group = _cause(context, args.cause)
    first = group.members if args.rest else group.members[: args.first or len(group.members)]
    wanted = [(item.task, Exclude(voice, args.reason, item.version)) for item in first]
    return _each_of_cause(context, person, group, wanted)


def _cause(context: Context[CauseDecisionArguments], cause: str) -> Group:
    if context.args.task is not None or context.args.version is not None:
        raise BadInput("a cause and a task, or its version, do not go together", hint="give a task, or --cause CAUSE")
    if context.args.first is not None and context.args.rest:
        raise BadInput("--first and --rest do not go together", hint="--first tries one; --rest then tries the others")
    if context.args.first == 0:
        raise BadInput("--first 0 is nobody", hint="--first 1 tries one of them")
    return group_named(context, cause)


def _one_task(context: Context[CauseDecisionArguments]) -> tuple[str, int | None]:
    """The task that is meant, and the version of it that was looked at."""
    args = context.args
    if args.task is None or args.first is not None or args.rest:
        hint = "give a task, or --cause CAUSE with --first [N] or --rest"
        raise BadInput("which task? --first and --rest go with --cause only", hint=hint)
    return args.task, args.version


def _each_below(context: Context[DecisionArguments], person: Principal, command: Pause | Resume | Cancel) -> VerbOutput:
    """The root, where it is meant itself, comes first: when it refuses, nothing else happens."""
    opened, args = context.opened, context.args
    wanted = ReadTasksBelow(args.task, DEEDS[type(command)], opened.gateway.clock(), args.version)
    found = opened.gateway.perform(wanted)
    root, targets, meant = found.task, found.ids, replace(command, version=args.version)
    if root.id == targets[0]:
        decide(context, person, root.id, args.key, meant)
    below = [(name, command) for name in targets if name != root.id or name != targets[0]]
    outcomes = perform_each(opened.gateway, person, below, key=args.key)
    ensure_verifier_for(context.home, (outcome.after for outcome in outcomes))
    after = task_of(opened, root.id)
    lines = (stands_words(after), *bulk_lines(outcomes))
    data = extended(BelowJson, stands(context, after), outcomes=outcomes_json(outcomes))
    return VerbOutput(bulk_exit(outcomes), lines, data, bulk_hints(outcomes))


def _each_of_cause(
    context: Context[CauseDecisionArguments],
    person: Principal,
    group: Group,
    wanted: Sequence[tuple[str, Retry | Exclude]],
    notes: Sequence[str] = (),
) -> VerbOutput:
    outcomes = perform_each(context.opened.gateway, person, wanted, key=context.args.key)
    ensure_verifier_for(context.home, (outcome.after for outcome in outcomes))
    left = len(group.members) - len(wanted)
    verb = context.verb
    more = (f"{left} more share the cause: onloop {verb} --cause {group.cause} --rest",) if left else ()
    data = CauseOutcomesJson(group.cause, left, outcomes_json(outcomes))
    return VerbOutput(bulk_exit(outcomes), bulk_lines(outcomes), data, (*notes, *bulk_hints(outcomes), *more))


def bulk_exit(outcomes: Sequence[BulkOutcome]) -> Exit:
    """The exit code of the first refusal."""
    return next((outcome.refusal.exit for outcome in outcomes if outcome.refusal is not None), Exit.OK)


def bulk_lines(outcomes: Sequence[BulkOutcome]) -> tuple[str, ...]:
    """A line for each task."""
    return tuple(safe(outcome.words) for outcome in outcomes)


def bulk_hints(outcomes: Sequence[BulkOutcome]) -> tuple[str, ...]:
    """What would work in the place of what was refused, each once."""
    refused = (outcome.refusal for outcome in outcomes if outcome.refusal is not None)
    return tuple(dict.fromkeys(safe(f"→ {no.hint}") for no in refused))


def outcomes_json(outcomes: Sequence[BulkOutcome]) -> tuple[OutcomeJson, ...]:
    """What became of each task, as it is printed."""
    return tuple(
        OutcomeJson(
            task=outcome.task,
            done=outcome.after is not None,
            state=outcome.after.state if outcome.after is not None else None,
            version=outcome.after.version if outcome.after is not None else None,
            why=outcome.refusal.message if outcome.refusal is not None else None,
        )
        for outcome in outcomes
    )
