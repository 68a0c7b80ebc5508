"""What the holder of a lease asks: to keep it, to keep text that it passes on, and what people told it."""

from __future__ import annotations

from typing import ClassVar

from onloop.errors import Exit, NotAllowed, Refused
from onloop.gateway.quota import spend
from onloop.gateway.service import Gateway, Write
from onloop.gateway.store_rules import check_lease
from onloop.machine.commands import MarkNotesShown
from onloop.machine.limits import Id, LeaseMs, Passed
from onloop.machine.messages import Note, unshown
from onloop.machine.operation import Asker, DeniedAct
from onloop.machine.principal import Principal
from onloop.machine.rules.decision_builder import check_holder
from onloop.machine.rules.message_rules import LARGEST_CHECKPOINT, check_size
from onloop.store.port import Transaction
from onloop.store.rows import Lease
from onloop.views.known_task import known_task
from onloop.views.sub_agents import News, take_news

DEFAULT_LEASE_MS = 60_000


class Heartbeat(Write[int], frozen=True):
    """Keep a lease alive; the answer is when it ends now (ms).

    A holder who was away goes on, if nobody wanted the task meanwhile. A lease whose end is recorded is never revived.

    `news` are of the sub-agents in the holder's own process; they are kept as long as the lease.
    """

    name: ClassVar[str] = "heartbeat"
    asker: ClassVar[Asker] = Asker.PROVEN
    principal: Principal
    lease_ms: LeaseMs = DEFAULT_LEASE_MS
    progress: bool = False
    news: News = ()

    @property
    def attempt(self) -> DeniedAct:
        """What a denial of it says."""
        return DeniedAct(self.principal, "heartbeat", self.principal.task or "")

    def carry_out(self, gateway: Gateway) -> int:
        """See Write."""
        agent = self.principal

        def body(tx: Transaction) -> int | Refused:
            gateway.heard_of(tx, agent.task or "", agent.id, agent.epoch)
            lease, now = tx.get(Lease, agent.task or ""), gateway.clock()
            if lease is not None and (lease.agent, lease.epoch) == (agent.id, agent.epoch):
                if lease.expires > now:
                    ends = max(lease.expires, now + self.lease_ms)
                    moved = now if self.progress else lease.progress_at
                    tx.put(Lease(lease.task, lease.epoch, lease.agent, ends, now, moved))
                    take_news(tx, lease, self.news, now)
                    return ends
                gateway.fire_due(tx, lease.task)  # a refusal must hold even if the clock is set back
            return Refused(
                f"{agent.id} no longer holds {agent.task}",
                exit=Exit.NOT_YOURS,
                hint="stop work on it; onloop claim --role ROLE takes another task",
            )

        return gateway.transact(body, about=agent.task or "")


class PassOn(Write[str], frozen=True):
    """Store what the holder of a task passes on, beside the log; the answer is its digest. Refused to others."""

    name: ClassVar[str] = "pass_on"
    asker: ClassVar[Asker] = Asker.PROVEN
    principal: Principal
    content: Passed

    @property
    def attempt(self) -> DeniedAct:
        """What a denial of it says."""
        return DeniedAct(self.principal, "pass on text", self.principal.task or "")

    def carry_out(self, gateway: Gateway) -> str:
        """See Write."""
        agent, content = self.principal, self.content
        check_size(len(content), LARGEST_CHECKPOINT, "what is passed on")

        def body(tx: Transaction) -> str:
            gateway.heard_of(tx, agent.task or "", agent.id, agent.epoch)
            gateway.fire_due(tx, agent.task or "")
            check_holder(known_task(tx, agent.task or ""), agent.id, agent.epoch)
            check_lease(tx, agent)
            spend(tx, agent, content, gateway.clock())
            return tx.put_blob(content)

        return gateway.store.transact(body, about=agent.task or "")


class TakeNotes(Write[tuple[Note, ...]], frozen=True):
    """What people told the holder of a task and it was not shown; from now on it was, in `way`. Others get nothing."""

    name: ClassVar[str] = "take_notes"
    asker: ClassVar[Asker] = Asker.PROVEN
    principal: Principal
    way: Id = ""

    def carry_out(self, gateway: Gateway) -> tuple[Note, ...]:
        """See Write."""
        agent = self.principal

        def body(tx: Transaction) -> tuple[Note, ...]:
            task = known_task(tx, agent.task or "")
            found = unshown(task.notes, agent.epoch)
            if not found or (task.holder, task.epoch) != (agent.id, agent.epoch):
                return ()
            shown = MarkNotesShown(agent.id, agent.epoch, found[-1].number, self.way)
            try:
                gateway.advance(tx, agent, task.id, shown, "")
            except (Refused, NotAllowed):  # frozen, or waiting for a person: it is told when it goes on
                return ()
            return found

        return gateway.store.transact(body, about=agent.task or "")
