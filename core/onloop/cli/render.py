"""Tasks, verdicts and groups as lines for people and as JSON: the same facts in both."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import TypeVar

from msgspec import convert

from onloop.attention.board import BoardCounts, Hidden
from onloop.attention.groups import Group, age, handed_words
from onloop.attention.held_role_items import held_role
from onloop.attention.lesson_items import adopt_command, proposed_lesson
from onloop.attention.lifecycle import Life, Stage
from onloop.cli.environment_render import environment_json
from onloop.cli.json_models.agent_models import PersonNoteJson, VerdictJson
from onloop.cli.json_models.attention_models import CountsJson, GroupJson, HiddenJson, LifeJson, MemberJson, TextJson
from onloop.cli.json_models.envelope import extended
from onloop.cli.json_models.work_models import (
    OwnershipJson,
    SubAgentJson,
    SubAgentsJson,
    TaskJson,
    TaskNowJson,
)
from onloop.cli.output import VerbOutput
from onloop.cli.spending_render import used_json
from onloop.cli.swarm_render import swarm_lines
from onloop.gates.repository.file_changes import FileChange, FileKind
from onloop.machine.flags import FLAG_WORDS, FlagKind
from onloop.machine.messages import Note
from onloop.machine.rules.flagging import flags_of
from onloop.machine.rules.freshness import proof_words
from onloop.machine.state import Reason
from onloop.machine.store_state import Frozen
from onloop.machine.task import Decision, Task
from onloop.store.rows import SubAgent
from onloop.text import safe
from onloop.times import second_words
from onloop.views.answer import MARKS, AgentAnswer, answer_json, answer_lines
from onloop.views.base_words import base_words
from onloop.views.box_words import kept_words, ran_in
from onloop.views.bypass_lines import bypass_lines
from onloop.views.changes import budget_words
from onloop.views.dossier import (
    UNMET,
    Asked,
    Dossier,
    GateLine,
    ShownArtefact,
    addressed_words,
    said_before,
    statement_words,
)
from onloop.views.effective_status import EffectiveStatus, TaskNow
from onloop.views.environment_words import environment_lines
from onloop.views.gate_standing import CALM
from onloop.views.risk import risk_of
from onloop.views.source_words import source_words
from onloop.views.sub_agents import sub_agent_words
from onloop.views.work_warnings import WorkWarning, warned

MOST_TEXTS = 3
LONGEST_TEXT = 300
"""How many of the texts of a cause are shown, and how much of each."""

LOST_TRIES = frozenset({Reason.ATTEMPTS_EXHAUSTED, Reason.TIMED_OUT})
"""Reasons for which what an agent printed tells more."""

LAST_LINES = 12
"""How much of an output or a statement is shown."""


VerdictT = TypeVar("VerdictT", bound=VerdictJson)


def verdict_json(answer: AgentAnswer, kind: type[VerdictT], **more: object) -> VerdictT:
    """A verdict as a record of `kind`, with what is given besides."""
    return convert({**answer_json(answer), **more}, kind)


def notes_json(notes: Sequence[Note]) -> tuple[PersonNoteJson, ...]:
    """What people told an agent, as it is printed."""
    return tuple(PersonNoteJson(note.by, note.at, note.text) for note in notes)


def answer_output(answer: AgentAnswer) -> VerbOutput:
    """A verdict as an answer of a verb."""
    return VerbOutput(answer.exit, answer_lines(answer), verdict_json(answer, VerdictJson))


def strip(lines: tuple[GateLine, ...]) -> str:
    """Gates as a strip of shapes."""
    return "".join(MARKS[line.mark] for line in lines)


def task_json(task: Task) -> TaskJson:
    """A task as it is recorded."""
    return TaskJson(
        task=task.id,
        run=task.run,
        parent=task.parent,
        repo=task.repo,
        title=task.title,
        workflow=task.workflow,
        state=task.state,
        reason=task.reason,
        recorded_reason=task.reason,
        detail=task.detail,
        step=task.step,
        since=task.since,
        holder=task.holder,
        attempt=task.attempt,
        round=task.round,
        context=task.context,
        unread=len(task.messages),
        head=task.submission.head if task.submission else None,
        commit=task.submission.head if task.submission else None,
        result=task.result,
        version=task.version,
        environment=environment_json(task),
        used=used_json(task),
    )


def task_now_json(found: TaskNow) -> TaskNowJson:
    """A task with its `reason` as of now; `recorded_reason` is what the log says. `lapsed`: its lease has run out."""
    status, owns = found.effective_status, found.owns
    said = SubAgentsJson(sub_agents_json(status.sub_agents))
    return extended(
        TaskNowJson,
        task_json(found.task),
        reason=status.reason,
        lapsed=status.lapsed,
        untrusted=said,
        owns=OwnershipJson(owns.part, owns.files, owns.waits_for, owns.actor, owns.names),
    )


def group_json(group: Group, life: Life, now: int) -> GroupJson:
    """One cause with everyone who shares it, and how far people are with it."""
    return GroupJson(
        life=LifeJson(life.stage, life.by, life.at, life.until, life.news),
        clock=group.clock,
        overdue=group.is_overdue(now),
        cause=group.cause,
        reason=group.reason,
        tier=group.tier,
        headline=group.headline,
        detail=group.detail,
        workflow=group.workflow,
        step=group.step,
        gate=group.gate,
        since=group.since,
        members=[MemberJson(m.task, m.repo, m.since, m.version, m.requests, m.whose or None) for m in group.members],
        texts=texts_json(group),
        text_count=group.text_count,
        acts=[act.words for act in group.acts],
        content=group.content or None,
    )


def texts_json(group: Group) -> list[TextJson]:
    """The different texts of a cause."""
    return [TextJson(text.text, text.count, text.task) for text in group.texts]


def hidden_json(hidden: Hidden, life: Life, now: int) -> HiddenJson:
    """What is not shown of one cause: how, by whom, until when."""
    return extended(
        HiddenJson,
        group_json(hidden.group, life, now),
        how=hidden.how,
        by=hidden.by,
        until=hidden.until,
        words=hidden.words,
        rule=hidden.rule or None,
    )


def counts_json(counts: BoardCounts) -> CountsJson:
    """The header's numbers."""
    return extended(CountsJson, counts)


