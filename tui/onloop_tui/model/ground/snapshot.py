"""An immutable snapshot of the store as the screens need it; folding news in gives the next one."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from types import MappingProxyType

from onloop.attention.board import Board
from onloop.attention.groups import Group
from onloop.attention.scope import Whose, scoped, whose_needs
from onloop.attention.viewer import NOBODY, Scope, Viewer
from onloop.machine.definition import Definition
from onloop.machine.store_state import StoreState
from onloop.machine.task import Task
from onloop.records import Record, field, replace
from onloop.store.rows import Lease, SubAgent
from onloop.views.overview import Overview, board_at
from onloop.views.overview_projector import needing_overview, overview_of
from onloop.views.queries.first_sight import FirstSight
from onloop_tui.model.ground.journal import Journal
from onloop_tui.model.ground.layered_tasks import LayeredTasks

_NONE: Mapping[str, tuple[SubAgent, ...]] = MappingProxyType({})
NO_SEQ = -1
"""The place in the log of a snapshot that is not whole: every later one is news to all that showed it."""


class Snapshot(Record):
    """Tasks by id, oldest first, the store's state, the overview of both, and the log sequence at which they were read.

    `board` is the part of the overview that needs people, at the time of the last `at`. `definitions` are the pinned
    workflows by digest. `leases`, and the `sub_agents` in their holders' processes, are by task, and newer than `seq`.
    `viewer` is who looks, in which `scope`; `whose` is whom each task needs that needs a person. `run` is the run that
    it is narrowed to; empty for the whole store.
    """

    tasks: Mapping[str, Task] = field(default_factory=dict)
    house: StoreState = field(default_factory=StoreState)
    seq: int = 0
    overview: Overview = field(default_factory=Overview)
    board: Board = field(default_factory=Board)
    definitions: Mapping[str, Definition] = field(default_factory=dict)
    leases: Mapping[str, Lease] = field(default_factory=dict)
    journal: Journal = field(default_factory=Journal)
    """Of a view that missed more than it remembers, everything is looked at again."""
    sub_agents: Mapping[str, tuple[SubAgent, ...]] = field(default_factory=dict)
    viewer: Viewer = NOBODY
    scope: Scope = Scope.MAY_ACT
    whose: Mapping[str, Whose] = field(default_factory=dict)
    is_whole: bool = True
    """Whether every task was read: until then only what needs people can be shown, and nothing counted."""
    unread: int = 0
    """How many tasks were not read yet."""
    run: str = ""

    def after(
        self,
        changed: Sequence[Task],
        house: StoreState,
        seq: int,
        *,
        overview: Overview | None = None,
        definitions: Mapping[str, Definition] | None = None,
        leases: Sequence[Lease] = (),
        sub_agents: Mapping[str, tuple[SubAgent, ...]] = _NONE,
    ) -> Snapshot:
        """The next snapshot, after `changed` tasks. A heartbeat changes only leases and sub-agents.

        `overview` is the overview of the new tasks; without it, the overview is computed from all tasks.
        """
        held = {lease.task: lease for lease in leases}
        if seq == self.seq and not changed:
            return replace(self, leases=held, sub_agents=sub_agents)
        tasks = LayeredTasks.of(self.tasks).after(changed)
        all_definitions = {**self.definitions, **definitions} if definitions else self.definitions
        journal = self.journal.after(seq, (task.id for task in changed))
        return Snapshot(
            tasks,
            house,
            seq,
            overview_of(tasks.values(), all_definitions) if overview is None else overview,
            self.board,
            all_definitions,
            held,
            journal,
            sub_agents,
            self.viewer,
            self.scope,
            self.whose,
        )

    def changed_since(self, seq: int) -> frozenset[str] | None:
        """The tasks that changed after `seq`; None if that is too long ago."""
        return self.journal.since(seq)

    def at(self, now: int, viewer: Viewer | None = None, scope: Scope | None = None) -> Snapshot:
        """The same snapshot with its board at `now` (ms), for this viewer in this scope, else those from before.

        Time alone ends snoozes and makes agents silent.
        """
        who, wide = self.viewer if viewer is None else viewer, self.scope if scope is None else scope
        whole = board_at(self.overview, self.tasks, self.house, self.leases.values(), now)
        board = scoped(whole, who, wide)
        if (board, who, wide) == (self.board, self.viewer, self.scope):
            return self
        return replace(self, board=board, viewer=who, scope=wide, whose=whose_needs(board))

    def needing(self, run: str) -> Mapping[Whose, int]:
        """How many tasks of a run need a person, by whom they need."""
        return Counter(whose for name, whose in self.whose.items() if self.tasks[name].run == run)

    @property
    def groups(self) -> tuple[Group, ...]:
        """The groups that need a person and are not hidden, one per cause, most urgent first."""
        return self.board.shown

    def group(self, cause: str) -> Group | None:
        """The group with that cause, if it is shown."""
        return next((group for group in self.groups if group.cause == cause), None)

    def group_of(self, task: str) -> Group | None:
        """The group of the task, if it needs a person and is shown."""
        return next((group for group in self.groups if any(item.task == task for item in group.members)), None)

    @property
    def done(self) -> int:
        """The number of completed tasks."""
        return sum(run.done for run in self.overview.runs)


def first_snapshot(sight: FirstSight) -> Snapshot:
    """The snapshot of a large store of which only what needs somebody was read; no later one builds on it."""
    tasks = {task.id: task for task in sight.tasks}
    return Snapshot(
        tasks=MappingProxyType(tasks),
        house=sight.state,
        seq=NO_SEQ,
        overview=needing_overview(tasks, sight.definitions),
        definitions=sight.definitions,
        leases={lease.task: lease for lease in sight.leases},
        is_whole=False,
        unread=sight.unread,
    )


def reading_words(snapshot: Snapshot) -> str:
    """What of the store is still being read."""
    return f"reading {snapshot.unread:,} more tasks …"
