"""What verbs print with `--json`, as records; the JSON Schemas that are shipped are made of them."""

from __future__ import annotations

from pathlib import Path

SCHEMA_FOLDER = Path(__file__).parents[1] / "schemas"
"""Where the schemas are, one file each."""
