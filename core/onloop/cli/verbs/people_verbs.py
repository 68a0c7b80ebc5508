"""The verbs of people. Each decision carries the digest of what was shown and a credential, or is refused."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence

from onloop.access.submission import task_of
from onloop.access.verifier_process import ensure_verifier_for
from onloop.cli.context import Context
from onloop.cli.output import VerbOutput, write
from onloop.cli.render import dossier_json, dossier_lines, standing_json
from onloop.errors import BadInput, Exit, Refused
from onloop.machine.commands import Approve, Command, Reassign, Reject, Reply
from onloop.machine.events import Decided
from onloop.machine.principal import Principal
from onloop.machine.state import LIVE
from onloop.machine.store_state import Frozen, StoreState, Unfrozen, check_scope, covering
from onloop.machine.task import Decision, RequestKind, Task
from onloop.records import Record
from onloop.store.codec import event_from_text
from onloop.store.port import Reading, TaskFilter
from onloop.text import safe
from onloop.views.changes_since import MOST_EVENTS
from onloop.views.dossier import dossier_of
from onloop.views.effective_status import effective_statuses
from onloop.views.pushes_under_way import pushes_under_way

SHORTEST_DIGEST = 12
MOST_NAMES = 10


def show(context: Context) -> VerbOutput:
    """One task, as a person must see it before deciding."""
    return _sheet(context, with_diff=context.args.diff)


def _sheet(context: Context, *, with_diff: bool) -> VerbOutput:
    opened = context.opened
    task = task_of(opened, context.args.task)
    changes = opened.changes(task)
    with opened.gateway.store.reading() as at:
        dossier = dossier_of(at, task, changes)
        standing = effective_statuses(at, (task,), opened.gateway.clock())[task.id]
    lines = tuple(dossier_lines(dossier, standing, with_diff=with_diff))
    return VerbOutput(lines=lines, data=dossier_json(dossier, standing, with_diff=with_diff))


def approve(context: Context) -> VerbOutput:
    """Say yes to what was shown."""
    context.check_no_agent("approve")
    asked = _asked(context, {RequestKind.APPROVAL})
    digest = _shown(context, asked)
    person, voice = context.voice("approve")
    return decide(context, person, Approve(asked.request, digest, voice, context.args.note, context.args.version))


def reject(context: Context) -> VerbOutput:
    """Say no, with a reason."""
    context.check_no_agent("reject")
    asked = _asked(context, {RequestKind.APPROVAL, RequestKind.CHOICE})
    digest = _shown(context, asked)
    person, voice = context.voice("reject")
    return decide(context, person, Reject(asked.request, digest, voice, context.args.reason, context.args.version))


def answer(context: Context) -> VerbOutput:
    """Answer a question."""
    context.check_no_agent("answer")
    asked = _asked(context, {RequestKind.QUESTION})
    person, voice = context.voice("answer")
    return decide(context, person, Reply(asked.request, voice, context.args.text, context.args.version))


def reassign(context: Context) -> VerbOutput:
    """Name who may take the task."""
    person, voice = context.voice("reassign")
    return decide(context, person, Reassign(context.args.to, voice, context.args.reason, context.args.version))


def freeze(context: Context) -> VerbOutput:
    """Let nothing move in a scope."""
    scope, person = check_scope(context.args.scope), context.person()
    event = Frozen(scope, person.id, context.args.reason)
    context.opened.gateway.record_house(person, event, key=context.args.key)
    with context.opened.gateway.store.reading() as at:
        live = at.tasks(TaskFilter(states=tuple(LIVE)))
    covered = sum(covering(StoreState(freezes={scope: event}), task) is not None for task in live)
    pushes = pushes_under_way(live, event)
    notes = (*(() if covered else _nothing_covered(scope, live)), f"lift it: onloop unfreeze {scope}")
    return VerbOutput(
        lines=(safe(f"frozen: {scope}"), *(safe(push.words) for push in pushes)),
        data={"frozen": scope, "covered": covered, "under_way": [push.as_json for push in pushes]},
        notes=notes,
    )


def _nothing_covered(scope: str, live: Sequence[Task]) -> tuple[str, ...]:
    """That a freeze covers no task, with the names that would: a mistyped one would protect nothing."""
    kind = scope.partition(":")[0]
    if kind not in _NAMES:  # `all` cannot be mistyped, and an agent may be frozen before it claims
        return ()
    known = sorted({name for task in live if (name := _NAMES[kind](task))})
    more = f" and {len(known) - MOST_NAMES} more" if len(known) > MOST_NAMES else ""
    return (f"nothing is covered by it now; known {kind}s: {', '.join(known[:MOST_NAMES]) or 'none'}{more}",)


_NAMES: Mapping[str, Callable[[Task], str | None]] = {
    "run": lambda task: task.run,
    "task": lambda task: task.id,
    "workflow": lambda task: task.workflow,
    "repo": lambda task: task.repo,
}


def unfreeze(context: Context) -> VerbOutput:
    """Let it move again."""
    scope, person = check_scope(context.args.scope), context.person()
    context.opened.gateway.record_house(person, Unfrozen(scope, person.id), key=context.args.key)
    return VerbOutput(lines=(safe(f"unfrozen: {scope}"),), data={"unfrozen": scope})


def decide(context: Context, person: Principal, command: Command) -> VerbOutput:
    """Carry out a person's decision on the task named; the answer is how it stands then."""
    task = context.opened.gateway.perform(person, context.args.task, command, key=context.args.key)
    ensure_verifier_for(context.home, (task,))
    return told(context, task)


