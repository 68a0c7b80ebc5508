"""What a vendor's agent sends on standard input when it calls a hook."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping

from onloop.agents.vendors.vendor import STOP
from onloop.records import Record, field

LARGEST_PAYLOAD = 4 * 1024 * 1024
START = "SessionStart"
TOOL_EVENTS = frozenset({"PreToolUse", "BeforeTool"})
"""The events before a tool is used, as vendors call them."""
_TOOL_EVENT = re.compile(rb'"hook_event_name"\s*:\s*"(PreToolUse|BeforeTool)"')


class Payload(Record):
    """The event, and whether the agent still has work in the background, in which case the turn has not ended.

    If the event is about a sub-agent, `sub_agent` and `kind` are its id and type. `said` is its last message. Before a
    tool is used, `tool` is its name, `given` what it gets, and `folder` where the agent works; `whole` says that the
    vendor's words could be read.
    """

    event: str
    in_background: bool = False
    sub_agent: str = ""
    kind: str = ""
    said: str = ""
    tool: str = ""
    given: Mapping[str, object] = field(default_factory=dict)
    folder: str = ""
    whole: bool = True


def payload_of(content: bytes) -> Payload:
    """The payload. One that cannot be read counts as the end of a turn, so that the gates are checked.

    One that cannot be read and says that a tool is to be used counts as that.
    """
    try:
        fields = json.loads(content[:LARGEST_PAYLOAD])
    except (ValueError, RecursionError):
        fields = None
    if not isinstance(fields, dict):
        cut = _TOOL_EVENT.search(content[:LARGEST_PAYLOAD])
        return Payload(cut[1].decode() if cut else STOP, whole=False)
    event = fields.get("hook_event_name")
    return Payload(
        event if isinstance(event, str) else STOP,
        bool(fields.get("background_tasks")),
        _text(fields.get("agent_id")),
        _text(fields.get("agent_type")),
        _text(fields.get("last_assistant_message")) or _text(fields.get("prompt_response")),
        _text(fields.get("tool_name")),
        given if isinstance(given := fields.get("tool_input"), dict) else {},
        _text(fields.get("cwd")),
    )


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""
