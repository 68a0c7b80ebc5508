"""The JSON Schema of workflow files, for editors."""

from __future__ import annotations

from typing import Any

from onloop.workflow.model import WorkflowFile


def json_schema() -> dict[str, Any]:
    """A JSON Schema (2020-12) that every workflow file that loads is valid under."""
    schema = WorkflowFile.model_json_schema(by_alias=True)
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema, "title": "onloop workflow"}
