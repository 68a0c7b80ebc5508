"""The JSON Schemas of all that is printed with `--json`: `python -m onloop.cli.json_models.schemas` writes the files.

Each is made of the models that a verb's row names, and of what `envelope` puts around every one of them.
"""

from __future__ import annotations

import importlib
import json
import sys
from collections.abc import Iterator, Sequence
from typing import Any

from msgspec import UNSET, Struct, UnsetType, defstruct, field
from msgspec.json import schema_components
from msgspec.structs import fields

from onloop.cli.json_models import SCHEMA_FOLDER
from onloop.cli.json_models.envelope import ErrorJson, LogHeadJson
from onloop.cli.json_models.standard.standard_schemas import DRAFT, standard_schemas
from onloop.cli.verb_table import DASHBOARD_PRINTS, VERBS
from onloop.errors import Exit
from onloop.records import Record
from onloop.workflow.schema import json_schema


class ExitJson(Record):
    """The exit code, and nothing else."""


def models_named(prints: Sequence[str]) -> tuple[type[Record], ...]:
    """The models that a verb's row names (`module:Class`); of a row that names none, that of the exit code alone."""
    found: list[type[Record]] = []
    for where in prints:
        module, _, name = where.partition(":")
        found.append(getattr(importlib.import_module(f"onloop.cli.json_models.{module}"), name))
    return tuple(found) or (ExitJson,)


def printed(model: type[Record]) -> type[Struct]:
    """The whole object that is printed of a model: after `exit`, and with the log's end after a write.

    The log's end is in `log_head`, and in `head` too, where it takes the place of a `head` of the model.
    """
    own = [
        (
            each.name,
            each.type | LogHeadJson if each.name == "head" else each.type,
            field(name=each.encode_name, default=each.default),
        )
        for each in fields(model)
    ]
    has_head = any(name == "head" for name, _, _ in own)
    head = [] if has_head else [("head", LogHeadJson | UnsetType, UNSET)]
    return defstruct(
        model.__name__,
        [("exit", Exit), *own, *head, ("log_head", LogHeadJson | UnsetType, UNSET)],
        namespace={"__doc__": model.__doc__},
        kw_only=True,
        forbid_unknown_fields=True,
    )


def schemas() -> Iterator[tuple[str, dict[str, Any]]]:
    """Every schema by its name: of verbs, the dashboard's command, errors, files, and the standard's objects."""
    for row in VERBS:
        yield row.name, _schema(f"onloop {row.name} --json", [printed(model) for model in models_named(row.prints)])
    yield "onloop", _schema("onloop --json", [printed(model) for model in models_named(DASHBOARD_PRINTS)])
    yield "error", _schema("What every verb prints with --json when it is refused", [ErrorJson])
    yield "workflow-file", {"$schema": DRAFT, **json_schema()}
    yield from standard_schemas()


def _schema(title: str, models: Sequence[type[Struct]]) -> dict[str, Any]:
    references, definitions = schema_components(models, ref_template="#/$defs/{name}")
    head: dict[str, Any] = {"$schema": DRAFT, "title": title}
    if len(references) > 1:
        about = " Or: ".join(str(model.__doc__) for model in models)
        return {**head, "description": about, "anyOf": list(references), "$defs": definitions}
    (reference,) = references
    whole = definitions.pop(reference["$ref"].rpartition("/")[2])
    return {**head, **{key: value for key, value in whole.items() if key != "title"}, "$defs": definitions}


def text_of(schema: dict[str, Any]) -> str:
    """A schema as its file holds it."""
    return json.dumps(schema, indent=2, ensure_ascii=True) + "\n"


def main() -> None:
    """Write every schema's file anew, remove those that belong to nothing, and name what changed."""
    wanted = {f"{name}.json": text_of(schema) for name, schema in schemas()}
    for stale in (path for path in SCHEMA_FOLDER.glob("*.json") if path.name not in wanted):
        stale.unlink()
        sys.stdout.write(f"removed {stale.name}\n")
    for name, text in wanted.items():
        path = SCHEMA_FOLDER / name
        if not path.is_file() or path.read_text(encoding="utf-8") != text:
            path.write_text(text, encoding="utf-8")
            sys.stdout.write(f"{name}\n")


if __name__ == "__main__":
    main()
