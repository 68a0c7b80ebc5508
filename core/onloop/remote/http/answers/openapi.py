"""What can be asked over HTTP, as OpenAPI 3.1: made of the list of operations, and shipped as a file.

`python -m onloop.remote.http.answers.openapi` writes the file anew; a test compares.
"""

from __future__ import annotations

import json
import sys
from functools import cache
from typing import Any

from onloop import __version__
from onloop.errors import Exit
from onloop.gateway.operations import every_operation
from onloop.machine.operation import Operation, answer_type, field_hints
from onloop.records import defaults_of
from onloop.remote.http.answers import OPENAPI_FILE
from onloop.remote.http.answers.field_schemas import FieldSchemas, Schema, first_sentence
from onloop.remote.protocol import VERSION
from onloop.store.rows import Head

_PROBLEM = "#/components/responses/Problem"
_ANYBODY = frozenset({"scram_first"})
"""The operations that need no credential."""


@cache
def openapi_text() -> str:
    """The document, as its file holds it."""
    return OPENAPI_FILE.read_text(encoding="utf-8")


def openapi_document() -> Schema:
    """The document, made anew."""
    schemas = FieldSchemas()
    head = schemas.schema(Head)
    paths = {f"/v1/{kind.name}": {"post": _operation(kind, schemas, head)} for kind in every_operation()}
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "onloop",
            "version": __version__,
            "summary": f"The operations of a gateway, protocol {VERSION}.",
            "description": "How to use them: `onloop help http`.",
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "paths": {**paths, **_own_paths()},
        "components": {
            "schemas": {**dict(sorted(schemas.components.items())), "Problem": _PROBLEM_SCHEMA},
            "responses": {"Problem": _PROBLEM_RESPONSE},
            "securitySchemes": _SCHEMES,
            "parameters": _PARAMETERS,
        },
        "security": [{"bearer": []}, {"session": []}],
    }


def _operation(kind: type[Operation[Any]], schemas: FieldSchemas, head: Schema) -> Schema:
    defaults = dict(defaults_of(kind))
    body = schemas.fields(field_hints(kind), defaults, "", named=True)
    answer: Schema = {
        "type": "object",
        "properties": {"ok": schemas.schema(answer_type(kind), named=True), "head": head},
        "required": ["ok"],
        "additionalProperties": False,
    }
    parameters = ["Key"] if defaults.get("key") == "" else []
    parameters += ["Upload"] if kind.name == "submit" else ["Code"]
    return {
        "operationId": kind.name,
        "summary": first_sentence(kind),
        "parameters": [{"$ref": f"#/components/parameters/{name}"} for name in parameters],
        **({"security": []} if kind.name in _ANYBODY else {}),
        "requestBody": {"required": True, "content": _json(body)},
        "responses": {
            "200": {"description": "What it answers.", "headers": _headers(kind.name), "content": _json(answer)},
            "default": {"$ref": _PROBLEM},
        },
    }


def _headers(name: str) -> Schema:
    told = {"scram_first": "Onloop-Session", "hand_in": "Onloop-Upload"}.get(name)
    return {told: {"description": "Name it from now on.", "schema": _TEXT}} if told else {}


def _own_paths() -> Schema:
    after = _query("after", {"type": "integer", "minimum": 0}, "the last sequence that is known")
    named = [_query(word, _TEXT, f"only of that {word}") for word in ("run", "task")]
    events = _get("events", "The log as server-sent events, from a sequence on.", [after, *named, _LAST])
    events["responses"]["200"]["content"] = {"text/event-stream": {"schema": _TEXT}}
    wait = _get(
        "wait",
        "Answers as soon as the store's stamp, or the task's version, is another than the one that was seen.",
        [
            _query("seen", _TEXT, "the stamp that is known"),
            _query("task", _TEXT, "a task to wait for"),
            _query("version", {"type": "integer", "minimum": 0}, "the version of it that is known"),
            _query("timeout", {"type": "integer", "minimum": 0, "maximum": 30}, "how long, in seconds"),
        ],
    )
    upload = {"name": "upload", "in": "path", "required": True, "schema": _TEXT, "description": "as hand_in named it"}
    received = _get("received", "How many bytes of an upload have come.", [upload])
    piece = _get("piece", "Bytes of an upload from an offset on, at most 8 MiB of them.", [upload, _OFFSET])
    piece["requestBody"] = {"required": True, "content": {"application/octet-stream": {"schema": {}}}}
    metrics = _get("metrics", "What was counted, for Prometheus.", [])
    metrics["responses"]["200"]["content"] = {"text/plain": {"schema": _TEXT}}
    health = {path: {"get": _open(path[1:], words)} for path, words in _HEALTH.items()}
    return {
        "/v1/events": {"get": events},
        "/v1/wait": {"get": wait},
        "/v1/uploads/{upload}": {"get": received, "put": piece},
        "/metrics": {"get": metrics},
        **health,
    }


