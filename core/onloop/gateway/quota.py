"""How much the agents of a task may have kept beside the log, and how many tasks one account's agents may hold."""

from __future__ import annotations

import json
from hashlib import sha256
from typing import Any

from onloop.errors import Exit, Refused
from onloop.identity.accounts import account_words
from onloop.machine.operation import Operation
from onloop.machine.principal import Principal, PrincipalKind
from onloop.records import MutableRecord, Record, field
from onloop.store.port import Reading, Transaction
from onloop.store.rows import IdempotencyRecord, Lease, idempotency_key

MOST_KEPT = 2_000
LARGEST_KEPT = 32 * 1_048_576
"""How many texts, and how many bytes, the agents of one task may pass on in the task's whole life."""

MOST_HELD = 256
"""How many tasks the agents of one account may hold, and so how many environments are made for them."""

MOST_SUBMITTED = 2_000
LARGEST_SUBMITTED = 512 * 1_048_576
"""How many bundles and artefacts, and how many bytes of them, are kept of a task's submissions, refused ones too."""

LARGEST_LARGE = 4_096 * 1_048_576
"""How many bytes of files in Git LFS are kept of a task's submissions, beside its mirror."""

MOST_AT_ONCE = 1_000
A_SECOND = 5.0
"""How much one account's agents may add to the log about one task, or claim: at once after a rest, and in a second."""

MOST_PACED = 4_096
"""Of how many accounts and tasks the pace is remembered; there are fewer under way anywhere."""

_COUNTED, _SUBMITTED, _LARGE = "gateway:quota", "gateway:quota of submissions", "gateway:quota of large files"


def spend(tx: Transaction, agent: Principal, content: bytes, now: int) -> None:
    """Count what an agent passes on; Refused past a limit. Content that is already stored costs nothing."""
    purse = _Budget(_COUNTED, "passed on", "texts", MOST_KEPT, LARGEST_KEPT)
    _count_content(tx, agent.task or "", purse, content, now)


def spend_submitted(tx: Transaction, task: str, content: bytes, now: int) -> None:
    """Count a bundle or artefact that comes with a submission; Refused past a limit, as `spend`."""
    purse = _Budget(_SUBMITTED, "handed in", "parts", MOST_SUBMITTED, LARGEST_SUBMITTED)
    _count_content(tx, task, purse, content, now)


def spend_large(tx: Transaction, task: str, size: int, now: int) -> None:
    """Count a file in Git LFS that comes with a submission and is not kept yet; Refused past a limit."""
    _count(tx, task, _Budget(_LARGE, "handed in", "files in Git LFS", MOST_SUBMITTED, LARGEST_LARGE), size, now)


class _Budget(Record):
    row: str
    did: str
    what: str
    most: int
    largest: int


def _count_content(tx: Transaction, task: str, purse: _Budget, content: bytes, now: int) -> None:
    if tx.blob(sha256(content).hexdigest()) is None:
        _count(tx, task, purse, len(content), now)


def _count(tx: Transaction, task: str, purse: _Budget, size: int, now: int) -> None:
    place = idempotency_key(purse.row, task)
    known = tx.get(IdempotencyRecord, place)
    told = json.loads(known.reply) if known is not None else {}
    count, total = int(told.get("texts", 0)) + 1, int(told.get("bytes", 0)) + size
    if count > purse.most or total > purse.largest:
        words = f"the agents of {task} have {purse.did} {count - 1} {purse.what} of {total - size} bytes"
        raise Refused(words, exit=Exit.SPENT, hint=f"at most {purse.most} of {purse.largest} bytes are kept for a task")
    tx.put(IdempotencyRecord(place, purse.row, json.dumps({"texts": count, "bytes": total}), now))


class HeldTasks(MutableRecord):
    """The tasks that accounts hold, as far as they were claimed through one resident gateway, with their epochs."""

    _tasks: dict[str, dict[str, int]] = field(default_factory=dict)

    def check(self, account: str, reading: Reading, now: int) -> None:
        """Refuse another task to whoever holds as many as one may at `now` (ms).

        What has ended since does not count, nor what nobody has sent a heartbeat for in time.
        """
        mine = self._tasks.get(account, {})
        if len(mine) < MOST_HELD:
            return
        leases = {task: reading.get(Lease, task) for task in mine}
        alive = {task: found.epoch for task, found in leases.items() if found is not None and found.expires > now}
        mine = {task: epoch for task, epoch in mine.items() if alive.get(task) == epoch}
        self._tasks[account] = mine
        if len(mine) >= MOST_HELD:
            words = f"{account_words(account)} holds {len(mine)} tasks; the maximum is {MOST_HELD}"
            raise Refused(words, exit=Exit.SPENT, hint="finish or release some first")

    def note(self, account: str, task: str, epoch: int) -> None:
        """Somebody has claimed a task."""
        self._tasks.setdefault(account, {})[task] = epoch


def paced_task(operation: Operation[Any]) -> str | None:
    """About which task a request adds to the log at an agent's word, empty for a claim; None where it does not."""
    who = operation.principal_or_none
    if not operation.is_paced or who is None or who.kind is PrincipalKind.HUMAN:
        return None
    return who.task or ""


class Pace(MutableRecord):
    """How fast agents add to the log, which keeps everything for ever: what is refused costs nothing."""

    _left: dict[tuple[str, str], tuple[float, float]] = field(default_factory=dict)

    def check(self, account: str, task: str, now: float) -> None:
        """Refuse what would be too much of one account about one task (empty: of claims), at `now` in seconds."""
        if self._allowance(account, task, now) < 1:
            about = f"about {task} " if task else "by claims "
            raise Refused(
                f"{account_words(account)} adds to the log {about}faster than {A_SECOND:g} times a second",
                exit=Exit.SPENT,
                hint="wait a little, then try again",
            )

    def note(self, account: str, task: str, now: float) -> None:
        """It was done."""
        left = self._allowance(account, task, now) - 1
        if len(self._left) >= MOST_PACED and (account, task) not in self._left:
            del self._left[min(self._left, key=lambda pair: self._left[pair][1])]
        self._left[account, task] = left, now

    def _allowance(self, account: str, task: str, now: float) -> float:
        left, at = self._left.get((account, task), (float(MOST_AT_ONCE), now))
        return min(float(MOST_AT_ONCE), left + (now - at) * A_SECOND)
