"""`onloop report RUN`: how far a run is and how it came there, on the terminal or as a document."""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import closing, suppress
from itertools import islice
from pathlib import Path

from onloop.cli.context import Context
from onloop.cli.json_models.report_models import ReportWrittenJson
from onloop.cli.name_checks import check_names
from onloop.cli.output import VerbOutput, json_text
from onloop.cli.report_arguments import FORMATS, ReportArguments
from onloop.cli.reports.report_csv import csv_pieces
from onloop.cli.reports.report_document import document_of
from onloop.cli.reports.report_html import html_pieces
from onloop.cli.reports.report_json import report_json
from onloop.cli.reports.report_markdown import markdown_pieces
from onloop.cli.reports.report_source import ReportSource
from onloop.cli.reports.report_text import text_lines
from onloop.errors import BadInput, Unavailable

_AT_ONCE = 200
"""How many pieces of a document are written at a time."""


def report(context: Context[ReportArguments]) -> VerbOutput:
    """The report of a run: text without a format, else a document on stdout or in a file."""
    args = context.args
    shape = _format_of(args)
    check_names(context, task=args.run)
    if shape and shape != "json" and args.as_json and args.out is None:
        raise BadInput(f"stdout cannot hold both {shape} and --json", hint=f"--out FILE, or --format {shape} alone")
    out = _checked(context, Path(args.out)) if args.out is not None else None
    with closing(ReportSource(context.opened.gateway, args.run)) as source:
        if out is not None:
            _write_file(out, _pieces(source, shape))
            words = f"reported: {len(source.report.tasks)} tasks of {source.report.run} to {out}"
            return VerbOutput(lines=(words,), data=ReportWrittenJson(str(out), shape, len(source.report.tasks)))
        if args.as_json or shape == "json":
            return _as_json(source, wanted=args.as_json)
        if not shape:
            return VerbOutput(lines=tuple(text_lines(source)))
        _print_pieces(_pieces(source, shape))
    return VerbOutput()


def _format_of(args: ReportArguments) -> str:
    """The format that is asked for, or that the file's name ends with; empty for text on the terminal."""
    if args.format is not None or args.out is None:
        return args.format or ""
    ending = Path(args.out).suffix.removeprefix(".").lower()
    known = {"markdown": "md", "htm": "html"}.get(ending, ending)
    if known not in FORMATS:
        raise BadInput(f"{args.out!r} does not say a format", hint=f"--format {'|'.join(FORMATS)}")
    return known


def _as_json(source: ReportSource, *, wanted: bool) -> VerbOutput:
    told = VerbOutput(data=report_json(source))
    return told if wanted else VerbOutput(lines=(json_text(told),))


def _pieces(source: ReportSource, shape: str) -> Iterable[str]:
    if shape == "json":
        return (f"{json_text(VerbOutput(data=report_json(source)))}\n",)
    if shape == "csv":
        return csv_pieces(source)
    document = document_of(source)
    return html_pieces(document) if shape == "html" else markdown_pieces(document)


def _chunks(pieces: Iterable[str]) -> Iterator[bytes]:
    left = iter(pieces)
    while chunk := "".join(islice(left, _AT_ONCE)):
        yield chunk.encode("utf-8", "replace")


def _print_pieces(pieces: Iterable[str]) -> None:
    """Write a document to stdout as it is made."""
    try:
        for chunk in _chunks(pieces):
            sys.stdout.buffer.write(chunk)
            sys.stdout.buffer.flush()
    except BrokenPipeError:
        raise  # whoever read us has enough
    except OSError as problem:
        raise Unavailable(f"the report cannot be written: {problem.strerror}", hint="look at stdout") from None


def _checked(context: Context[ReportArguments], out: Path) -> Path:
    """The file, unless it would lie among the store's own, or is no file."""
    store = context.home.store.resolve()
    if store in (out.resolve(), *out.resolve().parents):
        raise BadInput(f"{out} is inside the store", hint="name a file elsewhere")
    if out.exists() and not out.is_file():
        raise BadInput(f"{out} is not a file", hint="--out report.html")
    return out


def _write_file(out: Path, pieces: Iterable[str]) -> None:
    """Write a document beside its place, then put it there: whoever reads the file finds a whole one."""
    try:
        descriptor, name = tempfile.mkstemp(dir=out.parent, prefix=f".{out.name}.")
    except OSError as problem:
        raise Unavailable(f"{out} cannot be written: {problem.strerror}", hint="name another file") from None
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.writelines(_chunks(pieces))
        Path(name).replace(out)
    except BaseException as problem:
        with suppress(OSError):
            Path(name).unlink()
        if isinstance(problem, OSError):
            raise Unavailable(f"{out} cannot be written: {problem.strerror}", hint="name another file") from None
        raise
