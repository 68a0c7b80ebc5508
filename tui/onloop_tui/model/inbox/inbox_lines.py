"""The Inbox as lines: one row per cause, and the lines of an empty Inbox."""

from __future__ import annotations

from collections.abc import Mapping

from onloop.attention.board import HowHidden
from onloop.attention.groups import Group, age
from onloop.attention.lifecycle import Life, Stage
from onloop.machine.state import State
from onloop_tui.model.drawing.signs import Sign, sign_for
from onloop_tui.model.drawing.terminal_text import fit
from onloop_tui.model.drawing.text_line import Line, Span, Tone, fitted, flowed, line, spread
from onloop_tui.model.filter.filters import Filter
from onloop_tui.model.ground.selection import Selection
from onloop_tui.model.ground.snapshot import Snapshot, reading_words
from onloop_tui.model.inbox.order import InboxRow

ROW_HEIGHT = 2
_SIGN = 12
LIFE_SIGNS: Mapping[Stage, Sign] = {
    Stage.NEW: Sign("+", "new", Tone.ACCENT),
    Stage.SEEN: Sign("·", "seen", Tone.DIM),
    Stage.ACKNOWLEDGED: Sign("✓", "acked", Tone.GOOD),
}
"""The signs of the stages of a cause."""

HIDDEN_SIGNS: Mapping[HowHidden, Sign] = {
    HowHidden.INHIBITED: Sign("‖", "inhibited", Tone.DIM),
    HowHidden.MUTED: Sign("×", "muted", Tone.WARN),
    HowHidden.SNOOZED: Sign("z", "snoozed", Tone.WARN),
    HowHidden.ACKNOWLEDGED: Sign("✓", "acked", Tone.GOOD),
}
"""The signs of the ways to hide a cause."""


