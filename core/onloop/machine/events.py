"""Facts, in the past tense. `Event` is closed: a new one turns `evolve` red until it is handled."""

from __future__ import annotations

from dataclasses import dataclass

from onloop.machine.causes import AttemptEnd as AttemptEnd
from onloop.machine.causes import EffectProblem as EffectProblem
from onloop.machine.definition import Effect
from onloop.machine.flags import Flag
from onloop.machine.messages import Checkpoint, Handover, Message
from onloop.machine.state import Reason, State
from onloop.machine.task import (
    NOT_KNOWN,
    Decision,
    Evidence,
    Feedback,
    Hand,
    Judgement,
    Kind,
    Offspring,
    Program,
    Request,
    Submission,
)


@dataclass(frozen=True, slots=True)
class Created:
    """A task exists; `definition` is the digest of the workflow that its run pinned.

    `brief` is what a child's parent asks, `funnel` the commit at which it begins, if work was merged there already.
    `repo` names the repository for people, `origin` is its path or URL, `target` the branch that effects move;
    `max_parallel` bounds how many tasks below this one may be held at once.
    """

    title: str
    kind: Kind
    definition: str
    workflow: str
    sponsor: str
    run: str
    parent: str | None = None
    repo: str | None = None
    origin: str | None = None
    target: str = "main"
    max_parallel: int | None = None
    brief: str = ""
    merges: tuple[str, ...] = ()
    funnel: str | None = None
    programs: tuple[Program, ...] = ()
    """What the workflow's commands name, as it was when the run started."""


@dataclass(frozen=True, slots=True)
class StepEntered:
    """The task stands at `step`, for the `visit`-th time, and waits for `role` if the step has one.

    What belonged to the step before is cleared.
    """

    step: str
    visit: int
    role: str | None = None


@dataclass(frozen=True, slots=True)
class Claimed:
    """`agent` owns the task from now on, fenced by `epoch`; `by` is the launcher that claimed it, `hand` as whom."""

    agent: str
    role: str
    epoch: int
    attempt: int
    by: str = ""
    hand: Hand = NOT_KNOWN


@dataclass(frozen=True, slots=True)
class Submitted:
    """The holder, `by`, says that this is done; nothing is verified yet."""

    submission: Submission
    by: str = ""


@dataclass(frozen=True, slots=True)
class GatesRequested:
    """A verifier was asked for these gates, on the current submission."""

    gates: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class GateReported:
    """A verifier answered."""

    evidence: Evidence


@dataclass(frozen=True, slots=True)
class RoundStarted:
    """Failed gates went back to the same agent, in the same environment, under the same lease."""

    round: int
    feedback: tuple[Feedback, ...]


@dataclass(frozen=True, slots=True)
class AttemptEnded:
    """A try was lost; it counts."""

    end: AttemptEnd
    tries: int
    feedback: Feedback


@dataclass(frozen=True, slots=True)
class LeaseEnded:
    """Nobody holds the task any more; `why` says how that came, in a word or two. The epoch is fenced off."""

    epoch: int
    why: str


@dataclass(frozen=True, slots=True)
class BackoffStarted:
    """The step is tried again, not before `until`."""

    until: int


@dataclass(frozen=True, slots=True)
class RequestOpened:
    """A person is asked."""

    request: Request


@dataclass(frozen=True, slots=True)
class RequestClosed:
    """A request no longer waits; `why` says what closed it."""

    request: str
    why: str


@dataclass(frozen=True, slots=True)
class Judged:
    """An agent who had no part in the work judged it."""

    judgement: Judgement


@dataclass(frozen=True, slots=True)
class Decided:
    """A person answered; the answer is spent on this request."""

    decision: Decision


@dataclass(frozen=True, slots=True)
class CountersReset:
    """A person decided: rounds and attempts start again, and the next brief says why.

    `programs` are pinned anew where a person had it tried again.
    """

    feedback: Feedback
    programs: tuple[Program, ...] = ()


