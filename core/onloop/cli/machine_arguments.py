"""The arguments of the verb about workers."""

from __future__ import annotations

from onloop.cli.arguments import PersonArguments


class WorkersArguments(PersonArguments, frozen=True, kw_only=True):
    """Of workers."""

    what: str
    names: tuple[str, ...]
    reason: str
    key: str
