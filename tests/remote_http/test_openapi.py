"""The OpenAPI document: made of the list of operations, shipped as it is made, and true of what goes over the wire."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import jsonschema_rs
import pytest

from gateway.shop import Shop
from gateway.test_operations import QUERIES, furnished
from onloop.gateway.operations import OPERATIONS
from onloop.remote.http.answers import OPENAPI_FILE
from onloop.remote.http.answers.openapi import document_text
from onloop.remote.http.routes import ROUTES
from onloop.remote.protocol import answer_text, request_fields
from onloop.store.memory import MemoryStore
from remote_http.conftest import OpenDoor
from support.world import ROOT

DOCUMENT: dict[str, Any] = json.loads(OPENAPI_FILE.read_text("utf-8"))


def schema_of(name: str, where: str) -> dict[str, Any]:
    """What is said of an operation's request or answer, with everything that it mentions."""
    post = DOCUMENT["paths"][f"/v1/{name}"]["post"]
    part = post["requestBody"] if where == "request" else post["responses"]["200"]
    schema: dict[str, Any] = part["content"]["application/json"]["schema"]
    return {**schema, "components": DOCUMENT["components"]}


def references(part: Any) -> Iterator[str]:
    if isinstance(part, dict):
        yield from (value for key, value in part.items() if key == "$ref")
    for inner in part.values() if isinstance(part, dict) else part if isinstance(part, list) else ():
        yield from references(inner)


def test_the_shipped_document_is_the_one_that_the_operations_make() -> None:
    said = f"{sys.executable} -m onloop.remote.http.answers.openapi writes it"
    assert OPENAPI_FILE.read_text("utf-8") == document_text(), said


def test_every_operation_and_every_route_is_in_it_and_every_reference_leads_somewhere() -> None:
    told = {(method.upper(), path) for path, methods in DOCUMENT["paths"].items() for method in methods}
    special = {(row.method, row.path) for row in ROUTES} - {("POST", "/v1/{operation}")}

    assert told == {("POST", f"/v1/{name}") for name in OPERATIONS} | special
    for reference in references(DOCUMENT):
        _, _, kind, name = reference.split("/")
        assert name in DOCUMENT["components"][kind]
    ids = [part["operationId"] for methods in DOCUMENT["paths"].values() for part in methods.values()]
    assert len(ids) == len(set(ids))


@pytest.mark.parametrize("name", QUERIES)
def test_what_goes_over_the_wire_is_as_the_document_says(name: str) -> None:
    shop = Shop(MemoryStore())
    furnished(shop)
    query = QUERIES[name](shop)
    answer = json.loads(answer_text(query, shop.gateway.perform(query), None))

    jsonschema_rs.validate(schema_of(name, "request"), request_fields(query))
    jsonschema_rs.validate(schema_of(name, "answer"), answer)


@pytest.mark.parametrize(
    ("name", "fields"),
    [
        ("task", {}),
        ("task", {"task": 1}),
        ("task", {"task": "x" * 201}),
        ("task", {"task": "r1", "more": 1}),
        ("log", {"limit": 100_001}),
        ("log", {"after": -1}),
        ("perform", {"principal": {"kind": "human", "name": "ana"}, "task": "r1", "command": ["Fly", {}]}),
        ("keep", {"content": "x" * 30_000_000}),
    ],
)
def test_what_would_be_refused_is_not_as_it_says(name: str, fields: dict[str, Any]) -> None:
    assert not jsonschema_rs.is_valid(schema_of(name, "request"), fields)


def test_it_is_what_the_door_and_the_command_line_answer(door: OpenDoor) -> None:
    told = door.client(None).get("/v1/openapi.json")
    program = (
        "import sys; from onloop.cli.main import run; run(['schema', 'openapi']); print(*sys.modules, file=sys.stderr)"
    )
    environment = {"PYTHONPATH": str(ROOT / "core"), "PATH": "/usr/bin:/bin"}
    ran = subprocess.run([sys.executable, "-c", program], env=environment, capture_output=True, text=True, check=True)

    assert told.json() == json.loads(ran.stdout) == DOCUMENT
    assert not {"starlette", "uvicorn"} & set(ran.stderr.split())
