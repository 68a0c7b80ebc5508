"""The operations on the whole store: facts about it, timers, denials, bytes beside the log, and whose a token is."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import ClassVar

from onloop.errors import Ground
from onloop.gateway.authorize import verb_of
from onloop.gateway.denial_counts import denied_of
from onloop.gateway.schedule import is_away
from onloop.gateway.service import Gateway, Write
from onloop.identity.network_credentials import check_agents_token
from onloop.identity.resolution import agent_from_token, token_digest
from onloop.machine.base_result import BaseResult
from onloop.machine.causes import TimerKind
from onloop.machine.limits import Content, Digest, Id, Key, Odd, Uid
from onloop.machine.operation import Asker, DeniedAct
from onloop.machine.principal import NOBODY, Principal
from onloop.machine.store_state import StoreEvent
from onloop.store.codec import to_text
from onloop.store.port import Reading, Transaction
from onloop.store.rows import BaseResultRow, Lease, TimerRow, Token


class RecordStoreEvent(Write[None], frozen=True):
    """Record a fact about the whole store, and a mark as made now; the same `key` records it once."""

    name: ClassVar[str] = "record"
    asker: ClassVar[Asker] = Asker.PROVEN
    principal: Principal
    event: StoreEvent
    key: Key = ""

    @property
    def attempt(self) -> DeniedAct:
        """What a denial of it says."""
        named = (getattr(self.event, name, "") for name in ("scope", "name", "cause"))
        return DeniedAct(self.principal, verb_of(self.event), next((str(value) for value in named if value), ""))

    def carry_out(self, gateway: Gateway) -> None:
        """See Write."""
        gateway.record(self.principal, self.event, self.key)


class FireTimers(Write[int], frozen=True):
    """Fire every due timer; the answer is the number of tasks that had one. Correctness does not depend on it.

    Leases that have run out stay until somebody wants their tasks: where a machine slept, their holders come back.
    """

    name: ClassVar[str] = "fire_timers"
    asker: ClassVar[Asker] = Asker.ANYBODY

    def carry_out(self, gateway: Gateway) -> int:
        """See Write."""
        with gateway.store.reading() as reading:
            due = due_tasks(reading, gateway.clock())
        for task_id in due:

            def body(tx: Transaction, task_id: str = task_id) -> None:
                gateway.fire_due(tx, task_id, wanted=False)

            gateway.store.transact(body, about=task_id)
        gateway.denials.settle(gateway.store, gateway.clock())
        return len(due)


def due_tasks(reading: Reading, now: int) -> Sequence[str]:
    """The tasks of which something is due that no absent holder keeps, oldest first."""
    return [task for task in reading.due(now) if not _is_kept(reading, task, now)]


def _is_kept(reading: Reading, task: str, now: int) -> bool:
    """Whether all that is due of a task waits for its holder, who is away."""
    lease = reading.get(Lease, task)
    if lease is None or not is_away(lease, now):
        return False
    due = (timer for timer in reading.select(TimerRow, task=task) if timer.at <= now)
    return all(timer.kind == TimerKind.TIMEOUT.value for timer in due)


class CountDenial(Write[None], frozen=True):
    """Count a denial of `principal`. A failure to count is not an error.

    Over a line, it counts for whoever proved themselves there, else for the user.
    """

    name: ClassVar[str] = "deny"
    asker: ClassVar[Asker] = Asker.ANYBODY
    principal: Principal
    verb: Odd
    subject: Odd = ""
    ground: Ground = Ground.KIND

    def carry_out(self, gateway: Gateway) -> None:
        """See Write."""
        now = gateway.clock()
        denied = denied_of(self.principal, self.verb, self.subject, self.ground, gateway.peer, now)
        gateway.denials.count(gateway.store, denied)


class KeepContent(Write[str], frozen=True):
    """Store bytes beside the log; the answer is their digest."""

    name: ClassVar[str] = "keep"
    content: Content

    def carry_out(self, gateway: Gateway) -> str:
        """See Write."""
        return gateway.store.transact(lambda tx: tx.put_blob(self.content))


class KeepBaseResult(Write[None], frozen=True):
    """Keep what a gate gave on a base under base_result_key's `key`; what is kept already stays as it is."""

    name: ClassVar[str] = "keep_base_result"
    key: Digest
    result: BaseResult

    def carry_out(self, gateway: Gateway) -> None:
        """See Write."""
        evidence = self.result.evidence
        row = BaseResultRow(self.key, evidence.head, evidence.gate, to_text(self.result), gateway.clock())

        def body(tx: Transaction) -> None:
            if tx.get(BaseResultRow, self.key) is None:
                tx.put(row)

        gateway.store.transact(body)


class RecogniseAgent(Write[Principal], frozen=True):
    """The agent that a token belongs to; NotAllowed for one that was never given out, was revoked, or is another's.

    `uid` is the user who asks; who opens the file asks as this process's. Over a line, it also proves who speaks.
    """

    name: ClassVar[str] = "agent"
    asker: ClassVar[Asker] = Asker.ANYBODY
    proves: ClassVar[bool] = True
    token: Id
    uid: Uid | None = None

    @property
    def attempt(self) -> DeniedAct:
        """What a denial of it says."""
        return DeniedAct(NOBODY, "use a token")

    def carry_out(self, gateway: Gateway) -> Principal:
        """See Write."""
        with gateway.store.reading() as reading:
            found = agent_from_token(reading, self.token, os.getuid() if self.uid is None else self.uid)
            check_agents_token(reading.house(), reading.get(Token, token_digest(self.token)), gateway.clock())
            return found
