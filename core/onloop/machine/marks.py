"""Marks of people on causes: seen, acknowledged, snoozed, muted, split, merged.

They are bounded, and not part of a task's history.
"""

from __future__ import annotations

from collections.abc import Mapping
from hashlib import sha256
from typing import TypeVar, assert_never

from onloop.errors import BadInput, Exit, Refused, UnknownThing
from onloop.machine.limits import Id, Millis, Number, Words
from onloop.machine.regrouping import CauseAct, CauseRestored, CausesMerged, CauseSplit, acts_after, check_regrouping
from onloop.records import Record, field, fields_of, replace

MINUTE_MS, DAY_MS = 60_000, 86_400_000
ACKNOWLEDGED_FOR_MS = 30 * MINUTE_MS
"""How long an acknowledgement holds unless another time is given."""

LONGEST_ACKNOWLEDGED_MS = DAY_MS
LONGEST_HIDDEN_MS = 7 * DAY_MS
"""How long a snooze or a mute may hold at most."""

SEEN_FOR_MS = 14 * DAY_MS
MOST_MARKS = 200
"""The most marks of one kind: the oldest are removed first, and their causes are shown again."""

MOST_MUTES = 100
LONGEST_FIELD = 200
LONGEST_REASON = 500


class Rule(Record):
    """What a mute covers: an item that equals every field given. A rule without any field covers nothing."""

    cause: Id | None = None
    reason: Id | None = None
    gate: Id | None = None
    step: Id | None = None
    workflow: Id | None = None
    repo: Id | None = None
    run: Id | None = None

    @property
    def given(self) -> Mapping[str, str]:
        """The fields that are given, by name."""
        return {name: value for name in fields_of(type(self)) if (value := getattr(self, name)) is not None}

    @property
    def id(self) -> str:
        """A short name: the same fields give the same one."""
        return sha256("\x1f".join(f"{name}={value}" for name, value in self.given.items()).encode()).hexdigest()[:8]

    def __str__(self) -> str:
        """The fields as words."""
        return " ".join(f"{name}:{value}" for name, value in self.given.items())


class Seen(Record):
    """A person has looked at the cause."""

    cause: Id
    by: Id
    at: Millis = 0


class Acknowledged(Record):
    """A person is on it until `until` (ms); None: for good, which is allowed only for a cause that has ended."""

    cause: Id
    by: Id
    until: Millis | None
    at: Millis = 0


class Snoozed(Record):
    """Not now: until `until` (ms), or earlier.

    Earlier is when the cause becomes more pressing than `tier`, when `state` is given and it is no longer in that
    state, and when `grown_to` is given and it has so many members.
    """

    cause: Id
    by: Id
    until: Millis
    tier: Number
    state: Id = ""
    grown_to: Number = 0
    at: Millis = 0


class Woken(Record):
    """The cause is shown again: its acknowledgement or snooze has ended."""

    cause: Id
    by: Id
    at: Millis = 0


class Muted(Record):
    """What `rule` covers is not shown until `until` (ms)."""

    rule: Rule
    by: Id
    until: Millis
    reason: Words
    at: Millis = 0


class Unmuted(Record):
    """The mute with this rule's id was lifted."""

    rule: Id
    by: Id
    at: Millis = 0


Mark = Seen | Acknowledged | Snoozed | Woken | Muted | Unmuted | CauseSplit | CausesMerged | CauseRestored
_M = TypeVar("_M", Seen, Acknowledged, Snoozed, Muted)


class Marks(Record):
    """The fold of all marks: by cause, mutes by the id of their rule, and splits and merges in their order."""

    seen: Mapping[str, Seen] = field(default_factory=dict)
    acknowledged: Mapping[str, Acknowledged] = field(default_factory=dict)
    snoozed: Mapping[str, Snoozed] = field(default_factory=dict)
    muted: Mapping[str, Muted] = field(default_factory=dict)
    acts: tuple[CauseAct, ...] = ()


def stamped(mark: Mark, at: int) -> Mark:
    """The mark with its time set to `at` (ms)."""
    return replace(mark, at=at)


def marked(marks: Marks, mark: Mark) -> Marks:
    """The marks after `mark`. Expired marks are removed, and only the newest of each kind are kept."""
    return _lively(_applied(marks, mark), mark.at)


def check_mark(marks: Marks, mark: Mark) -> None:
    """Refuse a mark that lasts too long, a mute without reason or rule, and lifting a mute that does not exist."""
    match mark:
        case Muted():
            _check_mute(marks, mark)
        case Unmuted(rule_id):
            _check_muted(marks, rule_id)
        case CauseSplit() | CausesMerged() | CauseRestored():
            check_regrouping(marks.acts, mark)
        case Seen(cause) | Woken(cause) | Acknowledged(cause) | Snoozed(cause):
            if not 0 < len(cause) <= LONGEST_FIELD:
                raise BadInput(
                    f"a cause of {len(cause)} characters is empty or too long", hint="onloop attention names the causes"
                )
            _check_hiding(marks, mark)
        case _:
            assert_never(mark)


