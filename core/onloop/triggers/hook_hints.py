"""Where a webhook of GitHub says that something may be new: a hint for those who follow pull requests. PURE."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from onloop.access.elsewhere.place_hints import ForgeHint
from onloop.triggers.hook_events import HookEvent
from onloop.triggers.hook_proofs import HookKind

_OF_CHECKS = ("check_run", "check_suite", "workflow_run")


def hint_of(event: HookEvent) -> ForgeHint | None:
    """The place that an event is about; None where it is about no place that work could come from."""
    repository = _mapping(event.payload, "repository").get("full_name")
    if event.kind is not HookKind.GITHUB or not isinstance(repository, str):
        return None
    for name in ("pull_request", "issue"):
        number = _mapping(event.payload, name).get("number")
        if isinstance(number, int):
            return ForgeHint(repository, number)
    if any(name in event.payload for name in _OF_CHECKS):
        return ForgeHint(repository)
    ref = event.payload.get("ref")
    if event.name == "push" and isinstance(ref, str):
        return ForgeHint(repository, ref=ref.removeprefix("refs/heads/"))
    return None


def _mapping(given: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    value = given.get(name)
    return value if isinstance(value, Mapping) else {}
