"""Roles whose agents all end alike, whatever the task: held, tried with one task now and then, and bounded.

It is the role that is at fault (its command, its login, its limit), so no further task pays for it with an attempt.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from onloop.machine import events as e
from onloop.machine.earlier_signature import earlier_signature
from onloop.machine.limits import Id, Millis, Words
from onloop.machine.setbacks import MINUTE_MS, Trouble
from onloop.machine.signature import signature
from onloop.machine.task import RequestKind, Task
from onloop.records import Record, replace

ALIKE_ENDS, ALIKE_TASKS = 5, 3
"""After how many ends that are alike, on at least so many tasks, a role is held. One that works starts it anew."""

WITHIN_MS = 10 * MINUTE_MS
"""An end so long after the one before starts the count anew, too."""

FIRST_TRIAL_MS = MINUTE_MS
LONGEST_TRIAL_MS = 15 * MINUTE_MS
"""After how long one task is let through; the pause doubles with each that ends alike."""

MOST_ROLES = 100
MOST_NAMED = 100
LONGEST_WORDS = 300


class AgentEnded(Record):
    """An agent of `role` ended on a task without handing in; `until` (ms) is before when it said not to try, or 0."""

    role: Id
    task: Id
    cause: Words
    words: Words
    at: Millis
    until: Millis = 0


class TrialBegun(Record):
    """One task of a held role was given out, to see whether its agents work again."""

    role: Id
    task: Id
    at: Millis


class TrialAsked(Record):
    """A person has a held role tried now, with one task."""

    role: Id
    by: Id
    at: Millis = 0


class RoleOpened(Record):
    """An agent of `role` did its work: nothing is held any more."""

    role: Id
    at: Millis


RoleEvent = AgentEnded | TrialBegun | TrialAsked | RoleOpened


class Streak(Record):
    """The ends of a role's agents that were alike, one after another; times in ms.

    The role is held from `held_at` on, where that is not 0; the next task is let through at `next_at`.
    """

    role: str
    cause: str
    words: str
    since: int
    at: int
    count: int = 1
    tasks: tuple[str, ...] = ()
    held_at: int = 0
    trials: int = 0
    next_at: int = 0

    @property
    def is_held(self) -> bool:
        """Whether its tasks wait."""
        return self.held_at > 0


Streaks = Mapping[str, Streak]


def streaks_after(streaks: Streaks, event: RoleEvent) -> Streaks:
    """The streaks after an event; only the newest are kept."""
    known = streaks.get(event.role)
    match event:
        case AgentEnded():
            return _bounded({**streaks, event.role: _counted(known, event)})
        case TrialBegun(at=at) if known is not None:
            trials = known.trials + 1
            return {**streaks, event.role: replace(known, trials=trials, next_at=at + _pause_ms(trials))}
        case TrialAsked(at=at) if known is not None:
            return {**streaks, event.role: replace(known, next_at=min(known.next_at, at))}
        case RoleOpened():
            return {role: streak for role, streak in streaks.items() if role != event.role}
        case _:
            return streaks


def _counted(known: Streak | None, event: AgentEnded) -> Streak:
    goes_on = known is not None and known.cause == event.cause and (known.is_held or event.at - known.at < WITHIN_MS)
    if known is None or not goes_on:
        return Streak(event.role, event.cause, event.words, event.at, event.at, tasks=(event.task,))
    tasks = tuple(dict.fromkeys((*known.tasks, event.task)))[:MOST_NAMED]
    after = replace(known, words=event.words, at=event.at, count=known.count + 1, tasks=tasks)
    if not known.is_held and after.count >= ALIKE_ENDS and len(tasks) >= ALIKE_TASKS:
        after = replace(after, held_at=event.at, next_at=event.at + FIRST_TRIAL_MS)
    return replace(after, next_at=max(after.next_at, event.until)) if after.is_held else after


def _pause_ms(trials: int) -> int:
    return min(LONGEST_TRIAL_MS, FIRST_TRIAL_MS << min(trials, 10))


def _bounded(streaks: Streaks) -> Streaks:
    if len(streaks) <= MOST_ROLES:
        return streaks
    return dict(sorted(streaks.items(), key=lambda pair: (pair[1].at, pair[0]))[-MOST_ROLES:])


def role_of(task: Task) -> str | None:
    """The role whose agents work on the task now; None where it waits for one agent by name, a person, or for none."""
    if task.owner is None:
        return task.role
    return None if ":" in task.owner else task.owner


def hold_of(streaks: Streaks, task: Task) -> Streak | None:
    """The hold that covers the task, if its role is held."""
    found = streaks.get(role_of(task) or "")
    return found if found is not None and found.is_held else None


def cause_of(end: str, words: str) -> str:
    """The cause of an end: the same where only numbers, paths and the like differ."""
    return signature(f"{end}: {words}")


def is_cause(known: str, end: str, words: str) -> bool:
    """Whether `known`, which may be an earlier version's, is the cause of this end."""
    return known in {cause_of(end, words), earlier_signature(f"{end}: {words}")}


def news_of_role(streaks: Streaks, before: Task, events: Sequence[e.Event], now: int) -> RoleEvent | None:
    """What the events of a task at `now` (ms) say about its role; None if nothing new."""
    role = role_of(before)
    if role is None:
        return None
    for event in events:
        found = _ended(role, before.id, event, now)
        if found is not None:
            return _known_again(streaks.get(role), found)
        if role in streaks and _shows_work(event):
            return RoleOpened(role, now)
        if isinstance(event, e.Claimed) and hold_of(streaks, before) is not None:
            return TrialBegun(role, before.id, now)
    return None


_ALIKE_ENDS = frozenset({e.AttemptEnd.CRASHED, e.AttemptEnd.RETURNED})
"""Ends that come at once where the role is at fault. Who is silent for long, or gives up, has worked."""

_ALIKE_TROUBLES = frozenset({Trouble.NOT_NOW, Trouble.ALIKE})


def _known_again(known: Streak | None, found: AgentEnded) -> AgentEnded:
    """The end under the cause of the streak, where an earlier version began that with such an end."""
    if known is None or known.cause == found.cause:
        return found
    kind = found.cause.partition(": ")[0]
    return replace(found, cause=known.cause) if is_cause(known.cause, kind, found.words) else found


def _ended(role: str, task: str, event: e.Event, now: int) -> AgentEnded | None:
    if isinstance(event, e.AttemptEnded) and event.end in _ALIKE_ENDS:
        words = event.feedback.text.removeprefix(f"{event.end.value}: ")[:LONGEST_WORDS]
        return AgentEnded(role, task, cause_of(event.end.value, words), words, now)
    if isinstance(event, e.SetBack) and event.setback.trouble in _ALIKE_TROUBLES:
        words, until = event.setback.words[:LONGEST_WORDS], event.setback.until
        kind = "not now" if event.setback.trouble is Trouble.NOT_NOW else event.end
        return AgentEnded(role, task, cause_of(kind, words), words, now, until if kind == "not now" else 0)
    return None


def _shows_work(event: e.Event) -> bool:
    """Whether the event shows that an agent of the role works: it handed in, judged, asked, or handed on."""
    match event:
        case e.Submitted() | e.Judged() | e.HandedOff():
            return True
        case e.RequestOpened(request):
            return request.kind is RequestKind.QUESTION
        case _:
            return False
