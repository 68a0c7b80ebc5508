"""The verb that measures the loop, as data."""

from __future__ import annotations

from onloop.cli.arguments import Arguments
from onloop.cli.verb import RUN, Reach, Verb, arg


class LoopArguments(Arguments, frozen=True, kw_only=True):
    """Of loop."""

    since: str | None
    run: str | None
    workflow: str | None
    md: bool
    csv: bool


LOOP = Verb(
    "loop",
    "work",
    "how far off the loop the people are: touches, what gates cost and catch, calls for nothing, autonomy",
    "loop_verb:loop",
    LoopArguments,
    (
        arg("--since", help="only what ended since: 14d for so long ago, or 2026-01-31 (default: all)", metavar="WHEN"),
        RUN,
        arg("--workflow", help="only tasks of this workflow"),
        arg("--md", help="as Markdown", action="store_true"),
        arg("--csv", help="as CSV, a row for each figure", action="store_true"),
    ),
    prints=("report_models:LoopJson",),
    reach=Reach.GATEWAY,
)
