"""Looks at the store and the machine for what permissions are judged by; runs nothing, and opens no repository."""

from __future__ import annotations

import grp
import os
import pwd
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

from onloop.errors import BadInput
from onloop.gateway.authorize import ALLOWED, verb_of_kind
from onloop.gateway.port import GatewayPort
from onloop.home import Home
from onloop.identity.accounts import NETWORK_UID
from onloop.insight.permissions.declared_outside import declared_outside
from onloop.insight.permissions.guarded_paths import guarded_paths
from onloop.insight.permissions.path_access import MachineUser, path_fact
from onloop.insight.permissions.permission_grounds import (
    AgentUser,
    LauncherGrant,
    LentRight,
    PermissionGrounds,
    PersonGrant,
    TableRow,
)
from onloop.insight.permissions.workflow_uses import workflow_uses
from onloop.machine import commands as c
from onloop.machine.definition import Definition, Isolation
from onloop.machine.launchers import LauncherMinted
from onloop.machine.organization_policies import PolicyAdopted
from onloop.machine.people import Delegated, in_force
from onloop.machine.person_keys import KeyEnrolled
from onloop.machine.store_state import PersonEnrolled, StoreState
from onloop.machine.task import Task
from onloop.records import replace
from onloop.text import safe
from onloop.views.assurance import FRESH_MS, why_no_proof
from onloop.views.queries.launcher_reads import ReadLaunchers
from onloop.views.queries.reads import ReadStoreState, ReadTasks

_DECIDE = (
    *(c.Approve, c.Reject, c.Reply, c.Override, c.Amend),
    *(PersonEnrolled, KeyEnrolled, Delegated, LauncherMinted, PolicyAdopted),
)
"""What only people may do: each decides, or gives somebody else the right to."""

LARGEST_UID = 2**32 - 1
_ADMIN_GROUPS = frozenset({"sudo", "wheel", "admin"})


def looked_at(home: Home, project: Path, user_home: Path) -> PermissionGrounds:
    """What lies on the machine and in the store's files; nothing of its log yet."""
    outside = tuple(declared_outside(home)) if home.is_known and not home.url else ()
    secrets = tuple(secret for found in outside for secret in found.secrets)
    paths = tuple(guarded_paths(home, secrets, project, user_home))
    owner = path_fact(home.store) if home.is_known and not home.url else None
    judge = machine_user(str(owner.uid)) if owner is not None else None
    held = tuple(each for found in outside for each in found.credentials)
    grounds = PermissionGrounds(home.name, paths=paths, table=tuple(_table()), judge=judge, credentials=held)
    problems = (found.problem for found in outside if found.problem)
    return replace(grounds, unknown=(*problems, *_unknown(home, grounds)))


def with_store(grounds: PermissionGrounds, gateway: GatewayPort) -> PermissionGrounds:
    """The same with what the store says: who is enrolled, let in, what work begins under, who ran agents."""
    now, house = gateway.clock(), gateway.perform(ReadStoreState())
    tasks = gateway.perform(ReadTasks())
    uses, missing = workflow_uses(gateway, house, tasks)
    known = {use.definition.digest: use.definition for use in uses}
    launchers = (each for each in gateway.perform(ReadLaunchers()) if each.grant is not None)
    lent = in_force(house.delegations.values(), house.groups, now)
    proof = house.proof
    is_open = proof is not None and now - proof.at <= FRESH_MS and not proof.strong
    open_box = ", ".join(proof.open) or proof.kind if proof is not None and is_open else ""
    return replace(
        grounds,
        store_read=True,
        scripted=house.scripted,
        people=tuple(_people(house)),
        lent=tuple(LentRight(each.by, each.to, each.until, _lent_words(each)) for each in lent),
        launchers=tuple(LauncherGrant(each.name, each.grant, each.by) for each in launchers if each.grant is not None),
        workflows=uses,
        agents=tuple(_agents(tasks, known)),
        open_box=open_box,
        unknown=(*grounds.unknown, *missing, *_unproved(house, now), *_far(tasks)),
    )


def as_agent(grounds: PermissionGrounds, name: str | None) -> PermissionGrounds:
    """The same for agents of one user; where none is named and the log knows none, for those of this user."""
    if name is None and grounds.agents:
        return _with_admins(grounds)
    user = machine_user(name if name is not None else str(os.geteuid()))
    from_log = next((each for each in grounds.agents if each.user.uid == user.uid), None)
    words = "asked for as --as-agent" if name is not None else "onloop work here would run them so"
    agent = from_log or AgentUser(user, words)
    return _with_admins(replace(grounds, agents=(agent,)))


