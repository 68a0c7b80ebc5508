"""What needs people now, what did at an earlier place in the log, and what was decided in between."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import ClassVar

from onloop.attention.groups import Group, group_of, seniority
from onloop.attention.items import AttentionItem, item_of
from onloop.machine.events import Decided
from onloop.machine.evolve import evolve
from onloop.machine.limits import Millis
from onloop.machine.store_state import HOUSE
from onloop.machine.task import Task
from onloop.records import Record
from onloop.store.codec import event_from_text
from onloop.store.port import Reading, Seq, TaskFilter
from onloop.views.overview_projector import board_of_store
from onloop.views.pinned_workflow import pinned_definition
from onloop.views.query import Query

MOST_AT_ONCE = 1_000
"""How many decisions, and how many changed tasks, one answer tells of."""

_PAGE = 1_000


class CauseNow(Record):
    """A cause that needs somebody: its words, since when (ms), and the tasks that share it."""

    cause: str
    headline: str
    tier: str
    reason: str
    since: int
    tasks: tuple[str, ...]


class DecisionTold(Record):
    """A person's decision about a task, and its place in the log."""

    seq: int
    task: str
    answer: str
    by: str
    at: int


class Needs(Record):
    """What needs people where the log stands at `seq`, what did before, and the decisions since then."""

    seq: int
    now: tuple[CauseNow, ...]
    before: tuple[CauseNow, ...]
    decisions: tuple[DecisionTold, ...]


class ReadNeeds(Query[Needs], frozen=True):
    """What needs people at `now` (ms), and what has happened after a place in the log.

    `is_resumed` asks for what needed people then, too: of tasks that have changed it is folded from the log; of what
    is about no task it is what is there now, and was then.
    """

    name: ClassVar[str] = "needs"
    now: Millis
    after: Seq = 0
    is_resumed: bool = False

    def carry_out(self, reading: Reading) -> Needs:
        """See Query."""
        shown = board_of_store(reading, self.now).shown
        before = _causes(_shown_at(reading, shown, self.after)) if self.is_resumed else ()
        return Needs(reading.last_seq(), _causes(shown), before, _decisions(reading, self.after))


def _causes(groups: Iterable[Group]) -> tuple[CauseNow, ...]:
    return tuple(
        CauseNow(
            group.cause,
            group.headline,
            group.tier.name.lower(),
            group.reason.value,
            group.since,
            tuple(item.task for item in group.members),
        )
        for group in groups
    )


def _decisions(reading: Reading, after: int) -> tuple[DecisionTold, ...]:
    told = list[DecisionTold]()
    for row in reading.log(after=after, limit=MOST_AT_ONCE, names=(Decided.__name__,)):
        event = event_from_text(row.name, row.data)
        if isinstance(event, Decided):
            said = event.decision
            told.append(DecisionTold(row.seq, row.task, said.answer.value, said.by, row.at))
    return tuple(told)


def _shown_at(reading: Reading, shown: Sequence[Group], seq: int) -> Sequence[Group]:
    """The groups at a place in the log: items of tasks that have changed since are those of the task as it was."""
    changed = {task.id: task for task in reading.tasks(TaskFilter(changed_after=seq))[:MOST_AT_ONCE]}
    ended = _time_of(reading, seq)
    items = [item for group in shown for item in group.members if item.task not in changed]
    items = [item for item in items if item.run or item.since <= ended]
    for task in changed.values():
        known = _task_at(reading, task.id, seq)
        if known is not None and (item := _item_of(reading, known)) is not None:
            items.append(item)
    found = defaultdict[str, list[AttentionItem]](list)
    for item in items:
        found[item.cause].append(item)
    return [group_of(sorted(members, key=seniority)) for members in found.values()]


def _item_of(reading: Reading, task: Task) -> AttentionItem | None:
    return item_of(task, pinned_definition(reading, task.definition))


def _time_of(reading: Reading, seq: int) -> int:
    """When the event at that place was recorded (ms); 0 before the first."""
    last = reading.log(after=max(0, seq - 1), before=seq + 1, limit=1)
    return last[0].at if last else 0


def _task_at(reading: Reading, name: str, seq: int) -> Task | None:
    """The task as it was at a place in the log; None where it was not there yet."""
    task: Task | None = None
    after = 0
    while page := reading.log(after=after, before=seq + 1, limit=_PAGE, task=name):
        for row in page:
            event = event_from_text(row.name, row.data)
            if row.run != HOUSE:
                task = evolve(task, event, id=name, at=row.at)  # type: ignore[arg-type] # of a task's log
        after = page[-1].seq
    return task
