"""Looks at the machine and the store: which agents are installed, logged in and hooked, what the store holds."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from pathlib import Path

from onloop.agents.agent_command import seen_logins
from onloop.agents.hooks.forms.hook_places import HookFolders, HookPlace, place_of, scopes_of
from onloop.agents.vendors.known_vendors import VENDORS
from onloop.agents.vendors.vendor import Vendor
from onloop.errors import OnloopError
from onloop.insight.audit.primitives import AgentLook, StoreLook
from onloop.machine.rules.people.enrolment import APPROVERS
from onloop.machine.store_state import StoreState


def looked_at_agents(project: Path, home: Path, inherited: Mapping[str, str]) -> tuple[AgentLook, ...]:
    """Every vendor's agent that we know, by what lies on this machine; none of them is started."""
    return tuple(_look(vendor, project, home, inherited) for vendor in VENDORS.values())


def _look(vendor: Vendor, project: Path, home: Path, inherited: Mapping[str, str]) -> AgentLook:
    program = shutil.which(vendor.program, path=inherited.get("PATH")) or ""
    places = (place_of(vendor, scope, HookFolders(project, home)) for scope in scopes_of(vendor))
    hooked = tuple(str(place.path) for place in places if _is_hooked(place))
    return AgentLook(vendor.name, vendor.title, program, seen_logins(vendor, home, inherited), hooked)


def _is_hooked(place: HookPlace) -> bool:
    """Whether our hook is in a file: one that cannot be read, or is a repository's trick, has none."""
    try:
        return bool(place.events())
    except OnloopError:
        return False


def looked_at_store(name: str, house: StoreState) -> StoreLook:
    """What a store's state says of what matters here."""
    return StoreLook(
        name=name,
        approvers=sum(APPROVERS in person.groups for person in house.people.values()),
        box=house.proof.kind if house.proof is not None else "",
        schedules=len(house.schedules),
        triggers=len(house.triggers.triggers) if house.triggers is not None else 0,
        policies=len(house.policies),
        is_scripted=house.scripted,
    )
