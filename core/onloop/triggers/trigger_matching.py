"""Which trigger an event is for, and of each other one why it is not. PURE."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from onloop.errors import BadInput
from onloop.machine.adopted_triggers import ActKind, Trigger
from onloop.policies.event_rules import event_outcome
from onloop.records import Record
from onloop.text import safe
from onloop.triggers.event_templates import rendered
from onloop.triggers.hook_events import HookEvent

LONGEST_SUBJECT = 300
ANY = "*"


class TriggerMatch(Record):
    """What a trigger has to do with an event: whether it acts, of which subject in which revision, and why (not)."""

    trigger: Trigger
    acts: bool
    why: str
    subject: str = ""
    revision: str = ""


def matches_of(triggers: Iterable[Trigger], event: HookEvent) -> tuple[TriggerMatch, ...]:
    """What each trigger has to do with the event. Of those for one subject, the first acts, and owns it."""
    owners: dict[str, str] = {}
    found = []
    for trigger in triggers:
        match = _match(trigger, event)
        owner = owners.get(match.subject) if match.acts else None
        if owner is not None:
            why = f"trigger {owner} stands before it, and owns the subject {match.subject} of this event"
            match = TriggerMatch(trigger, acts=False, why=why, subject=match.subject, revision=match.revision)
        elif match.acts:
            owners[match.subject] = trigger.id
        found.append(match)
    return tuple(found)


def takes(trigger: Trigger, name: str) -> bool:
    """Whether a trigger takes events of that name: as written, anything below it, or any."""
    return any(wanted in (ANY, name) or name.startswith(f"{wanted}.") for wanted in trigger.on)


def overlaps(first: Trigger, second: Trigger) -> bool:
    """Whether the first takes some events of the second's for sure, and of its subject: it acts, and that never."""
    if (first.source, first.subject) != (second.source, second.subject) or first.when not in {"", second.when}:
        return False
    names = {*first.on, *second.on} - {ANY}
    return ANY in {*first.on, *second.on} or any(takes(first, name) and takes(second, name) for name in names)


def _match(trigger: Trigger, event: HookEvent) -> TriggerMatch:
    if trigger.source != event.source:
        return _no(trigger, f"it takes what {trigger.source} sends, and this came from {event.source}")
    if not takes(trigger, event.name):
        return _no(trigger, f"it takes {_listed(trigger.on)}, and this is {event.name}")
    if trigger.when:
        outcome = event_outcome(trigger.when, event.name, event.source, event.payload)
        if not outcome.allows:
            read = f" ({', '.join(outcome.values)})" if outcome.values else ""
            return _no(trigger, f"{outcome.words}{read}")
    try:
        subject = rendered(trigger.subject, event, LONGEST_SUBJECT)
        revision = rendered(trigger.revision, event, LONGEST_SUBJECT)
    except BadInput as problem:
        return _no(trigger, f"its subject or revision cannot be said: {problem.message}")
    if not subject:
        return _no(trigger, "its subject is empty for this event")
    return TriggerMatch(trigger, acts=True, why=_deed(trigger), subject=subject, revision=revision)


def _deed(trigger: Trigger) -> str:
    act = trigger.do
    return f"it starts {act.workflow}" if act.kind is ActKind.START else f"it does {act.kind.value} the subject's task"


def _listed(names: Sequence[str]) -> str:
    return safe(", ".join(names), 200)


def _no(trigger: Trigger, why: str) -> TriggerMatch:
    return TriggerMatch(trigger, acts=False, why=why)
