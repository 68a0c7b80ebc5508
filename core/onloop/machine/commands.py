"""Requests, imperative, which may be refused. `Command` is closed, like `Event`.

A `version` is the one at which a person looked at the task: when it has another by now, the command is refused.
"""

from __future__ import annotations

from typing import Annotated

from onloop.machine.agent_environment import ReportEnvironment as ReportEnvironment
from onloop.machine.budgets import NO_BUDGET, Budget
from onloop.machine.budgets import Draw as Draw
from onloop.machine.causes import ReleaseCause as ReleaseCause
from onloop.machine.causes import TimerKind as TimerKind
from onloop.machine.definition import Isolation
from onloop.machine.elsewhere import Adopt as Adopt
from onloop.machine.elsewhere import EndElsewhere as EndElsewhere
from onloop.machine.elsewhere import Follow as Follow
from onloop.machine.elsewhere import Hear as Hear
from onloop.machine.entered_environment import Enter as Enter
from onloop.machine.entered_environment import Leave as Leave
from onloop.machine.events import EffectProblem
from onloop.machine.flags import Flag
from onloop.machine.forge_check import ReportCheck as ReportCheck
from onloop.machine.graph_commands import Proceed as Proceed
from onloop.machine.limits import (
    Digest,
    Id,
    Items,
    Millis,
    Number,
    Path,
    SshSignature,
    Words,
)
from onloop.machine.links import RecordLink as RecordLink
from onloop.machine.note_commands import MarkNotesShown as MarkNotesShown
from onloop.machine.note_commands import SendNote as SendNote
from onloop.machine.outside_commands import AnswerOutside as AnswerOutside
from onloop.machine.outside_commands import CallOff as CallOff
from onloop.machine.outside_commands import Signal as Signal
from onloop.machine.override_commands import Override as Override
from onloop.machine.ownership_commands import HandOn as HandOn
from onloop.machine.ownership_commands import Take as Take
from onloop.machine.setbacks import Trouble
from onloop.machine.start_commands import Amend as Amend
from onloop.machine.start_commands import ReportBase as ReportBase
from onloop.machine.start_commands import Retarget as Retarget
from onloop.machine.swarm_commands import Deliver as Deliver
from onloop.machine.swarm_commands import Dismiss as Dismiss
from onloop.machine.swarm_commands import FinishFunnel as FinishFunnel
from onloop.machine.swarm_commands import Handoff as Handoff
from onloop.machine.swarm_commands import Judge as Judge
from onloop.machine.swarm_commands import MarkShown as MarkShown
from onloop.machine.swarm_commands import ReportConflict as ReportConflict
from onloop.machine.swarm_commands import ReportContext as ReportContext
from onloop.machine.swarm_commands import SaveCheckpoint as SaveCheckpoint
from onloop.machine.swarm_commands import Spawn as Spawn
from onloop.machine.swarm_commands import Tell as Tell
from onloop.machine.taken_back import TakeBack as TakeBack
from onloop.machine.task import NOT_KNOWN, Evidence, Hand, Submission, TaskFacts
from onloop.machine.usage import ReportUsage as ReportUsage
from onloop.machine.voice import Voice as Voice
from onloop.machine.wave_commands import AddWave as AddWave
from onloop.machine.wave_commands import Admit as Admit
from onloop.machine.wave_commands import BeginWaves as BeginWaves
from onloop.machine.wave_commands import HoldBack as HoldBack
from onloop.records import Record


class Create(TaskFacts):
    """Begin a task."""


class Claim(Record):
    """Take the lease, for a role: asked for by a `launcher`, whose process and user `hand` names.

    `apart` says that claimers are other users than the store's owner, so that equal users mean one and the same.
    `branch` is one of the origin, where the work is handed in from there. `gives` is how far the agent is separated.
    """

    agent: Id
    role: Id
    launcher: Id = ""
    hand: Hand = NOT_KNOWN
    apart: bool = False
    branch: Path = ""
    gives: Isolation = Isolation.CLONE


class Submit(Record):
    """Ask for the gates of the current step."""

    agent: Id
    epoch: Number
    submission: Submission


class ReportGate(Record):
    """A verifier's answer, to what was submitted `asked_at` (ms); None where only the commit is compared."""

    evidence: Evidence
    asked_at: Millis | None = None


class Approve(Record):
    """Yes, to exactly the `digest` that was shown; `unseen` names what of the change was not, as their client says."""

    request: Id
    digest: Digest
    voice: Voice
    note: Words = ""
    version: Number | None = None
    unseen: Annotated[tuple[Words, ...], Items(100)] = ()
    signature: SshSignature = ""
    """A security key's, over the text that `signed_text` gives; empty without one."""


class Reject(Record):
    """No, with a reason that goes to whoever does the work next."""

    request: Id
    digest: Digest
    voice: Voice
    reason: Words
    version: Number | None = None


class Ask(Record):
    """The holder needs a person's answer before it can go on."""

    agent: Id
    epoch: Number
    question: Words


