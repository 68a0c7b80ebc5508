"""What `--at` shows: the tasks of a store as they stood at a moment, beside what was true of the store then."""

from __future__ import annotations

from onloop.attention.board import Board
from onloop.attention.responsibility import ownership_of
from onloop.attention.scope import scoped
from onloop.attention.viewer import Scope, Viewer, viewer_of
from onloop.cli.arguments import TreeArguments
from onloop.cli.context import Context
from onloop.cli.json_models.work_models import PastJson
from onloop.cli.seen_board import seen_board
from onloop.errors import BadInput
from onloop.machine.store_state import covering
from onloop.machine.task import Task
from onloop.records import Record
from onloop.store.port import TaskFilter
from onloop.times import second_words
from onloop.views.effective_status import EffectiveStatus, ReadTasksNow, TaskNow, effective_status
from onloop.views.overview import board_at
from onloop.views.overview_projector import overview_of
from onloop.views.queries.reads import ReadStoreState
from onloop.views.queries.store_at import MOMENTS, StoreAt, asked_moment


class TasksSeen(Record):
    """Tasks as they stand, or stood, at `now` (ms); with a `moment`, it was then."""

    found: tuple[TaskNow, ...]
    viewer: Viewer
    board: Board
    now: int
    moment: PastJson | None = None

    @property
    def notes(self) -> tuple[str, ...]:
        """What to say of a moment that is past; nothing of now."""
        then = self.moment
        if then is None:
            return ()
        unknown = "leases and output are not in the log"
        missing = f", nor are {then.archived} archived runs" if then.archived else ""
        if not then.seq:
            return ("as it stood before the first event",)
        return (f"as it stood at {second_words(then.at)}, after event {then.seq}; {unknown}{missing}",)


def tasks_seen(context: Context[TreeArguments], wanted: TaskFilter) -> TasksSeen:
    """The tasks that fit: as of now, or at the moment that `--at` names."""
    gateway = context.opened.gateway
    now = gateway.clock()
    if context.args.at is None:
        found = gateway.perform(ReadTasksNow(now, wanted))
        return TasksSeen(found, *seen_board(context, gateway.perform(ReadStoreState())), now)
    asked = asked_moment(context.args.at, now)
    if asked is None:
        raise BadInput(f"{context.args.at[:40]!r} is no moment that has been", hint=f"--at {MOMENTS}")
    then = gateway.perform(asked)
    if asked.seq is not None and asked.seq > then.seq:
        raise BadInput(f"there is no event {asked.seq} yet", hint=f"the newest is --at '#{then.seq}'")
    return _seen_then(then, wanted)


def _seen_then(then: StoreAt, wanted: TaskFilter) -> TasksSeen:
    tasks = {task.id: task for task in then.tasks}
    house, viewer = then.state, viewer_of(then.state)
    board = board_at(overview_of(then.tasks, then.definitions), tasks, house, (), then.at)
    found = tuple(_stood(then, task, tasks) for task in then.tasks if _fits(task, wanted))
    return TasksSeen(
        found, viewer, scoped(board, viewer, Scope.MAY_ACT), then.at, PastJson(then.seq, then.at, then.archived)
    )


def _fits(task: Task, wanted: TaskFilter) -> bool:
    return wanted.run in {None, task.run} and (wanted.states is None or task.state in wanted.states)


def _stood(then: StoreAt, task: Task, tasks: dict[str, Task]) -> TaskNow:
    """A task as it stood; whether there was room for it, and whether its agent was heard from, nobody knows."""
    scope = covering(then.state, task)
    _, reason = effective_status(task, frozen=scope, slot_free=True, now=then.at)
    freeze = then.state.freezes[scope] if scope and not task.ended else None
    owns = ownership_of(task, reason, then.at, tasks.get(task.parent or ""))
    return TaskNow(task, EffectiveStatus(reason, freeze), owns=owns)
