"""Every field of a file that people write says what it is for: in the schema that editors read, and in the guide."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from onloop.calls import call_file as call_file
from onloop.guides.catalogue import guide
from onloop.schedules import schedule_file as schedule_file
from onloop.triggers import trigger_file as trigger_file
from onloop.workflow import agent_file as agent_file
from onloop.workflow.model import WorkflowPart
from onloop.workflow.schema import json_schema
from onloop_tui import settings_reader as settings_reader


def _parts(above: type[WorkflowPart] = WorkflowPart) -> Iterator[type[WorkflowPart]]:
    for part in above.__subclasses__():
        yield part
        yield from _parts(part)


def _properties(schema: Any) -> Iterator[tuple[str, dict[str, Any]]]:
    if isinstance(schema, dict):
        yield from schema.get("properties", {}).items()
        schema = list(schema.values())
    for inner in schema if isinstance(schema, list) else ():
        yield from _properties(inner)


@pytest.mark.parametrize("part", _parts(), ids=lambda part: part.__name__)
def test_every_field_of_a_file_that_people_write_is_described(part: type[WorkflowPart]) -> None:
    words = {name: field.description or "" for name, field in part.model_fields.items()}

    assert [name for name, said in words.items() if len(said) < 10 or said.endswith(".")] == []


def test_the_files_of_workflows_agents_and_settings_are_among_them() -> None:
    files = {"WorkflowFile", "AgentFilePart", "SettingsFile", "CallsFilePart", "SchedulesFilePart", "TriggersFile"}
    assert files <= {part.__name__ for part in _parts()}


def test_the_schema_for_editors_describes_every_field_and_gives_examples() -> None:
    found = list(_properties(json_schema()))

    assert len(found) > 100
    assert [name for name, kind in found if not kind.get("description")] == []
    assert any("examples" in kind for _, kind in found)


def test_the_guide_says_what_each_field_is_for() -> None:
    page, schema = guide("workflows").text, json_schema()
    parts = (schema, *(part for part in schema["$defs"].values() if "properties" in part))
    words = [kind["description"] for part in parts for kind in part["properties"].values()]

    assert len(words) > 100
    assert [said for said in words if said.replace("|", "\\|") not in page] == []
