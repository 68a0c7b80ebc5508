"""The figures of a bench for a terminal, and as Markdown."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from onloop.attention.groups import age
from onloop.bench.bench_plan import BenchPlan
from onloop.bench.comparison import EVERY_TASK, BenchFigures, Compared, ConfigurationFigures, GateFigures
from onloop.cli.output import columns
from onloop.cli.reports.report_markdown import code, own
from onloop.insight.medians import Median, MedianDifference
from onloop.insight.proportions import Share
from onloop.records import Record
from onloop.text import fit, safe

DASH = "–"
_LONGEST = 60
_FIGURES = ("rounds", "time", "lines", "tokens", "cost")
_READ = (
    "Shares have an interval of 95%, medians one as sure as it says; of twenty comparisons, about one errs. "
    "Times are of all trials, of those too that ended early; tokens and cost are what agents told of themselves."
)


class BenchTable(Record):
    """A table; the first `names` columns hold what somebody else may have written."""

    title: str
    about: str
    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    names: int


def text_lines(plan: BenchPlan, figures: BenchFigures) -> Iterator[str]:
    """The figures, safe to print."""
    yield from _facts(plan, figures)
    for table in _tables(figures):
        yield ""
        yield f"{table.title} ({table.about})"
        rows = [_fitted(row, table.names) for row in table.rows]
        yield from columns(rows, header=tuple(name.upper() for name in table.header))


def markdown_lines(plan: BenchPlan, figures: BenchFigures) -> Iterator[str]:
    """The figures as Markdown. What somebody else wrote is in code spans."""
    yield "# Bench"
    yield ""
    for words in _facts(plan, figures):
        yield f"- {own(words)}"
    for table in _tables(figures):
        yield ""
        yield f"## {table.title}"
        yield ""
        yield f"{own(table.about)}:"
        yield ""
        yield f"| {' | '.join(table.header)} |"
        yield f"| {' | '.join('---' for _ in table.header)} |"
        for row in table.rows:
            cells = (code(cell) if place < table.names else own(cell) for place, cell in enumerate(row))
            yield f"| {' | '.join(cells)} |"


def _fitted(row: tuple[str, ...], names: int) -> tuple[str, ...]:
    return (*(fit(safe(cell), _LONGEST) for cell in row[:names]), *row[names:])


def _facts(plan: BenchPlan, figures: BenchFigures) -> Iterator[str]:
    tasks, tried = len(figures.tasks), len(figures.configurations)
    yield (
        f"{figures.done} of {figures.wanted} trials: {tasks} {'task' if tasks == 1 else 'tasks'}, "
        f"{tried} {'configuration' if tried == 1 else 'configurations'}, {plan.repeat} times each"
    )
    isolation = plan.settings.isolation
    yield f"agents worked in a {isolation}" if isolation else "agents worked in clones, as the user who benched"
    yield _READ


def _tables(figures: BenchFigures) -> Iterator[BenchTable]:
    yield BenchTable(
        "Configurations",
        "verified: reached the end past gates that the work did not change",
        ("configuration", "verified", "changed its judge", "out of time", "broken", *_FIGURES),
        tuple(map(_configuration, figures.configurations)),
        1,
    )
    yield BenchTable(
        "Gates",
        "in how many trials each passed in the end, as a verifier says",
        ("task", "gate", "configuration", "passed", "passed what it changed"),
        tuple(map(_gate, figures.gates)),
        3,
    )
    if figures.compared:
        yield BenchTable(
            "Compared",
            "the first less the second",
            ("task", "first", "second", "verified", *_FIGURES),
            tuple(map(_compared, figures.compared)),
            3,
        )


def _configuration(found: ConfigurationFigures) -> tuple[str, ...]:
    return (
        found.name,
        _share(found.verified),
        str(found.changed),
        str(found.out_of_time),
        str(found.broken),
        _median(found.rounds, _plain),
        _median(found.wall_ms, _time),
        _median(found.lines, _plain),
        _median(found.tokens, _plain),
        _median(found.micro_usd, _money),
    )


def _gate(found: GateFigures) -> tuple[str, ...]:
    return (found.task, f"{found.step}/{found.gate}", found.configuration, _share(found.passed), str(found.changed))


def _compared(found: Compared) -> tuple[str, ...]:
    return (
        "all" if found.task == EVERY_TASK else found.task,
        found.first,
        found.second,
        _shares(found),
        _differ(found.rounds, _plain),
        _differ(found.wall_ms, _time),
        _differ(found.lines, _plain),
        _differ(found.tokens, _plain),
        _differ(found.micro_usd, _money),
    )


def _share(share: Share) -> str:
    return f"{share.hits} of {share.of} ({share.low:.0%} to {share.high:.0%})" if share.of else DASH


def _shares(found: Compared) -> str:
    """A difference of shares, and where they are not told apart, how many more repetitions would be about enough."""
    verified = found.verified
    if verified.difference is None:
        return DASH
    words = f"{_points(verified.difference)} ({_points(verified.low)} to {_points(verified.high)})"
    if found.is_told_apart:
        return f"{words}: told apart"
    seen = "n={} and {}".format(*found.counted)
    if found.more is None:
        return f"{words}: not told apart with {seen}"
    return f"{words}: not told apart with {seen}; about {found.more} more would"


def _points(share: float) -> str:
    return f"{round(100 * share):+d}%"


def _median(found: Median, shown: Callable[[float], str]) -> str:
    if found.median is None or found.low is None or found.high is None:
        return DASH
    if found.count == 1:
        return f"{shown(found.median)} (1)"
    return f"{shown(found.median)} ({shown(found.low)} to {shown(found.high)}, {found.sure:.0%})"


def _differ(found: MedianDifference, shown: Callable[[float], str]) -> str:
    if found.difference is None:
        return DASH
    if found.low is None or found.high is None:
        return f"{_signed(found.difference, shown)} (too few)"
    words = f"{_signed(found.difference, shown)} ({_signed(found.low, shown)} to {_signed(found.high, shown)})"
    return f"{words}: told apart" if found.is_told_apart else words


def _signed(figure: float, shown: Callable[[float], str]) -> str:
    return f"{'-' if figure < 0 else '+'}{shown(abs(figure))}"


def _plain(figure: float) -> str:
    return f"{figure:.0f}" if figure == round(figure) else f"{figure:.1f}"


def _money(figure: float) -> str:
    return f"${figure / 1_000_000:.4f}" if figure < 1_000_000 else f"${figure / 1_000_000:.2f}"


def _time(figure: float) -> str:
    return f"{figure / 1000:.1f}s" if figure < 60_000 else age(round(figure))
