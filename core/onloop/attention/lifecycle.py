"""What people have done about a cause: new, seen, acknowledged, snoozed. Only the end of the cause resolves it.

A mark counts as long as one of the items that had the cause when it was made still has it: a cause that ended and came
back is new. The item of a failed task never ends; acknowledging it is permanent.
"""

from __future__ import annotations

from enum import StrEnum

from onloop.attention.fingerprint import fingerprint
from onloop.attention.groups import Group
from onloop.attention.items import AttentionItem, Tier
from onloop.machine.marks import ACKNOWLEDGED_FOR_MS, LONGEST_HIDDEN_MS, Acknowledged, Marks, Snoozed
from onloop.machine.state import Reason
from onloop.records import Record


class Stage(StrEnum):
    """What people have done about a cause."""

    NEW = "new"
    SEEN = "seen"
    ACKNOWLEDGED = "acknowledged"


class Life(Record):
    """The stage of a cause, who brought it there and when (ms), and how many items joined since somebody looked.

    `until` (ms) is when an acknowledgement lapses.
    """

    stage: Stage = Stage.NEW
    by: str = ""
    at: int = 0
    until: int | None = None
    news: int = 0


def life_of(group: Group, marks: Marks, now: int) -> Life:
    """What people have done about the cause by `now` (ms)."""
    seen = marks.seen.get(group.cause)
    if seen is None or seen.at < group.since:
        return Life(news=len(group.members))
    news = sum(item.since > seen.at for item in group.members)
    mark = marks.acknowledged.get(group.cause)
    if mark is not None and is_acknowledged(group.members[0], mark, group, now):
        return Life(Stage.ACKNOWLEDGED, mark.by, mark.at, lapses_at(mark, group), news)
    return Life(Stage.SEEN, seen.by, seen.at, None, news)


def is_acknowledged(item: AttentionItem, mark: Acknowledged, group: Group, now: int) -> bool:
    """Whether the acknowledgement covers `item` of `group` now. Later items are covered, too, except failed tasks."""
    lapses = lapses_at(mark, group)
    if lapses is None:
        return item.since <= mark.at
    return group.since <= mark.at and now < lapses


def lapses_at(mark: Acknowledged, group: Group) -> int | None:
    """When (ms) the acknowledgement of a cause lapses; None means never, which is only for causes that are over."""
    if _is_over(group):
        return None
    return mark.at + ACKNOWLEDGED_FOR_MS if mark.until is None else mark.until


def _is_over(group: Group) -> bool:
    """Whether people can only take note of the cause: failed tasks, denials, and what looks wrong."""
    return group.tier is Tier.FYI or group.reason in {Reason.DENIED, Reason.ANOMALY}


def is_asleep(group: Group, mark: Snoozed, now: int) -> bool:
    """Whether the snooze still holds: nothing that would end it has happened."""
    return (
        now < mark.until
        and group.since <= mark.at
        and group.tier >= mark.tier
        and (not mark.state or mark.state == state_of(group))
        and (not mark.grown_to or len(group.members) < mark.grown_to)
    )


def state_of(group: Group) -> str:
    """A digest of the items with the cause and their versions: any change gives another digest."""
    return fingerprint(*(f"{item.task}@{item.version}" for item in group.members))


def acknowledgement(group: Group, by: str, now: int, for_ms: int = ACKNOWLEDGED_FOR_MS) -> Acknowledged:
    """The mark that `by` takes care of the cause for so long; permanent if people can only take note of it."""
    return Acknowledged(group.cause, by, None if _is_over(group) else now + for_ms)


def snooze(
    group: Group, by: str, now: int, *, for_ms: int | None = None, until_change: bool = False, grows_by: int = 0
) -> Snoozed:
    """The mark that hides the cause for so long (at most 7 days), until it changes, or until so many items join."""
    return Snoozed(
        cause=group.cause,
        by=by,
        until=now + (LONGEST_HIDDEN_MS if for_ms is None else for_ms),
        tier=group.tier.value,
        state=state_of(group) if until_change else "",
        grown_to=len(group.members) + grows_by if grows_by else 0,
    )
