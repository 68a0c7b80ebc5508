"""Decisions that may concern many tasks: a run with all below it, or everything with one cause. A verdict for each."""

from __future__ import annotations

from collections.abc import Sequence

from onloop.access.submission import task_of
from onloop.access.verifier_process import ensure_verifier_for
from onloop.attention.groups import Group
from onloop.cli.context import Context
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
from onloop.cli.verbs.people_verbs import decide, told
from onloop.errors import BadInput, Exit
from onloop.gateway.bulk import BulkOutcome, perform_each
from onloop.machine.commands import Cancel, Exclude, Pause, Resume, Retry
from onloop.machine.digest import Json
from onloop.machine.principal import Principal
from onloop.records import replace
from onloop.text import safe
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
    """Try a task again, or the first of those with one cause."""
    person, voice = context.voice("retry")
    args = context.args
    if args.cause is None:
        task, version = _one_task(context)
        return decide(context, person, task, args.key, Retry(voice, args.note, version))
    group = _cause(context, args.cause)
    first = group.members[: args.first or 1]
    wanted = [(item.task, Retry(voice, args.note, item.version)) for item in first]
    return _each_of_cause(context, person, group, wanted)


def exclude(context: Context[ExcludeArguments]) -> VerbOutput:
    """Let a fleet end without a task, or without all that share one cause."""
    person, voice = context.voice("exclude")
    args = context.args
    if args.cause is None:
        task, version = _one_task(context)
        return decide(context, person, task, args.key, Exclude(voice, args.reason, version))
    group = _cause(context, args.cause)
    first = group.members[: args.first or len(group.members)]
    wanted = [(item.task, Exclude(voice, args.reason, item.version)) for item in first]
    return _each_of_cause(context, person, group, wanted)


def _cause(context: Context[CauseDecisionArguments], cause: str) -> Group:
    if context.args.task is not None or context.args.version is not None:
        raise BadInput("a cause and a task, or its version, do not go together", hint="give a task, or --cause CAUSE")
    if context.args.first == 0:
        raise BadInput("--first 0 is nobody", hint="--first 1 tries one of them")
    return group_named(context, cause)


def _one_task(context: Context[CauseDecisionArguments]) -> tuple[str, int | None]:
    """The task that is meant, and the version of it that was looked at."""
    args = context.args
    if args.task is None or args.first is not None:
        raise BadInput("which task? --first goes with --cause only", hint="give a task, or --cause CAUSE [--first N]")
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
    verdicts = _verdicts(outcomes)
    shown = told(context, task_of(opened, root.id))
    return VerbOutput(verdicts.exit, (*shown.lines, *verdicts.lines), {**shown.data, **verdicts.data}, verdicts.notes)


def _each_of_cause(
    context: Context[CauseDecisionArguments],
    person: Principal,
    group: Group,
    wanted: Sequence[tuple[str, Retry | Exclude]],
) -> VerbOutput:
    outcomes = perform_each(context.opened.gateway, person, wanted, key=context.args.key)
    ensure_verifier_for(context.home, (outcome.after for outcome in outcomes))
    left = len(group.members) - len(wanted)
    verb = context.verb
    more = (f"{left} more share the cause: onloop {verb} --cause {group.cause} --first {left}",) if left else ()
    verdicts = _verdicts(outcomes)
    data = {"cause": group.cause, "left": left, **verdicts.data}
    return VerbOutput(verdicts.exit, verdicts.lines, data, (*verdicts.notes, *more))


def _verdicts(outcomes: Sequence[BulkOutcome]) -> VerbOutput:
    """A line for each task; the exit code is that of the first refusal."""
    refused = [outcome.refusal for outcome in outcomes if outcome.refusal is not None]
    data: dict[str, Json] = {"outcomes": [_outcome_json(outcome) for outcome in outcomes]}
    hints = tuple(dict.fromkeys(safe(f"→ {no.hint}") for no in refused))
    lines = tuple(safe(outcome.words) for outcome in outcomes)
    return VerbOutput(refused[0].exit if refused else Exit.OK, lines, data, hints)


def _outcome_json(outcome: BulkOutcome) -> Json:
    after = outcome.after
    return {
        "task": outcome.task,
        "done": after is not None,
        "state": after.state.value if after is not None else None,
        "version": after.version if after is not None else None,
        "why": outcome.refusal.message if outcome.refusal is not None else None,
    }
