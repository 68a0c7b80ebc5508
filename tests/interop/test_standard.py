"""The standard's own objects: what is really sent fits their schemas, and every state has its word elsewhere."""

from __future__ import annotations

import json
from typing import Any, get_args

import jsonschema_rs
import pytest

from onloop.calls.call_text import CallText, CauseText
from onloop.calls.sending import webhook_body
from onloop.cli.verbs.conformance_verbs import published_schema
from onloop.errors import EXIT_MEANINGS
from onloop.interop.conformance.schema_fit import misfit
from onloop.interop.state_mapping import FOREIGN_STATES
from onloop.machine.events import Event
from onloop.machine.state import State
from onloop.machine.store_state import StoreEvent
from support.world import World

A2A = {
    f"TASK_STATE_{word}"
    for word in (
        "SUBMITTED",
        "WORKING",
        "COMPLETED",
        "FAILED",
        "CANCELED",
        "INPUT_REQUIRED",
        "REJECTED",
        "AUTH_REQUIRED",
    )
}
ACP = {"idle", "running", "requires_action"}


def fits(value: object, name: str) -> bool:
    """Whether a whole validator and the suite's own small one both take it."""
    schema = published_schema(name)
    whole, ours = jsonschema_rs.is_valid(dict(schema), value), not misfit(value, schema)
    assert whole <= ours, misfit(value, schema)
    return whole


def test_every_state_has_a_word_of_a2a_and_of_acp() -> None:
    assert set(FOREIGN_STATES) == set(State)
    assert {seen.a2a for seen in FOREIGN_STATES.values()} <= A2A
    assert {seen.acp for seen in FOREIGN_STATES.values()} <= ACP


def test_what_a_call_sends_fits_the_schema_of_webhooks() -> None:
    cause = CauseText("abcdefgh", "shop waits", "high", "question", ("t1",), 1, 1_000, "", "onloop show t1", "")
    body = dict(webhook_body(CallText("m1", "ana", "onloop: shop waits", (cause,), 2_000)))
    assert fits(json.loads(json.dumps(body)), "webhook")
    assert not fits({**body, "type": "onloop.approved"}, "webhook")


def test_every_event_of_the_log_fits_the_schema_of_events(world: World) -> None:
    world.init()
    world.fleet(world.origin())
    schema = published_schema("event")
    events: list[dict[str, Any]] = world.onloop("log", "--json").json["events"]
    assert len(events) > 5
    for event in events:
        assert fits(event, "event"), event
        part = {"$ref": f"#/$defs/{event['name']}", "$defs": schema["$defs"]}
        assert jsonschema_rs.is_valid(part, json.loads(event["data"])), event


def test_the_schemas_know_every_event_and_every_exit_code() -> None:
    kinds = {kind.__name__ for kind in (*get_args(Event), *get_args(StoreEvent))}
    assert set(published_schema("event")["properties"]["name"]["enum"]) == kinds
    assert kinds <= set(published_schema("event")["$defs"])
    assert [each["const"] for each in published_schema("exit")["oneOf"]] == [code.value for code in EXIT_MEANINGS]


@pytest.mark.parametrize(
    ("value", "schema"),
    [
        ({"a": 1}, {"type": "object", "required": ["b"]}),
        ({"a": "x"}, {"properties": {"a": {"type": "integer"}}}),
        ({"a": True}, {"properties": {"a": {"type": "integer"}}}),
        ({"a": [1, "x"]}, {"properties": {"a": {"type": "array", "items": {"type": "integer"}}}}),
        ({"a": "z"}, {"properties": {"a": {"enum": ["x", "y"]}}}),
        ({"a": 1}, {"properties": {"a": {"anyOf": [{"type": "string"}, {"type": "null"}]}}}),
        ({"a": {}}, {"properties": {"a": {"$ref": "#/$defs/A"}}, "$defs": {"A": {"required": ["b"]}}}),
        (None, {"type": "object"}),
    ],
)
def test_what_does_not_fit_is_seen_and_said_in_words(value: object, schema: dict[str, Any]) -> None:
    assert misfit(value, schema)
    assert not jsonschema_rs.is_valid(schema, value)


def test_fields_that_nobody_knows_yet_are_passed_over() -> None:
    schema = {"type": "object", "properties": {"a": {"type": "integer"}}, "additionalProperties": False}
    assert misfit({"a": 1, "later": {}}, schema) == ""
