"""The verb of workflow files: those that come along, their schema, and formats of others."""

from __future__ import annotations

from onloop.cli.arguments import WorkflowArguments
from onloop.cli.verb import Reach, Verb, arg

WORKFLOW = Verb(
    "workflow",
    "build",
    "list or print built-in workflows, print the JSON Schema, or import and export formats of others",
    "format_verbs:workflow",
    WorkflowArguments,
    (
        arg(
            "what",
            choices=("list", "schema", "print", "export", "import"),
            help="list, schema, print, export FORMAT NAME, or import FILE",
        ),
        arg("name", nargs="?", help="the built-in to print, the format to export to, or the file to import"),
        arg("file", nargs="?", help="of export: a built-in, or a workflow file"),
        arg("--format", help="of import: the format of the file (default: by its name)", default=""),
        arg("--strict", action="store_true", help="refuse instead of leaving anything out"),
    ),
    prints=(
        "build_models:WorkflowsJson",
        "build_models:SchemaJson",
        "build_models:WorkflowSourceJson",
        "format_models:ImportedJson",
        "format_models:ExportedJson",
    ),
    reach=Reach.NONE,
)
