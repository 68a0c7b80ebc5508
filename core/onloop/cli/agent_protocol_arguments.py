"""What verbs take that speak the protocols of agents."""

from __future__ import annotations

from onloop.cli.arguments import Arguments


class AcpArguments(Arguments, frozen=True, kw_only=True):
    """Of acp."""

    session: str
    permit: tuple[str, ...]
    command: tuple[str, ...]
