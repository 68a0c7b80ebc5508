"""What workers say of themselves: that they run, and what each of their slots works at. It decides nothing."""

from __future__ import annotations

from typing import ClassVar

from onloop.errors import Ground, NotAllowed
from onloop.gateway.grants.launcher_scope import grant_now
from onloop.gateway.service import Gateway, Write
from onloop.machine.limits import Id, Number
from onloop.machine.operation import Asker, DeniedAct
from onloop.machine.principal import Principal, PrincipalKind
from onloop.machine.worker_slots import SlotsTold
from onloop.records import replace
from onloop.store.codec import to_text
from onloop.store.port import Transaction
from onloop.store.rows import WorkerRow

MOST_WORKERS = 500
"""How many workers are known of one launcher at a time."""
SAID_MS = 10_000
"""A worker of which nothing has changed is written down again after this long."""
GONE_MS = 3_600_000
"""A worker that said nothing for this long was killed: its row goes."""


class TellWorker(Write[str], frozen=True):
    """A worker runs, with so many slots, some of which are at work; the answer is who asked it to drain, or empty.

    With `gone` it has ended. Nothing is written while nothing has changed and it was heard of not long ago.
    """

    name: ClassVar[str] = "tell_worker"
    asker: ClassVar[Asker] = Asker.PROVEN
    principal: Principal
    worker: Id
    called: Id
    host: Id
    role: Id = ""
    slots: Number = 1
    told: SlotsTold = SlotsTold()
    gone: bool = False

    @property
    def attempt(self) -> DeniedAct:
        """What a denial of it says."""
        return DeniedAct(self.principal, "tell of a worker", self.worker)

    def carry_out(self, gateway: Gateway) -> str:
        """See Write."""
        now = gateway.clock()
        if self.principal.kind is not PrincipalKind.LAUNCHER:
            raise NotAllowed(
                f"{self.principal.id} is no launcher, and has no workers", hint="onloop work", ground=Ground.KIND
            )
        with gateway.store.reading() as reading:
            known, asked = reading.get(WorkerRow, self.worker), reading.house().drains.get(self.worker)
        if self.gone or known is None or self._differs(known, now):
            gateway.store.transact(lambda tx: self._tell(tx, now))
        return asked.by if asked is not None else ""

    def _differs(self, known: WorkerRow, now: int) -> bool:
        return replace(self._row(known.since, now), said_at=known.said_at) != known or now - known.said_at >= SAID_MS

    def _row(self, since: int, now: int) -> WorkerRow:
        return WorkerRow(
            self.worker,
            self.called,
            self.principal.id,
            self.host,
            self.role,
            self.slots,
            to_text(self.told),
            since,
            now,
        )

    def _tell(self, tx: Transaction, now: int) -> None:
        grant_now(tx, self.principal, now)
        known = tx.get(WorkerRow, self.worker)
        if known is not None and known.launcher != self.principal.id:
            words = f"{self.worker} is a worker of {known.launcher}"
            raise NotAllowed(words, hint="give it another name: onloop work --name", ground=Ground.FOREIGN)
        if self.gone:
            if known is not None:
                tx.delete(WorkerRow, self.worker)
            return
        if known is None:
            self._make_room(tx, now)
        tx.put(self._row(known.since if known is not None else now, now))

    def _make_room(self, tx: Transaction, now: int) -> None:
        """Forget the launcher's workers that were killed; refuse one more than there may be."""
        mine = tx.select(WorkerRow, launcher=self.principal.id)
        for row in mine:
            if now - row.said_at >= GONE_MS:
                tx.delete(WorkerRow, row.id)
        if sum(now - row.said_at < GONE_MS for row in mine) >= MOST_WORKERS:
            words = f"{self.principal.id} has {MOST_WORKERS} workers, which is the most there may be"
            raise NotAllowed(words, hint="end some of them: onloop workers", ground=Ground.RULE)
