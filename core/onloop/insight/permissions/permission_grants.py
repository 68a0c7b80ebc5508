"""PURE: who may what, on which repositories: the list that an audit of permissions begins with."""

from __future__ import annotations

from collections.abc import Iterator

from onloop.insight.permissions.permission_grounds import PermissionGrant, PermissionGrounds
from onloop.times import second_words


def grants_of(grounds: PermissionGrounds) -> Iterator[PermissionGrant]:
    """People, those in their place, agents, launchers, what begins work, and what reaches origins."""
    for person in grounds.people:
        keys = f"{person.keys} security keys" if person.keys else "a passphrase"
        yield PermissionGrant("person", f"human:{person.name}", f"decide in {', '.join(person.groups)}", note=keys)
    for lent in grounds.lent:
        yield PermissionGrant("delegation", lent.to, f"decide in the place of {lent.by}", note=_until(lent.until))
    for agent in grounds.agents:
        where = "as nobody to the machine, in a box" if agent.is_boxed else "with all that this user may"
        yield PermissionGrant("agents", agent.user.words, f"work on tasks, {where}", note=agent.known_from)
    for each in grounds.launchers:
        grant = each.grant
        starts = " and begin runs" if grant.starts else ""
        may = f"claim for {', '.join(grant.roles)}{starts}, {grant.at_most} at once, as {grant.isolation.value}"
        where = ", ".join(grant.repositories)
        yield PermissionGrant("launcher", each.name, may, where, f"{_until(grant.until)}, by {each.by}")
    yield from _of_things(grounds)


def _of_things(grounds: PermissionGrounds) -> Iterator[PermissionGrant]:
    """What grants something without being anybody."""
    for use in grounds.workflows:
        yield PermissionGrant("workflow", use.name, "move work", ", ".join(use.repositories), use.used_by)
    for credential in grounds.credentials:
        yield PermissionGrant("credential", credential.file, credential.may, credential.table)
    for path in grounds.paths:
        if path.fact is not None:
            yield PermissionGrant("file", path.path, f"{path.use.value}: {path.grants}", note=path.fact.words)


def _until(moment: int) -> str:
    return f"until {second_words(moment)}"
