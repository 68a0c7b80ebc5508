"""States as shape and word, in one table each: never colour alone."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from onloop.gateway.dossier import Mark
from onloop.machine.state import Reason
from onloop.machine.task import Answer, Task
from onloop_tui.model.lines import Span, Tone, column


@dataclass(frozen=True, slots=True)
class Sign:
    """A shape, a word and a tone."""

    shape: str
    word: str
    tone: Tone

    def span(self, width: int = 0) -> Span:
        """The sign as a span, padded to `width` columns."""
        text = f"{self.shape} {self.word}"
        return column(text, width, self.tone) if width else Span(text, self.tone)


REASON_SIGNS: Mapping[Reason, Sign] = {
    Reason.POLICY_VIOLATION: Sign("‼", "policy", Tone.BAD),
    Reason.CHANGED_SINCE_APPROVAL: Sign("‼", "changed", Tone.BAD),
    Reason.APPROVAL_REQUIRED: Sign("◆", "approve", Tone.ACCENT),
    Reason.QUESTION: Sign("?", "question", Tone.ACCENT),
    Reason.CHOICE: Sign("◆", "choose", Tone.ACCENT),
    Reason.NO_CREDENTIALS: Sign("◆", "no key", Tone.ACCENT),
    Reason.APPROVED_NOT_CONSUMED: Sign("◆", "unused", Tone.ACCENT),
    Reason.GATE_FAILED: Sign("✗", "gate", Tone.BAD),
    Reason.ROUNDS_EXHAUSTED: Sign("✗", "failing", Tone.BAD),
    Reason.ATTEMPTS_EXHAUSTED: Sign("✗", "spent", Tone.BAD),
    Reason.TIMED_OUT: Sign("✗", "too slow", Tone.BAD),
    Reason.BUDGET_EXHAUSTED: Sign("✗", "budget", Tone.BAD),
    Reason.CONFLICT: Sign("✗", "conflict", Tone.BAD),
    Reason.HALTED: Sign("○", "held", Tone.WARN),
}
"""Why a person is needed."""


def sign_of(task: Task) -> Sign:
    """Why a person is needed, or, where none is, the task's state."""
    known = REASON_SIGNS.get(task.reason) if task.reason is not None else None
    return known or Sign("·", task.state.value, Tone.DIM)


MARK_SIGNS: Mapping[Mark, Sign] = {
    Mark.PASSED: Sign("✓", "passed", Tone.GOOD),
    Mark.FAILED: Sign("✗", "failed", Tone.BAD),
    Mark.ERROR: Sign("⚠", "error", Tone.BAD),
    Mark.TIMED_OUT: Sign("⚠", "timed out", Tone.BAD),
    Mark.RUNNING: Sign("●", "running", Tone.ACCENT),
    Mark.WAITING: Sign("○", "waiting", Tone.ACCENT),
    Mark.STALE: Sign("⚠", "STALE", Tone.WARN),
    Mark.MISSING: Sign("⚠", "MISSING", Tone.WARN),
}
"""How a gate stands."""

LATER = Sign("·", "later", Tone.DIM)
"""A gate of a step that was not reached yet: there is no evidence, and none could be."""

CLEARED_BY: Mapping[Reason, str] = {
    Reason.APPROVAL_REQUIRED: "an approval or a rejection of each one; nothing else, and no time-out approves",
    Reason.QUESTION: "an answer, which goes into the agent's brief",
    Reason.CHOICE: "retry, reassign, reject or cancel",
    Reason.GATE_FAILED: "retry runs the gate again; reassign, reject or cancel",
    Reason.ROUNDS_EXHAUSTED: "retry with a note, reassign, reject or cancel; rounds and attempts start at zero",
    Reason.ATTEMPTS_EXHAUSTED: "retry with a note, reassign, reject or cancel; rounds and attempts start at zero",
    Reason.TIMED_OUT: "retry, reassign, reject or cancel",
    Reason.BUDGET_EXHAUSTED: "retry, reassign, reject or cancel",
    Reason.CHANGED_SINCE_APPROVAL: "retry starts the effect again; reject returns the work",
    Reason.CONFLICT: "reject returns the work to be rebuilt on the new tip; retry tries the merge again",
    Reason.HALTED: "retry, reassign, reject or cancel",
}
"""What makes an item go away."""

VERBS: Mapping[Answer, str] = {
    Answer.APPROVE: "approve",
    Answer.REJECT: "reject",
    Answer.ANSWER: "answer",
    Answer.RETRY: "retry",
    Answer.REASSIGN: "reassign",
    Answer.CANCEL: "cancel the task",
}
"""What a person does, as they would say it."""
