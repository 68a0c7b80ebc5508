"""What is marked in a list: the tasks that one decision shall be about, held by id and by the cause at the time."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from onloop.attention.groups import Group


@dataclass(frozen=True, slots=True)
class Selection:
    """Task → the cause it was marked for. A task that comes back for another cause is not marked."""

    causes: Mapping[str, str] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.causes)

    @property
    def tasks(self) -> tuple[str, ...]:
        """What is marked, in the order in which it was."""
        return tuple(self.causes)

    def within(self, group: Group) -> int:
        """How many members of the group are marked."""
        return sum(self.causes.get(item.task) == group.cause for item in group.members)

    def toggled(self, group: Group) -> Selection:
        """All members of the group marked, or none where all are marked already."""
        if self.within(group) == len(group.members):
            return self.without(item.task for item in group.members)
        return self._with((group,))

    def all_of(self, groups: Sequence[Group]) -> Selection:
        """All members of all these groups marked, or none of them where all are marked already."""
        if all(self.within(group) == len(group.members) for group in groups):
            return self.without(item.task for group in groups for item in group.members)
        return self._with(groups)

    def without(self, tasks: Iterable[str]) -> Selection:
        """The selection, but for these tasks."""
        gone = frozenset(tasks)
        return Selection({task: cause for task, cause in self.causes.items() if task not in gone})

    def kept(self, groups: Sequence[Group]) -> Selection:
        """What of it still needs a person for the same cause."""
        standing = {(item.task, group.cause) for group in groups for item in group.members}
        left = {task: cause for task, cause in self.causes.items() if (task, cause) in standing}
        return self if len(left) == len(self.causes) else Selection(left)

    def _with(self, groups: Sequence[Group]) -> Selection:
        return Selection({**self.causes, **{item.task: group.cause for group in groups for item in group.members}})
