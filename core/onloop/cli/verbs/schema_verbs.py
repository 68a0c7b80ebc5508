"""`onloop schema`: the shipped schemas of what is printed with `--json`, and of what is asked over HTTP."""

from __future__ import annotations

import json
from difflib import get_close_matches
from typing import Any

from onloop.cli.arguments import SchemaArguments
from onloop.cli.context import Context
from onloop.cli.json_models import shipped_schemas
from onloop.cli.json_models.build_models import SchemaEntryJson, SchemaJson, SchemasJson
from onloop.cli.output import VerbOutput
from onloop.errors import UnknownThing
from onloop.text import safe

LONGEST_SUMMARY = 100


def schema(context: Context[SchemaArguments]) -> VerbOutput:
    """List the schemas, or print one; UnknownThing names what comes nearest."""
    names = list(shipped_schemas())
    name = context.args.name
    if name is None:
        return _list(names)
    if name not in names:
        near = get_close_matches(name[:60], names, n=1)
        meant = f"did you mean {near[0]}? " if near else ""
        raise UnknownThing(f"there is no schema {name[:60]!r}", hint=f"{meant}onloop schema lists them")
    found = _read(name)
    return VerbOutput(lines=tuple(json.dumps(found, indent=2).splitlines()), data=SchemaJson(found))


def _list(names: list[str]) -> VerbOutput:
    entries = [SchemaEntryJson(name, _summary(_read(name))) for name in names]
    width = max(len(entry.name) for entry in entries)
    lines = tuple(f"{entry.name:<{width}}  {safe(entry.summary, LONGEST_SUMMARY)}" for entry in entries)
    return VerbOutput(lines=lines, data=SchemasJson(entries), notes=("onloop schema NAME prints one of them",))


def _summary(found: dict[str, Any]) -> str:
    about = found.get("description") or found.get("info", {}).get("summary", "")
    return " ".join(str(about).split())


def _read(name: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(shipped_schemas()[name].read_text(encoding="utf-8"))
    return found
