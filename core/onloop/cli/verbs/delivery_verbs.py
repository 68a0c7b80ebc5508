"""What webhooks did, and why not; trying one again."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TypeVar

from onloop.cli.context import Context
from onloop.cli.json_models.trigger_models import (
    DeliveriesJson,
    DeliveryJson,
    DeliveryShownJson,
    TriggerOutcomeJson,
)
from onloop.cli.output import VerbOutput
from onloop.cli.trigger_verb_table import TriggerArguments
from onloop.errors import BadInput
from onloop.store.rows import Delivery
from onloop.text import padded, safe
from onloop.times import second_words
from onloop.triggers.delivery_operations import ReadDeliveries, TryDeliveryAgain
from onloop.triggers.delivery_records import DeliveryOutcome, Did, outcome_of

_DeliveryT = TypeVar("_DeliveryT", bound=DeliveryJson)

MOST_LISTED = 1_000
"""How many webhooks are listed at a time."""


def deliveries(context: Context[TriggerArguments]) -> VerbOutput:
    """The newest webhooks, or all about one of them."""
    args, gateway = context.args, context.opened.gateway
    if args.delivery is not None:
        (row,) = gateway.perform(ReadDeliveries(named=args.delivery))
        return VerbOutput(lines=tuple(_told(row)), data=_delivery_json(row, DeliveryShownJson))
    if not 1 <= args.limit <= MOST_LISTED:
        raise BadInput(f"--limit {args.limit} cannot be listed", hint=f"use 1 to {MOST_LISTED}")
    rows = gateway.perform(ReadDeliveries(args.limit))
    none = "no webhook came in: onloop trigger hooks says where they are taken"
    lines = tuple(_line(row) for row in rows)
    return VerbOutput(lines=lines or (none,), data=DeliveriesJson([_delivery_json(row, DeliveryJson) for row in rows]))


def again(context: Context[TriggerArguments]) -> VerbOutput:
    """Have a webhook carried out anew, by whoever serves the store."""
    name = context.args.name or context.args.delivery
    context.check_no_agent("try a webhook again")
    if name is None:
        raise BadInput("which delivery?", hint="onloop trigger again ID; onloop trigger log lists them")
    gateway = context.opened.gateway
    found = gateway.perform(TryDeliveryAgain(name))
    (row,) = gateway.perform(ReadDeliveries(named=found))
    note = f"a resident gateway does it: onloop trigger log --delivery {found}"
    return VerbOutput(lines=(f"waits: {found}",), data=_delivery_json(row, DeliveryShownJson), notes=(note,))


def _line(row: Delivery) -> str:
    outcome = outcome_of(row)
    return safe(
        f"{row.id[:12]}  {second_words(row.at)}  {padded(safe(f'{row.hook} {row.event}', 40), 40)}  "
        f"{padded(row.state, 7)}  {_summary(outcome)}",
        400,
    )


def _summary(outcome: DeliveryOutcome) -> str:
    """What was done, or the reason of the first that did nothing."""
    if outcome.problem:
        return outcome.problem
    did = [each for each in outcome.results if each.did is not Did.NOTHING]
    if did:
        return "; ".join(f"{each.trigger}: {each.did.value} {each.task}".strip() for each in did)
    return f"{outcome.results[0].trigger}: {outcome.results[0].why}" if outcome.results else ""


def _told(row: Delivery) -> Iterator[str]:
    outcome = outcome_of(row)
    yield safe(f"{row.id}: {row.event} at hook {row.hook}, {second_words(row.at)}", 400)
    yield safe(f"its sender calls it {row.told or 'nothing'}; it came {row.times} times; its state is {row.state}", 400)
    if outcome.problem:
        yield safe(f"problem: {outcome.problem} (tried {row.tries} times)", 1_200)
    if outcome.results:
        yield f"read from the {outcome.read}"
    for each in outcome.results:
        about = f" [{each.subject}]" if each.subject else ""
        yield safe(f"  {each.trigger}: {each.did.value}{about}: {each.why}", 1_200)
    if not outcome.results and not outcome.problem and row.state != "waiting":
        yield "no triggers were adopted: onloop trigger adopt FILE"


def _delivery_json(row: Delivery, model: type[_DeliveryT]) -> _DeliveryT:
    outcome = outcome_of(row)
    return model(
        id=row.id,
        hook=row.hook,
        told=row.told,
        event=row.event,
        at=row.at,
        state=row.state,
        tries=row.tries,
        times=row.times,
        problem=outcome.problem,
        read=outcome.read,
        results=[TriggerOutcomeJson(e.trigger, e.did.value, e.why, e.subject, e.task) for e in outcome.results],
    )
