"""The arguments of the verbs about schedules, calls and what needs people."""

from __future__ import annotations

from onloop.cli.arguments import Arguments, PersonArguments


class ScheduleArguments(PersonArguments, frozen=True, kw_only=True):
    """Of schedule."""

    what: str
    names: tuple[str, ...]
    reason: str
    wait: str
    key: str


class CallsArguments(PersonArguments, frozen=True, kw_only=True):
    """Of calls."""

    what: str
    file: str | None
    reason: str
    limit: int
    key: str


class WatchArguments(Arguments, frozen=True, kw_only=True):
    """Of watch."""

    since: int | None
    until: str | None
