"""Requests, imperative, which may be refused. `Command` is closed, like `Event`.

A `version` is the one at which a person looked at the task: when it has another by now, the command is refused.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from onloop.machine.definition import Assurance
from onloop.machine.events import AttemptEnd, EffectProblem
from onloop.machine.flags import Flag
from onloop.machine.handover import Message, MessageKind
from onloop.machine.task import Evidence, Kind, Submission


class ReleaseCause(StrEnum):
    """Why a worker gives a task back. `stopped` is nobody's fault and counts as no try."""

    CRASHED = "crashed"
    STALLED = "stalled"
    RETURNED = "returned"
    STOPPED = "stopped"

    @property
    def attempt_end(self) -> AttemptEnd | None:
        """How the try ended, or None where it does not count."""
        return None if self is ReleaseCause.STOPPED else AttemptEnd(self.value)


class TimerKind(StrEnum):
    """What comes due."""

    RETRY = "retry"
    TIMEOUT = "timeout"
    LEASE = "lease"
    REMIND = "remind"
    ESCALATE = "escalate"
    EXPIRE = "expire"


@dataclass(frozen=True, slots=True)
class Voice:
    """A person as the gateway knows them: name, groups, and what was proved about them just now."""

    person: str
    groups: tuple[str, ...]
    assurance: Assurance
    email: str = ""


@dataclass(frozen=True, slots=True)
class Create:
    """Begin a task."""

    title: str
    kind: Kind
    workflow: str
    definition: str
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


@dataclass(frozen=True, slots=True)
class Claim:
    """Take the lease, for a role."""

    agent: str
    role: str


@dataclass(frozen=True, slots=True)
class Submit:
    """Ask for the gates of the current step."""

    agent: str
    epoch: int
    submission: Submission


@dataclass(frozen=True, slots=True)
class ReportGate:
    """A verifier's answer, to what was submitted `asked_at` (ms); None where only the commit is compared."""

    evidence: Evidence
    asked_at: int | None = None


@dataclass(frozen=True, slots=True)
class Approve:
    """Yes, to exactly the `digest` that was shown."""

    request: str
    digest: str
    voice: Voice
    note: str = ""
    version: int | None = None


@dataclass(frozen=True, slots=True)
class Reject:
    """No, with a reason that goes to whoever does the work next."""

    request: str
    digest: str
    voice: Voice
    reason: str
    version: int | None = None


@dataclass(frozen=True, slots=True)
class Ask:
    """The holder needs a person's answer before it can go on."""

    agent: str
    epoch: int
    question: str


@dataclass(frozen=True, slots=True)
class Reply:
    """A person's answer to a question."""

    request: str
    voice: Voice
    text: str
    version: int | None = None


@dataclass(frozen=True, slots=True)
class Reassign:
    """Revoke the lease, if any; only `to` may claim from now on."""

    to: str
    voice: Voice
    reason: str
    version: int | None = None


@dataclass(frozen=True, slots=True)
class Retry:
    """Try again with rounds and attempts reset; `note` goes into the next brief."""

    voice: Voice
    note: str
    version: int | None = None


@dataclass(frozen=True, slots=True)
class Release:
    """The holder gives the task back."""

    agent: str
    epoch: int
    cause: ReleaseCause
    detail: str = ""


@dataclass(frozen=True, slots=True)
class EndTurn:
    """The holder's process wants to end its turn while its step is not achieved; `verdict` is what it was told."""

    agent: str
    epoch: int
    verdict: str


@dataclass(frozen=True, slots=True)
class Fail:
    """The holder says that it cannot do this step."""

    agent: str
    epoch: int
    reason: str


@dataclass(frozen=True, slots=True)
class FireTimer:
    """Something came due; `token` says which arming of it, so that a superseded one does nothing."""

    kind: TimerKind
    token: str


@dataclass(frozen=True, slots=True)
class Cancel:
    """End the task."""

    voice: Voice
    reason: str
    version: int | None = None


@dataclass(frozen=True, slots=True)
class Pause:
    """Stop the task where it is; whoever holds it loses the lease."""

    voice: Voice
    reason: str
    version: int | None = None


@dataclass(frozen=True, slots=True)
class Exclude:
    """Stop the task and let its fleet end without it."""

    voice: Voice
    reason: str
    version: int | None = None


@dataclass(frozen=True, slots=True)
class Resume:
    """Go on at the step where a paused or excluded task stands; `note` goes into the next brief."""

    voice: Voice
    note: str = ""
    version: int | None = None


@dataclass(frozen=True, slots=True)
class StartEffect:
    """Record the intent of an effect before acting."""

    id: str
    expected: str
    result: str


@dataclass(frozen=True, slots=True)
class FinishEffect:
    """Record that the effect happened."""

    id: str
    result: str


@dataclass(frozen=True, slots=True)
class FailEffect:
    """Record that the effect did not happen, and why; `flags` are what nobody was shown, where that is why."""

    id: str
    problem: EffectProblem
    detail: str
    flags: tuple[Flag, ...] = ()


@dataclass(frozen=True, slots=True)
class Settle:
    """Look at the children again: a parent is computed from them."""


@dataclass(frozen=True, slots=True)
class Judge:
    """The holder of a review step judges the work; `email` is the address under which it would commit."""

    agent: str
    epoch: int
    passes: bool
    reason: str
    email: str = ""


@dataclass(frozen=True, slots=True)
class Spawn:
    """The holder of a step that may spawn makes a child."""

    agent: str
    epoch: int
    title: str
    brief: str = ""


@dataclass(frozen=True, slots=True)
class Dismiss:
    """A child is no longer needed: the join of its parent has enough."""

    reason: str


@dataclass(frozen=True, slots=True)
class FinishFunnel:
    """Hand in what the children's commits became."""

    id: str
    submission: Submission


@dataclass(frozen=True, slots=True)
class ReportConflict:
    """The commit of `child` could not be merged after those before it; `paths` is where."""

    id: str
    child: str
    paths: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Tell:
    """The holder tells another task of its run (an id, `parent` or `children`) the text stored under `digest`."""

    agent: str
    epoch: int
    to: str
    kind: MessageKind
    digest: str
    size: int


@dataclass(frozen=True, slots=True)
class Deliver:
    """A task of `run` was told this."""

    message: Message
    run: str


@dataclass(frozen=True, slots=True)
class MarkShown:
    """The holder was shown its messages up to number `upto`; that they were read is said by what it does next."""

    agent: str
    epoch: int
    upto: int


@dataclass(frozen=True, slots=True)
class SaveCheckpoint:
    """The holder leaves the text stored under `digest` for whoever goes on after it."""

    agent: str
    epoch: int
    digest: str
    size: int


@dataclass(frozen=True, slots=True)
class Handoff:
    """The holder gives the step to `to`: a role, `agent:NAME`, or, if empty, anyone in the step's role."""

    agent: str
    epoch: int
    to: str
    why: str
    open: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ReportContext:
    """The holder says how much of its context is in use, in per cent."""

    agent: str
    epoch: int
    percent: int


Command = (
    Create
    | Claim
    | Submit
    | ReportGate
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
    | StartEffect
    | FinishEffect
    | FailEffect
    | Settle
    | Judge
    | Spawn
    | Dismiss
    | FinishFunnel
    | ReportConflict
    | Tell
    | Deliver
    | MarkShown
    | SaveCheckpoint
    | Handoff
    | ReportContext
)
