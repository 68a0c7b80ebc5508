"""What both faces show of a whole store at a moment: the same derivation for dashboard and CLI.

A picture depends on what is recorded only. What passing time adds (clocks, snoozes that end, agents that fall silent)
is in the board, which is cheap enough to be asked for whenever it is shown.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from enum import StrEnum

from onloop.attention.anomaly_items import anomaly_items
from onloop.attention.board import Board, board_of
from onloop.attention.denial_items import denial_items
from onloop.attention.groups import Group, groups_of
from onloop.attention.held_role_items import held_role_items
from onloop.attention.idle import idle_item_of
from onloop.attention.items import is_work_for_people
from onloop.attention.lesson_items import lesson_items
from onloop.attention.outside_items import outside_items
from onloop.machine.state import Reason, State
from onloop.machine.store_state import StoreState, covering
from onloop.machine.task import Task
from onloop.records import Record, field
from onloop.store.rows import Lease


class Category(StrEnum):
    """What became of a task; every task is in exactly one category."""

    DONE = "done"
    WORKING = "working"
    WAITING = "waiting"
    NEEDS_PERSON = "needs_person"
    EXCLUDED = "excluded"
    ENDED_OTHERWISE = "ended_otherwise"


CATEGORIES: Mapping[State, Category] = {
    State.SUBMITTED: Category.WAITING,
    State.WORKING: Category.WORKING,
    State.INPUT_REQUIRED: Category.NEEDS_PERSON,
    State.AUTH_REQUIRED: Category.NEEDS_PERSON,
    State.PAUSED: Category.WAITING,
    State.COMPLETED: Category.DONE,
    State.FAILED: Category.ENDED_OTHERWISE,
    State.CANCELED: Category.ENDED_OTHERWISE,
    State.REJECTED: Category.ENDED_OTHERWISE,
}
"""What each state is counted as, but for a task that is excluded, or waits for those below it."""


def category_of(task: Task) -> Category:
    """What became of the task."""
    if task.reason is Reason.EXCLUDED:
        return Category.EXCLUDED
    if is_work_for_people(task):
        return Category.NEEDS_PERSON
    return Category.WAITING if task.reason is Reason.CHILDREN_RUNNING else CATEGORIES[task.state]


class FleetLine(Record):
    """How far one run is: its children (or the run itself, where it has none) by what became of them.

    `merged` of the `done` ones moved their target. `by_step` counts them by the step where they stand, or ended.
    """

    run: str
    title: str
    total: int
    done: int
    working: int
    waiting: int
    needs_person: int
    ended_otherwise: int
    excluded: int = 0
    merged: int = 0
    workflow: str = ""
    by_step: Mapping[str, Mapping[Category, int]] = field(default_factory=dict)

    @property
    def live(self) -> int:
        """How many have not ended, and are not excluded."""
        return self.total - self.done - self.ended_otherwise - self.excluded


class Overview(Record):
    """Attention groups in an order that no clock changes, the runs, and the counts of the header.

    `needs_person` leaves out what has failed for good; `ready` are those of the `waiting` that can be claimed;
    `parents` are the tasks that have children, by id.
    """

    groups: tuple[Group, ...] = ()
    runs: tuple[FleetLine, ...] = ()
    needs_person: int = 0
    working: int = 0
    ready: int = 0
    waiting: int = 0
    paused: int = 0
    ended: int = 0
    parents: Mapping[str, Task] = field(default_factory=dict)


def board_at(
    picture: Overview, tasks: Mapping[str, Task], house: StoreState, leases: Iterable[Lease], now: int
) -> Board:
    """What needs people at `now` (ms): the picture's groups, agents that are silent now, denials, and held roles.

    Whose task is frozen is not expected to be heard from.
    """
    held = ((tasks.get(lease.task), lease) for lease in leases)
    found = ((task, idle_item_of(task, lease, now)) for task, lease in held if task is not None)
    idle = [item for task, item in found if item is not None and covering(house, task) is None]
    told = (
        *idle,
        *denial_items(house.denials, now),
        *anomaly_items(house.anomalies, now),
        *held_role_items(house.roles),
        *outside_items(house.troubles),
        *lesson_items(house.lessons),
    )
    return board_of((*picture.groups, *groups_of(told)), house, picture.parents, now)
