"""Which names may stand for an agent."""

from __future__ import annotations

import re

from onloop.errors import BadInput

_AGENT = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")


def check_agent(agent: str) -> str:
    """The agent's bare name, without `agent:`, if it can stand in a commit as name and before the @ of an address."""
    name = agent.removeprefix("agent:")
    if not _AGENT.fullmatch(name):
        raise BadInput(f"{agent!r} cannot be an agent's name", hint="use letters, digits, dots, dashes and underscores")
    return name
