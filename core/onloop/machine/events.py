"""Facts, in the past tense. `Event` is closed: a new one turns `evolve` red until it is handled."""

from __future__ import annotations

from onloop.machine.artefacts import Artefact
from onloop.machine.causes import AttemptEnd as AttemptEnd
from onloop.machine.causes import EffectProblem as EffectProblem
from onloop.machine.definition import Effect
from onloop.machine.flags import Flag
from onloop.machine.gate_facts import Program
from onloop.machine.messages import Checkpoint, Handover, Message, Note
from onloop.machine.setbacks import Setback
from onloop.machine.start_events import Amended as Amended
from onloop.machine.start_events import BaseAccepted as BaseAccepted
from onloop.machine.start_events import BaseGatesRequested as BaseGatesRequested
from onloop.machine.start_events import BaseReported as BaseReported
from onloop.machine.start_events import Retargeted as Retargeted
from onloop.machine.start_events import StepSkipped as StepSkipped
from onloop.machine.state import Reason, State
from onloop.machine.task import (
    NOT_KNOWN,
    Decision,
    Evidence,
    Feedback,
    Hand,
    Handed,
    Judgement,
    Offspring,
    Request,
    Submission,
    TaskFacts,
)
from onloop.records import Record


class Created(TaskFacts):
    """A task exists."""

    programs: tuple[Program, ...] = ()
    """What the workflow's commands name, as it was when the run started."""


class StepEntered(Record):
    """The task stands at `step`, for the `visit`-th time, and waits for `role` if the step has one.

    What belonged to the step before is cleared; `left` is what its agent handed over, which stays readable.
    """

    step: str
    visit: int
    role: str | None = None
    left: tuple[Artefact, ...] = ()


class Claimed(Record):
    """`agent` owns the task from now on, fenced by `epoch`; `by` is the launcher that claimed it, `hand` as whom."""

    agent: str
    role: str
    epoch: int
    attempt: int
    by: str = ""
    hand: Hand = NOT_KNOWN


class Submitted(Record):
    """The holder, `by`, says that this is done; nothing is verified yet."""

    submission: Submission
    by: str = ""


class GatesRequested(Record):
    """A verifier was asked for these gates, on the current submission."""

    gates: tuple[str, ...]


class GateReported(Record):
    """A verifier answered."""

    evidence: Evidence


class RoundStarted(Record):
    """Failed gates went back to the same agent, in the same environment, under the same lease."""

    round: int
    feedback: tuple[Feedback, ...]


class AttemptEnded(Record):
    """A try was lost; it counts."""

    end: AttemptEnd
    tries: int
    feedback: Feedback


class LeaseEnded(Record):
    """Nobody holds the task any more; `why` says how that came, in a word or two. The epoch is fenced off."""

    epoch: int
    why: str


class BackoffStarted(Record):
    """The step is tried again, not before `until`."""

    until: int


class SetBack(Record):
    """Something kept the step from going on, which counts as no try; it is tried again when the setback says.

    `end` says how the agent ended, where those of its role all end so.
    """

    setback: Setback
    end: str = ""


class Recovered(Record):
    """What kept the step from going on is over."""


class Returned(Record):
    """The holder was heard of again after its lease had run out, with nobody else at the task in between.

    The `away_ms` do not count as its time.
    """

    agent: str
    away_ms: int


class RequestOpened(Record):
    """A person is asked."""

    request: Request


class RequestClosed(Record):
    """A request no longer waits; `why` says what closed it."""

    request: str
    why: str


class Judged(Record):
    """An agent who had no part in the work judged it."""

    judgement: Judgement


class Decided(Record):
    """A person answered; the answer is spent on this request."""

    decision: Decision


class CountersReset(Record):
    """A person decided: rounds and attempts start again, and the next brief says why.

    `programs` are pinned anew where a person had it tried again.
    """

    feedback: Feedback
    programs: tuple[Program, ...] = ()


class Reassigned(Record):
    """Only `to` (an agent, a person, or everyone in a role or a group of people) may take the task now."""

    to: str
    by: str