def life_words(life: Life) -> str:
    """How far people are with a cause, in words."""
    who = f" by {life.by}" if life.by else ""
    news = f", {life.news} since" if life.news and life.stage is not Stage.NEW else ""
    return f"{life.stage.value}{who}{news}"


def group_lines(group: Group, life: Life, now: int, ownership: tuple[str, str] = ("", "")) -> Iterator[str]:
    """One cause: what, how many, how long; then why it stands there and how to look closer."""
    count, (owned, acts) = len(group.members), ownership
    whose = owned or group.members[0].repo or group.members[0].task
    yield safe(f"{group.headline} — {whose}, {age(now - group.since)}")
    if acts:
        yield safe(f"    {acts}")
    yield from _text_lines(group)
    yield from (safe(f"    {act.words}") for act in group.acts)
    yield safe(f"    {group.why(now)} · {life_words(life)}")
    if not group.has_tasks:
        tried = f"try one: onloop retry --cause {group.cause}   " if held_role(group) else ""
        lesson = proposed_lesson(group)
        tried = tried if lesson is None else f"{adopt_command(lesson)}   "
        yield f"    look: onloop log house   {tried}seen: onloop ack {group.cause}   cause {group.cause}"
        return
    names = ", ".join(f"{m.task} ({m.repo})" if m.repo else m.task for m in group.members[:8])
    yield safe(f"    {names}{f' and {count - 8} more' if count > 8 else ''}")
    first = group.members[0].task
    printed = f"   what it printed: onloop logs {first}" if group.reason in LOST_TRIES else ""
    yield f"    look: onloop show {first}{printed}   cause {group.cause}"


def _text_lines(group: Group) -> Iterator[str]:
    """What its failures say: the one text, or the most frequent of several, with how many have each."""
    if group.text_count < 2:
        if group.detail:
            yield safe(f"    {group.detail}")
        return
    yield f"    {group.text_count} different texts: onloop cause show {group.cause}"
    yield from (safe(f"      {text.count} × {text.text[:LONGEST_TEXT]}") for text in group.texts[:MOST_TEXTS])


def freeze_line(freeze: Frozen) -> str:
    """What is frozen, by whom, why, and what lifts it."""
    why = f": {freeze.reason}" if freeze.reason else ""
    return safe(f"frozen: {freeze.scope}, by {freeze.by}{why}; onloop unfreeze {freeze.scope}")


