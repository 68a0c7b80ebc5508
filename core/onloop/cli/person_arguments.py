"""What the verbs take with which people take work, look at it, stand in for each other, and see who is enrolled."""

from __future__ import annotations

from onloop.cli.arguments import PersonArguments
from onloop.cli.people_arguments import DecisionArguments, TaskArguments


class ReassignArguments(DecisionArguments, frozen=True, kw_only=True):
    """Of reassign."""

    to: str
    reason: str
    gate: str | None
    work: bool


class TakeArguments(PersonArguments, frozen=True, kw_only=True):
    """Of take."""

    task: str
    reason: str
    version: int | None


class OpenArguments(TaskArguments, frozen=True, kw_only=True):
    """Of open."""

    dir: str | None
    shell: bool


class PeopleArguments(PersonArguments, frozen=True, kw_only=True):
    """Of people."""

    what: str
    name: str | None
    new_name: str | None
    reason: str
    void: bool
    key: str


class DelegateArguments(PersonArguments, frozen=True, kw_only=True):
    """Of delegate."""

    to: str | None
    until: str | None
    gate: str
    group: str
    reason: str
    end: str | None


class PassphraseArguments(PersonArguments, frozen=True, kw_only=True):
    """Of passphrase."""

    new_passphrase_fd: int | None