def machine_user(name: str) -> MachineUser:
    """The user of that name or number, with all groups; BadInput where there is no such account."""
    try:
        found = pwd.getpwuid(int(name)) if name.isascii() and name.isdecimal() else pwd.getpwnam(name)
    except (KeyError, OverflowError):
        if name.isascii() and name.isdecimal() and int(name) < LARGEST_UID:
            return MachineUser(int(name))
        raise BadInput(f"there is no user {name[:60]!r}", hint="--as-agent NAME, an account of this machine") from None
    groups = os.getgrouplist(found.pw_name, found.pw_gid)
    return MachineUser(found.pw_uid, found.pw_name, tuple(sorted(groups)))


def _with_admins(grounds: PermissionGrounds) -> PermissionGrounds:
    """What cannot be known of users in a group that may become root by rules that only root reads."""
    told = [words for agent in grounds.agents for words in _admin_words(agent.user)]
    return replace(grounds, unknown=(*grounds.unknown, *dict.fromkeys(told)))


def _admin_words(user: MachineUser) -> Iterator[str]:
    for group in _names_of(user.groups):
        if group in _ADMIN_GROUPS:
            yield f"{user.words} is in the group {group}: whether sudo asks for a password is not seen from here"


def _names_of(groups: Sequence[int]) -> Iterator[str]:
    for group in groups:
        try:
            yield grp.getgrgid(group).gr_name
        except KeyError:
            continue


def _table() -> Iterator[TableRow]:
    for kind in _DECIDE:
        yield TableRow(verb_of_kind(kind), tuple(sorted(each.value for each in ALLOWED.get(kind, frozenset()))))


def _people(house: StoreState) -> Iterator[PersonGrant]:
    for person in house.people.values():
        keys = sum(key.enrolled.person == person.principal for key in house.keys.values())
        yield PersonGrant(person.name, person.groups, _account(person.name), keys)


def _account(name: str) -> int | None:
    try:
        return pwd.getpwnam(name).pw_uid
    except (KeyError, ValueError):
        return None


def _lent_words(each: Delegated) -> str:
    of = f" at {each.gate}" if each.gate else f" for {each.group}" if each.group else ""
    return f"{each.by} lets {each.to} decide in their place{of}"


def _agents(tasks: Sequence[Task], known: dict[str, Definition]) -> Iterator[AgentUser]:
    """The users of this machine that claimed, with how many tasks, and the least that separated their agents."""
    counted, least = Counter[int](), dict[int, Isolation]()
    order = list(Isolation)
    for task in tasks:
        weakest = _least(task, known.get(task.definition))
        for uid in {hand.uid for hands in task.hands.values() for hand in hands if hand.uid is not None}:
            if uid != NETWORK_UID:
                counted[uid] += 1
                least[uid] = min(least.get(uid, Isolation.VM), weakest, key=order.index)
    for uid, count in sorted(counted.items()):
        yield AgentUser(machine_user(str(uid)), f"this user claimed {count} tasks", least[uid])


def _least(task: Task, definition: Definition | None) -> Isolation:
    """The least that separates agents at any step of a task."""
    order = list(Isolation)
    steps = [step.isolation for step in definition.steps if step.role] if definition is not None else []
    weakest = min(steps, key=order.index) if steps else Isolation.NONE
    return max(weakest, task.isolation, key=order.index)


def _far(tasks: Sequence[Task]) -> Iterator[str]:
    tokens = sorted({hand.token for task in tasks for hands in task.hands.values() for hand in hands if hand.token})
    for token in tokens[:20]:
        yield f"agents of {safe(token, 80)} run on another machine: run onloop audit permissions there, too"


def _unproved(house: StoreState, now: int) -> Iterator[str]:
    if house.proof is None or now - house.proof.at > FRESH_MS:
        yield f"{why_no_proof(house.proof, now)}: onloop doctor"


def _unknown(home: Home, grounds: PermissionGrounds) -> Iterator[str]:
    """What cannot be known from here, each with who could say."""
    if home.url or not home.is_known:
        yield "the store's files are elsewhere: run onloop audit permissions on the gateway's machine, too"
    if home.database:
        yield f"who may write the database {home.name}: its own administrator knows"
    yield "rules of the forge (branch protection, who may push there): its own settings say so"
    yield "as which users people type their passphrases, and who sees their screens"
    if Path("/etc/sudoers").exists():
        yield "what /etc/sudoers and setuid programs let users become"
    for path in grounds.paths:
        places = (path.fact, *path.fact.above) if path.fact is not None else ()
        yield from (
            f"{each.path} has an access list beside its mode: getfacl {each.path}" for each in places if each.has_list
        )
