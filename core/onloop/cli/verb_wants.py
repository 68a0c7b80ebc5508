"""What one wants, and the verbs for it: the order in which `onloop help` and the guide list them."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

WANTS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "try it": ("demo", "simulate", "help", "completion"),
        "set it up": ("init", "enrol", "people", "passphrase", "doctor", "environment", "hook", "instruct", "serve"),
        "from another machine": ("login", "logout", "token"),
        "begin work": ("start", "fleet", "tickets", "schedule", "work", "verifier"),
        "see what needs you": ("attention", "watch", "calls", "show", "open", "why"),
        "see what happens": ("list", "tree", "report", "loop", "log", "logs", "decisions", "workers"),
        "decide": ("approve", "reject", "answer", "override", "delegate"),
        "step in": (
            *("note", "enter", "take", "reassign", "retry", "pause", "resume", "cancel", "exclude"),
            *("freeze", "unfreeze"),
        ),
        "put right": ("undo", "amend", "retarget", "adopt", "cause", "repository"),
        "hide for a while": ("ack", "snooze", "wake", "mute", "unmute"),
        "look at a repository": ("audit",),
        "compare agents": ("bench",),
        "have agents learn": ("harness",),
        "write workflows": ("validate", "graph", "workflow", "policy", "trigger", "schema", "conformance"),
        "keep the store": ("store", "gc", "attest"),
        "be an agent": (
            *("claim", "join", "leave", "next", "check", "submit", "ask", "fail", "release", "handoff"),
            *("checkpoint", "heartbeat", "inbox", "tell", "review", "spawn", "acp", "mcp"),
        ),
    }
)
"""What one wants, and the verbs for it; every verb is there once."""
