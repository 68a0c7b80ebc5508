"""Whether a task is unchanged since a person saw it, and if not, what happened since."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from onloop.errors import Exit, Refused, Stale
from onloop.machine import events as e
from onloop.machine.task import Decision, DecisionKind, Task
from onloop.records import Record

MOST_TOLD = 3
LONGEST_NOTE = 200
"""How much of what a person wrote is told to another in a sentence, in characters."""


class Change(Record):
    """One thing that has happened to a task: what, who caused it, and when (ms)."""

    event: e.Event
    by: str
    at: int


def proof_words(decision: Decision) -> str:
    """What was proved with a decision: the level, the proof's age, and whether commits carry the address."""
    age = decision.proof_age_ms
    typed = "" if age is None else f", proved {age // 1000} s before"
    typed += f", key: {decision.presence}" if decision.presence else ""
    return f"{decision.assurance.value}{typed}{', commits carry their address' if decision.own_address else ''}"


_PAST: Mapping[DecisionKind, str] = {
    DecisionKind.APPROVE: "approved",
    DecisionKind.REJECT: "rejected",
    DecisionKind.ANSWER: "answered",
    DecisionKind.RETRY: "had it retried",
    DecisionKind.REASSIGN: "reassigned it",
    DecisionKind.CANCEL: "canceled it",
    DecisionKind.OVERRIDE: "bypassed",
}
IMMATERIAL = (
    e.Reminded,
    e.Escalated,
    e.Told,
    e.MessageReceived,
    e.MessagesShown,
    e.MessagesAcknowledged,
    e.CheckpointSaved,
    e.ContextReported,
    e.UsageTold,
    e.BudgetDrawn,
    e.NoteSent,
    e.NotesShown,
    e.HandedOn,
    e.EnvironmentMade,
    e.PersonEntered,
    e.PersonLeft,
)
"""Events that do not change what a person looked at."""


def check_version(task: Task, version: int | None, changes: Sequence[Change], now: int) -> None:
    """Refuse a decision about the task at `version` if it changed since; `changes` are all later events."""
    if version is None or version == task.version:
        return
    if version > task.version:
        words = f"{task.id} is at version {task.version}, not yet at {version}"
        raise Refused(words, exit=Exit.USAGE, hint=f"onloop show {task.id}")
    if changes and all(isinstance(change.event, IMMATERIAL) for change in changes):
        return
    told = told_since(task, changes, now)
    raise Stale(
        f"{task.id} was at version {version} when you looked, and is at {task.version} now: {told}",
        hint=f"onloop show {task.id} shows it as it is now",
    )


def ago(at: int, now: int) -> str:
    """How long ago, for a sentence."""
    return f"{max(0, now - at) // 1000} s ago"


def deed_words(decision: Decision) -> str:
    """Who did what with a decision, and of which gate."""
    is_of_gate = decision.gate is not None and decision.answer in {
        DecisionKind.APPROVE,
        DecisionKind.REJECT,
        DecisionKind.OVERRIDE,
    }
    return f"{decision.who} {_PAST[decision.answer]}{f' {decision.gate}' if is_of_gate else ''}"


def decided_words(decision: Decision, now: int) -> str:
    """Who decided what, when, and with what words."""
    words = " ".join(decision.reason.split())[:LONGEST_NOTE]
    said = f': "{words}"' if words else ""
    return f"{deed_words(decision)} {ago(decision.at, now)}{said}"


def told_since(task: Task, changes: Sequence[Change], now: int) -> str:
    """The last of what happened, in words, and how the task stands now."""
    words = [f"{said} {ago(change.at, now)}" for change in changes for said in _words(change)]
    stands = f"{task.state.value} ({task.reason.value})" if task.reason else task.state.value
    return ", ".join((*words[-MOST_TOLD:], f"it is {stands}"))


def _words(change: Change) -> Iterator[str]:
    match change.event:
        case e.Decided(decision):
            yield deed_words(decision)
        case e.Claimed(agent):
            yield f"{agent} claimed it"
        case e.Submitted(submission, by):
            yield f"{by or change.by} submitted {submission.head[:12]}"
        case e.GateReported(evidence):
            yield f"gate {evidence.gate} said {evidence.verdict.value}"
        case e.Reassigned(to, by):
            yield f"{by} gave it to {to}"
        case e.Amended(amendment):
            yield f"{amendment.by} amended its workflow"
        case e.EffectDone():
            yield "its effect was done"
        case _:
            yield from _words_of_ends(change.event)


def _words_of_ends(event: e.Event) -> Iterator[str]:
    match event:
        case e.AttemptEnded(end):
            yield f"an attempt ended ({end.value})"
        case e.TakenBack(_, whose, _, by):
            yield f"{by} took back what {whose} decided"
        case e.Overridden(bypass):
            yield f"{bypass.by} bypassed {bypass.gate}"
        case e.HandedOff(handover):
            yield f"{handover.by} handed it to {handover.to or 'anyone in its role'}"
        case e.FeedbackTaken(_, by):
            yield f"{by} brought feedback"
        case _:
            pass
