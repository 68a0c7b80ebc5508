"""What is kept of a webhook that was taken, and of what came of it. PURE."""

from __future__ import annotations

from enum import StrEnum
from hashlib import sha256
from typing import Annotated

from onloop.machine.adopted_triggers import MOST_TRIGGERS, ActKind
from onloop.machine.commands import Create
from onloop.machine.limits import Brief, Digest, Id, Items, Millis, Text, Words
from onloop.records import Record
from onloop.store.codec import from_text
from onloop.store.rows import Delivery

LARGEST_BODY = 4 * 1_048_576
"""How many bytes a webhook may have. GitHub sends up to 25 MB, and hardly ever more than one."""

MOST_AT_ONCE = 256
"""How many webhooks are stored in one transaction."""

Subject = Annotated[str, Text(300, foreign=True)]


class DeliveryState(StrEnum):
    """Where a webhook stands."""

    WAITING = "waiting"
    DONE = "done"
    NOTHING = "nothing"
    FAILED = "failed"


class Did(StrEnum):
    """What a trigger did on an event."""

    STARTED = "started"
    FOLDED = "folded"
    SIGNALLED = "signalled"
    CANCELED = "canceled"
    ANSWERED = "answered"
    NOTHING = "nothing"
    FAILED = "failed"


class TakenDelivery(Record):
    """A webhook as it came in, proved and read: stored before it is answered. `id` follows from its identity."""

    id: Id
    hook: Id
    told: Id
    event: Id
    digest: Digest
    headers: Annotated[str, Text(20_000)]
    content: Annotated[str, Text(LARGEST_BODY)]


class DeliveryReceipt(Record):
    """What became of a webhook that came in: it is `stored`, was `known`, or is known and tried `again`."""

    id: str
    became: str


class PlannedFile(Record):
    """A file for the agents of a task that begins."""

    name: Id
    content: Brief


class PlannedAct(Record):
    """What a trigger is to do on an event; where it cannot, `fault` says why."""

    trigger: Id
    kind: ActKind
    subject: Subject
    revision: Subject = ""
    at: Millis = 0
    text: Words = ""
    create: Create | None = None
    files: Annotated[tuple[PlannedFile, ...], Items(21)] = ()
    fault: Words = ""


class TriggerOutcome(Record):
    """What one trigger did on an event, on which subject and task, and why (not)."""

    trigger: Id
    did: Did
    why: Words
    subject: Subject = ""
    task: Id = ""


class DeliveryOutcome(Record):
    """What came of a webhook: of each trigger. `read` says where its state was read: its payload, or the source."""

    results: Annotated[tuple[TriggerOutcome, ...], Items(MOST_TRIGGERS)] = ()
    problem: Words = ""
    read: Id = "payload"


Outcomes = Annotated[tuple[TriggerOutcome, ...], Items(MOST_TRIGGERS)]
PlannedActs = Annotated[tuple[PlannedAct, ...], Items(MOST_TRIGGERS)]


def outcome_of(row: Delivery) -> DeliveryOutcome:
    """What came of a stored webhook."""
    return from_text(DeliveryOutcome, row.outcome) if row.outcome else DeliveryOutcome()


def deeds_of(row: Delivery) -> dict[str, TriggerOutcome]:
    """What triggers did on a stored webhook, by trigger: without those that did nothing, or failed."""
    return {each.trigger: each for each in outcome_of(row).results if each.did not in {Did.NOTHING, Did.FAILED}}


def delivery_id(hook: str, identity: str) -> str:
    """The id under which a webhook is kept: the same for the same hook and identity."""
    return sha256(f"{hook}\n{identity}".encode("utf-8", "surrogatepass")).hexdigest()[:24]


def subject_id(subject: str) -> str:
    """The key under which a subject is kept."""
    return sha256(subject.encode("utf-8", "surrogatepass")).hexdigest()[:32]


def state_after(outcome: DeliveryOutcome) -> DeliveryState:
    """Where a webhook stands with that outcome: failed where a trigger failed, nothing where none did anything."""
    did = {each.did for each in outcome.results}
    if outcome.problem or Did.FAILED in did:
        return DeliveryState.FAILED
    return DeliveryState.DONE if did - {Did.NOTHING} else DeliveryState.NOTHING
