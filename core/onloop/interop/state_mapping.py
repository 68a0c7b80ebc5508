"""Our states in the words of A2A and of ACP, as data: what a client of either sees of a task."""

from __future__ import annotations

from collections.abc import Mapping

from onloop.machine.state import State
from onloop.records import Record


class ForeignState(Record):
    """A state as A2A (1.0) names it, and as ACP (2) names a session's; `lost`: what these do not say."""

    a2a: str
    acp: str
    lost: str = ""


FOREIGN_STATES: Mapping[State, ForeignState] = {
    State.SUBMITTED: ForeignState("TASK_STATE_SUBMITTED", "idle", "why it waits"),
    State.WORKING: ForeignState("TASK_STATE_WORKING", "running", "whether an agent works, or gates run"),
    State.INPUT_REQUIRED: ForeignState("TASK_STATE_INPUT_REQUIRED", "requires_action", "what is asked, and of whom"),
    State.AUTH_REQUIRED: ForeignState("TASK_STATE_AUTH_REQUIRED", "requires_action", "which credential is missing"),
    State.PAUSED: ForeignState("TASK_STATE_WORKING", "idle", "that a person stopped it, and must resume it"),
    State.COMPLETED: ForeignState("TASK_STATE_COMPLETED", "idle"),
    State.FAILED: ForeignState("TASK_STATE_FAILED", "idle", "what it failed of"),
    State.CANCELED: ForeignState("TASK_STATE_CANCELED", "idle"),
    State.REJECTED: ForeignState("TASK_STATE_REJECTED", "idle", "by whom, and the reason"),
}
"""Each state in both. Whoever translates puts our own `state` and `reason` beside it, so that nothing is lost."""

ACP_STOPS: Mapping[str, str] = {
    "end_turn": "the gates of the step are asked",
    "max_tokens": "the turn is no achievement: the agent is prompted again, or the attempt is lost",
    "max_turn_requests": "the same",
    "refusal": "the attempt is lost, and its reason is kept",
    "cancelled": "a person or the gateway stopped it: nothing is asked",
}
"""What follows each reason for which a turn of ACP ends: only `end_turn` asks for gates."""
