"""The verb trigger: which event begins, tells or ends what; how that is tried and adopted; what each webhook did."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from onloop.access.live_runs import PinWorkflow
from onloop.access.targets import target_of
from onloop.cli.context import Context
from onloop.cli.json_models.build_models import SchemaJson
from onloop.cli.json_models.trigger_models import (
    HookJson,
    HooksJson,
    TriggerJson,
    TriggersAdoptedJson,
    TriggersJson,
    TriggerTestJson,
    TriggerTrialJson,
)
from onloop.cli.output import VerbOutput
from onloop.cli.trigger_verb_table import TriggerArguments
from onloop.cli.verbs.delivery_verbs import again, deliveries
from onloop.errors import BadInput, Exit, OnloopError
from onloop.gateway.upkeep import RecordStoreEvent
from onloop.machine.adopted_triggers import Trigger, TriggersAdopted
from onloop.text import safe
from onloop.triggers.declared_hooks import declared_hooks, hook_with_secrets
from onloop.triggers.delivery_operations import ReadDelivery
from onloop.triggers.delivery_processing import stored_event
from onloop.triggers.delivery_records import LARGEST_BODY
from onloop.triggers.hook_events import HookEvent
from onloop.triggers.trigger_file import file_digest, triggers_schema_file
from onloop.triggers.trigger_sources import TriggerSource, committed_triggers, triggers_at_hand
from onloop.triggers.trigger_trial import TriggerTrial, trial_event, tried_triggers
from onloop.views.queries.reads import ReadStoreState
from onloop.workflow.schema import schema_of_file


def trigger(context: Context[TriggerArguments]) -> VerbOutput:
    """List, test, adopt or drop triggers; show what webhooks did, or try one again."""
    return _WHATS[context.args.what](context)


def _list(context: Context[TriggerArguments]) -> VerbOutput:
    adopted = context.opened.gateway.perform(ReadStoreState()).triggers or TriggersAdopted((), "", "", "")
    lines = tuple(line for each in adopted.triggers for line in _listed(each))
    none = "no triggers are adopted: onloop trigger adopt FILE; onloop help triggers shows a file"
    head = (safe(f"adopted by {adopted.by}: {adopted.reason} ({adopted.digest[:12]})", 300),) if lines else (none,)
    data = TriggersJson(tuple(map(_trigger_json, adopted.triggers)), adopted.digest, adopted.by, adopted.reason)
    return VerbOutput(lines=(*lines, *head), data=data)


def _listed(each: Trigger) -> Iterator[str]:
    named = f" {each.do.workflow}" if each.do.workflow else ""
    yield safe(f"{each.id}: {each.source} {', '.join(each.on)} → {each.do.kind.value}{named}", 300)
    when = f", when {' '.join(each.when.split())}" if each.when else ""
    yield safe(f"  of {each.subject}{when}", 500)


def _trigger_json(each: Trigger) -> TriggerJson:
    act = each.do
    return TriggerJson(each.id, each.source, each.on, each.when, each.subject, act.kind, act.workflow)


def _source(context: Context[TriggerArguments]) -> TriggerSource:
    args = context.args
    if args.control is None:
        return triggers_at_hand(args.name)
    if args.name is not None:
        raise BadInput("a file is named, and a repository", hint="leave one of them out")
    control = target_of(args.control, args.control_branch, Path.cwd(), "--control")
    return committed_triggers(context.opened.mirror(control.origin), control.branch)


def _test(context: Context[TriggerArguments]) -> VerbOutput:
    """Say what would happen on an event; with none, only whether the file is sound."""
    triggers = _source(context).triggers()
    event = _event(context, triggers)
    trials = tried_triggers(triggers, event)
    head = safe(f"{event.name} from {event.source}", 200)
    data = TriggerTestJson(event.name, event.source, tuple(map(_trial_json, trials)))
    lines = (head, *(line for trial in trials for line in _trial_lines(trial)))
    return VerbOutput(Exit.OK if any(trial.acts for trial in trials) else Exit.NOTHING, lines, data)


def _trial_lines(trial: TriggerTrial) -> Iterator[str]:
    if not trial.acts:
        yield safe(f"  {trial.trigger}: not: {trial.why}", 700)
        return
    yield safe(f"  {trial.trigger}: {trial.does}", 700)
    yield safe(f"    subject {trial.subject}{f', revision {trial.revision}' if trial.revision else ''}", 700)
    if trial.title:
        yield safe(f"    {trial.title}", 400)
        yield safe(f"    in {trial.repository} ({trial.branch})", 400)


def _trial_json(trial: TriggerTrial) -> TriggerTrialJson:
    return TriggerTrialJson(
        trigger=trial.trigger,
        acts=trial.acts,
        does=trial.does,
        why=trial.why,
        subject=trial.subject,
        revision=trial.revision,
        title=trial.title,
        repository=trial.repository,
        branch=trial.branch,
    )


def _event(context: Context[TriggerArguments], triggers: tuple[Trigger, ...]) -> HookEvent:
    args = context.args
    if args.delivery is not None:
        row, body = context.opened.gateway.perform(ReadDelivery(args.delivery))
        if body is None:
            raise BadInput(f"the body of {row.id} is not kept", hint="have it sent again")
        return stored_event(row, body)
    if args.payload is None:
        raise BadInput("no event is given", hint="--payload FILE --event issues, or --delivery ID")
    sources = tuple(dict.fromkeys(each.source for each in triggers))
    if args.hook is None and len(sources) != 1:
        raise BadInput(f"the file names {len(sources)} hooks", hint=f"say which: --hook {sources[0]}")
    return trial_event(_payload(args.payload), args.event, args.hook or sources[0])


def _payload(name: str) -> bytes:
    try:
        if name == "-":
            return sys.stdin.buffer.read(LARGEST_BODY + 1)
        with Path(name).open("rb") as file:
            return file.read(LARGEST_BODY + 1)
    except OSError as problem:
        raise BadInput(f"{safe(name, 200)} cannot be read: {problem.strerror}", hint="give a file") from None


def _schema(_: Context[TriggerArguments]) -> VerbOutput:
    schema = schema_of_file(triggers_schema_file(), "onloop triggers")
    return VerbOutput(lines=(json.dumps(schema, indent=2),), data=SchemaJson(schema))


def _adopt(context: Context[TriggerArguments]) -> VerbOutput:
    """Let what the file says count from now on, with the workflows that it names as they are now."""
    args = context.args
    context.check_no_agent("adopt triggers")
    source = _source(context)
    triggers = source.triggers()
    person, gateway = context.person(), context.opened.gateway
    for workflow in source.workflows.values():
        gateway.perform(PinWorkflow(person, workflow.source))
    fact = TriggersAdopted(triggers, file_digest(triggers), person.id, args.reason)
    gateway.perform(RecordStoreEvent(person, fact, key=args.key))
    names = tuple(each.id for each in triggers)
    note = "they count from now on; a change of the file counts once it is adopted"
    data = TriggersAdoptedJson(names, fact.digest)
    return VerbOutput(lines=(safe(f"adopted: {', '.join(names)}", 500),), data=data, notes=(note,))


def _drop(context: Context[TriggerArguments]) -> VerbOutput:
    context.check_no_agent("drop triggers")
    person = context.person()
    fact = TriggersAdopted((), file_digest(()), person.id, context.args.reason)
    context.opened.gateway.perform(RecordStoreEvent(person, fact, key=context.args.key))
    return VerbOutput(lines=("no trigger counts from now on",), data=TriggersAdoptedJson((), fact.digest))


def _hooks(context: Context[TriggerArguments]) -> VerbOutput:
    """The hooks of a store that is ours, and whether their secrets can be read."""
    if not context.home.is_ours:
        raise BadInput("the hooks of this store are declared elsewhere", hint="ask on the gateway's machine")
    found = tuple(_hook_json(name, kind, count, why) for name, kind, count, why in _declared(context.home.store))
    lines = tuple(safe(f"POST {each.path}: {each.kind}{f': {each.problem}' if each.problem else ''}") for each in found)
    return VerbOutput(lines=lines or ("no hooks: write hooks.toml into the store's folder",), data=HooksJson(found))


def _declared(folder: Path) -> Iterator[tuple[str, str, int, str]]:
    for each in declared_hooks(folder):
        why = ""
        try:
            hook_with_secrets(each)
        except OnloopError as problem:
            why = problem.message
        yield each.name, each.kind.value, len(each.places), why


def _hook_json(name: str, kind: str, count: int, why: str) -> HookJson:
    return HookJson(name, kind, f"/v1/hooks/{name}", count, why)


_WHATS: Mapping[str, Callable[[Context[TriggerArguments]], VerbOutput]] = {
    "list": _list,
    "test": _test,
    "log": deliveries,
    "again": again,
    "hooks": _hooks,
    "schema": _schema,
    "adopt": _adopt,
    "drop": _drop,
}
