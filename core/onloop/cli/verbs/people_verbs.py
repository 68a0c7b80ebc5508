"""The verbs of people. Each decision carries the digest of what was shown and a credential, or is refused."""

from __future__ import annotations

import os
import sys
from base64 import b64decode
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from onloop.access.verifier_process import ensure_verifier_for
from onloop.cli.arguments import Arguments
from onloop.cli.context import Context
from onloop.cli.dossier_render import dossier_json
from onloop.cli.json_models.dossier_models import AttachmentShownJson, AttachmentWordsJson
from onloop.cli.json_models.people_models import FreezeJson, PushJson, UnfreezeJson
from onloop.cli.json_models.work_models import TaskNowJson
from onloop.cli.output import VerbOutput, write
from onloop.cli.people_arguments import (
    AnswerArguments,
    DecisionArguments,
    DigestArguments,
    FreezeArguments,
    GateDecisionArguments,
    ScopeArguments,
    ShowArguments,
    UndoArguments,
)
from onloop.cli.render import dossier_lines, task_now_json
from onloop.cli.verbs.patch_verbs import file_patch
from onloop.errors import BadInput, Exit, Refused, Unavailable, UnknownThing, kind_of
from onloop.gateway.command_operations import PerformCommand
from onloop.gateway.upkeep import RecordStoreEvent
from onloop.machine.commands import Command, Reply, TakeBack
from onloop.machine.principal import Principal
from onloop.machine.rules.freshness import decided_words
from onloop.machine.state import LIVE
from onloop.machine.store_state import Frozen, StoreState, Unfrozen, check_scope, covering
from onloop.machine.task import RequestKind, Task
from onloop.records import Record, replace
from onloop.store.port import TaskFilter
from onloop.text import safe, safe_lines
from onloop.views.effective_status import ReadTaskNow
from onloop.views.pushes_under_way import Push, pushes_under_way
from onloop.views.queries.kept_files import KeptFile, ReadAttachments
from onloop.views.queries.reads import ReadTasks
from onloop.views.queries.shown_task import ReadOpenRequests, ReadShown
from onloop.workflow.hints import nearest

SHORTEST_DIGEST = 12
MOST_NAMES = 10
LONGEST_TEXT = 1_000_000
"""How many characters of an attachment are shown."""


def show(context: Context[ShowArguments]) -> VerbOutput:
    """One task, as a person must see it before deciding; or one file that a gate kept."""
    if context.args.a2a:
        from onloop.cli.verbs.a2a_lines import show_lines  # here: few ask in another protocol's words

        gateway = context.opened.gateway
        found = gateway.perform(ReadTaskNow(context.args.task, gateway.clock()))
        return VerbOutput(lines=show_lines(found, is_json_asked=context.args.as_json))
    if context.args.attachment is not None:
        return _attachment(context, context.args.attachment)
    if context.args.file is not None:
        return file_patch(context, context.args.file)
    if context.args.to is not None:
        raise BadInput("--to needs --attachment", hint="onloop show TASK --attachment NAME --to FILE")
    return _sheet(context, context.args.task, with_diff=context.args.diff)


def _attachment(context: Context[ShowArguments], name: str) -> VerbOutput:
    """Show a text, or write any file to `--to`. Code under judgement wrote it, so nothing of it is printed raw."""
    context.check_no_agent("show what a gate kept", f"onloop show {context.args.task} --attachment NAME in a terminal")
    kept = _kept_file(context, name)
    content, file, to = b64decode(kept.base64 or ""), kept.attachment, context.args.to
    text = _text_in(content)
    if to is not None:
        _write_new(Path(to), content)
        lines = (safe(f"{to}: {file.size} bytes, sha256 {file.digest}"),)
    elif text is None:
        raise BadInput(
            f"{safe(file.name, 100)} is no text", hint=f"onloop show {context.args.task} --attachment … --to FILE"
        )
    else:
        lines = (safe_lines(text, LONGEST_TEXT),)
    shown = AttachmentWordsJson(text if to is None else None)
    data = AttachmentShownJson(context.args.task, kept.step, kept.gate, file.name, file.digest, file.size, to, shown)
    return VerbOutput(lines=lines, data=data)


