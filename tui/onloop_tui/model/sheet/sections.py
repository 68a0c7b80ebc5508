"""The decision sheet as lines: the gateway's facts first, the agent's words last and labelled."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from onloop.attention.groups import age, handed_words
from onloop.attention.items import is_work_for_people
from onloop.gates.repository.ref_names import without_credentials
from onloop.machine.definition import Assurance
from onloop.machine.flags import FlagKind
from onloop.machine.requests import unseen_words
from onloop.machine.rules.flagging import flags_of
from onloop.machine.rules.freshness import decided_words, proof_words
from onloop.machine.task import Request, RequestKind, Task
from onloop.views.dossier import Asked, Dossier, addressed_words, said_before, statement_words
from onloop.views.environment_words import environment_lines
from onloop.views.source_words import source_words
from onloop.views.spending import limit_words, used_words
from onloop.views.work_warnings import WorkWarning
from onloop_tui.model.decide.actions import effects_of
from onloop_tui.model.drawing.signs import VERBS, sign_of
from onloop_tui.model.drawing.text_line import Line, Span, Tone, hanging, heading, line, quoted, spread
from onloop_tui.model.drawing.warning_lines import warning_lines
from onloop_tui.model.ground.acts import Act
from onloop_tui.model.sheet.base_lines import amend_lines, base_lines
from onloop_tui.model.sheet.change_lines import diff_lines, file_lines, totals
from onloop_tui.model.sheet.gate_lines import gate_lines, output_lines
from onloop_tui.model.sheet.handed_on_lines import children_lines, note_lines, passing_lines
from onloop_tui.model.sheet.sub_agent_lines import sub_agent_lines

MOST_ASKED = 8
"""How many lines of a question stand first; a longer one stands whole at the end, too."""
MOST_TITLE = 300
_LABEL = 10
_STOPS = frozenset({Act.PAUSE, Act.EXCLUDE})
_UNSAID = frozenset({Act.NOTE})
"""Acts that change nothing about the task: what they do is said in their form."""
_FEW_GATES = 2
_NO_MORE = "nothing is asked of a person now"


@dataclass(frozen=True, slots=True)
class Section:
    """A part of the sheet under a heading."""

    title: str
    lines: tuple[Line, ...]


def title_line(task: Task, place: str, now: int, width: int) -> Line:
    """The title: reason, task, repository and step, and the task's place among those with the same cause."""
    about = (
        sign_of(task).span(),
        Span("  "),
        Span(task.id, Tone.STRONG),
        Span(f" {task.repo or ''} at {task.step or 'no step'}"),
    )
    return spread(about, (Span(f"{place}  ", Tone.DIM), Span(age(now - task.since), Tone.DIM)), width)


def sheet_lines(dossier: Dossier, asked: Asked | None, now: int, width: int) -> tuple[Line, ...]:
    """The whole sheet, top to bottom."""
    lines = [*_question(dossier, asked, now, width)]
    for section in _sections(dossier, asked, now, width):
        lines += [line(""), heading(section.title, width), *section.lines]
    return tuple(lines)


def headings(lines: Sequence[Line]) -> tuple[int, ...]:
    """The rows in which the sections of a sheet begin."""
    return tuple(i for i, shown in enumerate(lines) if shown and shown[0].tone is Tone.HEADING)


def _question(dossier: Dossier, asked: Asked | None, now: int, width: int) -> list[Line]:
    effects = _effect_lines(dossier.task, asked, width)
    if asked is None:
        first = f"given to people: onloop take {dossier.task.id}" if is_work_for_people(dossier.task) else _NO_MORE
        return [line(first, Tone.STRONG), *hanging((), dossier.task.detail, width, Tone.UNTRUSTED), *effects]
    lines: list[Line] = list(hanging((), _asked_words(dossier.task, asked), width, Tone.STRONG))
    if asked.request.kind is RequestKind.APPROVAL:
        lines += hanging((Span("  about    "),), _subject_words(dossier), width, Tone.UNTRUSTED)
    else:
        lines += _beginning(asked.request.question, width)
    lines += [
        *effects,
        *amend_lines(asked, width),
        *hanging((Span("  "),), _terms(asked.request, now), width, Tone.DIM),
        *_said_before(dossier.task, asked.request, now, width),
    ]
    if len(dossier.asked) > 1:
        place = 1 + [other.request.id for other in dossier.asked].index(asked.request.id)
        words = f"this is {place} of {len(dossier.asked)} things asked of it (; shows the next)"
        lines += hanging((Span("  "),), words, width, Tone.ACCENT)
    return lines


