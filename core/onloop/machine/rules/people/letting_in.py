"""Whom people let in over the network: which launchers may be minted and revoked, and by whom."""

from __future__ import annotations

import re
from typing import assert_never

from onloop.errors import BadInput, Exit, Ground, NotAllowed, Refused, UnknownThing
from onloop.machine.launchers import (
    LONGEST_GRANT_MS,
    MOST_LAUNCHERS,
    OF_CI,
    Grant,
    LauncherEvent,
    LauncherMinted,
    LauncherRevoked,
)
from onloop.machine.rules.people.enrolment import APPROVERS
from onloop.machine.store_state import StoreState

LONGEST_NAME = 40
OF_USERS = "uid-"
"""How the names of launchers begin that are users of the gateway's machine."""

_DAY_MS = 24 * 3_600_000
_NAME = re.compile(rf"[A-Za-z0-9][\w.-]{{0,{LONGEST_NAME - 1}}}", re.ASCII)
_DIGEST = re.compile(r"[0-9a-f]{64}")


def check_launcher_event(house: StoreState, by: str, event: LauncherEvent, now: int) -> None:
    """Refuse what `by`, a person's id, may not say: approvers let launchers in, and anybody enrolled ends one."""
    match event:
        case LauncherMinted():
            if APPROVERS not in house.groups.get(by, ()):
                hint = f"somebody in {APPROVERS} must let {event.name} in"
                raise NotAllowed(f"{by} is not an approver", hint=hint, ground=Ground.KIND)
            check_launcher_name(event.name)
            check_grant(event.grant, now)
            _check_new(house, event, now)
        case LauncherRevoked(name):
            if name not in house.launchers and not name.startswith(OF_CI):
                known = ", ".join(sorted(house.launchers)) or "none"
                raise UnknownThing(f"there is no launcher {name!r}", hint=f"let in now: {known}")
        case _:
            assert_never(event)


def check_launcher_name(name: str) -> None:
    """BadInput unless a launcher can be called so."""
    if not _NAME.fullmatch(name) or name.startswith((OF_CI, OF_USERS)):
        others = f"not {OF_CI}… or {OF_USERS}…, which are a CI's and users'"
        hint = f"letters, digits, '-', '_' and '.', at most {LONGEST_NAME}, and {others}"
        raise BadInput(f"{name!r} cannot be a launcher's name", hint=hint)


def check_grant(grant: Grant, now: int) -> None:
    """BadInput unless the grant names roles and repositories, whole origins if it starts, and ends in good time."""
    if not grant.roles or not all(grant.roles):
        raise BadInput("the launcher has no role", hint="name what it may claim for: --role implementer")
    if not grant.repositories or not all(grant.repositories):
        hint = "name where: --repo billing, --repo 'github.com/acme/*', or --repo '*' for every one"
        raise BadInput("the launcher has no repository", hint=hint)
    if grant.starts and (bare := [each for each in grant.repositories if "/" not in each]):
        raise BadInput(
            f"a launcher that starts runs names its origins, and {bare[0]!r} is the end of any: the gateway fetches it",
            hint="write the host: --repo 'github.com/acme/*'; a folder by its whole path",
        )
    if not now < grant.until <= now + LONGEST_GRANT_MS:
        raise BadInput(
            f"a launcher cannot be let in for {(grant.until - now) // 1000} s",
            hint=f"use more than 0 and at most {LONGEST_GRANT_MS // _DAY_MS} days",
        )


def _check_new(house: StoreState, event: LauncherMinted, now: int) -> None:
    known = house.launchers.get(event.name)
    if known is not None and known.grant.until > now:
        hint = f"give the new one another name, or end that one first: onloop token revoke {event.name}"
        raise Refused(f"a launcher {event.name!r} is let in already", exit=Exit.HELD, hint=hint)
    if not _DIGEST.fullmatch(event.digest) or any(each.digest == event.digest for each in house.launchers.values()):
        raise BadInput("the token of the launcher is not new", hint="mint it with this version of onloop")
    if known is None and len(house.launchers) >= MOST_LAUNCHERS:
        hint = "onloop token list shows them; onloop token revoke NAME ends one"
        raise BadInput(f"{MOST_LAUNCHERS} launchers are let in, which is the most", hint=hint)