class Reminded(Record):
    """The people asked were reminded; `count` is how many reminders are behind them now, missed ones included."""

    request: str
    count: int = 1


class Escalated(Record):
    """`to` may decide this request too."""

    request: str
    to: tuple[str, ...]


class EffectRequested(Record):
    """The gateway was asked to change the world outside, once, under this id."""

    id: str
    effect: Effect


class EffectStarted(Record):
    """The intent, before the act: the target will move from `expected` to `result`."""

    id: str
    expected: str
    result: str


class TurnBlocked(Record):
    """The agent wanted to end its turn with its step not achieved, and was sent on, for the `count`-th time."""

    agent: str
    verdict: str
    count: int


class TurnEnded(Record):
    """The agent's turn ended with its step not achieved: it had been sent on often enough."""

    agent: str
    verdict: str


class EffectDone(Record):
    """The target holds `result`."""

    id: str
    result: str


class EffectFailed(Record):
    """Nothing was changed outside. `flags` are what was found on the merged result and nobody had been shown."""

    id: str
    problem: EffectProblem
    detail: str
    flags: tuple[Flag, ...] = ()


class EffectVoided(Record):
    """The effect would have done other than what was shown; nothing was changed outside, and `submission` counts now.

    The gateway made it of the same work as the one before: what vouched for that one is stale.
    """

    id: str
    submission: Submission
    why: str


class FannedOut(Record):
    """The step made these children; they begin in the same transaction."""

    children: tuple[Offspring, ...]


class Joined(Record):
    """The children were enough: the work of these counts, in this order.

    `workers` are the agents who did it, `hands` who claimed it for them.
    """

    children: tuple[str, ...]
    workers: tuple[str, ...] = ()
    hands: tuple[Hand, ...] = ()


class Funnelled(Record):
    """The children's commits were merged into one, which the step submits."""

    submission: Submission


class Told(Record):
    """The holder told these tasks something; it reaches them in the same transaction."""

    to: tuple[str, ...]
    message: Message


class MessageReceived(Record):
    """An agent at work on another task of the run said this."""

    message: Message


class MessagesShown(Record):
    """The holder was shown its messages up to this number."""

    upto: int


class MessagesAcknowledged(Record):
    """The holder acted after it was shown its messages up to this number: they are read."""

    upto: int


class CheckpointSaved(Record):
    """The holder left word of how far it is."""

    checkpoint: Checkpoint


class HandedOff(Record):
    """The step was given to another agent; that counts as no try."""

    handover: Handover


class ContextReported(Record):
    """The holder said how much of its context is in use."""

    percent: int


class HandedOn(Record):
    """A request is somebody's to answer from now on; who may answer it stays as it was."""

    request: str
    handed: Handed


class Moved(Record):
    """The task's state and reason; `detail` says it for a person."""

    state: State
    reason: Reason | None = None
    detail: str = ""


class NoteSent(Record):
    """A person told whoever works on the task something."""

    note: Note


class NotesShown(Record):
    """The holder was shown the notes of people up to number `upto`, in `way`: an answer or a brief."""

    upto: int
    agent: str
    epoch: int
    attempt: int
    way: str = ""


Event = (
    Created
    | StepEntered
    | Claimed
    | Submitted
    | GatesRequested
    | GateReported
    | BaseGatesRequested
    | BaseReported
    | BaseAccepted
    | StepSkipped
    | Amended
    | Retargeted
    | RoundStarted
    | AttemptEnded
    | LeaseEnded
    | BackoffStarted
    | SetBack
    | Recovered
    | Returned
    | RequestOpened
    | RequestClosed
    | Judged
    | Decided
    | CountersReset
    | Reassigned
    | Reminded
    | Escalated
    | EffectRequested
    | EffectStarted
    | EffectDone
    | EffectFailed
    | EffectVoided
    | TurnBlocked
    | TurnEnded
    | FannedOut
    | Joined
    | Funnelled
    | Told
    | MessageReceived
    | MessagesShown
    | MessagesAcknowledged
    | CheckpointSaved
    | HandedOff
    | ContextReported
    | Moved
    | NoteSent
    | NotesShown
    | HandedOn
)