def _beginning(question: str, width: int) -> list[Line]:
    """The first lines of what is asked, so that the answers to it are in sight on a small screen, too."""
    lines = quoted(question, width)
    left = len(lines) - MOST_ASKED
    more = [line(f"… {left} more lines; all of it stands at the end of this sheet", Tone.ACCENT)] if left > 0 else []
    return [*lines[:MOST_ASKED], *more]


def _subject_words(dossier: Dossier) -> str:
    """What an approval is about in a line: the task's title, and the size of the change."""
    size = f"{totals(dossier.files)} · " if dossier.files else ""
    return f"{size}{dossier.task.title[:MOST_TITLE]}"


def _effect_lines(task: Task, asked: Asked | None, width: int) -> list[Line]:
    """One sentence per act about its effect; pause and the like only if there is no open request."""
    effects = {
        act: effect
        for act, effect in effects_of(task, asked).items()
        if (asked is None or act not in _STOPS) and act not in _UNSAID
    }
    return [
        shown
        for act, effect in effects.items()
        for shown in hanging((Span(f"  {VERBS[act].split()[0].ljust(8)} → ", Tone.ACCENT),), effect, width)
    ]


def _terms(request: Request, now: int) -> str:
    """Who may decide, with what proof, and the times of the request."""
    proof = (
        f"proof {request.assurance.value} or better" if request.assurance is not Assurance.A0 else "no proof demanded"
    )
    pieces = [
        f"for {', '.join(request.approvers) or 'any enrolled person'}",
        f"{request.quorum} must approve" if request.quorum > 1 else "",
        proof,
        _freshness(request),
        f"asked {age(now - request.opened_at)} ago",
        f"reminded {request.reminders}×" if request.reminders else "",
        "escalated" if request.escalated else "",
        handed_words(request.handed) if request.handed is not None else "",
    ]
    return " · ".join(piece for piece in pieces if piece)


def _said_before(task: Task, request: Request, now: int, width: int) -> list[Line]:
    """What those said who have approved already, where more than one must."""
    said = said_before(task, request)
    head = f"{len(said)} of {request.quorum} have approved" if request.quorum > 1 else ""
    told = [f"{decided_words(decision, now)} ({proof_words(decision)})" for decision in said]
    mark = Span("  ● ", Tone.ACCENT)
    return [shown for words in (head, *told) if words for shown in hanging((mark,), words, width)]


def _freshness(request: Request) -> str:
    if request.fresh_ms is None:
        return ""
    return f"typed {age(request.fresh_ms)} ago at most" if request.fresh_ms else "passphrase typed for this alone"


def _asked_words(task: Task, asked: Asked) -> str:
    request = asked.request
    if request.kind is RequestKind.APPROVAL:
        return request.question
    if request.kind is RequestKind.QUESTION:
        return f"{request.asked_by} asks at {request.step}, in its own words:"
    return f"What now? {request.step}: {sign_of(task).word}"


def _sections(dossier: Dossier, asked: Asked | None, now: int, width: int) -> list[Section]:
    task, base = dossier.task, _base(dossier, now, width)
    sections = [
        Section("subject", _subject(dossier, asked, width)),
        Section("changed, and decides what the gates said", _flags(task, width)),
        Section("changed, and acts where no gate looks", _beside_gates(task, width)),
        *(base if task.submission is None else ()),
        Section("gates", gate_lines(dossier.gates, now, width)),
        *(Section(title, lines) for title, lines in output_lines(dossier.gates, width)),
        Section(f"children{f': {dossier.join}' if dossier.join else ''}", children_lines(dossier, width)),
        *(base if task.submission is not None else ()),
        *_changes(dossier, width),
        Section("who", _who(dossier, now, width)),
        Section("history", _history(task, now, width)),
        Section("in its agent's process (not evidence)", sub_agent_lines(dossier.sub_agents, now, width)),
        Section("what people told its agents", note_lines(task, now, width)),
        Section("what agents hand on (not evidence)", passing_lines(dossier, now, width)),
        *_handed_over(dossier, width),
        *_said(dossier, asked, now, width),
    ]
    return [section for section in sections if section.lines]


