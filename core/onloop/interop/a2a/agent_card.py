"""PURE: the agent card of a gateway, which says what it is, where it listens, and how somebody proves who they are."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import onloop
from onloop.interop.a2a.a2a_requests import VERSION
from onloop.interop.a2a.a2a_tasks import EXTENSION

CARD_PATH = "/.well-known/agent-card.json"
RPC_PATH = "/a2a/v1"

_ABOUT = (
    "Coordinates coding agents: tasks with verified steps, and the few places where a person must decide. "
    "It answers about tasks, and takes people's answers to questions; it does no work itself."
)

_SCHEMES: Mapping[str, Any] = {
    "bearer": {
        "httpAuthSecurityScheme": {
            "scheme": "Bearer",
            "description": "A reading session (onloop login), or an agent's ONLOOP_TOKEN",
        }
    },
    "person": {
        "apiKeySecurityScheme": {
            "location": "header",
            "name": "Onloop-Session",
            "description": "The session in which a person proved themselves (/v1/scram_first); a decision "
            "needs its code, too",
        }
    },
}
_SKILLS: Sequence[Mapping[str, Any]] = [
    {
        "id": "inbox",
        "name": "What needs a person",
        "description": "ListTasks with TASK_STATE_INPUT_REQUIRED: every task at which a person must act",
        "tags": ["coordination", "approval", "human-in-the-loop"],
    },
    {
        "id": "tasks",
        "name": "Tasks of coding agents",
        "description": "GetTask and ListTasks: where each stands, and why it is not moving",
        "tags": ["coordination", "status"],
    },
]


def agent_card(url: str) -> dict[str, Any]:
    """The card of the gateway at a URL. It tells nothing of the store."""
    return {
        "name": "onloop",
        "description": _ABOUT,
        "version": onloop.__version__,
        "supportedInterfaces": [{"url": url + RPC_PATH, "protocolBinding": "JSONRPC", "protocolVersion": VERSION}],
        "capabilities": {
            "streaming": False,
            "pushNotifications": False,
            "extendedAgentCard": False,
            "extensions": [{"uri": EXTENSION, "description": "Our own state, reason and requests, in metadata"}],
        },
        "securitySchemes": _SCHEMES,
        "securityRequirements": [{"schemes": {"bearer": {"list": []}}}, {"schemes": {"person": {"list": []}}}],
        "defaultInputModes": ["text/plain"],
        "defaultOutputModes": ["application/json", "text/plain"],
        "skills": _SKILLS,
    }
