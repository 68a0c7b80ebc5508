"""What verbs print with `--json`, as records; the JSON Schemas that are shipped are made of them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from onloop.remote.http.answers import OPENAPI_FILE

SCHEMA_FOLDER = Path(__file__).parents[1] / "schemas"
"""Where the schemas are, one file each."""


def shipped_schemas() -> Mapping[str, Path]:
    """Every schema that `onloop schema` knows, by its name: what verbs print, and what is asked over HTTP."""
    printed = {path.stem: path for path in SCHEMA_FOLDER.glob("*.json")}
    return dict(sorted({**printed, "openapi": OPENAPI_FILE}.items()))