def dossier_lines(dossier: Dossier, standing: EffectiveStatus, *, with_diff: bool) -> Iterator[str]:
    """The decision sheet as text, facts first and what agents say last.

    Whoever wrote it, a field is one line; output, diff, artefacts and statement have a bar before each of theirs.
    """
    task = dossier.task
    yield safe(f"{task.id}  {task.repo or ''}  {task.title}")
    yield safe(f"{task.state.value}{reason_words(task, standing)}: {task.detail}")
    if task.tries:
        yield f"what its agents printed: onloop logs {task.id}"
    if standing.freeze is not None:
        yield freeze_line(standing.freeze)
    for asked in dossier.asked:
        yield from _asked_lines(task, asked)
    yield from _subject_lines(task)
    yield from (safe(addressed_words(name)) for name in dossier.addressed)
    yield "gates"
    for line in dossier.gates:
        yield from _gate_lines(line)
    yield from _flag_lines(task)
    if dossier.files:
        yield "files"
    yield from map(_file_line, dossier.files)
    if told := budget_words(dossier.files):
        yield from warning_words(WorkWarning.NOT_SHOWN, f"{told}; whole: onloop show {task.id} --file PATH")
    yield from warning_words(WorkWarning.DIFF_UNREAD, dossier)
    yield from map(_decision_line, task.decisions)
    yield from map(safe, bypass_lines(task))
    yield from swarm_lines(dossier)
    yield from sub_agent_lines(dossier.sub_agents)
    yield from _untrusted_lines(dossier, with_diff=with_diff)


def sub_agent_lines(rows: Iterable[SubAgent], indent: str = "  ") -> Iterator[str]:
    """A line for each sub-agent in a holder's process: what it is, since when, and what its agent says of it."""
    for row in rows:
        yield safe(f"{indent}└ {sub_agent_words(row, f'since {second_words(row.since)}')}")


def sub_agents_json(rows: Iterable[SubAgent]) -> tuple[SubAgentJson, ...]:
    """The same for programs. All of it is what an agent says of its own process."""
    return tuple(SubAgentJson(r.name, r.kind, r.doing, r.since, r.said_at, r.task) for r in rows)


def reason_words(task: Task, standing: EffectiveStatus) -> str:
    """Why a task is not moving, for after its state: as of now, and as recorded where that differs."""
    now, recorded = (reason.value if reason else "" for reason in (standing.reason, task.reason))
    if standing.lapsed:
        return f" ({now or 'working'}, its lease has run out; recorded: {recorded or 'none'})"
    if now == recorded:
        return f" ({now})" if now else ""
    return f" ({now}; recorded: {recorded or 'none'})"


def _asked_lines(task: Task, asked: Asked) -> Iterator[str]:
    request = asked.request
    yield safe(f"{request.kind.value}: {request.question}")
    yield safe(f"  digest {asked.digest[:16]}  asked of {', '.join(request.approvers) or 'any enrolled person'}")
    yield from (safe(f"  {words}") for words in asked.overrides)
    if request.handed is not None:
        yield safe(f"  {handed_words(request.handed)}")
    before = said_before(task, request)
    if request.quorum > 1:
        yield f"  {len(before)} of {request.quorum} have approved"
    yield from (f"  {_decision_line(decision)}" for decision in before)
    for answer, effect in asked.choices.items():
        yield safe(f"  {answer.value}: {effect}")
    if asked.no_worse:
        yield safe(f"  retry --no-worse-than-base: {asked.no_worse}")
    if asked.amend:
        yield safe(f"  amend: {asked.amend} mends the workflow")


def _subject_lines(task: Task) -> Iterator[str]:
    submission = task.submission
    if submission is not None:
        yield f"commit {submission.head}"
        yield safe(
            f"  tree {submission.tree[:12]}  base {submission.base[:12]}  "
            f"workflow {task.workflow} {task.definition[:12]}"
        )
    who = ", ".join(sorted({name for names in task.workers.values() for name in names})) or "nobody yet"
    yield from (safe(words) for words in base_words(task))
    yield safe(f"worked on by {who}; attempt {task.attempt}, round {task.round}; started by {task.sponsor}")
    if task.source is not None:
        yield safe(source_words(task.source), 2_500)
    yield from (safe(words) for words in environment_lines(task))


