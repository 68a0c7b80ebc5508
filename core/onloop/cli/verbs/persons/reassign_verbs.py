"""The verbs that say whose work, or whose request, something is; and the one with which a person takes the work."""

from __future__ import annotations

import os
import shlex

from onloop.access.histories.brought_histories import mirror_for_clone
from onloop.access.opening import GatewayHandle
from onloop.agents.own_clone import own_clone
from onloop.cli.context import Context
from onloop.cli.json_models.people_models import TakenJson
from onloop.cli.name_checks import check_names
from onloop.cli.output import VerbOutput
from onloop.cli.person_arguments import ReassignArguments, TakeArguments
from onloop.cli.running import say
from onloop.cli.verbs.join_verbs import keep_joined, session_variables
from onloop.cli.verbs.people_verbs import decide
from onloop.errors import BadInput
from onloop.gates.repository.mirror import Mirror
from onloop.gateway.claims import PERSONS_LEASE_MS, ClaimGranted, TakeTask
from onloop.gateway.upkeep import RecogniseAgent
from onloop.machine.people import is_of_people, name_of
from onloop.machine.principal import Principal
from onloop.machine.task import Request, Task
from onloop.text import safe
from onloop.times import second_words
from onloop.views.pinned_workflow import ReadDefinition
from onloop.views.queries.reads import ReadStoreState, ReadTask
from onloop.views.reassignment import ME, is_handing_on, reassignment

_HOURS = PERSONS_LEASE_MS // 3_600_000


def reassign(context: Context[ReassignArguments]) -> VerbOutput:
    """Name whose the work is from now on; or, to people, whose the open request is to answer."""
    args = context.args
    context.check_no_agent("reassign")
    check_names(context, gate=args.gate)
    person, voice = context.voice("reassign")
    gateway = context.opened.gateway
    task, house = gateway.perform(ReadTask(args.task)), gateway.perform(ReadStoreState())
    asked = task.requests if task is not None else ()
    to = house.owner_called(args.to)
    request = _one_of(asked, args.gate) if any(is_handing_on(each, to) for each in asked) and not args.work else None
    if to == ME and request is None:
        return _taken(context, person, args.task, args.reason, args.version)
    command = reassignment(request, to, voice, args.reason, args.version)
    done = decide(context, person, args.task, args.key, command)
    if request is not None:
        return _with_note(done, _handed_words(request, command.to))
    return _with_note(done, f"{to} takes it: onloop take {args.task}") if is_of_people(to) else done


def _one_of(asked: tuple[Request, ...], gate: str | None) -> Request:
    fitting = [request for request in asked if gate is None or request.gate == gate]
    if len(fitting) == 1:
        return fitting[0]
    names = ", ".join(request.gate or request.id for request in asked)
    raise BadInput(f"{len(fitting)} open requests fit; open: {names}", hint="say which: --gate GATE")


def _handed_words(request: Request, to: str) -> str:
    who = ", ".join(request.approvers) or "anybody enrolled"
    return f"{name_of(to)} is told; whoever may decide it ({who}) still may, and --to me takes it back"


def _with_note(done: VerbOutput, note: str) -> VerbOutput:
    return VerbOutput(done.exit, done.lines, done.data, (*done.notes, safe(note)))


def take(context: Context[TakeArguments]) -> VerbOutput:
    """Take the work; the clone is the person's own, and the verbs of agents work in it."""
    args = context.args
    context.check_no_agent("take")
    person, _ = context.voice("take")
    return _taken(context, person, args.task, args.reason, args.version)


def _taken(
    context: Context[ReassignArguments] | Context[TakeArguments],
    person: Principal,
    task_id: str,
    reason: str,
    version: int | None,
) -> VerbOutput:
    opened = context.opened
    got = opened.gateway.perform(TakeTask(person, task_id, reason, version=version))
    path = opened.home.own_clone(task_id, name_of(person.id))
    exports = session_variables(context, got.task, got.secret, str(path)) | {"ONLOOP_LEASE_MS": str(PERSONS_LEASE_MS)}
    email = person.voice.email if person.voice is not None else ""
    clone = own_clone(opened, got.task, person.id, email, mirror=_source(opened, got))
    keep_joined(os.path.realpath(clone.path), exports)
    begun = f"at {clone.begins[:12]}" if clone.begins else "as you left it"
    lines = (
        safe(f"{got.task.id} at {got.task.step} is yours until {second_words(got.expires)}"),
        f"cd {shlex.quote(str(clone.path))}",
    )
    notes = (
        f"your clone {begun}; onloop next is the brief, onloop submit hands HEAD in, onloop leave gives it to its role",
        f"each of these renews it by {_HOURS} h; after {_HOURS} h without one it goes back to its role",
        "whoever did the work does not approve it",
    )
    return VerbOutput(lines=lines, data=_data(got.task, got.expires, str(clone.path), clone.begins), notes=notes)


def _source(opened: GatewayHandle, got: ClaimGranted) -> Mirror | None:
    """The mirror that the clone is made from, where it is not simply ours."""
    if not opened.home.apart:
        return None
    holder = opened.gateway.perform(RecogniseAgent(got.secret))
    asked = opened.gateway.perform(ReadDefinition(got.task.definition)).environment
    return mirror_for_clone(opened, holder, got.task, asked, say)


def _data(task: Task, expires: int, path: str, begins: str) -> TakenJson:
    return TakenJson(task.id, task.step, task.epoch, expires, path, begins or None)
