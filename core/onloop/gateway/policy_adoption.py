"""Who may adopt and drop policies of the organization, and what can be adopted at all."""

from __future__ import annotations

import re
from typing import assert_never

from onloop.errors import BadInput, Exit, Ground, NotAllowed, Refused, UnknownThing
from onloop.machine.organization_policies import MOST_POLICIES, Policy, PolicyAdopted, PolicyDropped, PolicyEvent
from onloop.machine.policy_gate import DenyOutcome
from onloop.machine.rules.people.enrolment import APPROVERS
from onloop.machine.store_state import StoreState
from onloop.policies.cel_rules import check_installed, faults_of
from onloop.text import safe
from onloop.workflow.model import PERSON, POLICY_PLACE, WORKFLOW_NAME
from onloop.workflow.policy_builder import reads_people

_LARGEST_QUORUM = 10


def check_policy_event(house: StoreState, by: str, event: PolicyEvent) -> None:
    """Refuse whoever is no approver, and what no run could be held to."""
    if APPROVERS not in house.groups.get(by, ()):
        hint = f"somebody in {APPROVERS} must adopt and drop policies"
        raise NotAllowed(f"{by} is not an approver", hint=hint, ground=Ground.KIND)
    if not event.reason.strip():
        raise BadInput("a reason is needed, and none was given", hint='--reason "why"')
    match event:
        case PolicyAdopted(policy):
            _check_adopted(house, policy)
        case PolicyDropped(name):
            if name not in house.policies:
                hint = f"in force: {', '.join(sorted(house.policies)) or 'none'}"
                raise UnknownThing(f"there is no policy {safe(name, 64)!r}", hint=hint)
        case _:
            assert_never(event)


def _overriders(policy: Policy) -> tuple[str, ...]:
    return policy.override.by if policy.override is not None else ()


def _check_adopted(house: StoreState, policy: Policy) -> None:
    check_installed(f"policy {safe(policy.name, 64)}")
    for words, fits in (
        ("its name", re.match(WORKFLOW_NAME, policy.name) is not None),
        ("where it is judged", bool(policy.at) and all(re.match(POLICY_PLACE, place) for place in policy.at)),
        ("who approves or overrides", all(re.match(PERSON, who) for who in (*policy.approvers, *_overriders(policy)))),
        ("how many approve", 1 <= policy.quorum <= _LARGEST_QUORUM),
        ("whom it demands", bool(policy.approvers) or policy.on_deny is not DenyOutcome.APPROVALS),
        ("when it is judged", policy.late == reads_people(policy.rule)),
    ):
        if not fits:
            raise BadInput(f"a policy cannot say this: {words}", hint="onloop policy test FILE says what is wrong")
    if faults := faults_of(policy.rule):
        raise BadInput(f"the rule of {policy.name} cannot be evaluated: {faults[0].what}", hint=faults[0].hint)
    known = house.policies.get(policy.name)
    if known is not None and known.policy == policy:
        words = f"{policy.name} is in force already, as it is here"
        raise Refused(words, exit=Exit.NOTHING, hint="onloop policy list")
    if known is None and len(house.policies) >= MOST_POLICIES:
        words = f"{MOST_POLICIES} policies are in force, which is the most"
        raise BadInput(words, hint="onloop policy drop NAME")
