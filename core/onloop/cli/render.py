"""Tasks, verdicts and groups as lines for people and as JSON: the same facts in both."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

from onloop.attention.groups import Group, age
from onloop.cli.output import Output
from onloop.gateway.dossier import Asked, Dossier, GateLine, Mark
from onloop.gateway.verdict import MARKS, Answer, answer_json, answer_lines, gate_json
from onloop.machine.digest import Json
from onloop.machine.task import Decision, Task


def moment(at_ms: int) -> str:
    """A time for people: UTC, to the second."""
    return datetime.fromtimestamp(at_ms / 1000, UTC).strftime("%Y-%m-%d %H:%M:%S")


def answer_output(answer: Answer) -> Output:
    """A verdict as an answer of a verb."""
    return Output(answer.exit, answer_lines(answer), answer_json(answer))


def strip(lines: tuple[GateLine, ...]) -> str:
    """Gates as a strip of shapes."""
    return "".join(MARKS[line.mark] for line in lines)


def task_json(task: Task) -> dict[str, Json]:
    """A task's standing."""
    return {
        "task": task.id,
        "run": task.run,
        "parent": task.parent,
        "repo": task.repo,
        "title": task.title,
        "workflow": task.workflow,
        "state": task.state.value,
        "reason": task.reason.value if task.reason else None,
        "detail": task.detail,
        "step": task.step,
        "since": task.since,
        "holder": task.holder,
        "attempt": task.attempt,
        "round": task.round,
        "head": task.submission.head if task.submission else None,
        "result": task.result,
        "version": task.version,
    }


def group_json(group: Group) -> Json:
    """One cause with everyone who shares it."""
    return {
        "cause": group.cause,
        "reason": group.reason.value,
        "tier": group.tier.value,
        "headline": group.headline,
        "detail": group.detail,
        "workflow": group.workflow,
        "step": group.step,
        "gate": group.gate,
        "since": group.since,
        "members": [
            {"task": m.task, "repo": m.repo, "since": m.since, "version": m.version, "requests": list(m.requests)}
            for m in group.members
        ],
    }


def group_lines(group: Group, now: int) -> Iterator[str]:
    """One cause: what, how many, how long; then why it stands there and how to look closer."""
    count = len(group.members)
    who = f"{count} repositories" if count > 1 else group.members[0].repo or group.members[0].task
    yield f"{group.headline} — {who}, {age(now - group.since)}"
    if group.detail:
        yield f"    {group.detail}"
    yield f"    {group.why(now)}"
    names = ", ".join(f"{m.task} ({m.repo})" if m.repo else m.task for m in group.members[:8])
    yield f"    {names}{f' and {count - 8} more' if count > 8 else ''}"
    yield f"    look: onloop show {group.members[0].task}"


def dossier_json(dossier: Dossier) -> dict[str, Json]:
    """Everything that a person sees before deciding; what agents wrote is under `untrusted`."""
    now = dossier.task.submission
    return {
        **task_json(dossier.task),
        "asked": [_asked_json(asked) for asked in dossier.asked],
        "subject": {"head": now.head, "tree": now.tree, "base": now.base} if now else None,
        "definition": dossier.task.definition,
        "gates": [gate_json(line) for line in dossier.gates],
        "files": [
            {"path": f.path, "status": f.status.value, "added": f.added, "removed": f.removed} for f in dossier.files
        ],
        "decisions": [_decision_json(decision) for decision in dossier.task.decisions],
        "trouble": dossier.trouble,
        "untrusted": {"statement": dossier.statement, "feedback": [f.text for f in dossier.task.feedback]},
    }


def _asked_json(asked: Asked) -> Json:
    request = asked.request
    return {
        "request": request.id,
        "kind": request.kind.value,
        "question": request.question,
        "gate": request.gate,
        "from": list(request.approvers),
        "quorum": request.quorum,
        "assurance": request.assurance.value,
        "digest": asked.digest,
        "choices": {answer.value: effect for answer, effect in asked.choices.items()},
    }


def _decision_json(decision: Decision) -> Json:
    return {
        "request": decision.request,
        "answer": decision.answer.value,
        "by": decision.by,
        "assurance": decision.assurance.value,
        "at": decision.at,
        "reason": decision.reason,
    }


def dossier_lines(dossier: Dossier, *, with_diff: bool) -> Iterator[str]:
    """The decision sheet as text, facts first and what agents say last."""
    task = dossier.task
    yield f"{task.id}  {task.repo or ''}  {task.title}"
    yield f"{task.state.value}{f' ({task.reason.value})' if task.reason else ''}: {task.detail}"
    for asked in dossier.asked:
        yield from _asked_lines(asked)
    yield from _subject_lines(task)
    yield "gates"
    for line in dossier.gates:
        yield f"  {MARKS[line.mark]} {line.step} {line.gate}: {line.mark.value.upper()} {line.summary}"
        if line.mark in {Mark.FAILED, Mark.ERROR, Mark.TIMED_OUT} and line.tail:
            yield from (f"      {text}" for text in line.tail.strip().splitlines()[-12:])
    yield from (f"  {f.status.value:<9}{f.path}  +{f.added or 0} -{f.removed or 0}" for f in dossier.files)
    if dossier.trouble:
        yield dossier.trouble
    for decision in task.decisions:
        said = f": {decision.reason}" if decision.reason else ""
        yield f"{moment(decision.at)}  {decision.answer.value} by {decision.by} ({decision.assurance.value}){said}"
    if with_diff:
        yield dossier.diff
    if dossier.statement:
        yield "what the agent says (not evidence)"
        yield from (f"  | {text}" for text in dossier.statement.splitlines()[-12:])


def _asked_lines(asked: Asked) -> Iterator[str]:
    request = asked.request
    yield f"{request.kind.value}: {request.question}"
    yield f"  digest {asked.digest[:16]}  asked of {', '.join(request.approvers) or 'any enrolled person'}"
    for answer, effect in asked.choices.items():
        yield f"  {answer.value}: {effect}"


def _subject_lines(task: Task) -> Iterator[str]:
    now = task.submission
    if now is not None:
        yield f"commit {now.head}"
        yield f"  tree {now.tree[:12]}  base {now.base[:12]}  workflow {task.workflow} {task.definition[:12]}"
    who = ", ".join(sorted({name for names in task.workers.values() for name in names})) or "nobody yet"
    yield f"worked on by {who}; attempt {task.attempt}, round {task.round}; started by {task.sponsor}"
