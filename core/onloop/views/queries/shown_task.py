"""What `show` and the verbs of decisions read of one task, in one moment."""

from __future__ import annotations

from typing import ClassVar

from onloop.machine.events import Decided, Overridden
from onloop.machine.limits import Id, Key, Millis
from onloop.machine.task import Bypass, Decision, Task
from onloop.records import Record
from onloop.store.codec import Logged, event_from_text
from onloop.store.port import Reading
from onloop.views.dossier import Asked, Dossier, dossier_of
from onloop.views.effective_status import EffectiveStatus, effective_statuses
from onloop.views.known_task import known_task
from onloop.views.query import Query

MOST_EVENTS = 100_000
"""In how many of the newest events of a task a decision is looked for."""


class Shown(Record):
    """A task's dossier, and how it stands as of now."""

    dossier: Dossier
    effective_status: EffectiveStatus


class ReadShown(Query[Shown], frozen=True):
    """A task for a person's eyes, as it stands at `now` (ms), but for what its commit changes."""

    name: ClassVar[str] = "shown"
    task: Id
    now: Millis

    def carry_out(self, reading: Reading) -> Shown:
        """See Query."""
        task = known_task(reading, self.task)
        return Shown(dossier_of(reading, task), effective_statuses(reading, (task,), self.now)[task.id])


class OpenRequests(Record):
    """What a task asks of people, and what was decided under a key before."""

    task: Task
    asked: tuple[Asked, ...]
    decided: Decision | None
    bypassed: Bypass | None = None


class ReadOpenRequests(Query[OpenRequests], frozen=True):
    """What a task asks of people; and what `person` decided under their `key`, whose answer may have been lost."""

    name: ClassVar[str] = "open_requests"
    task: Id
    key: Key = ""
    person: Id | None = None

    def carry_out(self, reading: Reading) -> OpenRequests:
        """See Query."""
        task = known_task(reading, self.task)
        facts = self._recorded(reading)
        decided = next((fact.decision for fact in facts if isinstance(fact, Decided)), None)
        bypassed = next((fact.bypass for fact in facts if isinstance(fact, Overridden)), None)
        return OpenRequests(task, dossier_of(reading, task).asked, decided, bypassed)

    def _recorded(self, reading: Reading) -> tuple[Logged, ...]:
        log = reading.log(task=self.task, limit=MOST_EVENTS, newest=True) if self.key else ()
        mine = (e for e in log if e.key == self.key and (not self.person or e.principal == f"human:{self.person}"))
        return tuple(event_from_text(event.name, event.data) for event in mine)
