"""PURE: our hook among those of others in a vendor's settings: put in, found, taken out, nothing else touched."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from onloop.agents.vendors.vendor import FAILS_CLOSED, Vendor
from onloop.errors import BadInput


def has_form(settings: Mapping[str, Any]) -> bool:
    """Whether what the settings say of hooks has the form that vendors read: lists of groups, by event."""
    hooks = settings.get("hooks", {})
    return isinstance(hooks, dict) and all(isinstance(groups, list) for groups in hooks.values())


def check_form(settings: Mapping[str, Any], name: str) -> None:
    """BadInput where the settings do not have the form of a hooks file."""
    if not has_form(settings):
        hint = "onloop hook show AGENT prints the right form; nothing was changed"
        raise BadInput(f"{name} does not have the form of a hooks file", hint=hint)


def events_with_ours(vendor: Vendor, settings: Mapping[str, Any]) -> tuple[str, ...]:
    """The events for which the settings have our hook, in whatever form."""
    hooks = settings.get("hooks", {})
    return tuple(event for event, groups in hooks.items() if any(_has_ours(vendor, group) for group in groups))


def with_ours(vendor: Vendor, settings: dict[str, Any], wanted: Mapping[str, Any]) -> bool:
    """Put the wanted groups in, in the place of ours from before; the answer says whether anything changed."""
    hooks = settings.get("hooks", {})
    changed = False
    for event in dict.fromkeys((*wanted, *events_with_ours(vendor, settings))):
        groups, ours = hooks.get(event, []), list(wanted.get(event, ()))
        if [group for group in groups if _has_ours(vendor, group)] == ours:
            continue
        changed = True
        kept = _without(vendor, groups)
        if kept or ours:
            hooks[event] = [*kept, *ours]
        else:
            hooks.pop(event, None)
    if changed:
        settings["hooks"] = hooks
    return changed


def without_ours(vendor: Vendor, settings: dict[str, Any]) -> bool:
    """Take our hook out; the answer says whether anything changed. An event, and `hooks`, that is then empty goes."""
    ours = events_with_ours(vendor, settings)
    for event in ours:
        kept = _without(vendor, settings["hooks"][event])
        if kept:
            settings["hooks"][event] = kept
        else:
            del settings["hooks"][event]
    if ours and not settings["hooks"]:
        del settings["hooks"]
    return bool(ours)


def _without(vendor: Vendor, groups: Sequence[Any]) -> list[Any]:
    """The groups without our handlers; a group that held nothing else goes, one that others share stays."""
    kept: list[Any] = []
    for group in groups:
        if not _has_ours(vendor, group):
            kept.append(group)
            continue
        others = [each for each in group["hooks"] if not _is_ours(vendor, each)]
        if others:
            kept.append({**group, "hooks": others})
    return kept


def _has_ours(vendor: Vendor, group: object) -> bool:
    handlers = group.get("hooks", ()) if isinstance(group, dict) else ()
    return isinstance(handlers, list) and any(_is_ours(vendor, each) for each in handlers)


def _is_ours(vendor: Vendor, handler: object) -> bool:
    if not isinstance(handler, dict):
        return False
    command, url = handler.get("command"), handler.get("url")
    if isinstance(url, str) and url.endswith(f"/v1/hooks/{vendor.name}"):
        return True
    return isinstance(command, str) and _ours_for(vendor.name).fullmatch(command) is not None


def _ours_for(name: str) -> re.Pattern[str]:
    """What calls us for a vendor: a program called onloop, wherever it is, and what stands behind it."""
    end = rf"(?: {re.escape(FAILS_CLOSED)})?"
    return re.compile(rf"(?:'[^']*/onloop'|(?:[^'\s|;&]*/)?onloop) hook {re.escape(name)}{end}")
