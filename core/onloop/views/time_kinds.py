"""PURE: what the time of a task goes to, by the state that it is in."""

from __future__ import annotations

from onloop.machine.state import Reason, State

FOR_PEOPLE, FOR_AGENTS, AT_WORK = "waits for people", "waits for an agent", "agent at work"
GATES, EFFECTS, CHILDREN = "gates", "effects", "waits for children"
STOPPED, OTHERS = "paused", "waits for something else"
TIMES = (FOR_AGENTS, AT_WORK, GATES, FOR_PEOPLE, EFFECTS, CHILDREN, STOPPED, OTHERS)
"""What the time of a task goes to, in the order in which it is shown."""

_OF_STATE = {
    State.INPUT_REQUIRED: FOR_PEOPLE,
    State.AUTH_REQUIRED: FOR_PEOPLE,
    State.SUBMITTED: FOR_AGENTS,
    State.PAUSED: STOPPED,
}
_OF_REASON = {
    None: AT_WORK,
    Reason.GATES_RUNNING: GATES,
    Reason.EFFECT_RUNNING: EFFECTS,
    Reason.CHILDREN_RUNNING: CHILDREN,
    Reason.STALLED: AT_WORK,
    Reason.DISCONNECTED: AT_WORK,
}


def time_of(state: State, reason: Reason | None) -> str:
    """What time in this state goes to."""
    return _OF_STATE.get(state) or _OF_REASON.get(reason, OTHERS)
