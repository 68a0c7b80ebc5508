"""The whole store at a moment, as the screens need it; news are folded in, and every moment is immutable."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType

from onloop.attention.board import Board
from onloop.attention.groups import Group
from onloop.machine.definition import Definition
from onloop.machine.store_state import StoreState
from onloop.machine.task import Task
from onloop.records import Record, field, replace
from onloop.store.rows import Lease, SubAgent
from onloop.views.overview import Overview, board_at
from onloop.views.overview_projector import overview_of

_NONE: Mapping[str, tuple[SubAgent, ...]] = MappingProxyType({})
JOURNAL = 64
"""How many moments a snapshot remembers: a view that was away for longer looks at everything again."""


class Snapshot(Record):
    """Tasks by id, oldest first, the house, the picture they give, and the log sequence they are read at.

    `board` is what of the picture needs people, at the time of the last `at`. `definitions` are the workflows that
    tasks have pinned, by digest; `leases`, and the `sub_agents` in the processes of who holds them, are by task, and
    newer than `seq`.
    """

    tasks: Mapping[str, Task] = field(default_factory=dict)
    house: StoreState = field(default_factory=StoreState)
    seq: int = 0
    picture: Overview = field(default_factory=Overview)
    board: Board = field(default_factory=Board)
    definitions: Mapping[str, Definition] = field(default_factory=dict)
    leases: Mapping[str, Lease] = field(default_factory=dict)
    journal: tuple[tuple[int, tuple[str, ...]], ...] = ()
    sub_agents: Mapping[str, tuple[SubAgent, ...]] = field(default_factory=dict)

    def after(
        self,
        changed: Sequence[Task],
        house: StoreState,
        seq: int,
        *,
        picture: Overview | None = None,
        definitions: Mapping[str, Definition] | None = None,
        leases: Sequence[Lease] = (),
        sub_agents: Mapping[str, tuple[SubAgent, ...]] = _NONE,
    ) -> Snapshot:
        """The moment that `changed` tasks make of this one; a heartbeat alone moves what lives with a lease.

        `picture` is theirs, where a gallery has followed; else it is drawn anew of all tasks.
        """
        held = {lease.task: lease for lease in leases}
        if seq == self.seq and not changed:
            return replace(self, leases=held, sub_agents=sub_agents)
        tasks = _copied(self.tasks)
        tasks.update((task.id, task) for task in changed)
        known = {**self.definitions, **definitions} if definitions else self.definitions
        journal = (*self.journal, (seq, tuple(task.id for task in changed)))[-JOURNAL:]
        return Snapshot(
            MappingProxyType(tasks),
            house,
            seq,
            overview_of(tasks.values(), known) if picture is None else picture,
            self.board,
            known,
            held,
            journal,
            sub_agents,
        )

    def changed_since(self, seq: int) -> frozenset[str] | None:
        """The tasks that changed after the moment at `seq`; None where that is too long ago to be known."""
        moments = [at for at, _ in self.journal]
        if seq not in moments:
            return None
        return frozenset(task for at, tasks in self.journal if at > seq for task in tasks)

    def at(self, now: int) -> Snapshot:
        """The same moment as it is to be shown at `now` (ms): time alone wakes snoozes, and agents fall silent."""
        board = board_at(self.picture, self.tasks, self.house, self.leases.values(), now)
        return self if board == self.board else replace(self, board=board)

    @property
    def groups(self) -> tuple[Group, ...]:
        """What needs a person and is shown, one group per cause, most pressing first."""
        return self.board.shown

    def group(self, cause: str) -> Group | None:
        """The group with that cause."""
        return next((group for group in self.groups if group.cause == cause), None)

    def group_of(self, task: str) -> Group | None:
        """The group that the task is in, if it needs a person and is shown."""
        return next((group for group in self.groups if any(item.task == task for item in group.members)), None)

    @property
    def done(self) -> int:
        """How many tasks are done."""
        return sum(run.done for run in self.picture.runs)


def _copied(tasks: Mapping[str, Task]) -> dict[str, Task]:
    """A dictionary to change. What is behind a proxy is copied whole, which takes a tenth of going through its keys."""
    return tasks.copy() if isinstance(tasks, MappingProxyType) else dict(tasks)
