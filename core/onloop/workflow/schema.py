"""The JSON Schemas of workflow files and of policy files, for editors."""

from __future__ import annotations

from typing import Any

from onloop.workflow.model import PolicyFile, WorkflowFile, WorkflowPart


def json_schema() -> dict[str, Any]:
    """A JSON Schema (2020-12). Every workflow file that loads is valid under it."""
    return schema_of_file(WorkflowFile, "onloop workflow")


def policy_schema() -> dict[str, Any]:
    """The same for policy files."""
    return schema_of_file(PolicyFile, "onloop policy")


def schema_of_file(file: type[WorkflowPart], title: str) -> dict[str, Any]:
    """The same for a file of that shape."""
    schema: dict[str, Any] = _without_null(file.model_json_schema(by_alias=True))
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema, "title": title}


def _without_null(node: Any) -> Any:
    """The schema without `null`: a file may leave a field out, but may not leave it empty."""
    if isinstance(node, list):
        return [_without_null(item) for item in node]
    if not isinstance(node, dict):
        return node
    kept = {key: _without_null(value) for key, value in node.items() if value is not None}
    choices = [choice for choice in kept.get("anyOf", ()) if choice != {"type": "null"}]
    if len(choices) == 1:
        del kept["anyOf"]
        return {**choices[0], **kept}
    return {**kept, "anyOf": choices} if choices else kept
