"""What callers over the network may ask: one table, of operations and of what somebody proved to be.

Absence is denial: an operation without a row is closed to everybody. Whoever may ask about some tasks only, gets the
same answer for a task of others as for one that does not exist.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from enum import Enum
from types import MappingProxyType
from typing import Any

from onloop.errors import BadInput, Ground, NotAllowed, UnknownThing, unknown_task
from onloop.gateway.command_operations import CreateRun
from onloop.gateway.grants.launcher_scope import grant_now, has_role, sees
from onloop.machine.commands import Create
from onloop.machine.launchers import Grant
from onloop.machine.operation import Operation
from onloop.machine.principal import Principal, PrincipalKind
from onloop.store.codec import to_text
from onloop.store.port import Reading
from onloop.store.rows import PinnedWorkflow
from onloop.workflow.loader import load


class About(Enum):
    """About what an operation may be asked."""

    ANYTHING = "anything"
    OWN = "its own task, and below"
    SCOPE = "its repositories"
    ROLES = "its roles"
    STARTS = "known workflows in its repositories, if it may start"
    BEGINS = "workflows as their files say"


_AGENT, _LAUNCHER = PrincipalKind.AGENT, PrincipalKind.LAUNCHER
_SESSION, _HUMAN = PrincipalKind.SESSION, PrincipalKind.HUMAN

OPENING = frozenset({"agent", "launcher", "session", "job", "scram_first", "scram_final", "end_session"})
"""What proves who somebody is, or gives a proof back, and so may be asked by anybody."""

_READERS: Mapping[PrincipalKind, About] = {_SESSION: About.ANYTHING, _HUMAN: About.ANYTHING}
_OF_A_TASK: Mapping[PrincipalKind, About] = {_AGENT: About.OWN, **_READERS}
_OF_WORK: Mapping[PrincipalKind, About] = {_LAUNCHER: About.SCOPE, **_OF_A_TASK}
_AGENTS: Mapping[PrincipalKind, About] = {_AGENT: About.OWN}
_PEOPLE: Mapping[PrincipalKind, About] = {_HUMAN: About.ANYTHING}
_EVERYBODY: Mapping[PrincipalKind, About] = dict.fromkeys((_AGENT, _LAUNCHER, _SESSION, _HUMAN), About.ANYTHING)

NETWORK: Mapping[str, Mapping[PrincipalKind, About]] = MappingProxyType(
    {
        "perform": {**_AGENTS, **_PEOPLE},
        "create": {_LAUNCHER: About.STARTS, _HUMAN: About.BEGINS},
        "add": _PEOPLE,
        "pin": _PEOPLE,
        "claim": {_LAUNCHER: About.ROLES},
        "take": _PEOPLE,
        "heartbeat": _AGENTS,
        "record": {**_AGENTS, **_PEOPLE},
        "fire_timers": _EVERYBODY,
        "deny": _EVERYBODY,
        "pass_on": _AGENTS,
        "take_notes": _AGENTS,
        "hand_in": _AGENTS,
        "submit": _AGENTS,
        "received": {_AGENT: About.ANYTHING},
        "check": _AGENTS,
        "next": _AGENTS,
        "changes": _OF_A_TASK,
        "patch_page": _OF_A_TASK,
        "agent_log": _OF_A_TASK,
        "offer_history": _AGENTS,
        "read_bundle": _AGENTS,
        "submit_branch": _AGENTS,
        "stamp": _EVERYBODY,
        "mint_session": _PEOPLE,
        "launchers": _READERS,
        "task": _OF_WORK,
        "tasks": _OF_A_TASK,
        "state": _EVERYBODY,
        "jobs": _READERS,
        "base_result": _READERS,
        "log": _OF_A_TASK,
        "names": _READERS,
        "task_now": _OF_WORK,
        "tasks_now": _OF_A_TASK,
        "definition": _EVERYBODY,
        "dossier": _OF_A_TASK,
        "shown": _OF_A_TASK,
        "attachments": _OF_A_TASK,
        "outputs": _OF_A_TASK,
        "output": _OF_A_TASK,
        "open_requests": _OF_A_TASK,
        "tasks_below": _OF_A_TASK,
        "waves": _READERS,
        "run_history": _READERS,
        "run_report": _READERS,
        "timeline": _READERS,
        "report_tasks": _READERS,
        "board": _READERS,
        "first_sight": _READERS,
        "store_changes": _READERS,
        "store_at": _READERS,
        "brief": _OF_WORK,
        "position": _OF_WORK,
        "held_task": _OF_WORK,
        "waiting": {_LAUNCHER: About.ANYTHING, **_READERS},
        "given": _OF_WORK,
        "sub_agents": _OF_WORK,
        "unread": _OF_A_TASK,
        "keep_environment": {_LAUNCHER: About.ANYTHING},
        "drop_environments": {_LAUNCHER: About.ANYTHING},
        "attest_environment": {_LAUNCHER: About.SCOPE},
        "environments": _READERS,
        "tell_worker": {_LAUNCHER: About.ANYTHING},
        "machines": _READERS,
        "needs": _READERS,
        "schedules": _READERS,
        "ask_firing": _PEOPLE,
        "calls": _READERS,
        "deliveries": _READERS,
    }
)
"""Operation → what each kind of caller may ask it about.

