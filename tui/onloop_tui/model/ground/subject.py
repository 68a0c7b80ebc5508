"""What a cursor stands on, in any view: the thing that keys are about."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Of(StrEnum):
    """What kind of thing a row is."""

    CAUSE = "cause"
    RUN = "run"
    TASK = "task"
    EVENT = "event"


@dataclass(frozen=True, slots=True)
class Subject:
    """A thing by its id, and the tasks that a decision about it would concern, the first of them first."""

    of: Of
    id: str
    tasks: tuple[str, ...] = ()

    @property
    def task(self) -> str | None:
        """The task that the sheet shows for it; None where it has none."""
        return self.tasks[0] if self.tasks else None