def _labelled(pairs: Sequence[tuple[str, str]], width: int) -> tuple[Line, ...]:
    return tuple(
        shown
        for label, words in pairs
        if words
        for shown in hanging((Span(f"  {label.ljust(_LABEL)}", Tone.DIM),), words, width)
    )


def _subject(dossier: Dossier, asked: Asked | None, width: int) -> tuple[Line, ...]:
    task, submission = dossier.task, dossier.task.submission
    commits = (
        f"{submission.head[:12]} on base {submission.base[:12]}, tree {submission.tree[:12]}"
        if submission
        else "nothing is submitted yet"
    )
    pairs = [
        ("task", f"{task.title[:MOST_TITLE]}"),
        ("repo", f"{task.repo} ({without_credentials(task.origin or 'no origin')})" if task.repo else ""),
        ("target", task.target if task.repo else ""),
        ("head", commits),
        ("by", ", ".join(submission.authors) if submission else ""),
        ("mind", "; ".join(map(addressed_words, dossier.addressed))),
        (
            "artefacts",
            ", ".join(f"{a.name} {a.size} B {a.digest[:12]}" for a in submission.artefacts) if submission else "",
        ),
        ("workflow", f"{task.workflow} {task.definition[:12]}"),
        ("request", asked.request.id if asked else ""),
        ("shown", f"{asked.digest[:12]} (a decision is bound to it)" if asked else ""),
    ]
    return _labelled(pairs, width)


def _flags(task: Task, width: int) -> tuple[Line, ...]:
    """Every flag: what a person also approves when they approve the change. New tests are told, not warned of."""
    added = [flag for flag in flags_of(task) if flag.kind is FlagKind.TEST_ADDED]
    return (
        *warning_lines(WorkWarning.FLAGGED, task, width=width),
        *warning_lines(WorkWarning.CI_CHANGED, task, width=width),
        *(hanging((Span("  + ", Tone.DIM),), f"new tests: {', '.join(f.path for f in added)}", width) if added else ()),
    )


def _beside_gates(task: Task, width: int) -> tuple[Line, ...]:
    """What the change does outside its checkout, and to a person who opens it."""
    kinds = (WorkWarning.LEADS_OUT, WorkWarning.OPENED)
    return tuple(shown for kind in kinds for shown in warning_lines(kind, task, width=width))


def _base(dossier: Dossier, now: int, width: int) -> tuple[Section, ...]:
    """What is known of the base, with what gates printed there that fail."""
    gates = dossier.base.gates if dossier.base is not None else ()
    outputs = (Section(f"{title} on the base", lines) for title, lines in output_lines(gates, width))
    return (Section("base", base_lines(dossier, now, width)), *outputs)


def _changes(dossier: Dossier, width: int) -> list[Section]:
    if dossier.trouble:
        return [Section("diff", warning_lines(WorkWarning.DIFF_UNREAD, dossier, width=width))]
    if dossier.task.submission is None:
        return []
    if not dossier.files and not dossier.diff:
        absent = warning_lines(WorkWarning.DIFF_ABSENT, dossier, width=width)
        return [Section("diff", absent or (line("  the commit changes nothing", Tone.DIM),))]
    return [
        Section(f"files: {totals(dossier.files)}", file_lines(dossier.files, width)),
        Section("diff", diff_lines(dossier.diff, dossier.files, width)),
    ]


def change_lines(dossier: Dossier, width: int) -> tuple[Line, ...]:
    """What a task's commit changes, as the sheet shows it."""
    return tuple(
        shown
        for section in _changes(dossier, width)
        for shown in (line(""), heading(section.title, width), *section.lines)
    )


def _who(dossier: Dossier, now: int, width: int) -> tuple[Line, ...]:
    task, lease = dossier.task, dossier.lease
    holder = f"{task.holder}, epoch {task.epoch}" if task.holder else "nobody"
    if lease is not None:
        holder += f", last heard {age(now - lease.beat_at)} ago, last progress {age(now - lease.progress_at)} ago"
    worked = "; ".join(f"{step}: {', '.join(names)}" for step, names in task.workers.items())
    pairs = [
        ("held by", holder),
        ("attempt", f"{task.attempt}, {task.tries} lost; round {task.round}"),
        ("where", "; ".join(words.strip() for words in environment_lines(task))),
        ("printed", f"onloop logs {task.id} shows what its agents printed" if task.tries else ""),
        ("context", f"{task.context} % in use, as its holder says" if task.context is not None else ""),
        ("used", used_words(task.spending.whole)),
        ("budget", "; ".join(limit_words(dossier.budgets))),
        ("worked", worked or "nobody yet"),
        ("waits for", task.owner or ""),
        ("sponsor", task.sponsor),
        ("source", source_words(task.source) if task.source is not None else ""),
    ]
    return _labelled(pairs, width)


