"""Gates that ask outside, out of a workflow file."""

from __future__ import annotations

import json

from onloop.machine import definition as d
from onloop.machine.outside_gates import EVERY_MS, WITHIN_MS
from onloop.workflow.model.outside_parts import ForgePart, HttpPart


def forge_gate(gate_id: str, given: ForgePart) -> d.ForgeGate:
    """The gate that asks a forge."""
    reviews = given.reviews
    return d.ForgeGate(
        id=gate_id,
        checks=tuple(d.CheckDemand(each.name, str(each.app)) for each in given.checks),
        statuses=tuple(d.StatusDemand(each.context, tuple(each.from_)) for each in given.statuses),
        reviews=None if reviews is None else d.ReviewDemand(reviews.count, tuple(reviews.from_)),
        every_ms=given.every or EVERY_MS,
        within_ms=given.within or WITHIN_MS,
    )


def http_gate(gate_id: str, given: HttpPart) -> d.HttpGate:
    """The gate that asks an address of the web."""
    expected = given.json_
    return d.HttpGate(
        id=gate_id,
        url=given.url,
        statuses=(given.status,),
        pointer=None if expected is None else expected.pointer,
        equals="" if expected is None else json.dumps(expected.equals),
        waits_for_status=tuple(given.waits),
        waits_for=() if expected is None else tuple(json.dumps(value) for value in expected.waits),
        every_ms=given.every or EVERY_MS,
        within_ms=given.within or WITHIN_MS,
    )
