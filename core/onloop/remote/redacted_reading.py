"""A moment of the store as another user may read it: without anything that helps to guess a secret."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import TypeVar

from onloop.errors import Ground, NotAllowed
from onloop.gates.repository.ref_names import split_origin
from onloop.identity.passphrase import without_keys
from onloop.machine.launchers import ANY
from onloop.machine.state import State
from onloop.machine.store_state import PersonEnrolled, StoreState
from onloop.machine.task import Task
from onloop.records import Record, replace
from onloop.store.port import Reading, Recorded, StandingCount, StorePast, TaskFilter
from onloop.store.rows import IdempotencyRecord, Lease, ReadingSession, StoreRow, Token, table_of

R = TypeVar("R", bound=StoreRow)

_SECRET_ROWS = (Token, IdempotencyRecord, ReadingSession)
_KEYS = ("salt", "verifier", "stored_key", "server_key")


class RedactedReading(Record):
    """See Reading. Keys of people are left out, and rows that hold secrets are refused to `who`.

    With `narrow`, what is told of the whole store is what doing work needs: nothing of people; and, of the tasks that
    wait, those for `roles`, where such are given.
    """

    reading: Reading
    who: str
    narrow: bool = False
    roles: tuple[str, ...] = ()

    def task(self, task_id: str) -> Task | None:
        """See Reading.task."""
        found = self.reading.task(task_id)
        return found and _without_credential(found)

    def tasks(self, wanted: TaskFilter) -> Sequence[Task]:
        """See Reading.tasks."""
        return [_without_credential(task) for task in self.reading.tasks(wanted)]

    def task_count(self) -> int:
        """See Reading.task_count."""
        return self.reading.task_count()

    def child_states(self, parent: str) -> Sequence[State]:
        """See Reading.child_states."""
        return self.reading.child_states(parent)

    def claimable(self, roles: Sequence[str], now: int, limit: int | None = None) -> Sequence[tuple[str, str]]:
        """See Reading.claimable."""
        return self.reading.claimable(roles, now, limit)

    def waiting(self, now: int, run: str | None = None) -> Sequence[tuple[str, int]]:
        """See Reading.waiting."""
        found = self.reading.waiting(now, run)
        return [each for each in found if each[0] in self.roles] if self.roles and ANY not in self.roles else found

    def standings(self, fleet: str, wave: int) -> Sequence[StandingCount]:
        """See Reading.standings."""
        return self.reading.standings(fleet, wave)

    def held(self, run: str) -> int:
        """See Reading.held."""
        return self.reading.held(run)

    def house(self) -> StoreState:
        """See Reading.house; without anybody's keys."""
        return self._redacted(self.reading.house())

    def _redacted(self, house: StoreState) -> StoreState:
        if self.narrow:
            return StoreState(house.id, house.scripted, freezes=house.freezes, tolerated=house.tolerated)
        people = {name: without_keys(person) for name, person in house.people.items()}
        launchers = {name: replace(each, digest="") for name, each in house.launchers.items()}
        return replace(house, people=people, launchers=launchers)

    def log(
        self,
        *,
        after: int = 0,
        before: int | None = None,
        limit: int = 1000,
        run: str | None = None,
        task: str | None = None,
        newest: bool = False,
        names: Sequence[str] = (),
    ) -> Sequence[Recorded]:
        """See Reading.log; without anybody's keys."""
        found = self.reading.log(
            after=after, before=before, limit=limit, run=run, task=task, newest=newest, names=names
        )
        return [_without_keys(event) for event in found]

    def past(self, seq: int, tasks: Sequence[str] | None = None) -> StorePast:
        """See Reading.past; as `tasks` and `house` are told."""
        found = self.reading.past(seq, tasks)
        return StorePast(tuple(map(_without_credential, found.tasks)), found.gone, self._redacted(found.house))

    def last_seq(self) -> int:
        """See Reading.last_seq."""
        return self.reading.last_seq()

    def get(self, kind: type[R], key: str) -> R | None:
        """See Reading.get."""
        self._check(kind)
        return self.reading.get(kind, key)

    def select(self, kind: type[R], **equal: str | int | None) -> Sequence[R]:
        """See Reading.select."""
        self._check(kind)
        return self.reading.select(kind, **equal)

    def silent(self, now: int, stall_ms: int) -> Sequence[Lease]:
        """See Reading.silent."""
        return self.reading.silent(now, stall_ms)

    def due(self, now: int, task: str | None = None) -> Sequence[str]:
        """See Reading.due."""
        return self.reading.due(now, task)

    def blob(self, digest: str) -> bytes | None:
        """See Reading.blob."""
        return self.reading.blob(digest)

    def _check(self, kind: type[StoreRow]) -> None:
        if kind in _SECRET_ROWS:
            words = f"{self.who} may not read {table_of(kind)} rows"
            raise NotAllowed(words, hint="ask somebody who can open the store", ground=Ground.PEER)


def _without_credential(task: Task) -> Task:
    """The task, without what its origin's URL holds of a credential in a store of before that was refused."""
    bare = split_origin(task.origin or "").bare
    return task if bare == (task.origin or "") else replace(task, origin=bare)


def _without_keys(event: Recorded) -> Recorded:
    if event.name != PersonEnrolled.__name__:
        return event
    return replace(event, data=json.dumps({**json.loads(event.data), **dict.fromkeys(_KEYS, "")}))
