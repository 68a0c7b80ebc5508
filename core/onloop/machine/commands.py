"""Requests, imperative, which may be refused. `Command` is closed, like `Event`.

A `version` is the one at which a person looked at the task: when it has another by now, the command is refused.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from onloop.machine.causes import ReleaseCause as ReleaseCause
from onloop.machine.causes import TimerKind as TimerKind
from onloop.machine.events import EffectProblem
from onloop.machine.flags import Flag
from onloop.machine.limits import (
    Address,
    Brief,
    Bytes,
    Digest,
    Id,
    Items,
    Millis,
    Number,
    Path,
    Percent,
    Title,
    Words,
)
from onloop.machine.messages import Message, MessageKind
from onloop.machine.task import NOT_KNOWN, Evidence, Hand, Kind, Submission
from onloop.machine.voice import Voice as Voice


@dataclass(frozen=True, slots=True)
class Create:
    """Begin a task."""

    title: Title
    kind: Kind
    workflow: Id
    definition: Digest
    sponsor: Id
    run: Id
    parent: Id | None = None
    repo: Id | None = None
    origin: Path | None = None
    target: Id = "main"
    max_parallel: Number | None = None
    brief: Brief = ""
    merges: Annotated[tuple[Id, ...], Items(1_000)] = ()
    funnel: Digest | None = None


@dataclass(frozen=True, slots=True)
class Claim:
    """Take the lease, for a role: asked for by a `launcher`, whose process and user `hand` names.

    `apart` says that claimers are other users than the store's owner, so that equal users mean one and the same.
    """

    agent: Id
    role: Id
    launcher: Id = ""
    hand: Hand = NOT_KNOWN
    apart: bool = False


@dataclass(frozen=True, slots=True)
class Submit:
    """Ask for the gates of the current step."""

    agent: Id
    epoch: Number
    submission: Submission


@dataclass(frozen=True, slots=True)
class ReportGate:
    """A verifier's answer, to what was submitted `asked_at` (ms); None where only the commit is compared."""

    evidence: Evidence
    asked_at: Millis | None = None


@dataclass(frozen=True, slots=True)
class Approve:
    """Yes, to exactly the `digest` that was shown."""

    request: Id
    digest: Digest
    voice: Voice
    note: Words = ""
    version: Number | None = None


@dataclass(frozen=True, slots=True)
class Reject:
    """No, with a reason that goes to whoever does the work next."""

    request: Id
    digest: Digest
    voice: Voice
    reason: Words
    version: Number | None = None


@dataclass(frozen=True, slots=True)
class Ask:
    """The holder needs a person's answer before it can go on."""

    agent: Id
    epoch: Number
    question: Words


@dataclass(frozen=True, slots=True)
class Reply:
    """A person's answer to a question."""

    request: Id
    voice: Voice
    text: Words
    version: Number | None = None


@dataclass(frozen=True, slots=True)
class Reassign:
    """Revoke the lease, if any; only `to` may claim from now on."""

    to: Id
    voice: Voice
    reason: Words
    version: Number | None = None


@dataclass(frozen=True, slots=True)
class Retry:
    """Try again with rounds and attempts reset; `note` goes into the next brief."""

    voice: Voice
    note: Words
    version: Number | None = None


@dataclass(frozen=True, slots=True)
class Release:
    """The holder gives the task back."""

    agent: Id
    epoch: Number
    cause: ReleaseCause
    detail: Words = ""


@dataclass(frozen=True, slots=True)
class EndTurn:
    """The holder's process wants to end its turn while its step is not achieved; `verdict` is what it was told."""

    agent: Id
    epoch: Number
    verdict: Words


@dataclass(frozen=True, slots=True)
class Fail:
    """The holder says that it cannot do this step."""

    agent: Id
    epoch: Number
    reason: Words


@dataclass(frozen=True, slots=True)
class FireTimer:
    """Something came due; `token` says which arming of it, so that a superseded one does nothing."""

    kind: TimerKind
    token: Id


@dataclass(frozen=True, slots=True)
class Cancel:
    """End the task."""

    voice: Voice
    reason: Words
    version: Number | None = None


