"""Tasks by id of which a few change at a time: what has not changed is shared by all that came before."""

from __future__ import annotations

from collections.abc import ItemsView, Iterable, Iterator, Mapping, ValuesView

from onloop.machine.task import Task

MOST_OVER = 512
"""So many changed tasks are copied with each change, before all are copied once."""


class LayeredTasks(Mapping[str, Task]):
    """A mapping that never changes, oldest first. `after` costs what has changed, and seldom all of it.

    To copy a hundred thousand tasks takes a millisecond, and to let go of the copy takes another.
    """

    __slots__ = ("_base", "_count", "_over")

    def __init__(self, base: dict[str, Task], over: dict[str, Task] | None = None) -> None:
        self._base = base
        self._over = over if over is not None else {}
        self._count = len(base) + sum(name not in base for name in self._over)

    @classmethod
    def of(cls, tasks: Mapping[str, Task]) -> LayeredTasks:
        """These tasks."""
        return tasks if isinstance(tasks, LayeredTasks) else cls(dict(tasks))

    def after(self, changed: Iterable[Task]) -> LayeredTasks:
        """These tasks with those that have changed; new ones come last."""
        over = self._over.copy()
        over.update((task.id, task) for task in changed)
        if len(over) <= MOST_OVER:
            return LayeredTasks(self._base, over)
        return LayeredTasks({**self._base, **over})

    def __getitem__(self, name: str) -> Task:
        found = self._over.get(name)
        return self._base[name] if found is None else found

    def __contains__(self, name: object) -> bool:
        return name in self._over or name in self._base

    def __len__(self) -> int:
        return self._count

    def __iter__(self) -> Iterator[str]:
        yield from self._base
        yield from (name for name in self._over if name not in self._base)

    def items(self) -> ItemsView[str, Task]:
        """See Mapping; as fast as those of a dict, nearly."""
        return _Items(self)

    def values(self) -> ValuesView[Task]:
        """See Mapping; as fast as those of a dict, nearly."""
        return _Values(self)

    def pairs(self) -> Iterator[tuple[str, Task]]:
        """Each id with its task."""
        over, base = self._over, self._base
        if not over:
            yield from base.items()
            return
        for name, task in base.items():
            yield name, over.get(name, task)
        yield from (pair for pair in over.items() if pair[0] not in base)


class _Items(ItemsView[str, Task]):
    _mapping: LayeredTasks

    def __iter__(self) -> Iterator[tuple[str, Task]]:
        return self._mapping.pairs()


class _Values(ValuesView[Task]):
    _mapping: LayeredTasks

    def __iter__(self) -> Iterator[Task]:
        return (task for _, task in self._mapping.pairs())
