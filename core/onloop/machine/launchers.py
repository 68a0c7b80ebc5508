"""Launchers that people let in over the network: what each may claim, until when, and who said so."""

from __future__ import annotations

from collections.abc import Mapping
from hashlib import sha256
from typing import Annotated

from onloop.machine.definition import Isolation
from onloop.machine.limits import Digest, Id, Items, Millis, Path, Range, Words
from onloop.records import Record

MOST_LAUNCHERS = 200
"""How many launchers a store knows at a time; those that were revoked do not count."""

MOST_AT_ONCE = 256
USUAL_AT_ONCE = 16
"""How many tasks one launcher may hold at a time: at most, and where nobody said."""

LONGEST_GRANT_MS = 366 * 24 * 3_600_000
OF_CI = "ci-"
"""How the names of launchers begin that a CI's token proves; nobody mints one."""

_LONGEST_SUBJECT = 120

ANY = "*"
"""The role, or the pattern of repositories, that means every one."""

AtOnce = Annotated[int, Range(1, MOST_AT_ONCE)]
Names = Annotated[tuple[Id, ...], Items(50)]
Patterns = Annotated[tuple[Path, ...], Items(100)]


class Grant(Record):
    """What a launcher may do until `until` (ms): claim for these roles, in repositories that fit one of the patterns.

    `isolation` is what its workers are attested to give agents. One that `starts` may begin runs there as well.
    """

    roles: Names
    repositories: Patterns
    until: Millis
    isolation: Isolation = Isolation.CLONE
    at_most: AtOnce = USUAL_AT_ONCE
    starts: bool = False
    work_until: Millis = 0
    """Until when (ms) its agents may work on what it claimed, where that is not `until`."""


class LauncherMinted(Record):
    """A person let a launcher in. Kept is the sha256 of its secret, which was shown once."""

    name: Id
    digest: Digest
    grant: Grant
    by: Id
    at: Millis = 0


class LauncherRevoked(Record):
    """The launcher claims nothing any more, and what its agents held they hold no longer."""

    name: Id
    by: Id
    reason: Words = ""
    at: Millis = 0


LauncherEvent = LauncherMinted | LauncherRevoked
Launchers = Mapping[str, LauncherMinted]


def launchers_after(known: Launchers, event: LauncherEvent) -> Launchers:
    """The launchers that are let in after an event; time may have ended some of them."""
    others = {name: each for name, each in known.items() if name != event.name}
    return {**others, event.name: event} if isinstance(event, LauncherMinted) else others


def hand_of_token(name: str) -> str:
    """How a launcher is called as a hand: under the same name, it stays the same hand for ever."""
    return f"launcher:{name}"


def hand_of_job(rule: str, subject: str) -> str:
    """How the jobs of a CI are called as a hand: those of one subject are one hand, whichever run they are of."""
    if len(subject) > _LONGEST_SUBJECT:
        digest = sha256(subject.encode("utf-8", "surrogateescape")).hexdigest()
        subject = f"{subject[:_LONGEST_SUBJECT]}~{digest[:16]}"
    return f"ci:{rule}:{subject}"


def launcher_of(token: str) -> str:
    """The launcher whose hand is called so; empty for no token."""
    kind, _, name = token.partition(":")
    return f"{OF_CI}{name.partition(':')[0]}" if kind == "ci" else name
