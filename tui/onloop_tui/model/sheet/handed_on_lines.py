"""The part of other agents in a task, as lines: children, reviews, hand-offs; agents' words are quoted."""

from __future__ import annotations

from onloop.attention.groups import age
from onloop.machine.messages import Handover, Note
from onloop.machine.rules.independence import counts_now
from onloop.machine.task import Judgement, Task
from onloop.views.children import Result
from onloop.views.dossier import Dossier
from onloop_tui.model.drawing.signs import STATE_SIGNS
from onloop_tui.model.drawing.text_line import Line, Span, Tone, hanging, line, quoted

MOST_QUOTED = 10


def children_lines(dossier: Dossier, width: int) -> tuple[Line, ...]:
    """A line per child: its state, and its title, which an agent may have written."""
    return tuple(
        shown for child in dossier.children for shown in hanging(_child(child), child.title, width, Tone.UNTRUSTED)
    )


def _child(child: Result) -> Line:
    return Span("  "), STATE_SIGNS[child.state].span(12), Span(f"{child.id}  ", Tone.STRONG)


def passing_lines(dossier: Dossier, now: int, width: int) -> tuple[Line, ...]:
    """Reviews, hand-offs, checkpoints and messages: words of agents, not evidence."""
    task = dossier.task
    lines: list[Line] = []
    for judgement in task.judgements:
        lines += _judgement(task, judgement, now, width)
    for handover in task.handovers:
        lines += _handover(handover, now, width)
    for left in task.checkpoints.values():
        words = f"{left.by} left a checkpoint of {left.size} bytes at {left.step} {age(now - left.at)} ago"
        lines += hanging((Span("  → ", Tone.DIM),), words, width, Tone.DIM)
    if task.messages:
        told = f"  {len(task.messages)} of {task.received} messages from other agents are unread"
        lines.append(line(told, Tone.DIM))
    return tuple(lines)


def note_lines(task: Task, now: int, width: int) -> tuple[Line, ...]:
    """What people told the agents of the task, and which of them was shown it, when and in what."""
    return tuple(shown for note in task.notes for shown in _note(note, now, width))


def _note(note: Note, now: int, width: int) -> list[Line]:
    shown = [
        f"shown to {each.agent} in {each.way or 'an answer'}, attempt {each.attempt}, {age(now - each.at)} ago"
        for each in note.shown
    ]
    return [
        *hanging((Span("  → ", Tone.ACCENT),), f"{note.by}, {age(now - note.at)} ago", width),
        *quoted(note.text, width, most=MOST_QUOTED),
        *hanging((Span("    "),), "; ".join(shown) or "no agent has seen it yet", width, Tone.DIM),
    ]


def _judgement(task: Task, judgement: Judgement, now: int, width: int) -> list[Line]:
    """A review; one that does not count now is called an earlier one, and is dim."""
    if not counts_now(task, judgement):
        verdict = "pass" if judgement.passes else "fail"
        told = f"earlier: {judgement.by} judged {judgement.head[:12]} {verdict} {age(now - judgement.at)} ago"
        return [*hanging((Span("  v ", Tone.DIM),), f"{told}: {judgement.reason}", width, Tone.DIM)]
    sign = Span("  ✓ ", Tone.GOOD) if judgement.passes else Span("  ✗ ", Tone.BAD)
    words = f"{judgement.by} judged {judgement.head[:12]} at {judgement.step} {age(now - judgement.at)} ago"
    return [*hanging((sign,), words, width), *quoted(judgement.reason, width, most=MOST_QUOTED)]


def _handover(handover: Handover, now: int, width: int) -> list[Line]:
    whom = handover.to or "anyone in its role"
    words = f"{handover.by} handed {handover.step} on to {whom} {age(now - handover.at)} ago"
    statements = [handover.why, *(f"open: {question}" for question in handover.open)]
    return [
        *hanging((Span("  → ", Tone.DIM),), words, width),
        *(shown for text in statements for shown in quoted(text, width, most=MOST_QUOTED)),
    ]
