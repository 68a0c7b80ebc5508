"""Whose fault a failure is: what kind of trouble an exception of our own machinery stands for."""

from __future__ import annotations

import errno

from onloop.errors import BadInput, FailureKind, NotAllowed, OnloopError, StoreError, Unavailable, kind_of
from onloop.gates.evaluation import PASSING_KINDS
from onloop.machine.setbacks import Trouble, trouble_of

PASSING = frozenset({*map(trouble_of, PASSING_KINDS), Trouble.MISSING})
"""What passes, or is mended outside of the task: gates and effects wait for it, and go on by themselves."""

_SHORT = frozenset({errno.EMFILE, errno.ENFILE, errno.ENOMEM, errno.EAGAIN})


def trouble_in(problem: BaseException) -> Trouble:
    """The kind of trouble that an exception stands for; BROKEN for what nobody foresaw."""
    kind = _kind(problem)
    if kind is not None:
        return trouble_of(kind)
    if isinstance(problem, StoreError) or (isinstance(problem, OSError) and problem.errno in _SHORT):
        return Trouble.BUSY
    if isinstance(problem, OSError | Unavailable | NotAllowed):
        return Trouble.ENVIRONMENT
    return Trouble.REFUSED if isinstance(problem, BadInput) else Trouble.BROKEN


def _kind(problem: BaseException) -> FailureKind | None:
    if isinstance(problem, OnloopError):
        return problem.kind
    return kind_of(problem) if isinstance(problem, OSError) else None


def is_passing(problem: BaseException) -> bool:
    """Whether an exception is a trouble that passes."""
    return trouble_in(problem) in PASSING


def words_of(problem: BaseException) -> str:
    """What happened, in words for people."""
    return problem.message if isinstance(problem, OnloopError) else f"{type(problem).__name__}: {problem}"


class Postponed(Unavailable):
    """A gate or an effect could not be carried out through nobody's fault; `trouble` says of which kind."""

    code = "postponed"

    def __init__(self, problem: BaseException) -> None:
        super().__init__(words_of(problem), hint="nothing to do: it is tried again by itself")
        self.trouble = trouble_in(problem)
