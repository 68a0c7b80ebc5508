"""The marked tasks of a list, for one decision about all of them, each with its cause at that time."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from onloop.attention.groups import Group


@dataclass(frozen=True, slots=True)
class Selection:
    """Maps a task to the cause for which it was marked. If the task returns for another cause, it is not marked."""

    causes: Mapping[str, str] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.causes)

    @property
    def tasks(self) -> tuple[str, ...]:
        """The marked tasks, in the order of marking."""
        return tuple(self.causes)

    def within(self, group: Group) -> int:
        """The number of marked members of the group."""
        return sum(self.causes.get(item.task) == group.cause for item in group.members)

    def toggled(self, group: Group) -> Selection:
        """The selection with all members of the group, or without them if all were marked."""
        if self.within(group) == len(group.members):
            return self.without(item.task for item in group.members)
        return self._with((group,))

    def all_of(self, groups: Sequence[Group]) -> Selection:
        """The selection with all members of these groups, or without them if all were marked."""
        if all(self.within(group) == len(group.members) for group in groups):
            return self.without(item.task for group in groups for item in group.members)
        return self._with(groups)

    def without(self, tasks: Iterable[str]) -> Selection:
        """The selection without these tasks."""
        gone = frozenset(tasks)
        return Selection({task: cause for task, cause in self.causes.items() if task not in gone})

    def kept(self, groups: Sequence[Group]) -> Selection:
        """The part of the selection that still needs a person for the same cause."""
        standing = {(item.task, group.cause) for group in groups for item in group.members}
        left = {task: cause for task, cause in self.causes.items() if (task, cause) in standing}
        return self if len(left) == len(self.causes) else Selection(left)

    def _with(self, groups: Sequence[Group]) -> Selection:
        return Selection({**self.causes, **{item.task: group.cause for group in groups for item in group.members}})
