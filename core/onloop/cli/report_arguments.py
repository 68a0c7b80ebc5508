"""What `onloop report` takes, and its row."""

from __future__ import annotations

from onloop.cli.arguments import Arguments
from onloop.cli.verb import Reach, Verb, arg

FORMATS = ("md", "html", "csv", "json")


class ReportArguments(Arguments, frozen=True, kw_only=True):
    """Of report."""

    run: str
    format: str | None
    out: str | None


REPORT = Verb(
    "report",
    "work",
    "how far a run is, what holds it up, how long the rest may take; or all of it as a document",
    "report_verb:report",
    ReportArguments,
    (
        arg("run", help="the run, or one of its tasks"),
        arg("--format", help="a document: md, html, csv or json (default: text for a terminal)", choices=FORMATS),
        arg("--out", help="the file to write, whose name may say the format (default: stdout)", metavar="FILE"),
    ),
    prints=("report_models:ReportJson", "report_models:ReportWrittenJson"),
    reach=Reach.GATEWAY,
)
