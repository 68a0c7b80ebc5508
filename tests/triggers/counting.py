"""A shop to which webhooks come: taken as the door takes them, carried out as a gateway does."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from gateway.shop import Shop
from onloop.access.opening import GatewayHandle
from onloop.gateway.upkeep import RecordStoreEvent
from onloop.home import Home
from onloop.machine.adopted_triggers import Trigger, TriggersAdopted
from onloop.machine.task import Task
from onloop.store.port import TaskFilter
from onloop.store.rows import Delivery
from onloop.triggers.declared_hooks import Hook
from onloop.triggers.delivery_operations import ReadDeliveries, ReceiveDeliveries
from onloop.triggers.delivery_processing import Freshen, not_freshened, process_waiting
from onloop.triggers.delivery_records import DeliveryOutcome, DeliveryReceipt, outcome_of
from onloop.triggers.hook_proofs import HookKind
from onloop.triggers.hook_routes import taken_delivery
from onloop.triggers.trigger_file import file_digest, load_triggers
from support.hooked import SECRET, github_headers, issue

HOOK = Hook("github", HookKind.GITHUB, (SECRET.encode(),))
FILE = """\
triggers:
  - id: fix-labelled
    source: github
    on: [issues.labeled]
    subject: "issue {event.issue.number}"
    revision: "{event.issue.title}"
    do:
      start:
        workflow: feature
        repository: /srv/shop.git
        branch: main
        title: "Fix #{event.issue.number}: {event.issue.title}"
        brief: "{event.issue.body}"
        inputs: {"issue.md": "{event.issue.body}"}
        labels: [outside]
  - id: tell-edited
    source: github
    on: [issues.edited]
    subject: "issue {event.issue.number}"
    do: {signal: {text: "edited: {event.issue.title}"}}
  - id: answer-assigned
    source: github
    on: [issues.assigned]
    subject: "issue {event.issue.number}"
    do: {answer: {text: "{event.issue.body}"}}
  - id: stop-closed
    source: github
    on: [issues.closed]
    subject: "issue {event.issue.number}"
    do: {cancel: {reason: "{event.issue.title} was closed"}}
"""


@dataclass
class Counter:
    """The shop, and the folder of a store for what asks for one."""

    shop: Shop
    folder: Path
    freshen: Freshen = not_freshened
    said: list[str] = field(default_factory=list)

    @property
    def opened(self) -> GatewayHandle:
        return GatewayHandle(Home(self.folder / "store"), self.shop.gateway)

    def adopt(self, text: str = FILE, reason: str = "agreed") -> tuple[Trigger, ...]:
        """Let these triggers count; their workflow is the shop's."""
        if not self.said:
            self.shop.begin(run="pinned")
            self.said.append("pinned")
        triggers = load_triggers(text.encode(), "triggers.yaml", lambda _: self.shop.definition)
        ana = self.shop.person()
        fact = TriggersAdopted(triggers, file_digest(triggers), ana.id, reason)
        self.shop.gateway.perform(RecordStoreEvent(ana, fact))
        return triggers

    def take(self, body: bytes, event: str = "issues", delivery: str = "d") -> DeliveryReceipt:
        """Take a webhook of GitHub."""
        headers = {name.lower(): value for name, value in github_headers(body, event, delivery).items()}
        taken = taken_delivery(HOOK, headers, body, self.shop.clock())
        (receipt,) = self.shop.gateway.perform(ReceiveDeliveries((taken,)))
        return receipt

    def carry_out(self) -> int:
        """Carry out what waits now."""
        return process_waiting(self.opened, self.freshen)

    def row(self, delivery: str) -> Delivery:
        (found,) = self.shop.gateway.perform(ReadDeliveries(named=delivery))
        return found

    def comes(self, action: str, number: int = 5, **more: Any) -> DeliveryOutcome:
        """A webhook about an issue comes in and is carried out."""
        receipt = self.take(issue(action, number, **more))
        self.carry_out()
        return outcome_of(self.row(receipt.id))

    def did(self, action: str, number: int = 5, **more: Any) -> str:
        """The same, as what the triggers did that did something, or why the first one did not."""
        results = self.comes(action, number, **more).results
        return " ".join(each.did.value for each in results if each.did.value != "nothing") or "nothing"

    @property
    def tasks(self) -> list[Task]:
        """Those that began outside."""
        with self.shop.store.reading() as at:
            return [task for task in at.tasks(TaskFilter()) if task.source is not None]


def hour(number: int) -> str:
    """A time of a day, as events say it."""
    return f"2023-11-14T{number:02}:00:00Z"


def plain(value: Any) -> str:
    return json.dumps(value, sort_keys=True)
