"""A webhook about a commit wakes the gates that wait for it: they ask the source, and believe nothing."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

from onloop.gateway.jobs import WakeGates
from onloop.gateway.port import GatewayPort
from onloop.store.rows import Delivery
from onloop.triggers.delivery_operations import ReadDelivery

_WHERE = {
    "check_run": ("check_run", "head_sha"),
    "check_suite": ("check_suite", "head_sha"),
    "workflow_run": ("workflow_run", "head_sha"),
    "pull_request_review": ("pull_request", "head", "sha"),
    "pull_request": ("pull_request", "head", "sha"),
    "status": ("sha",),
}
"""Where events of GitHub name the commit that they are about."""
_COMMIT = re.compile(r"[0-9a-f]{40}([0-9a-f]{24})?")


def wake_gates_of(gateway: GatewayPort, row: Delivery) -> int:
    """Wake what waits for the commit of a stored webhook; how many gates that were."""
    place = _WHERE.get(row.event.partition(".")[0])
    if place is None:
        return 0
    _, body = gateway.perform(ReadDelivery(row.id))
    found = list(commits_at(body.content, place)) if body is not None else []
    return sum(gateway.perform(WakeGates(commit)) for commit in found)


def commits_at(content: str, place: tuple[str, ...]) -> Iterator[str]:
    """The commit that a payload names at that place, if it does."""
    try:
        here: Any = json.loads(content)
    except (ValueError, RecursionError):
        return
    for name in place:
        here = here.get(name) if isinstance(here, dict) else None
    if isinstance(here, str) and _COMMIT.fullmatch(here):
        yield here
