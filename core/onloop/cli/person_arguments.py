"""What the verbs take with which people take work, look at it, stand in for each other, and see who is enrolled."""

from __future__ import annotations

from onloop.cli.arguments import Arguments, PersonArguments
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
    public_key: str | None
    label: str
    sign: str | None
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


class TokenArguments(PersonArguments, frozen=True, kw_only=True):
    """Of token."""

    what: str
    name: str | None
    role: tuple[str, ...]
    repo: tuple[str, ...]
    isolation: str
    at_most: int
    start: bool
    expires: str
    to: str | None
    reason: str
    key: str


class LoginArguments(PersonArguments, frozen=True, kw_only=True):
    """Of login."""

    url: str


class LogoutArguments(Arguments, frozen=True, kw_only=True):
    """Of logout."""

    url: str
