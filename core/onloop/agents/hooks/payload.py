"""What a vendor's agent sends on standard input when it calls a hook."""

from __future__ import annotations

import json

from onloop.agents.vendors.vendor import STOP
from onloop.records import Record

LARGEST_PAYLOAD = 1024 * 1024
START = "SessionStart"


class Payload(Record):
    """The event, and whether the agent still has work in the background, in which case the turn has not ended.

    If the event is about a sub-agent, `sub_agent` and `kind` are its id and type. `said` is its last message.
    """

    event: str
    in_background: bool = False
    sub_agent: str = ""
    kind: str = ""
    said: str = ""


def payload_of(content: bytes) -> Payload:
    """The payload. One that cannot be read counts as the end of a turn, so that the gates are checked."""
    try:
        fields = json.loads(content[:LARGEST_PAYLOAD])
    except (ValueError, RecursionError):
        return Payload(STOP)
    if not isinstance(fields, dict):
        return Payload(STOP)
    event = fields.get("hook_event_name")
    return Payload(
        event if isinstance(event, str) else STOP,
        bool(fields.get("background_tasks")),
        _text(fields.get("agent_id")),
        _text(fields.get("agent_type")),
        _text(fields.get("last_assistant_message")) or _text(fields.get("prompt_response")),
    )


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""
