"""Why a task is where it is, what would move it on, and who can do that: the same words in every user interface."""

from __future__ import annotations

from collections.abc import Mapping

from onloop.attention.groups import age, handed_words
from onloop.machine.held_roles import Streak, hold_of
from onloop.machine.people import is_of_people
from onloop.machine.rules.looking_first import is_held_by_base
from onloop.machine.state import Reason, State
from onloop.machine.task import Kind, Task

CLEARED_BY: Mapping[Reason, str] = {
    Reason.APPROVAL_REQUIRED: "an approval or a rejection of each request; a time-out never approves",
    Reason.QUESTION: "an answer, which goes into the agent's brief",
    Reason.CHOICE: "retry, reassign, reject or cancel",
    Reason.READY: "whoever it is for takes it, or a person reassigns it",
    Reason.GATE_FAILED: "retry runs the gate again; reassign, reject or cancel",
    Reason.ROUNDS_EXHAUSTED: "retry with a note, reassign, reject or cancel; rounds and attempts start at zero",
    Reason.ATTEMPTS_EXHAUSTED: "retry with a note, reassign, reject or cancel; rounds and attempts start at zero",
    Reason.TIMED_OUT: "retry, reassign, reject or cancel",
    Reason.BUDGET_EXHAUSTED: "retry --more adds to the budget; reject or cancel ends or returns the work",
    Reason.CHANGED_SINCE_APPROVAL: "retry starts the effect again; reject returns the work",
    Reason.CONFLICT: "reject returns the work to be rebuilt on the new tip; retry tries the merge again",
    Reason.HALTED: "retry, reassign, reject or cancel",
    Reason.EXTERNAL: "the end of the trouble, which clears it by itself; retry tries at once",
    Reason.STALLED: "progress of its agent, its end, or a reassignment",
    Reason.DISCONNECTED: "a heartbeat, the end of the lease, or a reassignment",
    Reason.DENIED: "an acknowledgement, until it happens again, or seven days without another denial",
    Reason.ANOMALY: "an acknowledgement, until it is seen again, or seven days",
    Reason.FAILED: "nothing: it has ended; an acknowledgement is permanent",
}
"""What ends an attention item."""

RED_BASE = (
    "a person: onloop retry {task} looks again; with --no-worse-than-base it allows what fails there and nothing more; "
    "onloop amend {task} mends the workflow; onloop cancel {task} stops"
)
"""What ends the wait of a task whose base is red."""

FLEET_ASKED = (
    "a person: onloop approve {task} lets it go on, onloop reject {task} keeps it; "
    "onloop fleet show {task} shows its waves, and onloop retry --cause CAUSE tries what failed again"
)
"""What ends the wait of a fleet about which a person is asked."""

_AGENT = "agent:"

MOVED_BY: Mapping[Reason, str] = {
    Reason.READY: "an agent that claims it: onloop work --role {role}{name} -- CMD",
    Reason.DEPENDENCY: "the verifier, with the verdicts of {gates} before an agent starts",
    Reason.RETRY_BACKOFF: "time: it may be claimed again in {pause}, or now, after a person's: onloop retry {task}",
    Reason.NO_SLOT: "a slot that another task of its run frees",
    Reason.WAVE_HELD: "the end of the wave before it",
    Reason.FROZEN: "a person: onloop unfreeze {freeze}",
    Reason.ELSEWHERE: "a push to where its work is made; or an agent here: onloop reassign {task} --to ROLE",
    Reason.GATES_RUNNING: "the verifier, with the verdicts of {gates}",
    Reason.EFFECT_RUNNING: "the gateway, once the effect is done",
    Reason.CHILDREN_RUNNING: "the tasks below it",
    Reason.EXTERNAL: "the end of what keeps it: it is tried again in {pause}, or now: onloop retry {task}",
    Reason.SCHEDULED: "time: it goes on in {pause}, or now, after a person's: onloop retry {task}",
    Reason.PAUSED: "a person: onloop resume {task}",
    Reason.EXCLUDED: "a person: onloop resume {task}",
}
"""What moves a task on that needs no decision."""


