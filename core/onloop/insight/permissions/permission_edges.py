"""PURE: which edges there are, one rule for each kind: a rule says what it looked for also where nothing was found."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from onloop.insight.permissions.path_access import MachineUser, why_read, why_written
from onloop.insight.permissions.permission_grants import grants_of
from onloop.insight.permissions.permission_graph import Goal, LookedEdge, PermissionEdge, chains_of
from onloop.insight.permissions.permission_grounds import (
    GuardedPath,
    PathUse,
    PermissionAudit,
    PermissionGrounds,
    PersonGrant,
)
from onloop.insight.permissions.unasked_merge import merges_unasked
from onloop.machine.launchers import ANY
from onloop.machine.rules.people.enrolment import APPROVERS

_APART = "onloop init --isolate USER --agents GROUP: a store of another user, which onloop serve opens"
_NOT_OURS = frozenset({"agent", "launcher", "integration", "session", "nobody"})


def audited(grounds: PermissionGrounds) -> PermissionAudit:
    """Who may what, every way to a goal, and what was looked at for it."""
    looked = tuple(edge for rule in _RULES for edge in rule(grounds))
    starts = (*(each.name for each in grounds.agents), *(_holder(each.name) for each in grounds.launchers))
    chains = chains_of(looked, tuple(dict.fromkeys(starts)))
    return PermissionAudit(grounds.store, tuple(grants_of(grounds)), chains, len(looked), grounds.unknown)


def _holder(launcher: str) -> str:
    return f"whoever holds the token of launcher {launcher}"


def _edge(asked: str, start: str, end: str, fact: str, close: str) -> LookedEdge:
    """What was asked, and the edge if there is a fact for it."""
    return LookedEdge(asked, PermissionEdge(start, end, fact, close) if fact else None)


def _agents_as_users(grounds: PermissionGrounds) -> Iterator[LookedEdge]:
    for agent in grounds.agents:
        fact = "" if agent.is_boxed else f"{agent.known_from}, and nothing demands a box: {agent.least.value}"
        close = "isolation: box (or more) at every step of an agent"
        yield _edge(f"{agent.name} are that user to the machine", agent.name, agent.user.words, fact, close)


def _roots(grounds: PermissionGrounds) -> Iterator[LookedEdge]:
    for agent in grounds.agents:
        fact = "user 0 is root" if agent.user.uid == 0 else ""
        yield _edge(f"{agent.user.words} is root", agent.user.words, "root", fact, "run agents as a user of their own")


def _gates(grounds: PermissionGrounds) -> Iterator[LookedEdge]:
    """Code that agents hand in runs as the gates' user, and a box keeps it from what that user may."""
    if grounds.judge is None:
        return
    name = "root" if grounds.judge.uid == 0 else grounds.judge.words
    fact = f"the box of gates keeps code not from: {grounds.open_box}" if grounds.open_box else ""
    for agent in grounds.agents:
        asked = f"code of {agent.name} is {name} while gates run"
        yield _edge(asked, agent.name, name, fact, "a box that holds: onloop doctor, onloop help machines")


def _users(grounds: PermissionGrounds) -> tuple[MachineUser, ...]:
    """As whom code of agents runs: their own users, and that of the gates."""
    judges = (grounds.judge,) if grounds.judge is not None and grounds.open_box else ()
    return tuple(dict.fromkeys(user for user in (*(a.user for a in grounds.agents), *judges) if user.uid != 0))


def _paths(grounds: PermissionGrounds) -> Iterator[LookedEdge]:
    """Each user of agents, and root, at each path that grants something; then what the path grants."""
    for path in grounds.paths:
        for user in _users(grounds):
            why = _reached(path, user)
            yield _edge(f"{user.words} can {path.use.value} {path.name}", user.words, path.name, why, path.close)
        is_there = "root may do everything" if path.fact is not None else ""
        yield _edge(f"root can {path.use.value} {path.name}", "root", path.name, is_there, "")
        granted = path.why if path.fact is not None else ""
        yield _edge(f"{path.name} grants {path.grants}", path.name, path.grants, granted, "")


