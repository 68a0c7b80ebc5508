"""Children, join, reviews and hand-offs of a task as lines for people: what agents said is labelled."""

from __future__ import annotations

from collections.abc import Iterator

from onloop.machine.messages import Handover, Note
from onloop.machine.rules.independence import counts_now
from onloop.machine.task import Judgement, Task
from onloop.text import fit, safe
from onloop.times import second_words
from onloop.views.children import Result
from onloop.views.dossier import Dossier
from onloop.views.note_words import shown_words
from onloop.views.spending import limit_words, used_words

LONGEST_WORDS = 300


def swarm_lines(dossier: Dossier) -> Iterator[str]:
    """What other agents have to do with the task; each of their words in a line that says so."""
    task = dossier.task
    if task.context is not None:
        yield safe(f"{task.holder} says that {task.context} % of its context is in use")
    if used := used_words(task.spending.whole):
        yield safe(f"used, as its agents tell: {used}")
    yield from (f"budget: {words}" for words in limit_words(dossier.budgets))
    if dossier.children:
        yield safe(f"children{f': {dossier.join}' if dossier.join else ''}")
    yield from map(_child_line, dossier.children)
    if task.judgements:
        yield "reviews (agent-judged, not evidence)"
    yield from (_judgement_line(task, judgement) for judgement in task.judgements)
    yield from map(_handover_line, task.handovers)
    yield from map(_note_line, task.notes)
    for left in task.checkpoints.values():
        yield safe(f"checkpoint at {left.step} by {left.by}: {left.size} bytes  {left.digest[:12]}")
    if task.messages:
        yield f"{len(task.messages)} of {task.received} messages from other agents are unread"


def _child_line(child: Result) -> str:
    return fit(safe(f"  {child.id}  {child.state.value}  {child.title}: {child.detail}"), LONGEST_WORDS)


def _judgement_line(task: Task, judgement: Judgement) -> str:
    """A review, named as an earlier one where it is not what counts now."""
    verdict = (
        f"{'' if counts_now(task, judgement) else 'earlier, not about this: '}{'pass' if judgement.passes else 'fail'}"
    )
    about = f"at {judgement.step} on {judgement.head[:12]}"
    words = f"  {verdict} by {judgement.by} ({judgement.independence.value}) {about}: {judgement.reason}"
    return fit(safe(words), LONGEST_WORDS)


def _note_line(note: Note) -> str:
    words = f"note by {note.by} ({second_words(note.at)}): {' / '.join(note.text.splitlines())}"
    return f"{fit(safe(words), LONGEST_WORDS)} — {safe(shown_words(note))}"


def _handover_line(handover: Handover) -> str:
    whom = handover.to or "anyone in its role"
    words = f"handed on at {handover.step} by {handover.by} to {whom}; it says: {handover.why}"
    return fit(safe(words), LONGEST_WORDS)
