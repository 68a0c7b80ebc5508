"""Takes a stored webhook through the triggers that count now: what matches is planned and carried out, once.

A webhook is a hint: where the source can be asked, its state is read again there before conditions are judged.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping, Sequence

from onloop.access.elsewhere.place_hints import leave_hint
from onloop.access.opening import GatewayHandle
from onloop.access.preflight import branch_named
from onloop.access.targets import RunTarget
from onloop.errors import BadInput, OnloopError, Refused, StoreError, Unavailable
from onloop.gateway.port import GatewayPort
from onloop.machine.adopted_triggers import Trigger, TriggersAdopted
from onloop.opened_store import grouping
from onloop.records import Record, replace
from onloop.store.rows import Delivery, DeliveryBody
from onloop.text import safe
from onloop.triggers.act_planning import planned
from onloop.triggers.delivery_acts import PASSING
from onloop.triggers.delivery_operations import CarryOutDelivery, PostponeDelivery, ReadDeliveries, ReadDelivery
from onloop.triggers.delivery_records import Did, PlannedAct, TriggerOutcome
from onloop.triggers.gate_waking import wake_gates_of
from onloop.triggers.hook_events import HookEvent, event_of
from onloop.triggers.hook_hints import hint_of
from onloop.triggers.hook_proofs import HookKind
from onloop.triggers.trigger_matching import matches_of
from onloop.views.queries.reads import ReadStoreState

AT_ONCE, TOGETHER_S = 32, 0.05
"""How many webhooks are looked at in a turn, and how long it is planned before what is planned is written."""

_Step = CarryOutDelivery | PostponeDelivery

Freshen = Callable[[HookEvent], HookEvent | None]
"""Reads an event's state again at its source; None where nobody may ask there. Unavailable where nobody answers."""


class PlannedDelivery(Record):
    """What is to be done on a webhook, and what is to be said of the triggers that do nothing."""

    acts: tuple[PlannedAct, ...]
    others: tuple[TriggerOutcome, ...]
    read: str = "payload"


def not_freshened(event: HookEvent) -> HookEvent | None:
    """No source can be asked: the payload counts."""
    del event
    return None


def kept_headers(kind: HookKind, headers: Mapping[str, str], sent_at: int) -> str:
    """What is kept of a webhook's headers: what says which event it is, and no proof."""
    told = {name: value for name, value in headers.items() if name.startswith("ce-") or name in _KEPT}
    return json.dumps({"kind": kind.value, "sent_at": sent_at, "headers": told})


_KEPT = frozenset({"content-type", "x-github-event", "linear-event"})


def stored_event(row: Delivery, body: DeliveryBody) -> HookEvent:
    """The event of a stored webhook, under the name that it was stored with; it did not happen after it came in."""
    kept = json.loads(body.headers)
    event = event_of(row.hook, HookKind(kept["kind"]), kept["headers"], body.content.encode(), kept["sent_at"])
    return replace(event, at=min(event.at, row.at))


def plan_of(
    triggers: tuple[Trigger, ...], event: HookEvent, branch_of: Callable[[RunTarget], str], freshen: Freshen
) -> PlannedDelivery:
    """What each trigger is to do on an event, and why others do nothing. Troubles that pass are raised."""
    matches, read = matches_of(triggers, event), "payload"
    if any(match.acts for match in matches) and (fresh := freshen(event)) is not None:
        matches, event, read = matches_of(triggers, fresh), fresh, "source"
    acts = tuple(planned(match, event, branch_of) for match in matches if match.acts)
    others = tuple(
        TriggerOutcome(match.trigger.id, Did.NOTHING, match.why[:1_000], match.subject)
        for match in matches
        if not match.acts
    )
    return PlannedDelivery(acts, others, read)


def head_branch(opened: GatewayHandle) -> Callable[[RunTarget], str]:
    """What asks a repository which branch its HEAD names."""

    def named(target: RunTarget) -> str:
        mirror = opened.mirror(target.origin)
        mirror.create()
        return branch_named(mirror, None)

    return named


def process_waiting(opened: GatewayHandle, freshen: Freshen = not_freshened) -> int:
    """Carry out what waits now, the oldest first; how many. A failure of one is kept with it, and stops no other.

    All is planned before it is written, because a source may be slow to answer, and others want to write meanwhile.
    """
    gateway = opened.gateway
    rows = gateway.perform(ReadDeliveries(AT_ONCE, gateway.clock()))
    adopted = gateway.perform(ReadStoreState()).triggers if rows else None
    steps, began = list[_Step](), time.monotonic()
    for row in rows:
        steps.append(_step(opened, row, adopted, freshen))
        if time.monotonic() - began > TOGETHER_S:
            _carry_out(gateway, steps)
            steps, began = [], time.monotonic()
    _carry_out(gateway, steps)
    return len(rows)


def _step(opened: GatewayHandle, row: Delivery, adopted: TriggersAdopted | None, freshen: Freshen) -> _Step:
    """What is to be done on a webhook, or that it is put off."""
    digest, triggers = (adopted.digest, adopted.triggers) if adopted is not None else ("", ())
    try:
        wake_gates_of(opened.gateway, row)
        _, body = opened.gateway.perform(ReadDelivery(row.id))
        if body is None:
            raise BadInput("its body is gone", hint="have it sent again")
        event = stored_event(row, body)
        if (hint := hint_of(event)) is not None:
            leave_hint(opened.home.store, hint)
        plan = plan_of(triggers, event, head_branch(opened), freshen)
    except Exception as problem:  # whatever is wrong with one webhook is said of it, and stops no other
        return _stopped(row.id, digest, problem)
    return CarryOutDelivery(row.id, digest, plan.acts, plan.others, plan.read)


def _carry_out(gateway: GatewayPort, steps: Sequence[_Step]) -> None:
    """Write what was planned in one commit; a step that cannot be written is undone alone, then put off or failed.

    Where the store is in trouble that cannot be written either, and all of it is done again later.
    """
    if not steps:
        return
    with grouping(gateway.store):
        for step in steps:
            try:
                _write(gateway, step)
            except Exception as problem:
                if isinstance(step, PostponeDelivery):
                    raise
                _write(gateway, _stopped(step.delivery, step.triggers, problem))


def _write(gateway: GatewayPort, step: _Step) -> None:
    if isinstance(step, CarryOutDelivery):
        gateway.perform(step)
    else:
        gateway.perform(step)


def _stopped(delivery: str, digest: str, problem: Exception) -> _Step:
    """What is kept of a webhook that something stopped: it is put off where trying again can help, else it failed."""
    if isinstance(problem, OnloopError):
        words = f"{problem.message}; {problem.hint}"[:1_000]
    else:
        words = safe(f"it could not be carried out: {type(problem).__name__}: {problem}; look at what it says", 1_000)
    if isinstance(problem, Refused) and problem.exit in PASSING:  # such as a freeze: no trouble, however long it is
        return PostponeDelivery(delivery, words, counts=False)
    if isinstance(problem, Refused | Unavailable | StoreError | OSError):  # such as an outage, or a full disk
        return PostponeDelivery(delivery, words)
    return CarryOutDelivery(delivery, digest, (), problem=words)
