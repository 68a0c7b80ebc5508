"""The operations on webhooks that came in: store them, carry them out, read what came of them, try one again."""

from __future__ import annotations

from typing import Annotated, ClassVar

from onloop.errors import Exit, Refused, UnknownThing
from onloop.gateway.service import Gateway, Write
from onloop.machine.adopted_triggers import MOST_TRIGGERS
from onloop.machine.limits import Id, Items, Millis, Number, Words
from onloop.machine.operation import Asker
from onloop.machine.principal import integration
from onloop.records import replace
from onloop.store.codec import to_text
from onloop.store.port import Reading, Transaction
from onloop.store.rows import Delivery, DeliveryBody
from onloop.text import safe
from onloop.triggers.delivery_acts import carried_out
from onloop.triggers.delivery_records import (
    MOST_AT_ONCE,
    DeliveryOutcome,
    DeliveryReceipt,
    DeliveryState,
    Outcomes,
    PlannedActs,
    TakenDelivery,
    deeds_of,
    outcome_of,
    state_after,
)
from onloop.views.query import Query

TRIES_MS = (1_000, 5_000, 30_000, 120_000, *(600_000,) * 6, *(3_600_000,) * 71)
"""How long is waited before each further try of what an outage stopped; after the last it has failed.

One may last: it is tried for three days, and soon after one that was over within the hour.
"""

LONGEST_HELD_MS = 600_000
"""How long is waited at most before a further try of what is held, as in a freeze: that lasts as long as it lasts."""

RETENTION_MS = 30 * 24 * 3_600_000
MOST_KEPT = 20_000
"""How long, and how many, webhooks are kept that were carried out."""
FORGOTTEN_AT_ONCE = 200


class ReceiveDeliveries(Write[tuple[DeliveryReceipt, ...]], frozen=True):
    """Store webhooks whose senders were proved; the answer says what became of each, in order.

    One that is known is not stored again: what failed or was for no trigger is tried again, as it was stored.
    """

    name: ClassVar[str] = "receive"
    taken: Annotated[tuple[TakenDelivery, ...], Items(MOST_AT_ONCE)]

    def carry_out(self, gateway: Gateway) -> tuple[DeliveryReceipt, ...]:
        """See Write."""
        return gateway.store.transact(lambda tx: tuple(_received(tx, each, gateway.clock()) for each in self.taken))


def _received(tx: Transaction, taken: TakenDelivery, now: int) -> DeliveryReceipt:
    known = tx.get(Delivery, taken.id)
    if known is None:
        waits = DeliveryState.WAITING.value
        tx.put(Delivery(taken.id, taken.hook, taken.told, taken.event, taken.digest, now, waits, now, 0, 1, ""))
        tx.put(DeliveryBody(taken.id, taken.headers, taken.content))
        return DeliveryReceipt(taken.id, "stored")
    again = known.state in {DeliveryState.NOTHING, DeliveryState.FAILED}
    seen = replace(known, times=known.times + 1)
    tx.put(replace(seen, state=DeliveryState.WAITING.value, due=now, tries=0) if again else seen)
    return DeliveryReceipt(taken.id, "again" if again else "known")


class CarryOutDelivery(Write[DeliveryOutcome | None], frozen=True):
    """Do what triggers are to do on a webhook, in one transaction with what is kept of it: so it happens once.

    `triggers` is the digest of those that it was planned by; None where others count by now: it is planned anew.
    Where it is carried out again, a trigger that did something on it does nothing more: what it did stays said.
    """

    name: ClassVar[str] = "carry_out"
    delivery: Id
    triggers: Id
    acts: PlannedActs
    others: Outcomes = ()
    read: Id = "payload"
    problem: Words = ""

    def carry_out(self, gateway: Gateway) -> DeliveryOutcome | None:
        """See Write."""

        def body(tx: Transaction) -> DeliveryOutcome | None:
            row, adopted = tx.get(Delivery, self.delivery), tx.house().triggers
            if row is None or row.state != DeliveryState.WAITING:
                return DeliveryOutcome()
            if (adopted.digest if adopted is not None else "") != self.triggers:
                return None
            by = integration(row.hook)
            before = deeds_of(row)
            acts = (act for act in self.acts if act.trigger not in before)
            did = [carried_out(gateway, tx, by, act, row) for act in acts]
            did += [each for each in self.others if each.trigger not in before]
            order = {each.id: number for number, each in enumerate(adopted.triggers if adopted is not None else ())}
            results = sorted((*did, *before.values()), key=lambda each: order.get(each.trigger, len(order)))
            outcome = DeliveryOutcome(tuple(results[:MOST_TRIGGERS]), self.problem, self.read)
            tx.put(replace(row, state=state_after(outcome).value, due=gateway.clock(), outcome=to_text(outcome)))
            return outcome

        return gateway.store.transact(body)