def _kept_file(context: Context[ShowArguments], name: str) -> KeptFile:
    task, gateway = context.args.task, context.opened.gateway
    found = gateway.perform(ReadAttachments(task, name))
    if len(found) == 1 and found[0].base64 is not None:
        return found[0]
    if len(found) == 1:
        raise Unavailable(f"{safe(name, 100)} is not in the store any more", hint="onloop store verify says what is")
    known = found or gateway.perform(ReadAttachments(task))
    names = ", ".join(safe(f"{kept.gate}:{kept.attachment.name}", 100) for kept in known[:MOST_NAMES])
    if found:
        raise BadInput(f"several gates kept a file {safe(name, 100)!r}", hint=f"name one of them: {names}")
    hint = f"it has: {names}" if names else "no gate of it kept a file; `attach` in the workflow says which are kept"
    raise UnknownThing(f"{task} has no attachment {safe(name, 100)!r}", hint=hint)


def _text_in(content: bytes) -> str | None:
    try:
        return None if b"\0" in content else content.decode()
    except UnicodeDecodeError:
        return None


def _write_new(path: Path, content: bytes) -> None:
    """A new file, readable by its owner alone; nothing that is there is replaced."""
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
        with os.fdopen(handle, "wb") as file:
            file.write(content)
    except FileExistsError:
        raise BadInput(f"{path} is already there", hint="name a file that is not, or remove it") from None
    except OSError as problem:
        raise Unavailable(
            f"cannot write {path}: {problem.strerror}", hint="name another file with --to", kind=kind_of(problem)
        ) from problem


def _sheet(context: Context[Arguments], task: str, *, with_diff: bool) -> VerbOutput:
    opened = context.opened
    shown = opened.gateway.perform(ReadShown(task, opened.gateway.clock()))
    dossier, standing = shown.dossier.with_changes(opened.changes(shown.dossier.task)), shown.effective_status
    lines = tuple(dossier_lines(dossier, standing, with_diff=with_diff))
    return VerbOutput(lines=lines, data=dossier_json(dossier, standing, with_diff=with_diff), is_long=with_diff)


def answer(context: Context[AnswerArguments]) -> VerbOutput:
    """Answer a question."""
    context.check_no_agent("answer")
    asked = asked_now(context, {RequestKind.QUESTION})
    person, voice = context.voice("answer")
    return decide(
        context,
        person,
        context.args.task,
        context.args.key,
        Reply(asked.request, voice, context.args.text, context.args.version),
    )


def undo(context: Context[UndoArguments]) -> VerbOutput:
    """Take back the newest decision about a task, or one's own vote, while nothing has begun because of it."""
    context.check_no_agent("undo")
    person, voice = context.voice("undo")
    return decide(context, person, context.args.task, context.args.key, TakeBack(voice, context.args.version))


def freeze(context: Context[FreezeArguments]) -> VerbOutput:
    """Let nothing move in a scope."""
    scope, person = check_scope(context.args.scope), context.person()
    event = Frozen(scope, person.id, context.args.reason)
    context.opened.gateway.perform(RecordStoreEvent(person, event, key=context.args.key))
    live = context.opened.gateway.perform(ReadTasks(TaskFilter(states=tuple(LIVE))))
    covered = sum(covering(StoreState(freezes={scope: event}), task) is not None for task in live)
    pushes = pushes_under_way(live, event)
    notes = (*(() if covered else _nothing_covered(scope, live)), f"lift it: onloop unfreeze {scope}")
    return VerbOutput(
        lines=(safe(f"frozen: {scope}"), *(safe(push.words) for push in pushes)),
        data=FreezeJson(scope, covered, [_push_json(push) for push in pushes]),
        notes=notes,
    )


