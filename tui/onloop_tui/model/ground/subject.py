"""The subject under a cursor, in any view: the thing that keys act on."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class SubjectKind(StrEnum):
    """The kind of thing that a row shows."""

    CAUSE = "cause"
    RUN = "run"
    TASK = "task"
    EVENT = "event"


@dataclass(frozen=True, slots=True)
class Subject:
    """A thing by its id, and the tasks that a decision about it would concern; `gate` is the one that it is, if any."""

    kind: SubjectKind
    id: str
    tasks: tuple[str, ...] = ()
    gate: str = ""

    @property
    def task(self) -> str | None:
        """The task that the sheet shows for it; None if it has none."""
        return self.tasks[0] if self.tasks else None
