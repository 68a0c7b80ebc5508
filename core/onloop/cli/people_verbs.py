"""The verbs of people. Each decision carries the digest of what was shown and a credential, or is refused."""

from __future__ import annotations

import sys

from onloop.attention.groups import groups_of
from onloop.attention.items import item_of
from onloop.cli.context import Context
from onloop.cli.output import Output, write
from onloop.cli.render import dossier_json, dossier_lines, group_json, group_lines, task_json
from onloop.errors import BadInput, Exit, Refused
from onloop.gateway.dossier import Asked, dossier_of
from onloop.gateway.identity import Principal
from onloop.gateway.presence import ensure_verifier
from onloop.gateway.submission import task_of
from onloop.machine.commands import Approve, Cancel, Command, Reassign, Reject, Reply, Retry
from onloop.machine.digest import Json
from onloop.machine.house import Frozen, Unfrozen, check_scope
from onloop.machine.state import Reason, State
from onloop.machine.task import Kind, RequestKind, Task
from onloop.store.port import TaskFilter

SHORTEST_DIGEST = 12


def attention(context: Context) -> Output:
    """What needs a person, one row per cause, most pressing first."""
    opened = context.opened
    with opened.gateway.store.reading() as at:
        tasks = at.tasks(TaskFilter(states=(State.INPUT_REQUIRED, State.AUTH_REQUIRED)))
    groups = groups_of(item for item in map(item_of, tasks) if item is not None)
    now = opened.gateway.clock()
    lines = tuple(line for group in groups for line in group_lines(group, now))
    data: dict[str, Json] = {"groups": [group_json(group) for group in groups], "needs_person": len(tasks)}
    return Output(lines=lines or ("nothing needs a person",), data=data)


def show(context: Context) -> Output:
    """One task, as a person must see it before deciding."""
    opened = context.opened
    task = task_of(opened, context.args.task)
    with opened.gateway.store.reading() as at:
        dossier = dossier_of(at, task, context.home.mirror)
    lines = tuple(dossier_lines(dossier, with_diff=context.args.diff))
    extra = {"diff": dossier.diff} if context.args.diff else {}
    return Output(lines=lines, data={**dossier_json(dossier), **extra})


def approve(context: Context) -> Output:
    """Say yes to what was shown."""
    asked = _asked(context, {RequestKind.APPROVAL})
    digest = _shown(context, asked)
    person, voice = context.voice("approve")
    return _decide(context, person, Approve(asked.request.id, digest, voice, context.args.note))


def reject(context: Context) -> Output:
    """Say no, with a reason."""
    asked = _asked(context, {RequestKind.APPROVAL, RequestKind.CHOICE})
    digest = _shown(context, asked)
    person, voice = context.voice("reject")
    return _decide(context, person, Reject(asked.request.id, digest, voice, context.args.reason))


def answer(context: Context) -> Output:
    """Answer a question."""
    asked = _asked(context, {RequestKind.QUESTION})
    person, voice = context.voice("answer")
    return _decide(context, person, Reply(asked.request.id, voice, context.args.text))


def reassign(context: Context) -> Output:
    """Name who may take the task."""
    person, voice = context.voice("reassign")
    return _decide(context, person, Reassign(context.args.to, voice, context.args.reason))


def retry(context: Context) -> Output:
    """Try again."""
    person, voice = context.voice("retry")
    return _decide(context, person, Retry(voice, context.args.note))


def cancel(context: Context) -> Output:
    """End a task, or all tasks of a fleet."""
    person, voice = context.voice("cancel")
    task = task_of(context.opened, context.args.task)
    command = Cancel(voice, context.args.reason)
    if task.kind is not Kind.FLEET:
        return _decide(context, person, command)
    with context.opened.gateway.store.reading() as at:
        children = [child.id for child in at.tasks(TaskFilter(parent=task.id)) if not child.ended]
    refusals = [why for child in children if (why := _try_cancel(context, person, child, command)) is not None]
    told = _told(task_of(context.opened, task.id))
    return Output(Exit.HELD if refusals else Exit.OK, told.lines, told.data, tuple(refusals))


def freeze(context: Context) -> Output:
    """Let nothing move in a scope."""
    scope, person = check_scope(context.args.scope), context.person()
    context.opened.gateway.record_house(person, Frozen(scope, person.id, context.args.reason))
    return Output(lines=(f"frozen: {scope}",), data={"frozen": scope}, notes=(f"lift it: onloop unfreeze {scope}",))


def unfreeze(context: Context) -> Output:
    """Let it move again."""
    scope, person = check_scope(context.args.scope), context.person()
    with context.opened.gateway.store.reading() as at:
        frozen = at.house().freezes
    if scope not in frozen:
        raise BadInput(f"{scope!r} is not frozen", hint=f"frozen now: {', '.join(frozen) or 'nothing'}")
    context.opened.gateway.record_house(person, Unfrozen(scope, person.id))
    return Output(lines=(f"unfrozen: {scope}",), data={"unfrozen": scope})


def _try_cancel(context: Context, person: Principal, task: str, command: Cancel) -> str | None:
    try:
        context.opened.gateway.perform(person, task, command)
    except Refused as no:
        return f"{task}: {no.message}"
    return None


def _decide(context: Context, person: Principal, command: Command) -> Output:
    task = context.opened.gateway.perform(person, context.args.task, command, key=context.args.key)
    if task.reason in {Reason.EFFECT_RUNNING, Reason.GATES_RUNNING}:
        ensure_verifier(context.home)
    return _told(task)


def _told(task: Task) -> Output:
    return Output(lines=(f"{task.id} {task.state.value}: {task.detail}",), data=task_json(task))


def _asked(context: Context, kinds: set[RequestKind]) -> Asked:
    """The one open request that the verb can answer."""
    opened = context.opened
    task = task_of(opened, context.args.task)
    with opened.gateway.store.reading() as at:
        asked = [a for a in dossier_of(at, task, None).asked if a.request.kind in kinds]
    gate = getattr(context.args, "gate", None)
    fitting = [a for a in asked if gate is None or a.request.gate == gate]
    if len(fitting) == 1:
        return fitting[0]
    if not fitting:
        raise Refused(
            f"{task.id} asks nothing of that kind: it is {task.state.value} ({task.detail})",
            exit=Exit.ENDED if task.ended else Exit.NOTHING,
            hint=f"onloop show {task.id}",
        )
    gates = ", ".join(a.request.gate or a.request.id for a in fitting)
    raise BadInput(f"{task.id} asks for several: {gates}", hint="say which: --gate GATE")


def _shown(context: Context, asked: Asked) -> str:
    """The digest of what the person saw: given by them, or of the sheet that is shown to them right now."""
    given = context.args.digest
    if given:
        long_enough = len(given) >= SHORTEST_DIGEST and asked.digest.startswith(given)
        return asked.digest if long_enough else str(given)
    if not sys.stdin.isatty():
        raise BadInput(
            "a decision must name what it is about",
            hint=f"--digest {asked.digest[:16]}, after onloop show {context.args.task}",
        )
    sheet = show_sheet(context)
    write(Output(lines=sheet.lines), as_json=False)
    return asked.digest


def show_sheet(context: Context) -> Output:
    """The sheet of the task, without the diff's text."""
    task = task_of(context.opened, context.args.task)
    with context.opened.gateway.store.reading() as at:
        return Output(lines=tuple(dossier_lines(dossier_of(at, task, context.home.mirror), with_diff=False)))
