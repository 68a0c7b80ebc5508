"""What triggers would do on an event, and why (not): nothing is stored, nobody is asked."""

from __future__ import annotations

import json
from collections.abc import Sequence

from onloop.access.targets import RunTarget
from onloop.errors import BadInput
from onloop.machine.adopted_triggers import ActKind, Trigger
from onloop.records import Record
from onloop.triggers.act_planning import planned
from onloop.triggers.delivery_records import LARGEST_BODY, PlannedAct
from onloop.triggers.hook_events import HookEvent, event_of
from onloop.triggers.hook_proofs import HookKind
from onloop.triggers.trigger_matching import TriggerMatch, matches_of

HEAD = "HEAD"
"""What stands for the branch that a repository's HEAD names: it is not asked."""


class TriggerTrial(Record):
    """What one trigger would do on an event: `acts`, or `why` not."""

    trigger: str
    acts: bool
    does: str
    why: str
    subject: str = ""
    revision: str = ""
    title: str = ""
    repository: str = ""
    branch: str = ""


def trial_event(payload: bytes, name: str, source: str) -> HookEvent:
    """The event that a payload would be: under GitHub's name for it, or as it says; BadInput where it is none."""
    if len(payload) > LARGEST_BODY:
        raise BadInput(f"the payload has {len(payload)} bytes", hint=f"at most {LARGEST_BODY} are taken")
    if name:
        return event_of(source, HookKind.GITHUB, {"x-github-event": name.partition(".")[0]}, payload)
    try:
        said = json.loads(payload)
    except (ValueError, RecursionError):
        said = None
    keys = said.keys() if isinstance(said, dict) else ()
    if "specversion" in keys:
        return event_of(source, HookKind.CLOUDEVENTS, {"content-type": "application/cloudevents+json"}, payload)
    if "webhookTimestamp" in keys:
        return event_of(source, HookKind.LINEAR, {}, payload)
    if "type" not in keys:
        raise BadInput("the payload does not say which event it is", hint="say it: --event issues")
    return event_of(source, HookKind.STANDARD, {}, payload)


def tried_triggers(triggers: Sequence[Trigger], event: HookEvent) -> tuple[TriggerTrial, ...]:
    """What each trigger would do on the event, if nothing of its subject was known before."""
    return tuple(_tried(match, event) for match in matches_of(triggers, event))


def _tried(match: TriggerMatch, event: HookEvent) -> TriggerTrial:
    if not match.acts:
        return TriggerTrial(match.trigger.id, acts=False, does="", why=match.why, subject=match.subject)
    plan = planned(match, event, _head)
    if plan.fault:
        return TriggerTrial(match.trigger.id, acts=False, does="", why=plan.fault, subject=match.subject)
    create = plan.create
    return TriggerTrial(
        match.trigger.id,
        acts=True,
        does=_does(match.trigger, plan),
        why="",
        subject=match.subject,
        revision=match.revision,
        title=create.title if create is not None else "",
        repository=create.origin or "" if create is not None else "",
        branch=create.target if create is not None else "",
    )


def _does(trigger: Trigger, plan: PlannedAct) -> str:
    match trigger.do.kind:
        case ActKind.START:
            return f"starts {trigger.do.workflow}, unless a task of the subject is live"
        case ActKind.SIGNAL:
            return f"tells the subject's task: {plan.text}"
        case ActKind.CANCEL:
            return f"ends the subject's task: {plan.text}"
        case ActKind.ANSWER:
            return f"answers the question of the subject's task: {plan.text}"


def _head(target: RunTarget) -> str:
    del target
    return HEAD