def _reached(path: GuardedPath, user: MachineUser) -> str:
    if path.fact is None:
        return ""
    return why_read(path.fact, user) if path.use is PathUse.READ else why_written(path.fact, user)


def _scripted(grounds: PermissionGrounds) -> Iterator[LookedEdge]:
    fact = "in this store a script decides, for ever" if grounds.scripted else ""
    for agent in grounds.agents:
        close = "onloop init --name NAME: another store, in which people decide"
        yield _edge("a script may decide in this store", agent.name, Goal.APPROVAL.value, fact, close)


def _accounts(grounds: PermissionGrounds) -> Iterator[LookedEdge]:
    """Whoever runs as a person's own account can read what they type, and change the programs that they start."""
    for person in grounds.people:
        for agent in grounds.agents:
            is_theirs = person.account is not None and person.account == agent.user.uid
            fact = f"{person.name} is enrolled, and agents run as the account of that name" if is_theirs else ""
            asked = f"{agent.user.words} is the account of {person.name}"
            close = "run agents as a user that no person is"
            yield _edge(asked, agent.user.words, _person(person.name), fact, close)


def _person(name: str) -> str:
    return f"human:{name}"


def _approvers(grounds: PermissionGrounds) -> Iterator[LookedEdge]:
    for person in grounds.people:
        why = f"in {', '.join(person.groups)}" if _may_approve(grounds, person) else ""
        close = "onloop people group: leave them out of the groups that approve"
        yield _edge(f"{_person(person.name)} may approve", _person(person.name), Goal.APPROVAL.value, why, close)


def _may_approve(grounds: PermissionGrounds, person: PersonGrant) -> bool:
    named = {
        name
        for use in grounds.workflows
        for step in use.definition.steps
        for gate in step.human_gates
        for name in gate.approvers
    }
    return APPROVERS in person.groups or bool(({person.name} | set(person.groups)) & named)


def _lent(grounds: PermissionGrounds) -> Iterator[LookedEdge]:
    for each in grounds.lent:
        yield _edge(f"{each.to} decides for {each.by}", each.to, each.by, each.words, "onloop delegate --end")


def _table(grounds: PermissionGrounds) -> Iterator[LookedEdge]:
    """The one table of rights: no row may let anything but a person decide."""
    for row in grounds.table:
        others = sorted(set(row.kinds) & _NOT_OURS)
        for agent in grounds.agents:
            fact = f"the table of rights lets {', '.join(others)} {row.deed}" if others else ""
            yield _edge(f"an agent may {row.deed}", agent.name, Goal.APPROVAL.value, fact, "use another onloop")


def _workflows(grounds: PermissionGrounds) -> Iterator[LookedEdge]:
    for use in grounds.workflows:
        unasked = merges_unasked(use.definition)
        fact = f"{use.used_by}: no gate asks a person on a way to {unasked}" if unasked else ""
        close = f"add a gate with human: before {unasked} in {use.name}"
        for agent in grounds.agents:
            asked = f"work under {use.name} ({use.used_by}) merges with nobody asked"
            yield _edge(asked, agent.name, f"workflow {use.name}", fact, close)
        yield _edge(f"{use.name} merges", f"workflow {use.name}", Goal.MERGE.value, fact and "it merges", "")


def _launchers(grounds: PermissionGrounds) -> Iterator[LookedEdge]:
    for each in grounds.launchers:
        is_wide = ANY in each.grant.repositories and (ANY in each.grant.roles or each.grant.starts)
        fact = f"{each.by} let it in for every repository and {_roles(each.grant.roles)}" if is_wide else ""
        close = f"onloop token revoke {each.name}, and mint one with --role and --repo"
        yield _edge(f"launcher {each.name} is without scope", _holder(each.name), Goal.CLAIM.value, fact, close)


def _roles(roles: tuple[str, ...]) -> str:
    return "every role" if ANY in roles else ", ".join(roles)


_Rule = Callable[[PermissionGrounds], Iterator[LookedEdge]]
_RULES: tuple[_Rule, ...] = (
    _agents_as_users,
    _roots,
    _gates,
    _scripted,
    _table,
    _accounts,
    _approvers,
    _lent,
    _paths,
    _workflows,
    _launchers,
)