Of `state` and `waiting`, those who do work are told only what they need for it (`redacted_reading.py`). A workflow is
known to whoever can name its digest.
"""


def check_network(operation: Operation[Any], proven: Collection[Principal]) -> None:
    """NotAllowed unless somebody who has proved to be one of these may ask the operation about something."""
    if operation.name in OPENING or any(each.kind in NETWORK.get(operation.name, {}) for each in proven):
        return
    who = ", ".join(sorted(each.id for each in proven)) or "nobody in particular"
    words = f"over the network, {who} may not {operation.name.replace('_', ' ')}"
    ground = Ground.KIND if proven else Ground.UNPROVEN
    raise NotAllowed(words, hint="prove who you are, or ask on the gateway's machine", ground=ground)


def check_about(reading: Reading, operation: Operation[Any], proven: Collection[Principal], now: int) -> None:
    """Refuse what none of these may ask of what the operation is about: as if it were not there."""
    if operation.name in OPENING:
        return
    rules = [(each, rule) for each in proven if (rule := NETWORK.get(operation.name, {}).get(each.kind)) is not None]
    problems = list[NotAllowed | UnknownThing]()
    for each, rule in rules:
        try:
            _CHECKS[rule](reading, operation, each, now)
        except (NotAllowed, UnknownThing) as problem:
            problems.append(problem)
        else:
            return
    raise problems[0] if problems else NotAllowed(f"nobody may {operation.name}", hint="prove who you are")


def _subject(operation: Operation[Any]) -> str | None:
    """The task that an operation is about: its own field, that of a filter, or that of whoever asks."""
    wanted = getattr(operation, "wanted", None)
    if wanted is not None:
        return wanted.parent or None
    named = getattr(operation, "task", None)
    who = operation.principal_or_none
    return named or (who.task if who is not None else None)


def _anything(_: Reading, __: Operation[Any], ___: Principal, ____: int) -> None:
    return


def _own(_: Reading, operation: Operation[Any], who: Principal, __: int) -> None:
    about, own = _subject(operation), who.task or ""
    if not own or about is None or not (about == own or about.startswith(f"{own}.")):
        raise unknown_task(about or "")


def _scope(reading: Reading, operation: Operation[Any], who: Principal, now: int) -> None:
    grant, about = grant_now(reading, who, now), _subject(operation)
    task = reading.task(about) if about else None
    if grant is None or task is None or not sees(grant, task):
        raise unknown_task(about or "")


def _roles(reading: Reading, operation: Operation[Any], who: Principal, now: int) -> None:
    grant = grant_now(reading, who, now)
    if grant is None or not has_role(grant, getattr(operation, "role", "")):
        words = f"launcher {who.name} may not claim for {getattr(operation, 'role', '')}"
        raise NotAllowed(words, hint="its token is for other roles", ground=Ground.RULE)


def _starts(reading: Reading, operation: Operation[Any], who: Principal, now: int) -> None:
    grant = grant_now(reading, who, now)
    if grant is None or not grant.starts or not isinstance(operation, CreateRun):
        words = f"launcher {who.name} may not start anything"
        raise NotAllowed(words, hint="a person lets it: onloop token mint … --start", ground=Ground.RULE)
    pinned = operation.pinned
    is_known = bool(pinned.source) and reading.get(PinnedWorkflow, pinned.digest) == pinned
    if not is_known or any(command.definition != pinned.digest for _, command in operation.creations):
        words = f"no run of this store walks the workflow {pinned.digest[:12]}"
        raise BadInput(words, hint="a person starts the first run of a workflow: whoever brings one, brings commands")
    if not all(_may_begin(reading, grant, who, task_id, command) for task_id, command in operation.creations):
        words = f"launcher {who.name} may not start this"
        hint = f"a new run, in {', '.join(grant.repositories)}, in its own name, and without attachments"
        raise NotAllowed(words, hint=hint, ground=Ground.RULE)


def _may_begin(reading: Reading, grant: Grant, who: Principal, task_id: str, command: Create) -> bool:
    """Whether a launcher may begin the task: of a new run, and with nothing in it that is somebody else's."""
    others = (command.merges, command.funnel, command.attachments, command.after)
    bare = command.sponsor == who.id and others == ((), None, (), ())
    run = task_id.partition(".")[0]
    is_new = run == command.run and reading.task(run) is None and reading.task(task_id) is None
    return bare and is_new and sees(grant, command)


def _begins(_: Reading, operation: Operation[Any], __: Principal, ___: int) -> None:
    if not isinstance(operation, CreateRun):
        return
    pinned = operation.pinned
    definition = load(pinned.source.encode("utf-8", "surrogateescape"), pinned.name)
    if pinned != PinnedWorkflow(definition.digest, definition.name, pinned.source, to_text(definition)):
        words = f"the workflow {pinned.name[:60]!r} is not what its file says"
        raise BadInput(words, hint="use the version of onloop that serves the store")


_Check = Callable[[Reading, Operation[Any], Principal, int], None]
_CHECKS: Mapping[About, _Check] = {
    About.ANYTHING: _anything,
    About.OWN: _own,
    About.SCOPE: _scope,
    About.ROLES: _roles,
    About.STARTS: _starts,
    About.BEGINS: _begins,
}