def _check_hiding(marks: Marks, mark: Seen | Woken | Acknowledged | Snoozed) -> None:
    if isinstance(mark, Woken) and mark.cause not in {*marks.acknowledged, *marks.snoozed}:
        raise Refused(
            f"nobody has acknowledged or snoozed {mark.cause}",
            exit=Exit.NOTHING,
            hint="onloop attention --all shows what is hidden, and how",
        )
    if isinstance(mark, Acknowledged) and mark.until is not None:
        _check_end(mark.at, mark.until, LONGEST_ACKNOWLEDGED_MS)
    if isinstance(mark, Snoozed):
        _check_end(mark.at, mark.until, LONGEST_HIDDEN_MS)
        if len(mark.state) > LONGEST_FIELD:
            raise BadInput(
                f"a state of {len(mark.state)} characters is too long", hint="give the digest of what was shown"
            )


def _check_muted(marks: Marks, rule_id: str) -> None:
    if rule_id not in marks.muted:
        known = ", ".join(f"{key} ({mute.rule})" for key, mute in marks.muted.items()) or "none"
        raise UnknownThing(f"there is no mute {rule_id[:LONGEST_FIELD]!r}", hint=f"in force: {known}")


def _check_end(at: int, until: int, longest: int) -> None:
    if not at < until <= at + longest:
        hours = longest // (60 * MINUTE_MS)
        raise BadInput(
            f"cannot hide anything for {(until - at) // 1000} s", hint=f"use more than 0 and at most {hours} h"
        )


def _check_mute(marks: Marks, mute: Muted) -> None:
    _check_end(mute.at, mute.until, LONGEST_HIDDEN_MS)
    given = mute.rule.given
    if not given:
        raise BadInput(
            "a mute without any field would cover nothing", hint="give at least one: --cause, --reason-code, --repo …"
        )
    odd = next((name for name, value in given.items() if not 0 < len(value) <= LONGEST_FIELD), None)
    if odd is not None:
        words = f"the mute's {odd} is empty or too long: {len(given[odd])} characters"
        raise BadInput(words, hint=f"use 1 to {LONGEST_FIELD} characters")
    if not 0 < len(mute.reason.strip()) <= LONGEST_REASON:
        raise BadInput(
            f"a mute's reason of {len(mute.reason)} characters is empty or too long",
            hint=f"use 1 to {LONGEST_REASON} characters",
        )
    in_force = sum(known.until > mute.at for known in marks.muted.values())
    if mute.rule.id not in marks.muted and in_force >= MOST_MUTES:
        raise BadInput(
            f"{MOST_MUTES} mutes are in force, which is the maximum",
            hint="onloop unmute lifts one; onloop attention --all shows them",
        )


def _applied(marks: Marks, mark: Mark) -> Marks:
    """An acknowledgement ends a snooze, and the reverse; both also mark the cause as seen."""
    match mark:
        case Seen(cause):
            return replace(marks, seen=_with(marks.seen, cause, mark))
        case Acknowledged(cause, by, _, at):
            seen, snoozed = _with(marks.seen, cause, Seen(cause, by, at)), _without(marks.snoozed, cause)
            return replace(marks, seen=seen, snoozed=snoozed, acknowledged=_with(marks.acknowledged, cause, mark))
        case Snoozed(cause, by):
            seen, acknowledged = _with(marks.seen, cause, Seen(cause, by, mark.at)), _without(marks.acknowledged, cause)
            return replace(marks, seen=seen, acknowledged=acknowledged, snoozed=_with(marks.snoozed, cause, mark))
        case Woken(cause):
            return replace(
                marks, acknowledged=_without(marks.acknowledged, cause), snoozed=_without(marks.snoozed, cause)
            )
        case Muted(rule):
            return replace(marks, muted=_with(marks.muted, rule.id, mark))
        case Unmuted(rule_id):
            return replace(marks, muted=_without(marks.muted, rule_id))
        case CauseSplit() | CausesMerged() | CauseRestored():
            return replace(marks, acts=acts_after(marks.acts, mark))
        case _:
            assert_never(mark)


def _lively(marks: Marks, now: int) -> Marks:
    return Marks(
        seen=_newest({key: m for key, m in marks.seen.items() if now - m.at < SEEN_FOR_MS}),
        acknowledged=_newest({key: m for key, m in marks.acknowledged.items() if m.until is None or m.until > now}),
        snoozed=_newest({key: m for key, m in marks.snoozed.items() if m.until > now}),
        muted=_newest({key: m for key, m in marks.muted.items() if m.until > now}),
        acts=marks.acts,
    )


def _newest(marks: Mapping[str, _M]) -> Mapping[str, _M]:
    """Sorted by time, because a store keeps no order of keys."""
    if len(marks) <= MOST_MARKS:
        return marks
    return dict(sorted(marks.items(), key=lambda pair: (pair[1].at, pair[0]))[-MOST_MARKS:])


def _with(marks: Mapping[str, _M], key: str, mark: _M) -> Mapping[str, _M]:
    return {**marks, key: mark}


def _without(marks: Mapping[str, _M], key: str) -> Mapping[str, _M]:
    return {known: mark for known, mark in marks.items() if known != key}
