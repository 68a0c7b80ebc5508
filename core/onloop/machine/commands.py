"""Requests, imperative, which may be refused. `Command` is closed, like `Event`."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from onloop.machine.definition import Assurance
from onloop.machine.events import AttemptEnd, EffectProblem
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


@dataclass(frozen=True, slots=True)
class Reject:
    """No, with a reason that goes to whoever does the work next."""

    request: str
    digest: str
    voice: Voice
    reason: str


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


@dataclass(frozen=True, slots=True)
class Reassign:
    """Revoke the lease, if any; only `to` may claim from now on."""

    to: str
    voice: Voice
    reason: str


@dataclass(frozen=True, slots=True)
class Retry:
    """Try again with rounds and attempts reset; `note` goes into the next brief."""

    voice: Voice
    note: str


@dataclass(frozen=True, slots=True)
class Release:
    """The holder gives the task back."""

    agent: str
    epoch: int
    cause: ReleaseCause
    detail: str = ""


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
    """Record that the effect did not happen, and why."""

    id: str
    problem: EffectProblem
    detail: str


@dataclass(frozen=True, slots=True)
class Settle:
    """Look at the children again: a parent is computed from them."""


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
    | Fail
    | FireTimer
    | Cancel
    | StartEffect
    | FinishEffect
    | FailEffect
    | Settle
)
