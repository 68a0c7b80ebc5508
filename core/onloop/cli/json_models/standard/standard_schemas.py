"""The schemas of the standard's own objects: what is not printed by one verb alone, as `onloop schema` lists it."""

from __future__ import annotations

import typing
from collections.abc import Iterator, Mapping
from typing import Any

from msgspec.json import schema_components

from onloop.cli.json_models.agent_models import VerdictJson
from onloop.cli.json_models.standard.standard_models import NeedsPersonJson
from onloop.cli.json_models.work_models import TaskJson
from onloop.errors import EXIT_MEANINGS
from onloop.machine.events import Event
from onloop.machine.store_state import StoreEvent
from onloop.machine.task import Decision, Evidence
from onloop.records import Record
from onloop.store.port import Recorded
from onloop.workflow.schema import policy_schema

DRAFT = "https://json-schema.org/draft/2020-12/schema"
REFERENCE = "#/$defs/{name}"

OBJECTS: Mapping[str, tuple[type[Record], str]] = {
    "verdict": (VerdictJson, "Whether a step is achieved: what check, next and submit have in common"),
    "task": (TaskJson, "A task as it is recorded"),
    "evidence": (Evidence, "What a verifier found, as the event GateReported holds it"),
    "decision": (Decision, "What a person decided, as the event Decided holds it"),
    "webhook": (NeedsPersonJson, "What a signed webhook carries when something needs a person"),
}
"""The standard's objects by the names of their schemas, with their titles."""


def standard_schemas() -> Iterator[tuple[str, dict[str, Any]]]:
    """Each schema by its name: of the objects, of events, of policy files, and of exit codes."""
    for name, (kind, title) in OBJECTS.items():
        _, definitions = schema_components([kind], ref_template=REFERENCE)
        whole = definitions.pop(kind.__name__)
        yield name, {"$schema": DRAFT, **whole, "title": title, "$defs": definitions}
    yield "event", event_schema()
    yield "policy-file", policy_schema()
    yield "exit", exit_schema()


def event_schema() -> dict[str, Any]:
    """The schema of an event in the log; what the text in its `data` holds is the definition of its `name`."""
    kinds = (*typing.get_args(Event), *typing.get_args(StoreEvent))
    _, definitions = schema_components([Recorded, *kinds], ref_template=REFERENCE)
    whole = definitions.pop(Recorded.__name__)
    about = "An event in the log. `data` is JSON in a text: what it holds is in $defs under the event's `name`."
    fields = {**whole["properties"], "name": {"enum": sorted(kind.__name__ for kind in kinds)}}
    return {
        "$schema": DRAFT,
        **whole,
        "title": "An event in the log",
        "description": about,
        "properties": fields,
        "$defs": definitions,
    }


def exit_schema() -> dict[str, Any]:
    """The schema of the field `exit`: each exit code, and what it means."""
    codes = [{"const": code.value, "description": words} for code, words in EXIT_MEANINGS.items()]
    return {"$schema": DRAFT, "title": "The exit code of a verb", "description": "An interface.", "oneOf": codes}
