"""What the verb trigger prints."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

from msgspec import Meta

from onloop.cli.json_models.envelope import AtMs
from onloop.machine.adopted_triggers import ActKind
from onloop.records import Record


class TriggerJson(Record):
    """A trigger that counts."""

    id: str
    source: Annotated[str, Meta(description="The hook at which its events come in.")]
    on: Annotated[Sequence[str], Meta(description="Names of events.")]
    when: Annotated[str, Meta(description="In CEL; empty where every such event counts.")]
    subject: str
    does: ActKind
    workflow: Annotated[str, Meta(description="Of one that starts something.")]


class TriggersJson(Record):
    """The triggers that count, in the order in which they are asked."""

    triggers: Sequence[TriggerJson]
    digest: Annotated[str, Meta(description="sha256 of all that they say; empty where there are none.")]
    by: Annotated[str, Meta(description="Who adopted them.")]
    reason: str


class TriggerTrialJson(Record):
    """What a trigger would do on an event."""

    trigger: str
    acts: bool
    does: str
    why: Annotated[str, Meta(description="Why it does nothing.")]
    subject: str
    revision: str
    title: str
    repository: str
    branch: str


class TriggerTestJson(Record):
    """What the triggers of a file would do on an event; nothing is begun."""

    event: str
    source: str
    triggers: Sequence[TriggerTrialJson]


class TriggerOutcomeJson(Record):
    """What a trigger did on a webhook."""

    trigger: str
    did: Annotated[str, Meta(description="started, folded, signalled, canceled, answered, nothing or failed.")]
    why: str
    subject: str
    task: str


class DeliveryJson(Record):
    """A webhook that came in, and what came of it."""

    id: str
    hook: str
    told: Annotated[str, Meta(description="The id that its sender gave it.")]
    event: str
    at: AtMs
    state: Annotated[str, Meta(description="waiting, done, nothing or failed.")]
    tries: int
    times: Annotated[int, Meta(description="How often it came in.")]
    problem: str
    read: Annotated[str, Meta(description="Where its state was read: payload, or source.")]
    results: Sequence[TriggerOutcomeJson]


class DeliveryShownJson(DeliveryJson):
    """A webhook that came in, and what came of it, shown by itself."""


class DeliveriesJson(Record):
    """The newest webhooks that came in."""

    deliveries: Sequence[DeliveryJson]


class HookJson(Record):
    """A hook that hooks.toml declares."""

    name: str
    kind: str
    path: str
    secrets: int
    problem: Annotated[str, Meta(description="Why it cannot be used; empty where it can.")]


class HooksJson(Record):
    """The declared hooks."""

    hooks: Sequence[HookJson]


class TriggersAdoptedJson(Record):
    """The triggers that count from now on."""

    triggers: Sequence[str]
    digest: str
