"""A report for a terminal: one screen that says how far a run is, what holds it up, and what to do next."""

from __future__ import annotations

from collections.abc import Iterator

from onloop.attention.groups import age
from onloop.cli.output import columns
from onloop.cli.reports.report_document import facts_of
from onloop.cli.reports.report_source import ReportSource
from onloop.text import fit, safe
from onloop.times import time_words
from onloop.views.reporting.fleet_class import CLASS_WORDS, FleetClass
from onloop.views.reporting.report_records import CauseLine, RunReport
from onloop.views.reporting.text_chart import HELD_LEGEND, chart_rows

_HEIGHT = 4
_LONGEST_WORDS, _LONGEST_PLACES = 70, 40


def text_lines(source: ReportSource) -> Iterator[str]:
    """The lines, safe to print."""
    report = source.report
    facts = list(facts_of(report, source.estimate))
    wide = max(len(fact.label) for fact in facts)
    yield safe(f"{report.title}")
    for fact in facts:
        yield safe(f"{fact.label:<{wide}}  {fact.words}")
    yield from _chart(report)
    yield from _causes(report)


def _chart(report: RunReport) -> Iterator[str]:
    burndown, now = report.history.burndown, report.history.at
    points = burndown.points
    if len(points) < 2:
        return
    most = max(point.open for point in points)
    yield ""
    for number, row in enumerate(chart_rows(points, len(points), _HEIGHT)):
        yield f"{most if number == 0 else '':>6} ▕{row.rstrip()}"
    held = f", {HELD_LEGEND}" if any(point.held for point in points) else ""
    yield f"{'open':>6}  {time_words(points[0].at, now)} to {time_words(points[-1].at, now)}{held}"


def _causes(report: RunReport) -> Iterator[str]:
    if not report.causes:
        return
    yield ""
    rows = [_cause_row(line, report.history.at) for line in report.causes]
    yield from columns(rows, header=("CAUSE", "COUNTED AS", "TASKS", "SINCE", "WHERE", "WHAT"))
    if report.hidden_causes:
        yield f"and {report.hidden_causes} more causes"
    blocked = next((line for line in report.causes if line.counted_as is FleetClass.BLOCKED), None)
    if blocked is not None:
        yield ""
        yield safe(f"mend one, then retry one of it, then the rest: onloop retry --cause {blocked.cause} --first 1")


def _cause_row(line: CauseLine, now: int) -> tuple[str, ...]:
    what = f"{line.headline}: {line.detail}" if line.detail else line.headline
    places = fit(safe(", ".join(line.named)), _LONGEST_PLACES)
    since = age(now - line.since)
    words = fit(safe(what), _LONGEST_WORDS)
    return (line.cause, CLASS_WORDS[line.counted_as], str(line.count), since, places, words)
