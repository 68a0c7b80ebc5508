"""The schemas that are shipped: made of the models, whole, and printed by `onloop schema`."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest

from onloop.cli.json_models import SCHEMA_FOLDER, shipped_schemas
from onloop.cli.json_models.envelope import ErrorJson
from onloop.cli.json_models.schemas import schemas, text_of
from onloop.cli.verb_table import VERBS
from onloop.views.answer import WORDS
from support.printed import model_of
from support.world import ROOT, World

NAMES = sorted(path.stem for path in SCHEMA_FOLDER.glob("*.json"))
SHIPPED = {name: json.loads((SCHEMA_FOLDER / f"{name}.json").read_text("utf-8")) for name in NAMES}
EXIT_ALONE = {"work", "verifier", "serve", "acp", "mcp"}
"""The verbs that go on until they are stopped: they print no more than their exit code."""


def objects(part: Any) -> Iterator[dict[str, Any]]:
    """Every part of a schema that says which fields an object has."""
    if isinstance(part, dict):
        if "properties" in part:
            yield part
        for inner in part.values():
            yield from objects(inner)
    elif isinstance(part, list):
        for inner in part:
            yield from objects(inner)


def test_the_shipped_schemas_are_those_that_the_models_make() -> None:
    made = {f"{name}.json": text_of(schema) for name, schema in schemas()}
    shipped = {path.name: path.read_text("utf-8") for path in SCHEMA_FOLDER.glob("*.json")}

    assert shipped == made, f"{sys.executable} -m onloop.cli.json_models.schemas writes them"


def test_every_verb_has_a_schema_and_so_have_errors_and_workflow_files() -> None:
    assert set(SHIPPED) == {*(row.name for row in VERBS), "onloop", "error", "workflow-file"}


@pytest.mark.parametrize("name", SHIPPED)
def test_a_schema_says_what_it_is_and_leaves_no_field_open(name: str) -> None:
    schema = SHIPPED[name]

    assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    assert schema["title"]
    assert schema["description"]
    for part in objects(schema):
        assert part["additionalProperties"] is False, part
        assert name == "workflow-file" or part["description"], part
    for reference in _references(schema):
        assert reference.removeprefix("#/$defs/") in schema["$defs"]


def _references(part: Any) -> Iterator[str]:
    if isinstance(part, dict):
        yield from (value for key, value in part.items() if key == "$ref")
    for inner in part.values() if isinstance(part, dict) else part if isinstance(part, list) else ():
        yield from _references(inner)


def test_only_verbs_that_go_on_until_they_are_stopped_print_nothing_but_an_exit_code() -> None:
    assert {row.name for row in VERBS if not row.prints} == EXIT_ALONE


def test_the_verdict_has_a_word_for_every_exit_code_that_an_agent_can_meet() -> None:
    assert set(SHIPPED["check"]["properties"]["verdict"]["enum"]) == set(WORDS.values())


@pytest.mark.parametrize(
    "text",
    [
        '{"exit": 0, "unmuted": "x", "more": 1}',
        '{"exit": 0}',
        '{"exit": 3, "unmuted": "x"}',
        '{"exit": 0, "unmuted": 1}',
    ],
)
def test_what_is_printed_beside_the_model_is_noticed(text: str) -> None:
    with pytest.raises(AssertionError, match="fits none of its models"):
        model_of("unmute", text)


def test_the_table_of_verbs_imports_no_model() -> None:
    program = "import sys, onloop.cli.verb_table; print(*(m for m in sys.modules if '.json_models' in m))"
    environment = {"PYTHONPATH": str(ROOT / "core")}
    ran = subprocess.run([sys.executable, "-c", program], env=environment, capture_output=True, text=True, check=True)

    assert ran.stdout == "\n"


def test_schemas_are_listed_and_printed_as_they_are_shipped(tmp_path: Any) -> None:
    world = World(tmp_path)
    listed, one = world.onloop("schema"), world.onloop("schema", "check")
    asked = world.onloop("schema", "check", "--json")

    assert [line.split()[0] for line in listed.out.splitlines()] == list(shipped_schemas())
    assert max(map(len, listed.out.splitlines())) <= 120
    assert json.loads(one.out) == asked.json["schema"] == SHIPPED["check"]
    assert [entry["name"] for entry in world.onloop("schema", "--json").json["schemas"]] == list(shipped_schemas())
    assert json.loads(world.onloop("workflow", "schema").out).items() <= SHIPPED["workflow-file"].items()


def test_a_schema_that_there_is_not_is_refused_with_what_comes_nearest(tmp_path: Any) -> None:
    refused = World(tmp_path).onloop("schema", "chek", "--json")

    assert (refused.code, refused.json["error"]) == (2, "unknown")
    assert "did you mean check?" in refused.json["hint"]
    assert model_of("schema", refused.out) is ErrorJson