def told(context: Context, task: Task) -> VerbOutput:
    """How a task stands."""
    with context.opened.gateway.store.reading() as at:
        standing = effective_statuses(at, (task,), context.opened.gateway.clock())[task.id]
    return VerbOutput(lines=(safe(f"{task.id} {task.state.value}: {task.detail}"),), data=standing_json(task, standing))


class _Asked(Record):
    """What a decision is about: the request's id, and the digest of what is shown for it."""

    request: str
    digest: str


def _asked(context: Context, kinds: set[RequestKind]) -> _Asked:
    """The one open request that the verb can answer; or the one that was answered under its key."""
    opened = context.opened
    task = task_of(opened, context.args.task)
    with opened.gateway.store.reading() as at:
        asked = [a for a in dossier_of(at, task).asked if a.request.kind in kinds]
        before = _decided_under(at, task, context.args.key, context.args.person)
    if before is not None:
        return _Asked(before.request, before.digest)
    gate = getattr(context.args, "gate", None)
    fitting = [a for a in asked if gate is None or a.request.gate == gate]
    if len(fitting) == 1:
        return _Asked(fitting[0].request.id, fitting[0].digest)
    if not fitting:
        raise Refused(
            f"{task.id} asks nothing of that kind: it is {task.state.value} ({task.detail})",
            exit=Exit.ENDED if task.ended else Exit.NOTHING,
            hint=f"onloop show {task.id}",
        )
    gates = ", ".join(a.request.gate or a.request.id for a in fitting)
    raise BadInput(f"{task.id} asks for several: {gates}", hint="say which: --gate GATE")


def _decided_under(at: Reading, task: Task, key: str, person: str | None) -> Decision | None:
    """What the person decided under their key before, its answer perhaps lost; the gateway knows if it was the same."""
    log = at.log(task=task.id, limit=MOST_EVENTS, newest=True) if key else ()
    decided = (e for e in log if e.key == key and (not person or e.principal == f"human:{person}"))
    facts = (event_from_text(event.name, event.data) for event in decided)
    return next((fact.decision for fact in facts if isinstance(fact, Decided)), None)


def _shown(context: Context, asked: _Asked) -> str:
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
    write(VerbOutput(lines=_sheet(context, with_diff=False).lines), as_json=False)
    return asked.digest