@dataclass(frozen=True, slots=True)
class Pause:
    """Stop the task where it is; whoever holds it loses the lease."""

    voice: Voice
    reason: Words
    version: Number | None = None


@dataclass(frozen=True, slots=True)
class Exclude:
    """Stop the task and let its fleet end without it."""

    voice: Voice
    reason: Words
    version: Number | None = None


@dataclass(frozen=True, slots=True)
class Resume:
    """Go on at the step where a paused or excluded task stands; `note` goes into the next brief."""

    voice: Voice
    note: Words = ""
    version: Number | None = None


@dataclass(frozen=True, slots=True)
class StartEffect:
    """Record the intent of an effect before acting."""

    id: Id
    expected: Digest
    result: Digest


@dataclass(frozen=True, slots=True)
class FinishEffect:
    """Record that the effect happened."""

    id: Id
    result: Digest


@dataclass(frozen=True, slots=True)
class FailEffect:
    """Record that the effect did not happen, and why; `flags` are what nobody was shown, where that is why."""

    id: Id
    problem: EffectProblem
    detail: Words
    flags: Annotated[tuple[Flag, ...], Items(100_000)] = ()


@dataclass(frozen=True, slots=True)
class VoidEffect:
    """The effect would do other than what was shown: ask again about `submission`, which says what it would do now."""

    id: Id
    submission: Submission
    why: Words


@dataclass(frozen=True, slots=True)
class Settle:
    """Look at the children again: a parent is computed from them."""


@dataclass(frozen=True, slots=True)
class Judge:
    """The holder of a review step judges the work; `email` is the address under which it would commit."""

    agent: Id
    epoch: Number
    passes: bool
    reason: Words
    email: Address = ""


@dataclass(frozen=True, slots=True)
class Spawn:
    """The holder of a step that may spawn makes a child."""

    agent: Id
    epoch: Number
    title: Title
    brief: Brief = ""


@dataclass(frozen=True, slots=True)
class Dismiss:
    """A child is no longer needed: the join of its parent has enough."""

    reason: Words


@dataclass(frozen=True, slots=True)
class FinishFunnel:
    """Hand in what the children's commits became."""

    id: Id
    submission: Submission


@dataclass(frozen=True, slots=True)
class ReportConflict:
    """The commit of `child` could not be merged after those before it; `paths` is where."""

    id: Id
    child: Id
    paths: Annotated[tuple[Path, ...], Items(100_000)]


@dataclass(frozen=True, slots=True)
class Tell:
    """The holder tells another task of its run (an id, `parent` or `children`) the text stored under `digest`."""

    agent: Id
    epoch: Number
    to: Id
    kind: MessageKind
    digest: Digest
    size: Bytes


@dataclass(frozen=True, slots=True)
class Deliver:
    """A task of `run` was told this."""

    message: Message
    run: Id


@dataclass(frozen=True, slots=True)
class MarkShown:
    """The holder was shown its messages up to number `upto`; that they were read is said by what it does next."""

    agent: Id
    epoch: Number
    upto: Number


@dataclass(frozen=True, slots=True)
class SaveCheckpoint:
    """The holder leaves the text stored under `digest` for whoever goes on after it."""

    agent: Id
    epoch: Number
    digest: Digest
    size: Bytes


@dataclass(frozen=True, slots=True)
class Handoff:
    """The holder gives the step to `to`: a role, `agent:NAME`, or, if empty, anyone in the step's role."""

    agent: Id
    epoch: Number
    to: Id
    why: Words
    open: Annotated[tuple[Words, ...], Items(100)] = ()


@dataclass(frozen=True, slots=True)
class ReportContext:
    """The holder says how much of its context is in use, in per cent."""

    agent: Id
    epoch: Number
    percent: Percent


EffectCommand = StartEffect | FinishEffect | FailEffect | VoidEffect | Settle
OfChildren = Judge | Spawn | Dismiss | FinishFunnel | ReportConflict
OfRelay = Tell | Deliver | MarkShown | SaveCheckpoint | Handoff | ReportContext
Spoken = Approve | Reject | Reply | Reassign | Retry | Cancel | Pause | Exclude | Resume
"""What a person says."""

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
    | EffectCommand
    | OfChildren
    | OfRelay
)