def _gate_lines(line: GateLine) -> Iterator[str]:
    whose = line.evidence.tests_from if line.evidence else ""
    tests = f" (the tests of {whose[:12]}, the base)" if whose else ""
    yield safe(f"  {MARKS[line.mark]} {line.step} {line.gate}: {_mark_word(line)} {line.summary}{tests}".rstrip())
    if line.evidence is not None and (where := ran_in(line.evidence)):
        yield safe(f"      {' · '.join(where)}")
        yield from warning_words(WorkWarning.REACHABLE, line.evidence, indent=6)
    if line.evidence is not None and (kept := kept_words(line.evidence)):
        yield safe(f"      {kept}")
    if line.mark in UNMET and line.tail:
        yield from _quoted(line.tail.strip(), LAST_LINES)


def _mark_word(line: GateLine) -> str:
    """What is owed, or was answered, in capitals; what is calm is not."""
    word = line.mark.value.replace("_", " ")
    return word if line.mark in CALM else word.upper()


def _flag_lines(task: Task) -> Iterator[str]:
    """Every changed path that decides what the gates said, with the reason."""
    flags = flags_of(task)
    if flags:
        yield "changed, and decides what the gates said"
    yield from warning_words(WorkWarning.FLAGGED, task)
    yield from warning_words(WorkWarning.CI_CHANGED, task)
    yield from (safe(f"  + {flag.path}: {FLAG_WORDS[flag.kind]}") for flag in flags if flag.kind is FlagKind.TEST_ADDED)


def warning_words(kind: WorkWarning, *subject: object, indent: int = 2) -> Iterator[str]:
    """A warning about work as lines, from the registry; nothing where it does not hold."""
    return (safe(f"{' ' * indent}! {words}") for words in warned(kind, *subject))


def _file_line(file: FileChange) -> str:
    flag = "".join(warning_words(WorkWarning.LOOK_FIRST, risk_of(file)))
    before = f" (was {file.previous})" if file.previous else ""
    lines = "binary" if file.added is None else f"+{file.added} -{file.removed or 0}"
    kind = "" if file.kind is FileKind.FILE else f"  {file.kind.value}"
    cut = "" if file.is_whole or file.added is None else f"  ({file.lines_shown:,} of {file.lines:,} lines shown)"
    return safe(f"  {file.status.value:<9}{file.path}{before}  {lines}{kind}{cut}{flag}")


def _decision_line(decision: Decision) -> str:
    said = f": {decision.words}" if decision.words else ""
    words = f"{decision.answer.value} by {decision.who} ({proof_words(decision)}){said}"
    return safe(f"{second_words(decision.at)}  {words}")


def _untrusted_lines(dossier: Dossier, *, with_diff: bool) -> Iterator[str]:
    if with_diff and dossier.diff:
        yield "diff"
        yield from (f"  | {safe(row)}" for row in dossier.diff.removesuffix("\n").split("\n"))  # a CR is a change too
    if dossier.artefacts:
        yield f"handed over by the agent (not evidence{'' if with_diff else '; --diff shows the text'})"
    for handed in dossier.artefacts:
        yield safe(f"  {handed.name}  {handed.size} bytes  {handed.digest[:12]}")
        if with_diff:
            yield from _artefact_lines(handed)
    if dossier.statement and dossier.task.submission:
        yield "what the agent says (not evidence)"
        yield safe(f"  {statement_words(dossier.task)} at {second_words(dossier.task.submission.at)}")
        yield from _quoted(dossier.statement, LAST_LINES)


def _artefact_lines(handed: ShownArtefact) -> Iterator[str]:
    if handed.text is None:
        yield "  (no text: its bytes cannot be shown)"
        return
    yield from _quoted(handed.text)
    if (shown := len(handed.text.encode())) < handed.size:
        yield f"  (cut here: {shown} of {handed.size} bytes)"


def _quoted(text: str, last: int = 0) -> Iterator[str]:
    """Text of somebody else's, its `last` lines (0: all), each with a bar: none of them can pass for one of ours."""
    lines = text.replace("\r\n", "\n").rstrip("\n").split("\n")
    return (f"  | {safe(line)}" for line in lines[-last:])
