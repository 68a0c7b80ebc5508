"""An agent that speaks ACP as a worker runs it: `onloop acp` around its command, which prints what it hears."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from onloop.agents.acp.heard_line import hear_line
from onloop.agents.agent_command import AgentCommand
from onloop.agents.agent_output import AgentOutput
from onloop.agents.vendors.known_vendors import VENDORS
from onloop.agents.vendors.vendor import Vendor


def acp_name(words: Sequence[str]) -> str:
    """Under which name its session is remembered: that of its program."""
    return f"acp:{Path(words[0]).name}"


def vendor_of(words: Sequence[str]) -> Vendor | None:
    """Whose agent it is, as far as the name of a program tells: its login is lent, and its variables are passed on."""
    names = [Path(word).name for word in words]
    return next((vendor for vendor in VENDORS.values() if any(vendor.program in name for name in names)), None)


def acp_command(words: Sequence[str], permit: Sequence[str], session: str) -> AgentCommand:
    """How a worker runs it, in a fresh session or the one named."""
    vendor = vendor_of(words)
    given = [part for kind in permit for part in ("--permit", kind)]
    goes_on = ("--session", session) if session else ()
    return AgentCommand(
        ("onloop", "acp", *given, *goes_on, "--", *words),
        inherits=() if vendor is None else (*vendor.login.variables, *vendor.inherits),
        output=AgentOutput(hear_line),
        resumes=bool(session),
    )