def _history(task: Task, now: int, width: int) -> tuple[Line, ...]:
    lines: list[Line] = []
    for decision in task.decisions:
        told = f"{decision.answer.value} by {decision.who} ({proof_words(decision)}) {age(now - decision.at)} ago"
        lines += hanging((Span("  ● ", Tone.ACCENT),), f"{told} on {decision.head[:12] or decision.step}", width)
        lines += quoted(decision.reason, width, most=10) if decision.reason else ()
        lines += warning_lines(WorkWarning.NOT_SHOWN, unseen_words(decision.unseen), width=width, indent=4)
    for fed in task.feedback:
        if fed.question:
            lines += hanging((Span("  → ", Tone.DIM),), f"question of {fed.asker}", width, Tone.DIM)
            lines += quoted(fed.question, width, most=10)
        lines += hanging(
            (Span("  → ", Tone.DIM),), f"{fed.kind} from {fed.by} {age(now - fed.at)} ago", width, Tone.DIM
        )
        lines += quoted(fed.text, width, most=10)
    return tuple(lines)


def _handed_over(dossier: Dossier, width: int) -> list[Section]:
    """The artefacts that the agent handed over, quoted, such as the review that an approver reads."""
    return [
        Section(f"{artefact.name} (handed over by the agent)", quoted(artefact.text, width, most=200))
        for artefact in dossier.artefacts
        if artefact.text
    ]


def said_by_agents(dossier: Dossier) -> tuple[str, ...]:
    """The questions and statements of agents: untrusted text, not evidence."""
    questions = (a.request.question for a in dossier.asked if a.request.kind is RequestKind.QUESTION)
    return (*questions, *((dossier.statement,) if dossier.statement else ()))


def _said(dossier: Dossier, asked: Asked | None, now: int, width: int) -> list[Section]:
    """The questions that do not stand whole at the top, and the statement with when it was made."""
    first = asked.request.question if asked is not None and asked.request.kind is not RequestKind.APPROVAL else ""
    is_cut = len(quoted(first, width)) > MOST_ASKED
    said = dict.fromkeys((first, *said_by_agents(dossier)) if is_cut else said_by_agents(dossier))
    texts = [text for text in said if is_cut or text != first]
    lines = [shown for text in texts for shown in quoted(text, width, most=400)]
    submission = dossier.task.submission
    if dossier.statement and submission is not None:
        words = f"{statement_words(dossier.task)}, {age(now - submission.at)} ago"
        lines[:0] = hanging((Span("  "),), words, width, Tone.DIM)
    return [Section("what the agent says (not evidence)", tuple(lines))] if lines else []


def differences(before: Dossier, after: Dossier, clock: int) -> tuple[str, ...]:
    """The differences between two dossiers in words; empty if a decision would still mean the same."""
    was, now = before.task, after.task
    changes = []
    if was.state is not now.state or was.reason is not now.reason:
        changes.append(f"it is {now.state.value} ({now.reason.value if now.reason else now.detail}) now")
    if was.submission != now.submission:
        heads = (
            was.submission.head[:12] if was.submission else "nothing",
            now.submission.head[:12] if now.submission else "nothing",
        )
        changes.append(
            f"the commit was {heads[0]} and is {heads[1]}" if heads[0] != heads[1] else "it was submitted again"
        )
    changes += [decided_words(decision, clock) for decision in now.decisions[len(was.decisions) :]]
    changes += _gate_differences(before, after)
    if not changes and [a.digest for a in before.asked] != [a.digest for a in after.asked]:
        changes.append("what is asked has changed")
    return tuple(changes)


def _gate_differences(before: Dossier, after: Dossier) -> list[str]:
    """The gates whose status differs: each one if they are few, else their number."""
    pairs = zip(before.gates, after.gates, strict=False)
    moved = [(old, new) for old, new in pairs if (old.mark, old.digest) != (new.mark, new.digest)]
    if len(moved) > _FEW_GATES:
        return [f"{len(moved)} gates are not as they were: {', '.join(new.gate for _, new in moved)}"]
    return [f"gate {new.gate} was {old.mark.value} and is {new.mark.value}" for old, new in moved]
