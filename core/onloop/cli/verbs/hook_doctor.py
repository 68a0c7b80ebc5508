"""`onloop hook doctor AGENT`: what the hooks that are installed hold it to, by trying them."""

from __future__ import annotations

import os
import re

from onloop.agents.agent_command import found_program
from onloop.agents.hooks.forms.hook_places import HookFolders, HookPlace, HookScope, place_of, scopes_of
from onloop.agents.hooks.forms.managed_trust import trouble_of
from onloop.agents.hooks.rehearsal import Installed, Rehearsed, rehearsed
from onloop.agents.vendors.vendor import Vendor
from onloop.cli.json_models.build_models import HookDoctorJson, HookPlaceJson
from onloop.cli.output import VerbOutput
from onloop.errors import BadInput, Exit
from onloop.gates.repository.folders import private
from onloop.home import Home
from onloop.text import safe
from onloop.workflow.agent_file import AgentSpec

LEVELS = {
    "L0": "it is told how to work here, and held by nothing but the gates",
    "L1": "its turn ends when the gateway says so",
    "L2": "it is refused what its step forbids, as it tries",
    "L3": "and it cannot change that: the hook is root's",
}
"""What each level of enforcement by hooks means. The last word, L4, is no hook's."""

BEYOND = "L4: gates judge commits and not agents, whatever hooks do; that nothing is merged past them proves: {command}"
_PROGRAM = re.compile(rb"""(?:"|')?((?:/[^\s"'|;&]*/)?onloop)'?(?:"|\s+hook)""")


def hook_doctor(vendor: Vendor, folders: HookFolders, home: Home) -> VerbOutput:
    """Look at each place of the vendor's hook, and let the agent run into what is there."""
    program = found_program(vendor, os.environ)
    places = [place_of(vendor, scope, folders) for scope in scopes_of(vendor)]
    looked = [_looked_at(place) for place in places]
    private(home.store.parent)
    project = places[0] if looked[0].events else None
    shown = rehearsed(
        AgentSpec(vendor.name, vendor.name, source=vendor.title),
        program,
        os.environ,
        home.store.parent,
        Installed(project),
    )
    level = _level(shown, looked[-1])
    data = HookDoctorJson(vendor.name, program.version, looked, bool(shown.fires), shown.denies, level)
    lines = (
        safe(f"{vendor.title}, {program.path}, {program.version or 'of unknown version'}"),
        *(_line(each) for each in looked),
        f"{_mark(bool(shown.fires))} at the end of a turn it calls our hook{_not(bool(shown.fires))}",
        f"{_mark(shown.denies)} a push and a change of .onloop were refused{_not(shown.denies)}",
        f"level: {level}, {LEVELS[level]}",
        BEYOND.format(command="onloop doctor --forge URL"),
    )
    is_there = any(each.events for each in looked)
    good = is_there and shown.commits and (bool(shown.fires) or vendor.hook is None) and shown.denies
    notes = () if good else _why_not(vendor, shown, is_there=is_there)
    return VerbOutput(Exit.OK if good else Exit.UNAVAILABLE, lines, data, notes)


def _looked_at(place: HookPlace) -> HookPlaceJson:
    trouble = ""
    try:
        events = place.events()
        if events and place.scope is HookScope.MANAGED:
            trouble = "; ".join(trouble_of(place.path, _called(place.file.read() or b"")))
    except BadInput as problem:
        events, trouble = (), problem.message
    return HookPlaceJson(place.scope.value, str(place.path), events, trouble)


def _called(content: bytes) -> str:
    found = _PROGRAM.search(content)
    return found[1].decode() if found else "onloop"


def _level(shown: Rehearsed, managed: HookPlaceJson) -> str:
    if not shown.denies:
        return "L1" if shown.fires else "L0"
    is_managed = managed.scope == HookScope.MANAGED.value
    return "L3" if is_managed and managed.events and not managed.trouble else "L2"


def _line(place: HookPlaceJson) -> str:
    found = f"{len(place.events)} events" if place.events else "no hook of ours"
    return safe(f"{place.scope:8} {place.file}: {place.trouble if not place.events and place.trouble else found}") + (
        f" ({safe(place.trouble)})" if place.events and place.trouble else ""
    )


def _why_not(vendor: Vendor, shown: Rehearsed, *, is_there: bool) -> tuple[str, ...]:
    said = tuple(safe(f"it printed: {line}") for line in shown.said.splitlines()[-4:])
    if not is_there:
        return (f"next: onloop hook install {vendor.name}",)
    return (f"mind: {vendor.trap}", *said)


def _mark(good: bool) -> str:
    return "ok " if good else "BAD"


def _not(good: bool) -> str:
    return "" if good else ": NO"
