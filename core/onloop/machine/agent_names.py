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


def check_claimer(agent: str) -> None:
    """Refuse whoever is not named `agent:NAME`, by a name that an agent can have."""
    check_agent(agent)
    if not agent.startswith("agent:"):
        raise BadInput(f"{agent!r} is no agent", hint=f"agent:{agent.rpartition(':')[2] or 'NAME'}")