def _push_json(push: Push) -> PushJson:
    return PushJson(push.task, push.repository, push.target, push.expected, push.result)


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


def unfreeze(context: Context[ScopeArguments]) -> VerbOutput:
    """Let it move again."""
    scope, person = check_scope(context.args.scope), context.person()
    context.opened.gateway.perform(RecordStoreEvent(person, Unfrozen(scope, person.id), key=context.args.key))
    return VerbOutput(lines=(safe(f"unfrozen: {scope}"),), data=UnfreezeJson(scope))


def decide(context: Context[Arguments], person: Principal, task_id: str, key: str, command: Command) -> VerbOutput:
    """Carry out a person's decision on a task, once under that key; the answer is how it stands then."""
    task = context.opened.gateway.perform(PerformCommand(person, task_id, command, key))
    ensure_verifier_for(context.home, (task,))
    return VerbOutput(lines=(stands_words(task),), data=stands(context, task))


def stands(context: Context[Arguments], task: Task) -> TaskNowJson:
    """How a task stands now."""
    gateway = context.opened.gateway
    return task_now_json(replace(gateway.perform(ReadTaskNow(task.id, gateway.clock())), task=task))


def stands_words(task: Task) -> str:
    """How a task is recorded to stand, in a line."""
    return safe(f"{task.id} {task.state.value}: {task.detail}")


class AskedNow(Record):
    """What a decision is about: the request's id, the digest of what is shown for it, the task's version, the gate."""

    request: str
    digest: str
    version: int = 0
    gate: str = ""


def asked_now(context: Context[DecisionArguments], kinds: set[RequestKind]) -> AskedNow:
    """The one open request that the verb can answer; or the one that was answered under its key."""
    args = context.args
    if not args.task:
        raise BadInput("which task?", hint=f"onloop {context.verb} TASK, or --cause CAUSE for all of a row")
    found = context.opened.gateway.perform(ReadOpenRequests(args.task, args.key, args.person))
    task, before = found.task, found.decided
    asked = [a for a in found.asked if a.request.kind in kinds]
    if before is not None:
        return AskedNow(before.request, before.digest, task.version, before.gate or "")
    gate = args.gate if isinstance(args, GateDecisionArguments) else None
    fitting = [a for a in asked if gate is None or a.request.gate == gate]
    if len(fitting) == 1:
        one = fitting[0]
        return AskedNow(one.request.id, one.digest, task.version, one.request.gate or "")
    if asked and not fitting:
        names = [each.request.gate or "" for each in asked]
        hint = f"{nearest(gate or '', names)}it asks for: {', '.join(names)}"
        raise BadInput(f"{task.id} asks nothing of a gate {gate!r}", hint=hint)
    if not fitting:
        last = f"; {decided_words(task.decisions[-1], context.opened.gateway.clock())}" if task.decisions else ""
        raise Refused(
            f"{task.id} asks nothing of that kind: it is {task.state.value} ({task.detail}){last}",
            exit=Exit.ENDED if task.ended else Exit.NOTHING,
            hint=f"onloop show {task.id}",
        )
    gates = ", ".join(a.request.gate or a.request.id for a in fitting)
    raise BadInput(f"{task.id} asks for several: {gates}", hint="say which: --gate GATE")


def shown_now(context: Context[DigestArguments], asked: AskedNow) -> str:
    """The digest of what the person saw: given by them, or of the sheet that is shown to them right now."""
    given = context.args.digest
    if given:
        long_enough = len(given) >= SHORTEST_DIGEST and asked.digest.startswith(given)
        return asked.digest if long_enough else given
    if not sys.stdin.isatty():
        raise BadInput(
            "a decision must name what it is about",
            hint=f"--digest {asked.digest[:16]}, after onloop show {context.args.task}",
        )
    write(_sheet(context, context.args.task, with_diff=True), as_json=False)
    return asked.digest
