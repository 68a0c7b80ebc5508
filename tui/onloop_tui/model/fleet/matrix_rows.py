"""The matrix as lines: causes with their counts, repositories with their signs, by the steps of the workflow."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from onloop.attention.groups import Group, age
from onloop.machine.state import Reason, State
from onloop.machine.store_state import StoreState
from onloop.machine.task import Task
from onloop.views.overview import Category
from onloop_tui.model.drawing.signs import LATER, MOTION_SIGNS, Sign, sign_for
from onloop_tui.model.drawing.terminal_text import cells, fit
from onloop_tui.model.drawing.text_line import Line, Span, Tone, column, fitted, flowed, spread, width_of
from onloop_tui.model.fleet.matrix import HELD_BY_WAVE, CauseRow
from onloop_tui.model.ground.rollup import Tally
from onloop_tui.model.tree.tree_rows import sign_as_of

_SIGN, _SINCE, _CAUSE = 12, 7, 10
_ROOMY = 110
_LEAST_CAUSE, _LEAST_REPOSITORY = 24, 16
_LEAST_LABEL, _WIDEST_STEP = 6, 14
"""A column this wide shows its step's name; a narrower one shows its number."""

CATEGORY_SIGNS: dict[Category, Sign] = {
    Category.NEEDS_PERSON: Sign("◆", "asks", Tone.ACCENT),
    Category.WORKING: Sign("●", "working", Tone.PLAIN),
    Category.WAITING: Sign("○", "waiting", Tone.PLAIN),
    Category.DONE: Sign("✓", "done", Tone.GOOD),
    Category.EXCLUDED: MOTION_SIGNS[Reason.EXCLUDED],
    Category.ENDED_OTHERWISE: Sign("–", "ended", Tone.WARN),
}
"""The names of rows without a cause."""
_ABOUT: dict[Category, str] = {
    Category.NEEDS_PERSON: "waits for a person",
    Category.WORKING: "an agent, a verifier or an effect is at it",
    Category.WAITING: "ready, held back or paused",
    Category.DONE: "every step passed",
    Category.EXCLUDED: "the run ends without them",
    Category.ENDED_OTHERWISE: "failed, rejected or canceled",
}
_PASSED = Sign("✓", "", Tone.GOOD)


@dataclass(frozen=True, slots=True)
class StepColumns:
    """The steps, and the width of their columns."""

    steps: tuple[str, ...]
    step: int
    width: int

    @property
    def is_numbered(self) -> bool:
        """Whether the columns are too narrow for names."""
        return self.step < _LEAST_LABEL


def _columns(steps: Sequence[str], width: int, taken: int) -> StepColumns:
    """The step columns of a line of `width`, of which other columns take `taken`."""
    each = (width - taken) // len(steps) if steps else 0
    return StepColumns(tuple(steps), max(2, min(_WIDEST_STEP, each)), width)


def cause_columns(steps: Sequence[str], width: int) -> StepColumns:
    """The step columns of cause rows."""
    return _columns(steps, width, _SIGN + _LEAST_CAUSE + sum(_count_widths(width)) + _SINCE)


def repository_columns(steps: Sequence[str], width: int) -> StepColumns:
    """The step columns of repository rows."""
    return _columns(steps, width, _task_width(width) + _LEAST_REPOSITORY + _SIGN + _SINCE + _CAUSE)


def _count_widths(width: int) -> tuple[int, int]:
    """The widths of the count that needs a person, and of the total."""
    return (9, 8) if width >= _ROOMY else (5, 6)


def _task_width(width: int) -> int:
    return 15 if width >= _ROOMY else 10


# -- headings


def cause_heading(columns: StepColumns) -> tuple[Line, ...]:
    """The headings of cause rows; step names are listed below each other if the columns are too narrow."""
    you, total = _count_widths(columns.width)
    fixed = (Span("you".rjust(you), Tone.BAD), Span("all".rjust(total), Tone.DIM))
    head = _heading("  cause", _SIGN, columns, (*fixed, Span("since".rjust(_SINCE), Tone.DIM)))
    return (*_legend(columns), head)


def repository_heading(columns: StepColumns, *, drilled: bool) -> tuple[Line, ...]:
    """The headings of repository rows."""
    cause = () if drilled else (Span("  " + "cause".ljust(_CAUSE - 2), Tone.DIM),)
    tail = (Span("  state".ljust(_SIGN), Tone.DIM), Span("since".rjust(_SINCE), Tone.DIM), *cause)
    task = column("task", _task_width(columns.width), Tone.DIM)
    room = columns.width - width_of((task,)) - width_of(tail) - columns.step * len(columns.steps)
    return (*_legend(columns), (task, column("repository", room, Tone.DIM), *_labels(columns, centred=True), *tail))


