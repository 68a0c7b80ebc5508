"""A report as a document without a format: facts, a burndown, and tables whose rows are made when they are wanted."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence

from onloop.attention.groups import age
from onloop.cli.reports.report_source import ReportSource
from onloop.records import Record
from onloop.times import second_words
from onloop.views.reporting.fleet_class import CLASS_WORDS
from onloop.views.reporting.open_counts import Burndown
from onloop.views.reporting.pace import Estimate, rate_words
from onloop.views.reporting.report_records import CauseLine, RunReport, TaskLine
from onloop.views.reporting.wave_lines import WaveLine, strip_words


class Column(Record):
    """A column of a table. What is `own` is in our words; everything else somebody else may have written."""

    name: str
    own: bool = False
    is_number: bool = False


Row = Sequence[str]


class ReportTable(Record):
    """A table with its title; `rows` makes the rows anew. `empty` is said where there are none."""

    title: str
    columns: tuple[Column, ...]
    rows: Callable[[], Iterable[Row]]
    empty: str = ""


class ReportFact(Record):
    """A label and what it says; `own` where that is in our words."""

    label: str
    words: str
    own: bool = True


class ReportDocument(Record):
    """A report: its title, which somebody else wrote, what is said first, the burndown, and the tables in order."""

    title: str
    facts: tuple[ReportFact, ...]
    burndown: Burndown
    tables: tuple[ReportTable, ...]
    closing: Callable[[], str]
    """What is said at the end, when everything has been read."""


_OWN_TIME = Column("when", own=True)


def document_of(source: ReportSource) -> ReportDocument:
    """The document of a report."""
    report = source.report
    return ReportDocument(
        title=report.title or report.run,
        facts=tuple(facts_of(report, source.estimate)),
        burndown=report.history.burndown,
        tables=(*_of_run(report), *_of_tasks(source)),
        closing=source.closing,
    )


def facts_of(report: RunReport, estimate: Estimate) -> Iterator[ReportFact]:
    """What a report says first."""
    history = report.history
    yield ReportFact("fleet" if report.is_fleet else "run", report.run, own=False)
    yield ReportFact("workflow", f"{report.workflow} ({report.definition[:12]})", own=False)
    yield ReportFact("asked for by", report.sponsor, own=False)
    yield ReportFact("began", second_words(history.began))
    if history.ended is None:
        yield ReportFact("as of", f"{second_words(history.at)}, {age(history.at - history.began)} after it began")
    else:
        yield ReportFact("ended", f"{second_words(history.ended)}, {age(history.ended - history.began)} after it began")
    yield ReportFact(
        "state", f"{report.state.value}: {report.detail}" if report.detail else report.state.value, own=False
    )
    yield ReportFact("tasks", counts_words(report))
    if report.waves:
        yield ReportFact("waves", strip_words(report.waves))
    for question in report.asked:
        yield ReportFact("waits for a person", question, own=False)
    yield from _pace_facts(report, estimate)


def counts_words(report: RunReport) -> str:
    """The counts that add up to the run."""
    return " · ".join((*(words for _, words in report.counts.pieces), f"{report.counts.total} in all"))


def _pace_facts(report: RunReport, estimate: Estimate) -> Iterator[ReportFact]:
    if report.history.ended is not None:
        return
    if rate := rate_words(report.history.pace.rate):
        yield ReportFact("rate", f"{rate}, of the last that were completed")
    if estimate.words:
        stuck = report.counts.open - report.counts.moving
        apart = f"; without the {stuck} that need a person" if stuck else ""
        yield ReportFact("estimate", f"{estimate.words}, for the {estimate.left} that move{apart}")


# -- tables of the run


def _of_run(report: RunReport) -> Iterator[ReportTable]:
    if report.waves:
        yield ReportTable("Waves", _WAVE_COLUMNS, lambda: map(_wave_row, report.waves))
    if report.causes:
        yield ReportTable("Causes", _CAUSE_COLUMNS, lambda: map(_cause_row, report.causes))
    if report.history.burndown.gaps:
        yield ReportTable("Stood still", _GAP_COLUMNS, lambda: _gap_rows(report))


_WAVE_COLUMNS = (
    Column("wave", own=True, is_number=True),
    Column("state", own=True),
    *(
        Column(name, own=True, is_number=True)
        for name in ("tasks", "completed", "failed", "at work", "ready", "held", "taken out", "retried")
    ),
    Column("began", own=True),
    Column("passed", own=True),
)
_CAUSE_COLUMNS = (
    Column("cause"),
    Column("counted as", own=True),
    Column("tasks", own=True, is_number=True),
    Column("since", own=True),
    Column("what"),
    Column("where"),
)
_GAP_COLUMNS = (Column("from", own=True), Column("to", own=True), Column("for", own=True), Column("why"))


def _wave_row(line: WaveLine) -> Row:
    counts = (line.size, line.completed, line.failed, line.at_work, line.ready, line.held, line.taken_out, line.retried)
    times = (second_words(at) if at is not None else "" for at in (line.began, line.passed))
    return (str(line.wave), line.state.value, *map(str, counts), *times)


def _cause_row(line: CauseLine) -> Row:
    what = f"{line.headline}: {line.detail}" if line.detail else line.headline
    more = line.count - len(line.named)
    where = ", ".join(line.named) + (f" and {more} more" if more > 0 else "")
    by_people = " (grouped by people)" if line.regrouped else ""
    return (
        line.cause,
        CLASS_WORDS[line.counted_as],
        str(line.count),
        second_words(line.since),
        what + by_people,
        where,
    )


def _gap_rows(report: RunReport) -> Iterator[Row]:
    for gap in report.history.burndown.gaps:
        until = gap.until if gap.until is not None else report.history.at
        to = second_words(gap.until) if gap.until is not None else "still"
        yield (second_words(gap.since), to, age(until - gap.since), gap.why)


# -- tables of its tasks


def _of_tasks(source: ReportSource) -> Iterator[ReportTable]:
    yield ReportTable("Bypassed gates", _DECISION_COLUMNS, lambda: _bypass_rows(source), "no gate was bypassed")
    yield ReportTable("Decisions", _DECISION_COLUMNS, lambda: _decision_rows(source), "nothing was decided")
    yield ReportTable("Effects", _EFFECT_COLUMNS, lambda: _effect_rows(source), "nothing outside was changed")
    yield ReportTable("Tasks", _TASK_COLUMNS, lambda: map(_task_row, source.lines()), "there are no tasks")


_DECISION_COLUMNS = (
    _OWN_TIME,
    Column("who"),
    Column("what", own=True),
    Column("about"),
    Column("task"),
    Column("repository"),
    Column("words"),
)
_EFFECT_COLUMNS = (
    _OWN_TIME,
    Column("effect", own=True),
    Column("task"),
    Column("repository"),
    Column("target"),
    Column("commit"),
)
_TASK_COLUMNS = (
    Column("task"),
    Column("wave", own=True, is_number=True),
    Column("repository"),
    Column("counted as", own=True),
    Column("step"),
    Column("attempts", own=True, is_number=True),
    Column("rounds", own=True, is_number=True),
    Column("began", own=True),
    Column("ended", own=True),
    Column("work", own=True),
    Column("time at steps"),
    Column("cause"),
    Column("detail"),
)


def _decision_rows(source: ReportSource) -> Iterator[Row]:
    report = source.report
    whole = [(each.at, report.run, "the fleet", each) for each in report.decisions]
    for at, task, name, made in source.in_time_order(lambda line: ((each.at, each) for each in line.decisions), whole):
        yield (second_words(at), made.who, made.what, made.about, task, name, made.words)


def _bypass_rows(source: ReportSource) -> Iterator[Row]:
    for at, task, name, made in source.in_time_order(lambda line: ((each.at, each) for each in line.bypasses)):
        yield (second_words(at), made.who, made.what, made.about, task, name, made.words)


def _effect_rows(source: ReportSource) -> Iterator[Row]:
    for at, task, name, done in source.in_time_order(lambda line: ((each.at, each) for each in line.effects)):
        yield (second_words(at), done.kind, task, name, done.target, done.commit)


def _task_row(line: TaskLine) -> Row:
    state = CLASS_WORDS[line.counted_as]
    return (
        line.task,
        str(line.wave or ""),
        line.name,
        f"{state} ({line.reason.value})" if line.reason is not None else state,
        line.step or "",
        str(line.attempts),
        str(line.rounds),
        second_words(line.begun) if line.begun is not None else "",
        second_words(line.ended) if line.ended is not None else "",
        age(line.work_ms) if line.begun is not None else "",
        ", ".join(f"{each.step} {age(each.ms)}" for each in line.steps),
        line.cause,
        line.detail,
    )
