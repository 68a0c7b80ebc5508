"""Who may adopt triggers, and what can be adopted at all."""

from __future__ import annotations

from onloop.errors import BadInput, Exit, Ground, NotAllowed, Refused
from onloop.machine.adopted_triggers import ActKind, Trigger, TriggersAdopted
from onloop.machine.rules.people.enrolment import APPROVERS
from onloop.policies.event_rules import check_rules_installed, event_faults
from onloop.store.port import Reading
from onloop.store.rows import PinnedWorkflow
from onloop.text import safe


def check_adopted(reading: Reading, by: str, event: TriggersAdopted) -> None:
    """Refuse whoever is no approver, rules that cannot be evaluated, and workflows that the store does not keep."""
    house = reading.house()
    if APPROVERS not in house.groups.get(by, ()):
        hint = f"somebody in {APPROVERS} must adopt triggers"
        raise NotAllowed(f"{by} is not an approver", hint=hint, ground=Ground.KIND)
    if not event.reason.strip():
        raise BadInput("a reason is needed, and none was given", hint='--reason "why"')
    known = house.triggers
    if (known.triggers if known is not None else ()) == event.triggers:
        raise Refused("these triggers are adopted already", exit=Exit.NOTHING, hint="onloop trigger list")
    ids = [trigger.id for trigger in event.triggers]
    if len(set(ids)) != len(ids):
        raise BadInput("two triggers have one id", hint="onloop validate FILE names them")
    for trigger in event.triggers:
        _check_trigger(reading, trigger)


def _check_trigger(reading: Reading, trigger: Trigger) -> None:
    if trigger.when:
        check_rules_installed(f"trigger {safe(trigger.id, 64)}")
        if faults := event_faults(trigger.when):
            raise BadInput(f"the rule of {trigger.id} cannot be evaluated: {faults[0].what}", hint=faults[0].hint)
    act = trigger.do
    if act.kind is ActKind.START and reading.get(PinnedWorkflow, act.definition) is None:
        words = f"the workflow of {trigger.id} is not kept: {safe(act.workflow, 64)}"
        raise BadInput(words, hint="onloop trigger adopt FILE keeps it")
