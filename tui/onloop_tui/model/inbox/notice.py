"""Decides when to notify a person who is not looking: once for each new cause, in safe words."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from onloop.attention.groups import Group
from onloop.machine.rules.people.entitlement import may_decide
from onloop.machine.state import Reason
from onloop.machine.task import Task
from onloop_tui.model.drawing.terminal_text import safe

GATHER_MS = 30_000
"""The least time between notices; news in between join the next one. An approval for this person does not wait."""
WATCHING_MS = 30_000
"""A person who pressed a key this recently in a focused terminal is looking and is not notified."""
HEADLINE = 80


@dataclass(frozen=True, slots=True)
class NoticeState:
    """What a person has been told: the known causes, the pending ones, and when each was told (ms)."""

    known: frozenset[str] | None = None
    waiting: frozenset[str] = frozenset()
    said_at: Mapping[str, int] = field(default_factory=dict)


def notices_after(
    before: NoticeState, groups: Sequence[Group], now: int, *, watched: bool, is_urgent: Callable[[Group], bool]
) -> tuple[NoticeState, str]:
    """The state after this look at the groups, and the words of a notice, empty if none is due.

    Groups present at the first look are not news, nor are those that a looking person sees. Urgent ones do not wait.
    """
    here = {group.cause: group for group in groups}
    known = before.known if before.known is not None else frozenset(here)
    recent = {cause: at for cause, at in before.said_at.items() if 0 <= now - at < GATHER_MS}
    waiting = (before.waiting | (here.keys() - known)) & here.keys()
    if watched:
        waiting = frozenset()
    due = waiting if not recent else frozenset()
    if any(is_urgent(here[cause]) for cause in waiting - recent.keys()):
        due = waiting - recent.keys()
    said_at = {**recent, **dict.fromkeys(due, now)}
    return NoticeState(frozenset(here), frozenset(waiting - due), said_at), _words(
        [g for g in groups if g.cause in due]
    )


def is_watched(*, focused: bool, key_at: int | None, now: int) -> bool:
    """Whether somebody is looking: the terminal has the focus and a key was pressed recently."""
    return focused and key_at is not None and 0 <= now - key_at < WATCHING_MS


def is_approval_for(person: str, groups: tuple[str, ...], group: Group, tasks: Mapping[str, Task]) -> bool:
    """Whether a group holds approvals that this person, a member of `groups`, may decide."""
    asked = (tasks[member.task].requests for member in group.members if member.task in tasks)
    return group.reason is Reason.APPROVAL_REQUIRED and any(
        may_decide(person, groups, request.approvers) for requests in asked for request in requests
    )


def title_words(needs_you: int) -> str:
    """The text of the terminal's title."""
    return f"onloop: {needs_you} need{'s' if needs_you == 1 else ''} you" if needs_you else "onloop"


def _words(groups: Sequence[Group]) -> str:
    """Fixed words, counts, and the first headline. They begin with a letter: OSC 9 interprets leading digits."""
    if not groups:
        return ""
    first, more = groups[0], len(groups) - 1
    waiting = f" ({len(first.members)} waiting)" if len(first.members) > 1 else ""
    others = f" and {more} more" if more else ""
    return f"onloop: {safe(first.headline, HEADLINE)}{waiting}{others}"