def row_lines(row: InboxRow, marked: int, now: int, width: int) -> tuple[Line, Line]:
    """A row: the cause, whose part it is and since when; below it, its stage, its cause in words, and who may act."""
    group = row.group
    head = (sign_for(State.INPUT_REQUIRED, group.reason).span(_SIGN), Span(group.headline, Tone.STRONG))
    where = (
        *((Span(f"{marked} of {len(group.members)} marked  ", Tone.ACCENT),) if marked else ()),
        Span(f"{_where(row, width)}  ", Tone.UNTRUSTED),
        *((Span("overdue ", Tone.BAD),) if group.is_overdue(now) else ()),
        Span(age(now - group.since).rjust(6), Tone.DIM),
    )
    below = (_stage(row).span(_SIGN), *_news(row), *_cause(row))
    who = (Span(fit(row.who, max(12, width // 3))),) if row.who else ()
    return spread(head, where, width), spread(below, who, width)


def _stage(row: InboxRow) -> Sign:
    return LIFE_SIGNS[row.life.stage] if row.hidden is None else HIDDEN_SIGNS[row.hidden.how]


def _news(row: InboxRow) -> Line:
    """The number of tasks that joined since somebody looked."""
    joined = row.life.news if row.hidden is None and row.life.stage is not Stage.NEW else 0
    return (Span(f"+{joined} since  ", Tone.ACCENT),) if joined else ()


def _where(row: InboxRow, width: int) -> str:
    return fit(row.where or row.group.members[0].task, max(16, width // 3))


def _cause(row: InboxRow) -> Line:
    """The cause in words; for a hidden one, how it is hidden."""
    if row.hidden is not None:
        return (Span(row.hidden.words[:2000]),)
    group = row.group
    words = group.detail.strip().split("\n")[0]
    if words:
        return (*_texts(group), Span(words[:2000], Tone.UNTRUSTED))
    titles = sorted({member.title for member in group.members[:_MOST_TITLES]})
    return (Span(f"{group.workflow}: {', '.join(titles)[:2000]}", Tone.DIM),)


_MOST_TITLES = 50


def _texts(group: Group) -> Line:
    """How many texts share the cause, and that people made it what it is."""
    texts = (Span(f"{group.text_count} texts  ", Tone.ACCENT),) if group.text_count > 1 else ()
    return (*((Span("regrouped  ", Tone.ACCENT),) if group.acts else ()), *texts)


def why_lines(row: InboxRow, now: int, width: int) -> tuple[Line, ...]:
    """One line: why the row is where it is, or what hides it."""
    if row.hidden is not None:
        shown: Line = (Span("why hidden  ", Tone.DIM), Span(row.hidden.words))
    else:
        shown = (Span("why here  ", Tone.DIM), Span(f"{row.group.why(now)}{_seen(row.life, now)}"))
    return (fitted(shown, width),)


def _seen(life: Life, now: int) -> str:
    return "" if life.stage is Stage.NEW else f" · {life.stage.value} by {life.by} {age(now - life.at)} ago"


def chip_lines(
    *, progress: str, hidden: bool, waiting: int, selection: Selection, wanted: Filter, width: int
) -> tuple[Line, ...]:
    """The line about the reading in progress, the hidden list, rows that wait for the order, marks, and the filter."""
    marked, causes = len(selection), len(set(selection.causes.values()))
    pieces: list[tuple[bool, str, str]] = [
        (bool(progress), progress, "Esc stops it"),
        (hidden, "hidden", "H goes back · . shows one again"),
        (waiting > 0, f"{waiting} new", "R shows them"),
        (
            marked > 0,
            f"{marked} marked in {causes} cause{'s' if causes != 1 else ''}",
            "a r t @ e c x P decide them all · Esc unmarks",
        ),
        (bool(wanted), "filter", f"{wanted.describe()} · Esc clears it"),
    ]
    chips = [(Span(f" {what} ", Tone.ACCENT), Span(f" {how}", Tone.DIM)) for is_so, what, how in pieces if is_so]
    return flowed(chips, width, 2)


def empty_lines(snapshot: Snapshot, wanted: Filter, width: int) -> tuple[Line, ...]:
    """The lines of an Inbox without rows."""
    hidden = snapshot.board.counts.hidden
    if wanted and snapshot.groups:
        words = f"{snapshot.board.counts.shown} need a person, and none fits the filter: {wanted.describe()}"
        return _centred([line(words), line("Esc clears it", Tone.DIM)], width)
    if others := snapshot.board.counts.for_others:
        words = f"{others} for others: W shows them"
        return _centred([line("✓ nothing needs you", Tone.GOOD), line(words)], width)
    if hidden:
        words = f"{hidden} {'is' if hidden == 1 else 'are'} hidden: H shows what, how and by whom"
        return _centred([line("✓ nothing is shown", Tone.GOOD), line(words)], width)
    if not snapshot.is_whole:
        return _centred([line("✓ nothing needs you", Tone.GOOD), line(reading_words(snapshot), Tone.DIM)], width)
    return quiet_lines(snapshot, width)


def nothing_hidden_lines(width: int) -> tuple[Line, ...]:
    """The lines of an empty list of hidden causes."""
    return _centred([line("nothing is hidden", Tone.GOOD), line("H goes back to what needs you", Tone.DIM)], width)


def quiet_lines(snapshot: Snapshot, width: int) -> tuple[Line, ...]:
    """The lines of an Inbox in which nothing needs a person: what to do next, or that all is done."""
    total = sum(run.total for run in snapshot.overview.runs)
    if not total:
        return _nothing_yet(width)
    if snapshot.overview.ended == total:
        return _all_done(snapshot.done, total, width)
    counts = f"{snapshot.overview.working} working, {snapshot.overview.waiting} waiting, {snapshot.done} done"
    return _centred(
        [line("✓ nothing needs you", Tone.GOOD), line(counts), line("what does appears here", Tone.DIM)], width
    )


def _nothing_yet(width: int) -> tuple[Line, ...]:
    return _centred(
        [
            line("nothing has been started in this store", Tone.STRONG),
            line(""),
            (Span("onloop start WORKFLOW --repo PATH", Tone.ACCENT), Span("    one change in one repository")),
            (Span("onloop fleet WORKFLOW --targets FILE", Tone.ACCENT), Span(" one change in many repositories")),
            (Span("onloop demo", Tone.ACCENT), Span("                          see it at work first")),
        ],
        width,
    )


def _all_done(completed: int, total: int, width: int) -> tuple[Line, ...]:
    counts = f"{completed} completed, {total - completed} ended otherwise, {total} in all"
    return _centred(
        [
            line("✓ all done", Tone.GOOD),
            line(counts),
            (
                Span("onloop start", Tone.ACCENT),
                Span(" and "),
                Span("onloop fleet", Tone.ACCENT),
                Span(" begin the next"),
            ),
        ],
        width,
    )


def _centred(lines: list[Line], width: int) -> tuple[Line, ...]:
    widest = max(sum(len(span.text) for span in shown) for shown in lines)
    pad = Span(" " * max(2, (width - widest) // 2))
    return (line(""), *(fitted((pad, *shown), width) for shown in lines))
