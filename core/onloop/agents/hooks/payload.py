"""What a vendor's agent says on standard input when it calls a hook."""

from __future__ import annotations

import json

from onloop.agents.hooks.vendors import STOP
from onloop.records import Record

LARGEST_PAYLOAD = 1024 * 1024
START = "SessionStart"


class Payload(Record):
    """The event, and whether the agent still has work in the background, which ends no turn.

    `sub_agent` and `kind` are the id and the type of the one that the event is about, where it is about one.
    """

    event: str
    in_background: bool = False
    sub_agent: str = ""
    kind: str = ""


def payload_of(content: bytes) -> Payload:
    """What was said. What cannot be read counts as the end of a turn: absence is denial."""
    try:
        said = json.loads(content[:LARGEST_PAYLOAD])
    except (ValueError, RecursionError):
        return Payload(STOP)
    if not isinstance(said, dict):
        return Payload(STOP)
    event = said.get("hook_event_name")
    return Payload(
        event if isinstance(event, str) else STOP,
        bool(said.get("background_tasks")),
        _text(said.get("agent_id")),
        _text(said.get("agent_type")),
    )


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""
