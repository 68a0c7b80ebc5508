"""How much the agents of a task may have kept beside the log, and how many tasks one user's agents may hold."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from hashlib import sha256

from onloop.errors import Exit, Refused
from onloop.gateway.identity import Principal
from onloop.store.port import Reading, Transaction
from onloop.store.rows import Lease, Remembered, remembered_key

MOST_KEPT = 2_000
LARGEST_KEPT = 32 * 1_048_576
"""How many texts, and how many bytes of them, the agents of one task may pass on: their lifetime's, not a lease's."""

MOST_HELD = 256
"""How many tasks the agents of one user may hold, and so how many environments are made for them."""

MOST_SUBMITTED = 2_000
LARGEST_SUBMITTED = 512 * 1_048_576
"""How many bundles and artefacts, and how many bytes of them, are kept of a task's submissions, refused ones too."""

_COUNTED, _SUBMITTED = "gateway:quota", "gateway:quota of submissions"


def spend(tx: Transaction, agent: Principal, content: bytes, now: int) -> None:
    """Count what an agent passes on; Refused past a limit. What is stored already costs nothing."""
    _count(tx, agent.task or "", _Purse(_COUNTED, "passed on", "texts", MOST_KEPT, LARGEST_KEPT), content, now)


def spend_submitted(tx: Transaction, task: str, content: bytes, now: int) -> None:
    """Count a bundle or artefact that comes with a submission; Refused past a limit, as `spend`."""
    _count(tx, task, _Purse(_SUBMITTED, "handed in", "parts", MOST_SUBMITTED, LARGEST_SUBMITTED), content, now)


@dataclass(frozen=True, slots=True)
class _Purse:
    row: str
    did: str
    what: str
    most: int
    largest: int


def _count(tx: Transaction, task: str, purse: _Purse, content: bytes, now: int) -> None:
    if tx.blob(sha256(content).hexdigest()) is not None:
        return
    place = remembered_key(purse.row, task)
    known = tx.get(Remembered, place)
    told = json.loads(known.reply) if known is not None else {}
    count, total = int(told.get("texts", 0)) + 1, int(told.get("bytes", 0)) + len(content)
    if count > purse.most or total > purse.largest:
        words = f"the agents of {task} have {purse.did} {count - 1} {purse.what} of {total - len(content)} bytes"
        raise Refused(words, exit=Exit.SPENT, hint=f"at most {purse.most} of {purse.largest} bytes are kept for a task")
    tx.put(Remembered(place, purse.row, json.dumps({"texts": count, "bytes": total}), now))


@dataclass(slots=True)
class Held:
    """The tasks that users hold, as far as they were claimed through one resident gateway, with their epochs."""

    _tasks: dict[int, dict[str, int]] = field(default_factory=dict)

    def check(self, uid: int, reading: Reading) -> None:
        """Refuse another task to a user who holds as many as one may; what has ended since does not count."""
        mine = self._tasks.get(uid, {})
        if len(mine) < MOST_HELD:
            return
        leases = {task: reading.get(Lease, task) for task in mine}
        mine = {task: epoch for task, epoch in mine.items() if (now := leases[task]) and now.epoch == epoch}
        self._tasks[uid] = mine
        if len(mine) >= MOST_HELD:
            words = f"user {uid} holds {len(mine)} tasks, and {MOST_HELD} is the most"
            raise Refused(words, exit=Exit.SPENT, hint="let some be finished or released first")

    def note(self, uid: int, task: str, epoch: int) -> None:
        """A user has claimed a task."""
        self._tasks.setdefault(uid, {})[task] = epoch
