"""The whole store at a moment, as the screens need it; news are folded in, and every moment is immutable."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType

from onloop.attention.groups import Group
from onloop.attention.items import Tier
from onloop.gateway.picture import Picture, picture_of
from onloop.machine.house import House
from onloop.machine.task import Task

_DECISIONS = frozenset({Tier.SAFETY, Tier.DECISION})


@dataclass(frozen=True, slots=True)
class Counts:
    """The header's numbers; `needs_you` and `blocked` together are all that waits for a person."""

    needs_you: int
    blocked: int
    causes: int
    running: int
    ready: int
    done: int


@dataclass(frozen=True, slots=True)
class Snapshot:
    """Tasks by id, oldest first, the house, the picture they give, and the log sequence they are read at."""

    tasks: Mapping[str, Task] = field(default_factory=dict)
    house: House = field(default_factory=House)
    seq: int = 0
    picture: Picture = field(default_factory=lambda: picture_of(()))

    def after(self, changed: Sequence[Task], house: House, seq: int) -> Snapshot:
        """The moment that `changed` tasks make of this one."""
        tasks = {**self.tasks, **{task.id: task for task in changed}}
        return Snapshot(MappingProxyType(tasks), house, seq, picture_of(tasks.values()))

    @property
    def groups(self) -> tuple[Group, ...]:
        """What needs a person, one group per cause, most pressing first."""
        return self.picture.groups

    def group(self, cause: str) -> Group | None:
        """The group with that cause."""
        return next((group for group in self.groups if group.cause == cause), None)

    @property
    def counts(self) -> Counts:
        """The numbers of the header."""
        blocked = [group for group in self.groups if group.tier not in _DECISIONS]
        stuck = sum(len(group.members) for group in blocked)
        return Counts(
            needs_you=self.picture.needs_person - stuck,
            blocked=stuck,
            causes=len(blocked),
            running=self.picture.working,
            ready=self.picture.ready,
            done=sum(run.done for run in self.picture.runs),
        )
