"""The kept answer to `check` and `next`, for an agent elsewhere: what the short path reads from the file."""

from __future__ import annotations

from typing import ClassVar

from onloop.machine.limits import Millis
from onloop.machine.operation import Asker
from onloop.machine.principal import NOBODY, Principal
from onloop.records import Record, replace
from onloop.store.port import Reading
from onloop.store.rows import BriefRow, CachedAnswer, Lease
from onloop.views.query import Query


class ShortAnswer(Record):
    """What the verb prints, and its exit code, if HEAD of the agent's clone is at `commit` or nothing is submitted.

    `store` is the store's id, by which the agent's clone is found.
    """

    store: str
    task: str
    commit: str
    exit: int
    text: str
    json: str


class ReadShortCheck(Query[ShortAnswer | None], frozen=True):
    """What `onloop check` prints for the agent that asks, if that is known without a look at its clone; else None.

    Over a line, the gateway puts in which agent that is, and when.
    """

    name: ClassVar[str] = "check"
    asker: ClassVar[Asker] = Asker.PROVEN
    principal: Principal = NOBODY
    now: Millis = 0

    def carry_out(self, reading: Reading) -> ShortAnswer | None:
        """See Query."""
        return _kept(reading, self.principal, self.now)


class ReadShortNext(Query[ShortAnswer | None], frozen=True):
    """What `onloop next` prints for the agent that asks, if nothing has to be marked as shown; see ReadShortCheck."""

    name: ClassVar[str] = "next"
    asker: ClassVar[Asker] = Asker.PROVEN
    principal: Principal = NOBODY
    now: Millis = 0

    def carry_out(self, reading: Reading) -> ShortAnswer | None:
        """See Query."""
        kept, brief = _kept(reading, self.principal, self.now), reading.get(BriefRow, self.principal.task or "")
        if kept is None or brief is None:
            return None
        return replace(kept, text=brief.text + kept.text, json=f'{kept.json[:-1]}, "brief": {brief.json}}}')


ShortQuery = ReadShortCheck | ReadShortNext


def _kept(reading: Reading, agent: Principal, now: int) -> ShortAnswer | None:
    row, house = reading.get(CachedAnswer, agent.task or ""), reading.house()
    if row is None or row.epoch != agent.epoch or house.freezes or _is_due(reading, row.task, now):
        return None
    return ShortAnswer(house.id, row.task, row.commit_id, row.exit, row.text, row.json)


def _is_due(reading: Reading, task: str, now: int) -> bool:
    """Whether time has moved the task since the answer was kept."""
    lease = reading.get(Lease, task)
    return bool(reading.due(now, task)) or (lease is not None and lease.expires <= now)
