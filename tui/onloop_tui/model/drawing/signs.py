"""States as a shape and a word, one table for each kind: colour alone never carries meaning."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from onloop.machine.state import Reason, State
from onloop.machine.task import Task
from onloop.views.dossier import GateStatus
from onloop.views.work_warnings import MISSING, SHAPE, STALE, WorkWarning, warned
from onloop_tui.model.drawing.text_line import Span, Tone, column
from onloop_tui.model.ground.acts import Act


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


def _warning(kind: WorkWarning, reason: Reason) -> Sign:
    (word,) = warned(kind, reason)
    return Sign(SHAPE, word, Tone.WARN)


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
    Reason.FAILED: Sign("✗", "failed", Tone.BAD),
    Reason.DENIED: Sign("‼", "denied", Tone.BAD),
    Reason.ANOMALY: Sign("‼", "anomaly", Tone.BAD),
}
"""Why a person is needed."""


STATE_SIGNS: Mapping[State, Sign] = {
    State.SUBMITTED: Sign("○", "ready", Tone.PLAIN),
    State.WORKING: Sign("●", "working", Tone.PLAIN),
    State.INPUT_REQUIRED: Sign("◆", "asks", Tone.ACCENT),
    State.AUTH_REQUIRED: Sign("◆", "no key", Tone.ACCENT),
    State.PAUSED: Sign("‖", "paused", Tone.WARN),
    State.COMPLETED: Sign("✓", "done", Tone.GOOD),
    State.FAILED: Sign("✗", "failed", Tone.BAD),
    State.CANCELED: Sign("–", "canceled", Tone.DIM),
    State.REJECTED: Sign("–", "rejected", Tone.WARN),
}
"""The state of a task without a reason: ● an agent works, ◐ the machine works, ○ it waits."""

MOTION_SIGNS: Mapping[Reason, Sign] = {
    Reason.DEPENDENCY: Sign("○", "depends", Tone.DIM),
    Reason.RETRY_BACKOFF: Sign("○", "waiting", Tone.DIM),
    Reason.NO_SLOT: Sign("○", "no slot", Tone.DIM),
    Reason.WAVE_HELD: Sign("○", "wave", Tone.DIM),
    Reason.ELSEWHERE: Sign("○", "elsewhere", Tone.DIM),
    Reason.FROZEN: Sign("‖", "frozen", Tone.WARN),
    Reason.GATES_RUNNING: Sign("◐", "gates", Tone.PLAIN),
    Reason.EFFECT_RUNNING: Sign("◐", "effect", Tone.PLAIN),
    Reason.CHILDREN_RUNNING: Sign("●", "children", Tone.PLAIN),
    Reason.EXTERNAL: Sign("◐", "external", Tone.PLAIN),
    Reason.SCHEDULED: Sign("◐", "timer", Tone.DIM),
    Reason.STALLED: _warning(WorkWarning.STALLED, Reason.STALLED),
    Reason.DISCONNECTED: _warning(WorkWarning.DISCONNECTED, Reason.DISCONNECTED),
    Reason.EXCLUDED: Sign("‖", "excluded", Tone.DIM),
}
"""Why a task moves or waits without needing a person."""


def sign_for(state: State, reason: Reason | None) -> Sign:
    """The sign of the reason if it has one, else of the state."""
    reason_sign = (REASON_SIGNS.get(reason) or MOTION_SIGNS.get(reason)) if reason is not None else None
    return reason_sign or STATE_SIGNS[state]


def sign_of(task: Task) -> Sign:
    """The sign of a task's recorded state."""
    return sign_for(task.state, task.reason)


MARK_SIGNS: Mapping[GateStatus, Sign] = {
    GateStatus.PASSED: Sign("✓", "passed", Tone.GOOD),
    GateStatus.BYPASSED: Sign("»", "BYPASSED", Tone.BAD),
    GateStatus.FAILED: Sign("✗", "failed", Tone.BAD),
    GateStatus.ERROR: Sign(SHAPE, "error", Tone.BAD),
    GateStatus.TIMED_OUT: Sign(SHAPE, "timed out", Tone.BAD),
    GateStatus.RUNNING: Sign("●", "running", Tone.STRONG),
    GateStatus.WAITING: Sign("○", "waiting", Tone.ACCENT),
    GateStatus.STALE: Sign(SHAPE, STALE, Tone.WARN),
    GateStatus.MISSING: Sign(SHAPE, MISSING, Tone.WARN),
    GateStatus.NOT_YET: Sign("–", "not yet", Tone.DIM),
    GateStatus.AGAIN: Sign("↻", "again", Tone.DIM),
    GateStatus.EARLIER: Sign("v", "earlier", Tone.DIM),
    GateStatus.LATER: Sign("·", "later", Tone.DIM),
    GateStatus.NOT_TAKEN: Sign("╌", "not taken", Tone.DIM),
}
"""The status of a gate; those that nothing is owed for now are calm."""

STRIP_SHAPES: Mapping[GateStatus, str] = {
    **{mark: sign.shape for mark, sign in MARK_SIGNS.items()},
    GateStatus.ERROR: "!",
    GateStatus.TIMED_OUT: "◔",
    GateStatus.STALE: "~",
    GateStatus.MISSING: "□",
    GateStatus.NOT_YET: "–",
}
"""The status of a gate as one distinct shape, for narrow places."""

LATER = MARK_SIGNS[GateStatus.LATER]
"""What was not reached yet."""

VERBS: Mapping[Act, str] = {
    Act.APPROVE: "approve",
    Act.REJECT: "reject",
    Act.ANSWER: "answer",
    Act.NO_WORSE: "no-worse",
    Act.RETRY: "retry",
    Act.REASSIGN: "reassign",
    Act.CANCEL: "cancel the task",
    Act.PAUSE: "pause",
    Act.RESUME: "resume",
    Act.EXCLUDE: "exclude",
    Act.NOTE: "note",
    Act.TAKE_BACK: "take back",
}
"""The acts in words."""
