"""A row of a list as one sentence: its place, what it is, whose, and for how long."""

from __future__ import annotations

from onloop.attention.groups import Group
from onloop.machine.task import Task
from onloop.store.port import Recorded
from onloop.store.rows import Lease
from onloop.text import safe
from onloop_tui.model.drawing.signs import REASON_SIGNS, sign_of
from onloop_tui.model.inbox.order import InboxRow
from onloop_tui.model.log.event_words import event_text_of

MOST_WORDS = 300
"""The characters of a foreign text in a sentence: all of it is in the sheet."""
_UNITS = ((86_400, "day"), (3_600, "hour"), (60, "minute"), (1, "second"))


def spoken_age(elapsed_ms: int) -> str:
    """A duration in its two largest units: `40 seconds`, `2 hours 10 minutes`."""
    left, said = max(0, elapsed_ms) // 1000, list[str]()
    for size, unit in _UNITS:
        count, rest = divmod(left, size)
        if count and len(said) < (1 if unit == "second" else 2):
            said.append(counted_words(count, unit))
            left = rest
    return " ".join(said) or "0 seconds"


def counted_words(count: int, what: str) -> str:
    """`1 task`, `4 tasks`."""
    return f"{count} {what}{'' if count == 1 else 's'}"


def cause_sentence(row: InboxRow, place: int, count: int, now: int) -> str:
    """What needs a person, for one cause: `1 of 4, needs you: approve: …, 4 tasks, waiting 12 minutes`."""
    group = row.group
    said = [
        f"{place} of {count}, needs you: {group_words(group)}",
        safe(row.where or group.members[0].task, MOST_WORDS),
        f"waiting {spoken_age(now - group.since)}",
        row.life.stage.value,
        row.who,
    ]
    first = group.detail.strip().split("\n")[0]
    quoted = f". It says: {safe(first, MOST_WORDS)}" if first else ""
    return ", ".join(piece for piece in said if piece) + quoted


def group_words(group: Group) -> str:
    """A cause in words, and how many tasks have it."""
    sign = REASON_SIGNS.get(group.reason)
    kind = f"{sign.word}: " if sign is not None and sign.word not in group.headline else ""
    tasks = f", {counted_words(len(group.members), 'task')}" if len(group.members) > 1 else ""
    return f"{kind}{safe(group.headline, MOST_WORDS)}{tasks}"


def named_words(group: Group) -> str:
    """A cause in words, and where only one task has it, its repository."""
    only = group.members[0].repo if len(group.members) == 1 else ""
    return f"{group_words(group)}, {safe(only, MOST_WORDS)}" if only else group_words(group)


def task_sentence(task: Task, place: int, count: int, now: int) -> str:
    """One task: its id, what it is, how it stands, and for how long."""
    said = [
        f"{place} of {count}: {task.id}",
        safe(task.title, MOST_WORDS),
        safe(task.repo or "", MOST_WORDS),
        sign_of(task).word,
        f"at {task.step}" if task.step and not task.ended else "",
        f"for {spoken_age(now - task.since)}",
    ]
    return ", ".join(piece for piece in said if piece)


def agent_sentence(lease: Lease, task: Task, place: int, count: int, now: int) -> str:
    """One agent: what it works on, and when it was last heard and last went on."""
    name = safe(lease.agent.removeprefix("agent:"), MOST_WORDS)
    return (
        f"{place} of {count}: {name} works on {task.id}, {safe(task.title, MOST_WORDS)}, at {task.step}, "
        f"heard {spoken_age(now - lease.beat_at)} ago, went on {spoken_age(now - lease.progress_at)} ago"
    )


def event_sentence(event: Recorded, now: int) -> str:
    """What happened, to which task, by whom, and how long ago."""
    what, more = event_text_of(event)
    details = f": {safe(more, MOST_WORDS)}" if more else ""
    return f"{event.task} {what}{details}, by {safe(event.principal)}, {spoken_age(now - event.at)} ago"
