"""PURE: the figures of the loop as tables, the same for the terminal, for Markdown, for CSV and for the dashboard."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from enum import StrEnum

from onloop.attention.groups import age
from onloop.insight.measures.loop_figures import FindingKind, JudgingGate, LoopFigures, NamedSpread, PeopleGate
from onloop.insight.measures.samples import SizeClass, Spread
from onloop.machine.budgets import usd_words
from onloop.records import Record
from onloop.times import utc_words
from onloop.views.spending import short_tokens

DASH = "–"
"""What stands where nothing was seen."""

Cell = str | int | Spread | None


class CellShape(StrEnum):
    """How the cells of a column are read."""

    WORDS = "words"
    COUNT = "count"
    TIME = "time"
    """A median in ms, with of how many."""
    MONEY = "money"
    """A median in millionths of a dollar, with of how many."""
    AMOUNT = "amount"
    """A median of a count, with of how many."""
    DAY = "day"
    """A moment in ms, shown as its day in UTC."""


class LoopColumn(Record):
    """A column; what is not `own` somebody else may have written."""

    name: str
    shape: CellShape = CellShape.COUNT
    own: bool = True


class LoopTable(Record):
    """A table: `key` names it in CSV, `about` says in one line how it is read."""

    key: str
    title: str
    about: str
    columns: tuple[LoopColumn, ...]
    rows: tuple[tuple[Cell, ...], ...] = ()
    empty: str = ""

    def shown(self) -> Iterator[tuple[str, ...]]:
        """The rows as text."""
        for row in self.rows:
            yield tuple(shown(cell, column.shape) for cell, column in zip(row, self.columns, strict=True))


FINDING_WORDS = {
    FindingKind.RUBBER_STAMP: "looks like a rubber stamp",
    FindingKind.NEVER_FAILS: "never fails",
    FindingKind.FLAKY: "flaky",
    FindingKind.IDLE_CALL: "called for nothing",
}
_GATE = LoopColumn("gate", CellShape.WORDS, own=False)


def shown(cell: Cell, shape: CellShape) -> str:
    """A cell as text; a dash where nothing was seen."""
    match cell:
        case None | Spread(None):
            return DASH
        case Spread(int(median), count) if shape is CellShape.MONEY:
            return f"{usd_words(median)} ({count})"
        case Spread(int(median), count) if shape is CellShape.AMOUNT:
            return f"{short_tokens(median)} ({count})"
        case Spread(int(median), count):
            return f"{age(median)} ({count})"
        case int() if shape is CellShape.DAY:
            return utc_words(cell)[:10]
        case _:
            return str(cell)


def facts_of(figures: LoopFigures) -> Iterator[tuple[str, str]]:
    """What is said first: a label, and words of ours."""
    since = figures.since if figures.since is not None else figures.first_at
    yield "since", DASH if since is None else utc_words(since)
    yield "until", f"{utc_words(figures.until)}, {figures.events} events read"
    yield "ended tasks", _ended(figures)
    yield "touches", _touches(figures)
    yield "autonomy", _autonomy(figures)
    yield "cycle time", shown(figures.whole, CellShape.TIME)


def tables_of(figures: LoopFigures) -> tuple[LoopTable, ...]:
    """Every table, what deserves a look first."""
    return (
        _findings(figures),
        _human_gates(figures.human_gates),
        _waits(figures.human_gates),
        _machine_gates(figures.machine_gates),
        _calls(figures),
        _idle_calls(figures),
        _hook_refusals(figures),
        _spent("phases", "Cycle time by phase", "phase", "of completed tasks, each phase by itself", figures.phases),
        _spent("times", "What the time goes to", "time", "of completed tasks, each by itself", figures.times),
        _costs(figures),
        _weeks(figures),
    )


def _ended(figures: LoopFigures) -> str:
    told = figures.touches
    return f"{told.ended}, {told.completed} of them completed; {figures.live} go on"


def _touches(figures: LoopFigures) -> str:
    told = figures.touches
    if not told.ended:
        return DASH
    mean = f"{told.touches / told.ended:.2f} for each ended task, median {told.median.median}"
    fleets = f"; {told.of_fleets} on fleets as a whole" if told.of_fleets else ""
    return f"{mean}; {told.untouched} of {told.ended} needed nobody{fleets}"


def _autonomy(figures: LoopFigures) -> str:
    told = figures.autonomy
    if not told.seen:
        return f"{DASH} (of {told.merged} merged changes, none was seen whole)" if told.merged else DASH
    unseen = f"; {told.merged - told.seen} more were not seen whole" if told.merged > told.seen else ""
    share = _share(told.alone, told.seen)
    return f"{told.alone} of {told.seen} merged changes had no push of a person ({share}){unseen}"


def _share(part: int, of: int) -> str:
    return f"{100 * part / of:.0f} %" if of else DASH


def _findings(figures: LoopFigures) -> LoopTable:
    columns = (LoopColumn("what", CellShape.WORDS), _GATE, LoopColumn("why", CellShape.WORDS, own=False))
    rows = tuple((FINDING_WORDS[each.kind], each.gate.words, each.words) for each in figures.findings)
    empty = "nothing, as far as was seen"
    return LoopTable("findings", "Deserves a look", "the rules are in the guide measures", columns, rows, empty)


def _human_gates(gates: Sequence[PeopleGate]) -> LoopTable:
    counts = ("asked", "approved", "unchanged", "sent back", "reversed", "withdrawn", "open", "unread")
    columns = (_GATE, *map(LoopColumn, counts))
    about = "unchanged: never sent back before; reversed: done again or given up later"
    rows = tuple(
        (
            *(each.gate.words, each.asked, each.approved, each.unchanged, each.rejected, each.reversed),
            *(each.withdrawn, each.open, each.unread if each.measured else None),
        )
        for each in gates
    )
    return LoopTable("human_gates", "Gates of people", about, columns, rows, "nothing was asked")


def _waits(gates: Sequence[PeopleGate]) -> LoopTable:
    sizes = tuple(LoopColumn(size.value, CellShape.TIME) for size in SizeClass)
    about = "median by lines changed: S under 50, M under 250, L under 1000; all counts those of unknown size"
    rows = tuple(_wait_row(each) for each in gates if each.decided)
    columns = (_GATE, LoopColumn("all", CellShape.TIME), *sizes)
    return LoopTable("waits", "How long decisions take", about, columns, rows, "nothing was decided")


def _wait_row(gate: PeopleGate) -> tuple[Cell, ...]:
    return (gate.gate.words, gate.waited, *(sized.waited for sized in gate.by_size))


def _machine_gates(gates: Sequence[JudgingGate]) -> LoopTable:
    counts = ("runs", "works", "passed", "failed", "timed out", "errors", "twice", "differed")
    columns = (_GATE, *map(LoopColumn, counts), LoopColumn("took", CellShape.TIME))
    about = "works are different trees; twice, those judged more than once; differed, with different verdicts"
    return LoopTable(
        "machine_gates", "Machine gates", about, columns, tuple(map(_machine_row, gates)), "no gate has run"
    )


def _machine_row(gate: JudgingGate) -> tuple[Cell, ...]:
    counts = (gate.runs, gate.works, gate.passed, gate.failed, gate.timed_out, gate.errors)
    return (gate.gate.words, *counts, gate.twice, gate.disagreed if gate.twice else None, gate.took)


def _calls(figures: LoopFigures) -> LoopTable:
    counts = ("asked", "decided", "ended alone", "ended by people", "expired", "open")
    columns = (LoopColumn("kind", CellShape.WORDS), *map(LoopColumn, counts))
    rows = tuple(
        (each.kind, each.asked, each.decided, each.ended_alone, each.ended_by_people, each.expired, each.open)
        for each in figures.calls
    )
    return LoopTable("calls", "What people were asked", "by kind of request", columns, rows)


def _idle_calls(figures: LoopFigures) -> LoopTable:
    columns = (
        _GATE,
        LoopColumn("kind", CellShape.WORDS),
        LoopColumn("how it ended", CellShape.WORDS, own=False),
        LoopColumn("times"),
        LoopColumn("open for", CellShape.TIME),
        LoopColumn("for example", CellShape.WORDS, own=False),
    )
    rows = tuple((e.gate.words, e.kind, e.why, e.count, e.waited, e.example) for e in figures.idle_calls)
    about = "requests that ended before anybody acted"
    return LoopTable("idle_calls", "Called for nothing", about, columns, rows, "no call ended by itself")


def _hook_refusals(figures: LoopFigures) -> LoopTable:
    columns = (LoopColumn("tried to", CellShape.WORDS, own=False), LoopColumn("times"), LoopColumn("tasks"))
    rows = tuple((each.tried, each.count, each.tasks) for each in figures.hook_refusals)
    about = "before a tool was used, as agents' own processes tell: a figure, and no evidence"
    return LoopTable("hook_refusals", "Refused by hooks", about, columns, rows, "no hook has refused anything")


def _spent(key: str, title: str, name: str, about: str, spent: Sequence[NamedSpread]) -> LoopTable:
    columns = (LoopColumn(name, CellShape.WORDS, own=False), LoopColumn("median", CellShape.TIME))
    rows = tuple((each.name, each.spent) for each in spent)
    return LoopTable(key, title, about, columns, rows, "no task was completed")


def _costs(figures: LoopFigures) -> LoopTable:
    columns = (
        LoopColumn("size", CellShape.WORDS),
        *map(LoopColumn, ("merged", "told in part")),
        LoopColumn("cost", CellShape.MONEY),
        LoopColumn("tokens", CellShape.AMOUNT),
    )
    rows = tuple(
        (each.size.value if each.size else "all", each.merged, each.partly, each.micro_usd, each.tokens)
        for each in figures.costs
        if each.merged
    )
    about = "medians of what agents told, with of how many; told in part: not of every claim, so it is the least"
    return LoopTable("costs", "What merged changes took", about, columns, rows, "nothing was merged")


def _weeks(figures: LoopFigures) -> LoopTable:
    counts = ("ended", "completed", "touches", "decided", "sent back", "for nothing", "merged", "seen whole", "alone")
    columns = (LoopColumn("week of", CellShape.DAY), *map(LoopColumn, counts), LoopColumn("cycle", CellShape.TIME))
    rows = tuple(
        (
            *(week.begins, week.ended, week.completed, week.touches, week.decided, week.rejected, week.idle_calls),
            *(week.merged, week.seen, week.alone, week.whole),
        )
        for week in figures.weeks
    )
    return LoopTable(
        "weeks", "By week", "from Mondays, UTC; touches on the tasks that ended then", columns, rows, "no week yet"
    )
