"""PURE: what people say about how failures belong together: a cause told apart, or several made one.

Acts are kept in their order, and each is applied to what the acts before it have left. So they hold for later failures
with the same texts, and taking one back leaves the others. They are bounded: the oldest are dropped first, and what
they had put together or told apart is then grouped as the fingerprint says.
"""

from __future__ import annotations

from hashlib import sha256
from typing import Annotated, assert_never

from onloop.errors import BadInput, Exit, Refused
from onloop.machine.limits import Id, Ids, Items, Millis
from onloop.records import Record

MOST_ACTS = 100
MOST_MERGED = 50


class CauseSplit(Record):
    """The failures of a cause are told apart: each text is a cause of its own, or these tasks are one together."""

    cause: Id
    by: Id
    tasks: Ids = ()
    at: Millis = 0


class CausesMerged(Record):
    """Failures of the other causes belong to this one."""

    cause: Id
    by: Id
    others: Annotated[tuple[Id, ...], Items(MOST_MERGED)]
    at: Millis = 0


class CauseRestored(Record):
    """What people split off this cause, or merged into it, is grouped as it was before."""

    cause: Id
    by: Id
    at: Millis = 0


RegroupingMark = CauseSplit | CausesMerged | CauseRestored


class CauseAct(Record):
    """A split or a merge in force: a merge where it names `others`, a split by texts where it names no tasks either."""

    cause: str
    by: str
    at: int
    tasks: tuple[str, ...] = ()
    others: tuple[str, ...] = ()

    def cause_after(self, cause: str, task: str, wording: str) -> str:
        """The cause of a task's failure that had this cause before."""
        if self.others:
            return self.cause if cause in self.others else cause
        if cause != self.cause:
            return cause
        if not self.tasks:
            return _name(cause, "text", wording)
        return _name(cause, "apart", *self.tasks) if task in self.tasks else cause

    @property
    def words(self) -> str:
        """What was done, and by whom."""
        if self.others:
            return f"{self.cause} and {', '.join(self.others)} made one by {self.by}"
        return f"{'told apart from' if self.tasks else 'one text of'} {self.cause} by {self.by}"


def acts_after(acts: tuple[CauseAct, ...], event: RegroupingMark) -> tuple[CauseAct, ...]:
    """The acts in force after the event, oldest first."""
    match event:
        case CauseSplit(cause, by, tasks, at):
            return (*acts, CauseAct(cause, by, at, tasks))[-MOST_ACTS:]
        case CausesMerged(cause, by, others, at):
            return (*acts, CauseAct(cause, by, at, others=others))[-MOST_ACTS:] if others else acts
        case CauseRestored(cause):
            return tuple(act for act in acts if act.cause != cause)
        case _:
            assert_never(event)


def check_regrouping(acts: tuple[CauseAct, ...], event: RegroupingMark) -> None:
    """Refuse what would change nothing: a cause merged with itself, a split that is in force, nothing to take back."""
    match event:
        case CauseRestored(cause):
            if not any(act.cause == cause for act in acts):
                known = ", ".join(dict.fromkeys(act.cause for act in acts)) or "none"
                raise Refused(
                    f"nobody has split {cause[:40]!r} or merged anything into it",
                    exit=Exit.NOTHING,
                    hint=f"regrouped by people now: {known}",
                )
        case CausesMerged(cause, _, others):
            if not others or cause in others or len(set(others)) < len(others):
                raise BadInput(
                    f"{cause[:40]!r} cannot be merged with {', '.join(others)[:200] or 'nothing'}",
                    hint="name two or more different causes: onloop attention shows them",
                )
        case CauseSplit(cause, _, tasks):
            if any((act.cause, act.tasks, act.others) == (cause, tasks, ()) for act in acts):
                raise Refused(
                    f"{cause[:40]!r} is split so already",
                    exit=Exit.NOTHING,
                    hint=f"onloop cause restore {cause[:40]} takes it back",
                )


def touched_by(acts: tuple[CauseAct, ...]) -> frozenset[str]:
    """The causes that an act may change. Whatever else it changes comes from one of them."""
    merged = (other for act in acts for other in act.others)
    return frozenset((*(act.cause for act in acts), *merged))


def _name(*parts: str) -> str:
    return sha256("\x1f".join(parts).encode()).hexdigest()[:8]