def why(
    task: Task,
    state: State,
    reason: Reason | None,
    freeze: str | None,
    now: int,
    *,
    run: Task | None = None,
    hold: Streak | None = None,
) -> tuple[tuple[str, str], ...]:
    """Labelled sentences about a task at `now` (ms): where it is, what moves it on, who works on it, where to look.

    `run` is the root of its run, `hold` that of its role where the role is held. Each command in them would work.
    """
    words = f"{state.value} ({reason.value})" if reason else state.value
    sentences = (
        ("stands", f"{task.id} at {task.step or 'no step'}: {words} for {age(now - task.since)}; {task.detail}"),
        ("moved by", _held_above(task, state, run, hold, now) or _moved_by(task, state, reason, freeze, now)),
        ("who", _who(task)),
        ("elsewhere", f"onloop show {task.id}   or   onloop log {task.id}"),
    )
    return tuple(pair for pair in sentences if pair[1])


def _held_above(task: Task, state: State, run: Task | None, hold: Streak | None, now: int) -> str:
    """What moves a task that waits with all of its run, or of its role; empty for one that waits by itself."""
    if state not in {State.SUBMITTED, State.PAUSED}:
        return ""
    if run is not None and run.id != task.id and run.state is State.PAUSED:
        return f"a person, with all of its run: onloop resume {run.id}"
    if run is not None and task.reason is Reason.WAVE_HELD and run.state is State.INPUT_REQUIRED:
        return f"a person, about its whole fleet: {run.detail}; onloop fleet show {run.id}"
    if hold is None or hold_of({hold.role: hold}, task) is None or state is not State.SUBMITTED:
        return ""
    told = f"its role is held, because its agents end alike ({hold.words})"
    return f"{told}: one is tried in {age(hold.next_at - now)}, or now: onloop retry --role {hold.role}"


def _moved_by(task: Task, state: State, reason: Reason | None, freeze: str | None, now: int) -> str:
    if task.ended:
        return "nothing: it has ended; start a new task instead"
    if reason is None:
        return f"{task.holder or 'its agent'}, by submitting a commit; its time is limited"
    if task.kind is Kind.FLEET and state is State.INPUT_REQUIRED:
        return FLEET_ASKED.format(task=task.id)
    if is_held_by_base(task):
        return RED_BASE.format(task=task.id)
    if reason is Reason.READY and is_of_people(task.owner or ""):
        return f"{CLEARED_BY[reason]}: onloop take {task.id}"
    if (reason in CLEARED_BY and reason not in {Reason.EXTERNAL, Reason.READY}) or state in {
        State.INPUT_REQUIRED,
        State.AUTH_REQUIRED,
    }:
        return CLEARED_BY.get(reason, "a person")
    if task.waits_to_begin and reason is Reason.DEPENDENCY:
        return f"the end of {', '.join(task.after)}: it begins with their work"
    by_name = (task.owner or "").startswith(_AGENT)
    return MOVED_BY[reason].format(
        task=task.id,
        role=(task.role if by_name else task.wanted) or "ROLE",
        name=f" --name {task.owner.removeprefix(_AGENT)}" if by_name and task.owner else "",
        pause=age(task.not_before - now),
        freeze=freeze or "",
        gates=", ".join(task.awaited or _looked_at(task)) or "its gates",
    )


def _looked_at(task: Task) -> tuple[str, ...]:
    return tuple(gate for check in task.base_checks.values() for gate in check.awaited)


def _who(task: Task) -> str:
    if task.holder:
        return f"{task.holder} holds it, epoch {task.epoch}, attempt {task.attempt}, round {task.round}"
    names = sorted({name for request in task.requests for name in request.approvers})
    handed = [handed_words(request.handed) for request in task.requests if request.handed is not None]
    return "; ".join((*([f"people or groups named {', '.join(names)}"] if names else []), *handed))
