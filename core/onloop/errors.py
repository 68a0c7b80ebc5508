"""Every deliberate error, as a tree.

    OnloopError
    ├── BadInput              what was given cannot be used (exit 2)
    │   ├── WorkflowError     a workflow file, with file:line:col for each problem
    │   └── UnknownThing      a task, run, verb or person that is not there
    ├── Refused               a valid command at the wrong moment; carries the exit code that says why
    │   ├── Stale             what the caller was shown has changed since
    │   └── NotAllowed        this principal may not do this
    ├── StoreError            the store is missing, foreign, newer or damaged (exit 17)
    └── Unavailable           try again: a lock, a process or a repository is busy (exit 17)

A message is lower case, without a period, and names the offending value. The hint says what would work.
"""

from __future__ import annotations

import errno
from collections.abc import Mapping
from enum import IntEnum, StrEnum


class Exit(IntEnum):
    """The exit codes of every verb: an interface that agents branch on (guide `protocol`)."""

    OK = 0
    INTERNAL = 1
    USAGE = 2
    NOT_YET = 10
    HELD = 11
    REDO = 12
    NOT_YOURS = 13
    SPENT = 14
    NOTHING = 15
    ENDED = 16
    UNAVAILABLE = 17


EXIT_MEANINGS: Mapping[Exit, str] = {
    Exit.OK: "yes, proceed",
    Exit.INTERNAL: "internal error",
    Exit.USAGE: "usage: what was given cannot be used",
    Exit.NOT_YET: "not yet: a machine gate is unmet or running",
    Exit.HELD: "held: waiting for a person",
    Exit.REDO: "rejected or failed back: redo this step",
    Exit.NOT_YOURS: "not yours: lease lost, or not allowed",
    Exit.SPENT: "budget or rounds spent",
    Exit.NOTHING: "nothing to do",
    Exit.ENDED: "the task has ended",
    Exit.UNAVAILABLE: "unavailable, try again",
}
"""What each exit code says, in words."""


class Ground(StrEnum):
    """Why a principal is not allowed something. An honest agent also meets SUPERSEDED, after its lease has ended."""

    KIND = "kind"
    FOREIGN = "foreign"
    VOICE = "voice"
    TOKEN = "token"  # noqa: S105 - a word
    PASSPHRASE = "passphrase"  # noqa: S105 - a word
    PEER = "peer"
    UNPROVEN = "unproven"
    SUPERSEDED = "superseded"
    RULE = "rule"
    HOOK = "hook"
    """Said by the agent's own process, before a tool was used: nobody else saw it."""


class FailureKind(StrEnum):
    """Why something was not available, where that is known: what may be tried again, and who has to act."""

    UNREACHABLE = "unreachable"
    """Nobody answered, or not in time, or the connection broke: trying again later can work."""
    AUTH = "auth"
    """The gateway's own credentials, keys or certificates were not accepted, or are missing."""
    REFUSED = "refused"
    """The other side answered, and said no: a hook, a rule, a protected branch."""
    MISSING = "missing"
    """There is no such repository or branch."""
    DAMAGED = "damaged"
    """Objects are broken, or do not pass git's checks."""
    NO_SPACE = "no_space"
    """A disk or a quota is full."""
    BUSY = "busy"
    """Somebody else holds a lock."""


class OnloopError(Exception):
    """An expected failure: `message` says what happened, and `hint` says what would work.

    `kind` says why something was not available, where that is known.
    """

    code = "error"
    exit = Exit.INTERNAL

    def __init__(self, message: str, *, hint: str, kind: FailureKind | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        self.kind = kind


class BadInput(OnloopError):
    """What was given cannot be used."""

    code = "bad_input"
    exit = Exit.USAGE


class UnknownThing(BadInput):
    """A name that matches nothing."""

    code = "unknown"


def unknown_task(task_id: str) -> UnknownThing:
    """The error for an id that no task has."""
    return UnknownThing(f"there is no task {task_id!r}", hint="onloop list shows every task")


class WorkflowError(BadInput):
    """A workflow file that cannot be used; `problems` holds every `file:line:col: what; what would work`."""

    code = "bad_workflow"

    def __init__(self, problems: tuple[str, ...], *, hint: str) -> None:
        super().__init__("\n".join(problems), hint=hint)
        self.problems = problems


class Refused(OnloopError):
    """A valid command at the wrong moment: `exit` gives the kind of refusal, `hint` a command that would work."""

    code = "refused"

    def __init__(self, message: str, *, exit: Exit, hint: str) -> None:  # noqa: A002 - the field's own word
        super().__init__(message, hint=hint)
        self.exit = exit


class Stale(Refused):
    """What the caller was shown has changed since."""

    code = "stale"

    def __init__(self, message: str, *, hint: str) -> None:
        super().__init__(message, exit=Exit.REDO, hint=hint)


class NotAllowed(Refused):
    """The principal may never do it; `ground` is the reason under which the denial is counted."""

    code = "not_allowed"

    def __init__(self, message: str, *, hint: str, ground: Ground = Ground.RULE) -> None:
        super().__init__(message, exit=Exit.NOT_YOURS, hint=hint)
        self.ground = ground


class StoreError(OnloopError):
    """The store is missing, foreign, newer or damaged."""

    code = "store"
    exit = Exit.UNAVAILABLE


class Unavailable(OnloopError):
    """Something is busy or missing for the moment; trying again can work."""

    code = "unavailable"
    exit = Exit.UNAVAILABLE


def kind_of(problem: OSError) -> FailureKind | None:
    """The kind of a system's error: a full disk or quota is `no_space`."""
    return FailureKind.NO_SPACE if problem.errno in {errno.ENOSPC, errno.EDQUOT} else None
