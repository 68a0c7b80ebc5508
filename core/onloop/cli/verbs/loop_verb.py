"""`onloop loop`: how far off the loop the people are, on the terminal or as a document."""

from __future__ import annotations

from onloop.cli.context import Context
from onloop.cli.loop_verb_table import LoopArguments
from onloop.cli.name_checks import check_names
from onloop.cli.output import VerbOutput
from onloop.cli.reports.loop_csv import csv_lines
from onloop.cli.reports.loop_json import loop_json
from onloop.cli.reports.loop_text import markdown_lines, text_lines
from onloop.errors import BadInput
from onloop.insight.measures.loop_fold import LoopFold, LoopScope
from onloop.insight.measures.loop_pages import read_on
from onloop.times import moment_of
from onloop.workflow.duration import milliseconds


def loop(context: Context[LoopArguments]) -> VerbOutput:
    """Read the log once, and say how the loop is."""
    args = context.args
    if args.as_json + args.md + args.csv > 1:
        raise BadInput("stdout cannot hold several formats", hint="one of --json, --md and --csv")
    check_names(context, run=args.run, workflow=args.workflow)
    gateway = context.opened.gateway
    now = gateway.clock()
    fold = LoopFold(LoopScope(since_of(args.since, now), args.run, args.workflow))
    read_on(gateway, fold)
    figures = fold.figures(now)
    if args.as_json:
        return VerbOutput(data=loop_json(figures))
    lines = csv_lines if args.csv else markdown_lines if args.md else text_lines
    return VerbOutput(lines=tuple(lines(figures)))


def since_of(text: str | None, now: int) -> int | None:
    """The moment that is meant: so long ago, or that time."""
    if text is None:
        return None
    moment = moment_of(text, now)
    try:
        since = moment if moment is not None else now - milliseconds(text)
    except BadInput as problem:
        hint = "14d, 12h, 2026-01-31 or 2026-01-31T18:30Z"
        raise BadInput(f"--since {text[:40]!r} is no time", hint=hint) from problem
    if not 0 <= since <= now:
        raise BadInput(f"--since {text[:40]!r} is not in the past", hint="14d, 12h or 2026-01-31")
    return since
