"""Facts, in the past tense. `Event` is closed: a new one turns `evolve` red until it is handled."""

from __future__ import annotations

from onloop.machine.agent_environment import EnvironmentMade as EnvironmentMade
from onloop.machine.artefacts import Artefact
from onloop.machine.authority_events import Overridden as Overridden
from onloop.machine.budgets import BudgetDrawn as BudgetDrawn
from onloop.machine.budgets import BudgetRaised as BudgetRaised
from onloop.machine.causes import AttemptEnd as AttemptEnd
from onloop.machine.causes import EffectProblem as EffectProblem
from onloop.machine.definition import Effect
from onloop.machine.elsewhere import Adopted as Adopted
from onloop.machine.elsewhere import FeedbackTaken as FeedbackTaken
from onloop.machine.elsewhere import WorkLost as WorkLost
from onloop.machine.entered_environment import PersonEntered as PersonEntered
from onloop.machine.entered_environment import PersonLeft as PersonLeft
from onloop.machine.flags import Flag
from onloop.machine.forge_check import CheckReported as CheckReported
from onloop.machine.gate_facts import Program
from onloop.machine.graph_events import BranchTaken as BranchTaken
from onloop.machine.graph_events import Unblocked as Unblocked
from onloop.machine.graph_events import Waived as Waived
from onloop.machine.links import Linked as Linked
from onloop.machine.policy_findings import PolicyJudged as PolicyJudged
from onloop.machine.setbacks import Setback
from onloop.machine.start_events import Amended as Amended
from onloop.machine.start_events import BaseAccepted as BaseAccepted
from onloop.machine.start_events import BaseGatesRequested as BaseGatesRequested
from onloop.machine.start_events import BaseReported as BaseReported
from onloop.machine.start_events import Retargeted as Retargeted
from onloop.machine.start_events import StepSkipped as StepSkipped
from onloop.machine.state import Reason, State
from onloop.machine.swarm_events import AnsweredOutside as AnsweredOutside
from onloop.machine.swarm_events import CheckpointSaved as CheckpointSaved
from onloop.machine.swarm_events import ContextReported as ContextReported
from onloop.machine.swarm_events import FannedOut as FannedOut
from onloop.machine.swarm_events import Funnelled as Funnelled
from onloop.machine.swarm_events import HandedOff as HandedOff
from onloop.machine.swarm_events import Joined as Joined
from onloop.machine.swarm_events import Judged as Judged
from onloop.machine.swarm_events import MessageReceived as MessageReceived
from onloop.machine.swarm_events import MessagesAcknowledged as MessagesAcknowledged
from onloop.machine.swarm_events import MessagesShown as MessagesShown
from onloop.machine.swarm_events import NoteSent as NoteSent
from onloop.machine.swarm_events import NotesShown as NotesShown
from onloop.machine.swarm_events import Told as Told
from onloop.machine.taken_back import TakenBack as TakenBack
from onloop.machine.task import (
    NOT_KNOWN,
    Decision,
    Evidence,
    Feedback,
    Hand,
    Handed,
    Request,
    Submission,
    TaskFacts,
)
from onloop.machine.told_lessons import LessonsTold as LessonsTold
from onloop.machine.usage import UsageTold as UsageTold
from onloop.machine.wave_events import FleetHalted as FleetHalted
from onloop.machine.wave_events import HaltLifted as HaltLifted
from onloop.machine.wave_events import JoinedWave as JoinedWave
from onloop.machine.wave_events import WaveAdded as WaveAdded
from onloop.machine.wave_events import WaveCounted as WaveCounted
from onloop.machine.wave_events import WavePassed as WavePassed
from onloop.machine.wave_events import WaveStarted as WaveStarted
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
    """`agent` owns the task from now on, fenced by `epoch`; `by` is the launcher that claimed it, `hand` as whom.

    `branch` is one of the origin, where its work is handed in from there. `step` is given where an agent claimed it.
    """

    agent: str
    role: str
    epoch: int
    attempt: int
    by: str = ""
    hand: Hand = NOT_KNOWN
    branch: str = ""
    step: str = ""


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
    """Nobody holds the task any more; `why` says how that came, in a word or two. The epoch is fenced off.

    `held_ms` is how long an agent had held `step`, without the time that it was away.
    """

    epoch: int
    why: str
    held_ms: int = 0
    step: str = ""


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


class HandedOn(Record):
    """A request is somebody's to answer from now on; who may answer it stays as it was."""

    request: str
    handed: Handed


class Moved(Record):
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
    | AnsweredOutside
    | NotesShown
    | HandedOn
    | Overridden
    | WaveStarted
    | WavePassed
    | FleetHalted
    | HaltLifted
    | WaveCounted
    | WaveAdded
    | JoinedWave
    | PersonEntered
    | PersonLeft
    | BranchTaken
    | PolicyJudged
    | EnvironmentMade
    | Unblocked
    | Waived
    | Adopted
    | FeedbackTaken
    | WorkLost
    | Linked
    | CheckReported
    | UsageTold
    | BudgetRaised
    | BudgetDrawn
    | LessonsTold
    | TakenBack
)
