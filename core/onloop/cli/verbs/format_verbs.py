"""The verb of workflow files: those that come along, and formats of others."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

from onloop.cli.arguments import WorkflowArguments
from onloop.cli.context import Context
from onloop.cli.given_content import content_of
from onloop.cli.json_models.build_models import SchemaJson, WorkflowsJson, WorkflowSourceJson
from onloop.cli.json_models.format_models import ExportedJson, ImportedJson, LossJson
from onloop.cli.output import VerbOutput
from onloop.cli.verbs.workflow_sources import built_in_or_file, included_from
from onloop.errors import BadInput, Exit, WorkflowError
from onloop.interop.formats.losses import Loss
from onloop.text import safe, safe_lines
from onloop.workflow.builtins import builtin, builtins
from onloop.workflow.schema import json_schema

_LOST = "onloop help formats says what each of these means"


def workflow(context: Context[WorkflowArguments]) -> VerbOutput:
    """List the built-ins, print one, print the schema, or read and write a format of others."""
    args = context.args
    if args.what not in {"export", "import"} and (args.file is not None or args.format or args.strict):
        raise BadInput(f"{args.what} takes none of that", hint="onloop help workflow")
    match args.what:
        case "schema":
            schema = json_schema()
            return VerbOutput(lines=(json.dumps(schema, indent=2),), data=SchemaJson(schema))
        case "list":
            return VerbOutput(lines=tuple(builtins()), data=WorkflowsJson(tuple(builtins())))
        case "export":
            return _export(args)
        case "import":
            return _import(args)
        case _:
            return _print(args)


def _print(args: WorkflowArguments) -> VerbOutput:
    if args.name is None:
        raise BadInput("which workflow?", hint=f"onloop workflow print NAME; built-ins: {', '.join(builtins())}")
    source = builtin(args.name).decode()
    return VerbOutput(lines=(source.rstrip("\n"),), data=WorkflowSourceJson(source))


def _export(args: WorkflowArguments) -> VerbOutput:
    from onloop.interop.formats.format_catalogue import (  # here: only two of five need it
        WRITTEN,
        exported,
        format_named,
    )

    formats = ", ".join(each.value for each in WRITTEN)
    if args.name is None or args.format:
        raise BadInput("to which format?", hint=f"onloop workflow export FORMAT NAME; formats: {formats}")
    kind = format_named(args.name, WRITTEN)
    if args.file is None:
        raise BadInput("which workflow?", hint=f"onloop workflow export {kind.value} NAME, or a file")
    found = exported(built_in_or_file(args.file), args.file, kind)
    losses = tuple(_loss(args.file, loss) for loss in found.losses)
    lines = tuple(loss.line(args.file) for loss in found.losses)
    if args.strict and losses:
        raise WorkflowError(lines[:100], hint=f"{kind.value} does not say all of it, and --strict was given")
    data = ExportedJson(kind.value, found.text, losses)
    return VerbOutput(_exit(losses), (safe_lines(found.text, len(found.text)).rstrip("\n"),), data, _notes(lines))


def _import(args: WorkflowArguments) -> VerbOutput:
    from onloop.interop.formats.format_catalogue import READ, format_named, format_of, imported
    from onloop.interop.formats.losses import LARGEST_FILE

    if args.name is None or args.file is not None:
        raise BadInput("which file?", hint="onloop workflow import FILE, or - for standard input with --format FORMAT")
    kind = format_named(args.format, READ) if args.format else format_of(args.name)
    content = content_of(args.name, LARGEST_FILE)
    folder = Path.cwd() if args.name == "-" else Path(args.name).absolute().parent
    found, text = imported(content, args.name, kind, included_from(folder, LARGEST_FILE))
    losses = tuple(_loss(args.name, loss) for loss in found.losses)
    lines = tuple(loss.line(args.name) for loss in found.losses)
    if args.strict and losses:
        raise WorkflowError(lines[:100], hint="a workflow does not say all of it, and --strict was given")
    data = ImportedJson(kind.value, text, losses)
    return VerbOutput(_exit(losses), (safe_lines(text, len(text)).rstrip("\n"),), data, _notes(lines))


def _exit(losses: Sequence[LossJson]) -> Exit:
    return Exit.NOT_YET if losses else Exit.OK


def _notes(lines: Sequence[str]) -> tuple[str, ...]:
    return (*lines, _LOST) if lines else ()


def _loss(file: str, loss: Loss) -> LossJson:
    return LossJson(loss.kind, safe(file, 200), loss.at.line, loss.at.column, safe(loss.what), safe(loss.why))