def _get(name: str, about: str, parameters: list[Schema]) -> Schema:
    answer = {"description": "What it answers.", "content": _json({"type": "object"})}
    return {
        "operationId": f"http_{name}",
        "summary": about,
        "parameters": parameters,
        "responses": {"200": answer, "default": {"$ref": _PROBLEM}},
    }


def _open(name: str, about: str) -> Schema:
    return {**_get(name.replace("/", "_").removesuffix(".json"), about, []), "security": []}


def _query(name: str, schema: Schema, about: str) -> Schema:
    return {"name": name, "in": "query", "schema": schema, "description": about}


def _json(schema: Schema) -> Schema:
    return {"application/json": {"schema": schema}}


_TEXT: Schema = {"type": "string"}
_HEALTH = {
    "/healthz": "Whether the process lives.",
    "/readyz": "Whether new requests are wanted: the store answers, and the gateway does not stop.",
    "/v1/openapi.json": "This document.",
}
_LAST: Schema = {"name": "Last-Event-ID", "in": "header", "schema": _TEXT, "description": "the same as `after`"}
_OFFSET: Schema = {**_query("offset", {"type": "integer", "minimum": 0}, "what has come already"), "required": True}
_PARAMETERS: Schema = {
    "Key": {
        "name": "Idempotency-Key",
        "in": "header",
        "schema": {"type": "string", "maxLength": 200},
        "description": "The same as the field `key`: under one key it happens once.",
    },
    "Code": {
        "name": "Onloop-Code",
        "in": "header",
        "schema": {"type": "string", "pattern": "^[0-9]{1,15}:"},
        "description": "A person's code over what they ask: its number and its tag, N:TAG.",
    },
    "Upload": {
        "name": "Onloop-Upload",
        "in": "header",
        "required": True,
        "schema": _TEXT,
        "description": "The upload, as hand_in named it.",
    },
}
_SCHEMES: Schema = {
    "bearer": {"type": "http", "scheme": "bearer", "description": "An agent's, a launcher's, or a session's token."},
    "session": {"type": "apiKey", "in": "header", "name": "Onloop-Session", "description": "A person who proved it."},
}
_PROBLEM_SCHEMA: Schema = {
    "type": "object",
    "description": "An error (RFC 9457) with the exit code that a verb would end with.",
    "properties": {
        **dict.fromkeys(("type", "title", "detail", "code", "hint", "next"), _TEXT),
        "status": {"type": "integer"},
        "exit": {"enum": [int(code) for code in Exit]},
    },
    "required": ["type", "title", "status", "detail", "code", "exit", "hint"],
}
_PROBLEM_RESPONSE: Schema = {
    "description": "What went wrong, and what would work.",
    "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}},
}


def document_text() -> str:
    """The document as its file should hold it."""
    return json.dumps(openapi_document(), indent=1, ensure_ascii=True) + "\n"


def main() -> None:
    """Write the file anew, and name it where it changed."""
    text = document_text()
    if not OPENAPI_FILE.is_file() or OPENAPI_FILE.read_text(encoding="utf-8") != text:
        OPENAPI_FILE.write_text(text, encoding="utf-8")
        sys.stdout.write(f"{OPENAPI_FILE.name}\n")


if __name__ == "__main__":
    main()