def _heading(name: str, indent: int, columns: StepColumns, tail: Line) -> Line:
    room = columns.width - width_of(tail) - columns.step * len(columns.steps)
    return (column(name.ljust(indent), room, Tone.DIM), *_labels(columns, centred=False), *tail)


def _labels(columns: StepColumns, *, centred: bool) -> Line:
    names = [str(i) for i in range(1, len(columns.steps) + 1)] if columns.is_numbered else short_names(columns.steps)
    return tuple(_cell(name, columns.step, Tone.DIM, centred=centred) for name in names)


def _legend(columns: StepColumns) -> tuple[Line, ...]:
    if not columns.is_numbered:
        return ()
    names = enumerate(columns.steps, 1)
    return flowed([(Span(f"{i} ", Tone.STRONG), Span(name, Tone.DIM)) for i, name in names], columns.width, 2)


def short_names(steps: Sequence[str]) -> tuple[str, ...]:
    """The step names without their phase, if they stay distinct."""
    short = tuple(step.rpartition(".")[2] for step in steps)
    return short if len(set(short)) == len(short) else tuple(steps)


def _cell(text: str, width: int, tone: Tone, *, centred: bool) -> Span:
    cut = fit(text, width - 1)
    pad = width - cells(cut)
    left = (pad + 1) // 2 if centred else pad
    return Span(" " * left + cut + " " * (pad - left), tone)


# -- rows


def row_name(row: CauseRow) -> tuple[Sign, str]:
    """The sign and the name of a row: the cause in words, or the category."""
    if row.key == HELD_BY_WAVE:
        return MOTION_SIGNS[Reason.WAVE_HELD], "their wave has not begun"
    if row.group is None:
        return CATEGORY_SIGNS[row.category], _ABOUT[row.category]
    return sign_for(State.INPUT_REQUIRED, row.group.reason), _cause_words(row.group)


def _cause_words(group: Group) -> str:
    return group.detail.strip().split("\n")[0][:2_000] or group.headline


def cause_line(row: CauseRow, columns: StepColumns, now: int) -> Line:
    """A cause row: its name, the count at each step, how many need a person, since when."""
    sign, words = row_name(row)
    you, total = _count_widths(columns.width)
    tail = (
        *_count(row.needs, you, Tone.BAD),
        *_count(len(row.members), total, Tone.STRONG),
        Span(age(now - row.since).rjust(_SINCE), Tone.DIM),
    )
    steps = tuple(span for step in columns.steps for span in _count(row.cells.get(step, 0), columns.step, Tone.PLAIN))
    room = max(1, columns.width - _SIGN - width_of(tail) - width_of(steps))
    tone = Tone.UNTRUSTED if row.group is not None and row.group.detail else Tone.DIM
    return fitted((sign.span(_SIGN), column(words, room - 1, tone), Span(" "), *steps, *tail), columns.width)


def drilled_line(row: CauseRow, width: int) -> Line:
    """The line above the repositories of a row, with what they share."""
    sign, words = row_name(row)
    about = f"{row.group.headline} · " if row.group is not None and row.group.detail else ""
    cause = (Span(f"{row.key}  ", Tone.STRONG),) if row.group is not None else ()
    back = (Span("  Esc goes back", Tone.DIM),)
    return spread((Span("▸ ", Tone.ACCENT), sign.span(), Span("  "), *cause, Span(f"{about}{words}")), back, width)


def _count(number: int, width: int, tone: Tone) -> Line:
    return (Span(str(number).rjust(width), tone),) if number else (Span("·".rjust(width), Tone.DIM),)


def repository_line(
    task: Task, cause: str, columns: StepColumns, house: StoreState, now: int, *, drilled: bool
) -> Line:
    """A repository row: a sign for each step, its state, since when, and the cause for which it needs a person."""
    sign = sign_as_of(task, Tally(), house, now)
    shown = () if drilled else (Span("  "), column(cause, _CAUSE - 2, Tone.DIM))
    tail = (Span("  "), sign.span(_SIGN - 2), Span(age(now - task.since).rjust(_SINCE), Tone.DIM), *shown)
    steps = tuple(_cell(mark.shape, columns.step, mark.tone, centred=True) for mark in marks(task, columns.steps, sign))
    head = column(task.id, _task_width(columns.width) - 1, Tone.STRONG)
    room = max(1, columns.width - width_of((head,)) - 1 - width_of(steps) - width_of(tail))
    name = column(task.repo or task.title, room, Tone.UNTRUSTED)
    return fitted((head, Span(" "), name, *steps, *tail), columns.width)


def marks(task: Task, steps: Sequence[str], here: Sign) -> tuple[Sign, ...]:
    """A sign for each step: passed, `here` at the current or last step, or later. A completed task passed all steps."""
    if task.state is State.COMPLETED:
        return (_PASSED,) * len(steps)
    place = steps.index(task.step) if task.step in steps else -1
    return tuple(_PASSED if i < place else here if i == place else LATER for i in range(len(steps)))