class Reply(Record):
    """A person's answer to a question."""

    request: Id
    voice: Voice
    text: Words
    version: Number | None = None


class Reassign(Record):
    """Revoke the lease, if any; only `to` may claim from now on."""

    to: Id
    voice: Voice
    reason: Words
    version: Number | None = None


class Retry(Record):
    """Try again with rounds and attempts reset; `note` goes into the next brief.

    With `no_worse`, gates that fail on the base allow what fails there too, and nothing more. `more` is added to
    budgets: to those that are spent, else to all that limit it.
    """

    voice: Voice
    note: Words
    version: Number | None = None
    no_worse: bool = False
    more: Budget = NO_BUDGET


class Release(Record):
    """The holder gives the task back.

    `trouble` is what made it `unavailable`; `until` (ms) is before when it is *not now*, 0 where no time was given.
    """

    agent: Id
    epoch: Number
    cause: ReleaseCause
    detail: Words = ""
    trouble: Trouble = Trouble.BROKEN
    until: Millis = 0


class EndTurn(Record):
    """The holder's process wants to end its turn while its step is not achieved; `verdict` is what it was told."""

    agent: Id
    epoch: Number
    verdict: Words


class Fail(Record):
    """The holder says that it cannot do this step."""

    agent: Id
    epoch: Number
    reason: Words


class ReportTrouble(Record):
    """A gate, or the effect of that id, could not be begun or finished through nobody's fault; it is tried again."""

    trouble: Trouble
    detail: Words
    gate: Id = ""
    effect: Id = ""


class Recover(Record):
    """The holder is at work, after something had kept the task from going on."""

    agent: Id
    epoch: Number


class Return(Record):
    """The holder under `epoch` is heard of again, `away_ms` after it was heard of last."""

    epoch: Number
    away_ms: Millis


class FireTimer(Record):
    """Something came due; `token` says which arming of it, so that a superseded one does nothing."""

    kind: TimerKind
    token: Id


class Cancel(Record):
    """End the task."""

    voice: Voice
    reason: Words
    version: Number | None = None


class Pause(Record):
    """Stop the task where it is; whoever holds it loses the lease."""

    voice: Voice
    reason: Words
    version: Number | None = None


class Exclude(Record):
    """Stop the task and let its fleet end without it."""

    voice: Voice
    reason: Words
    version: Number | None = None


class Resume(Record):
    """Go on at the step where a paused or excluded task stands; `note` goes into the next brief."""

    voice: Voice
    note: Words = ""
    version: Number | None = None


class StartEffect(Record):
    """Record the intent of an effect before acting."""

    id: Id
    expected: Digest
    result: Digest


class FinishEffect(Record):
    """Record that the effect happened."""

    id: Id
    result: Digest


class FailEffect(Record):
    """Record that the effect did not happen, and why; `flags` are what nobody was shown, where that is why."""

    id: Id
    problem: EffectProblem
    detail: Words
    flags: Annotated[tuple[Flag, ...], Items(100_000)] = ()


class VoidEffect(Record):
    """The effect would do other than what was shown: ask again about `submission`, which says what it would do now."""

    id: Id
    submission: Submission
    why: Words


class Settle(Record):
    """Look at the children again: a parent is computed from them."""


EffectCommand = StartEffect | FinishEffect | FailEffect | VoidEffect | Settle | RecordLink | ReportCheck
OfTrouble = ReportTrouble | Recover | Return | ReportEnvironment
OfChildren = Judge | Spawn | Dismiss | FinishFunnel | ReportConflict | Proceed
OfRelay = Tell | Deliver | MarkShown | SaveCheckpoint | Handoff | ReportContext | ReportUsage | Draw
OfNotes = SendNote | MarkNotesShown
OfPin = Amend | Retarget
OfHands = HandOn | Take
OfWave = BeginWaves | AddWave | Admit | HoldBack
OfInside = Enter | Leave
OfElsewhere = Follow | Adopt | Hear | EndElsewhere
OfOutside = Signal | CallOff | AnswerOutside
Spoken = (
    Approve
    | Reject
    | Reply
    | Reassign
    | Retry
    | Cancel
    | Pause
    | Exclude
    | Resume
    | OfPin
    | SendNote
    | OfHands
    | OfInside
    | Override
    | TakeBack
)
"""What a person says."""

Command = (
    Create
    | Claim
    | Submit
    | ReportGate
    | ReportBase
    | Approve
    | Reject
    | Ask
    | Reply
    | Reassign
    | Retry
    | Release
    | EndTurn
    | Fail
    | FireTimer
    | Cancel
    | Pause
    | Exclude
    | Resume
    | EffectCommand
    | OfTrouble
    | OfChildren
    | OfRelay
    | OfPin
    | OfNotes
    | OfHands
    | OfInside
    | Override
    | TakeBack
    | OfWave
    | OfElsewhere
    | OfOutside
)
