"""The verbs with which a session at a terminal, or a person at an editor, takes a task and gives it back."""

from __future__ import annotations

import getpass
import json
import os
import shlex
from contextlib import suppress
from pathlib import Path

from onloop.access.opening import check_agents_reach
from onloop.access.same_repository import check_clone
from onloop.access.submission import task_of
from onloop.access.verifier_process import ensure_verifier
from onloop.agents.workplace import fill_given, own_variables, prepare_folders, written
from onloop.cli.arguments import Arguments, JoinArguments, LeaveArguments
from onloop.cli.context import Context
from onloop.cli.joined import clone_around, joined, record_of
from onloop.cli.json_models.agent_models import ClaimJson, GivenBackJson
from onloop.cli.output import VerbOutput
from onloop.errors import BadInput, Exit, NotAllowed, OnloopError, Refused
from onloop.gates.repository.folders import private
from onloop.gateway.claims import ClaimTask
from onloop.gateway.command_operations import PerformCommand
from onloop.gateway.upkeep import RecogniseAgent
from onloop.machine.commands import Release, ReleaseCause
from onloop.machine.task import Task
from onloop.text import safe
from onloop.times import second_words
from onloop.views.pinned_workflow import ReadDefinition
from onloop.workflow.duration import milliseconds

_NOT_HERE = "run it in a clone of the task's repository"


def join(context: Context[JoinArguments]) -> VerbOutput:
    """Take a task's lease for the session in this clone, which then works by the same gates as any agent.

    What it needs is kept in a file of this user's, outside of the repository, and read by the verbs of agents in this
    clone; with `--shell` it is printed to be evaluated instead.
    """
    if os.environ.get("ONLOOP_TOKEN"):
        context.note_denied("join")
        raise NotAllowed("an agent that has a token joins no other task", hint="stay with your own task")
    args, opened, by = context.args, context.opened, context.launcher()
    clone = clone_around(str(Path.cwd()))
    if clone is None:
        raise BadInput(f"{Path.cwd()} is in no git repository", hint=_NOT_HERE)
    check_agents_reach(opened)
    _check_free(context, clone)
    task = task_of(opened, args.task)
    if task.origin is None:
        raise BadInput(f"{task.id} has no repository", hint=f"onloop claim {task.id} --role ROLE takes it")
    check_clone(Path(clone), opened.mirror(task.origin), task.target)
    lease_ms = milliseconds(args.lease)
    agent, role = _as_whom(task, args.name, args.role)
    got = opened.gateway.perform(ClaimTask(by, agent, role, task=task.id, lease_ms=lease_ms))
    exports = session_variables(context, got.task, got.secret, clone) | {"ONLOOP_LEASE_MS": str(lease_ms)}
    held = f"{got.task.id} at {got.task.step} is held by {agent} until {second_words(got.expires)}"
    notes = ("onloop next is the brief; onloop submit hands HEAD in; onloop leave gives the task back",)
    data = ClaimJson(got.task.id, got.task.step, got.task.epoch, got.expires, exports, clone)
    if args.shell:
        lines = tuple(f"export {name}={shlex.quote(value)}" for name, value in exports.items())
        return VerbOutput(lines=lines, data=data, notes=(held, *notes))
    keep_joined(clone, exports)
    return VerbOutput(lines=(held,), data=data, notes=(f"each verb here renews the lease by {args.lease}", *notes))


def _as_whom(task: Task, name: str | None, role: str | None) -> tuple[str, str]:
    """The agent and the role under which to claim: whom the task waits for, else one named after this user."""
    owner = task.owner or ""
    agent = owner if owner.startswith("agent:") and name is None else f"agent:{name or f'{getpass.getuser()}-session'}"
    wanted = role or (owner if owner and not owner.startswith("agent:") else task.role)
    if not wanted:
        raise Refused(f"{task.id} waits for no agent: {task.detail}", exit=Exit.NOTHING, hint=f"onloop show {task.id}")
    return agent, wanted


def _check_free(context: Context[JoinArguments], clone: str) -> None:
    """Refuse a clone whose session holds a task: one who holds one takes no other."""
    known = joined(clone)
    if not known:
        return
    with suppress(OnloopError):
        agent = context.opened.gateway.perform(RecogniseAgent(known.get("ONLOOP_TOKEN", "")))
        held = task_of(context.opened, agent.task or "")
        if (held.holder, held.epoch) == (agent.id, agent.epoch):
            raise BadInput(f"the session in {clone} holds {held.id}", hint="onloop leave gives it back first")


def session_variables(context: Context[Arguments], task: Task, secret: str, clone: str) -> dict[str, str]:
    """What the session exports, once its folders are there; if they cannot be made, the task is given back."""
    opened = context.opened
    agent = opened.gateway.perform(RecogniseAgent(secret))
    try:
        ensure_verifier(context.home)
        prepare_folders(opened.home, task)
        fill_given(opened, task)
    except BaseException:
        with suppress(OnloopError):
            release = Release(agent.id, agent.epoch, ReleaseCause.STOPPED, "its folders could not be made")
            opened.gateway.perform(PerformCommand(agent, task.id, release))
        raise
    variables = opened.gateway.perform(ReadDefinition(task.definition)).environment.variables
    own = own_variables(opened.home, task, secret, variables)
    return {name: value for name, value in own.items() if name.startswith("ONLOOP_")} | {"ONLOOP_CLONE": clone}


def keep_joined(clone: str, exports: dict[str, str]) -> None:
    """Write the file that the verbs of agents in this clone read; only this user may read it."""
    path = Path(record_of(clone))
    with written(path):
        private(path.parent)
        fresh = path.with_name(f".{path.name}.{os.getpid()}")
        fresh.unlink(missing_ok=True)
        with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600), "w") as file:
            json.dump(exports, file)
        fresh.replace(path)


def leave(context: Context[LeaveArguments]) -> VerbOutput:
    """Give a joined task back as it is; this counts as no attempt, as when a worker is stopped."""
    clone = os.environ.get("ONLOOP_CLONE", "")
    try:
        agent = context.agent()
        release = Release(agent.id, agent.epoch, ReleaseCause.STOPPED, context.args.reason)
        task = context.opened.gateway.perform(PerformCommand(agent, agent.task or "", release))
    finally:
        if clone:
            Path(record_of(clone)).unlink(missing_ok=True)
    data = GivenBackJson(task.id, task.state, task.reason, task.detail)
    return VerbOutput(lines=(safe(f"{task.id} {task.state.value}: {task.detail}"),), data=data)