class PostponeDelivery(Write[bool], frozen=True):
    """Try a webhook again later, because of a trouble that passes; whether it waits, and has not failed for good.

    What is held, and is in no trouble, does not count as a try: it waits as long as it has to.
    """

    name: ClassVar[str] = "postpone"
    delivery: Id
    why: Words
    counts: bool = True

    def carry_out(self, gateway: Gateway) -> bool:
        """See Write."""

        def body(tx: Transaction) -> bool:
            row, now = tx.get(Delivery, self.delivery), gateway.clock()
            if row is None or row.state != DeliveryState.WAITING:
                return False
            outcome, tries = to_text(replace(outcome_of(row), problem=self.why)), row.tries + 1
            if not self.counts:
                wait_ms = min(max(TRIES_MS[0], (now - row.at) // 8), LONGEST_HELD_MS)
                tx.put(replace(row, due=now + wait_ms, outcome=outcome))
                return True
            if tries > len(TRIES_MS):
                tx.put(replace(row, state=DeliveryState.FAILED.value, due=now, tries=tries, outcome=outcome))
                return False
            tx.put(replace(row, due=now + TRIES_MS[tries - 1], tries=tries, outcome=outcome))
            return True

        return gateway.store.transact(body)


class TryDeliveryAgain(Write[str], frozen=True):
    """Carry out a webhook anew; the answer is its id. What a trigger did on it before is not done twice."""

    name: ClassVar[str] = "again"
    delivery: Id

    def carry_out(self, gateway: Gateway) -> str:
        """See Write."""

        def body(tx: Transaction) -> str:
            row = found_delivery(tx, self.delivery)
            if row.state == DeliveryState.WAITING:
                words = f"delivery {row.id} waits to be carried out"
                raise Refused(words, exit=Exit.NOTHING, hint="a resident gateway does it: onloop serve")
            tx.put(replace(row, state=DeliveryState.WAITING.value, due=gateway.clock(), tries=0))
            return row.id

        return gateway.store.transact(body)


class ForgetDeliveries(Write[int], frozen=True):
    """Forget webhooks that were carried out long ago; how many."""

    name: ClassVar[str] = "forget_deliveries"

    def carry_out(self, gateway: Gateway) -> int:
        """See Write."""
        before = gateway.clock() - RETENTION_MS

        def body(tx: Transaction) -> int:
            over = [row for row in tx.select(Delivery) if row.state != DeliveryState.WAITING]
            over.sort(key=lambda row: (row.at, row.id))
            surplus = max(0, len(over) - MOST_KEPT)
            gone = [row for number, row in enumerate(over) if number < surplus or row.at < before][:FORGOTTEN_AT_ONCE]
            for row in gone:
                tx.delete(Delivery, row.id)
                tx.delete(DeliveryBody, row.id)
            return len(gone)

        return gateway.store.transact(body)


class ReadDeliveries(Query[tuple[Delivery, ...]], frozen=True):
    """The webhooks that are kept, the newest first; with `due`, those that wait and are to be carried out by then.

    With `named`, the one of that id, whose id begins so, or that its sender called so.
    """

    name: ClassVar[str] = "deliveries"
    limit: Number = 50
    due: Millis | None = None
    named: Id = ""

    def carry_out(self, reading: Reading) -> tuple[Delivery, ...]:
        """See Query."""
        if self.named:
            return (found_delivery(reading, self.named),)
        if self.due is not None:
            waiting = [
                row for row in reading.select(Delivery, state=DeliveryState.WAITING.value) if row.due <= self.due
            ]
            return tuple(sorted(waiting, key=lambda row: (row.due, row.at, row.id))[: self.limit])
        found = sorted(reading.select(Delivery), key=lambda row: (row.at, row.id), reverse=True)
        return tuple(found[: self.limit])


class ReadDelivery(Query[tuple[Delivery, DeliveryBody | None]], frozen=True):
    """One webhook with what it said, by its id, the beginning of it, or the id that its sender gave it."""

    name: ClassVar[str] = "delivery"
    asker: ClassVar[Asker] = Asker.OWNER
    delivery: Id

    def carry_out(self, reading: Reading) -> tuple[Delivery, DeliveryBody | None]:
        """See Query."""
        row = found_delivery(reading, self.delivery)
        return row, reading.get(DeliveryBody, row.id)


def found_delivery(reading: Reading, name: str) -> Delivery:
    """The webhook of that id, whose id begins so, or to which its sender gave it; UnknownThing where there is none."""
    exact = reading.get(Delivery, name)
    found = [exact] if exact is not None else list(reading.select(Delivery, told=name))
    if not found and len(name) > 3:
        found = [row for row in reading.select(Delivery) if row.id.startswith(name)]
    if len(found) != 1:
        many = f"{len(found)} deliveries are called {safe(name, 60)!r}"
        raise UnknownThing(many if found else f"no delivery {safe(name, 60)!r}", hint="onloop trigger log lists them")
    return found[0]