@dataclass(frozen=True, slots=True)
class Reassigned:
    """Only `to` (an agent, or everyone in a role) may claim the task now."""

    to: str
    by: str


@dataclass(frozen=True, slots=True)
class Reminded:
    """The people asked were reminded; `count` is how many reminders are behind them now, missed ones included."""

    request: str
    count: int = 1


@dataclass(frozen=True, slots=True)
class Escalated:
    """`to` may decide this request too."""

    request: str
    to: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class EffectRequested:
    """The gateway was asked to change the world outside, once, under this id."""

    id: str
    effect: Effect


@dataclass(frozen=True, slots=True)
class EffectStarted:
    """The intent, before the act: the target will move from `expected` to `result`."""

    id: str
    expected: str
    result: str


@dataclass(frozen=True, slots=True)
class TurnBlocked:
    """The agent wanted to end its turn with its step not achieved, and was sent on, for the `count`-th time."""

    agent: str
    verdict: str
    count: int


@dataclass(frozen=True, slots=True)
class TurnEnded:
    """The agent's turn ended with its step not achieved: it had been sent on often enough."""

    agent: str
    verdict: str


@dataclass(frozen=True, slots=True)
class EffectDone:
    """The target holds `result`."""

    id: str
    result: str


@dataclass(frozen=True, slots=True)
class EffectFailed:
    """Nothing was changed outside. `flags` are what was found on the merged result and nobody had been shown."""

    id: str
    problem: EffectProblem
    detail: str
    flags: tuple[Flag, ...] = ()


@dataclass(frozen=True, slots=True)
class EffectVoided:
    """The effect would have done other than what was shown; nothing was changed outside, and `submission` counts now.

    The gateway made it of the same work as the one before: what vouched for that one is stale.
    """

    id: str
    submission: Submission
    why: str


@dataclass(frozen=True, slots=True)
class FannedOut:
    """The step made these children; they begin in the same transaction."""

    children: tuple[Offspring, ...]


@dataclass(frozen=True, slots=True)
class Joined:
    """The children were enough: the work of these counts, in this order.

    `workers` are the agents who did it, `hands` who claimed it for them.
    """

    children: tuple[str, ...]
    workers: tuple[str, ...] = ()
    hands: tuple[Hand, ...] = ()


@dataclass(frozen=True, slots=True)
class Funnelled:
    """The children's commits were merged into one, which the step submits."""

    submission: Submission


@dataclass(frozen=True, slots=True)
class Told:
    """The holder told these tasks something; it reaches them in the same transaction."""

    to: tuple[str, ...]
    message: Message


@dataclass(frozen=True, slots=True)
class MessageReceived:
    """An agent at work on another task of the run said this."""

    message: Message


@dataclass(frozen=True, slots=True)
class MessagesShown:
    """The holder was shown its messages up to this number."""

    upto: int


@dataclass(frozen=True, slots=True)
class MessagesAcknowledged:
    """The holder acted after it was shown its messages up to this number: they are read."""

    upto: int


@dataclass(frozen=True, slots=True)
class CheckpointSaved:
    """The holder left word of how far it is."""

    checkpoint: Checkpoint


@dataclass(frozen=True, slots=True)
class HandedOff:
    """The step was given to another agent; that counts as no try."""

    handover: Handover


@dataclass(frozen=True, slots=True)
class ContextReported:
    """The holder said how much of its context is in use."""

    percent: int


@dataclass(frozen=True, slots=True)
class Moved:
    """The task's state and reason; `detail` says it for a person."""

    state: State
    reason: Reason | None = None
    detail: str = ""


Event = (
    Created
    | StepEntered
    | Claimed
    | Submitted
    | GatesRequested
    | GateReported
    | RoundStarted
    | AttemptEnded
    | LeaseEnded
    | BackoffStarted
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
)
