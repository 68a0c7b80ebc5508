"""What stands in one row of the screen: the numbers of lines, the rows of the patch, and comments below them."""

from __future__ import annotations

from collections.abc import Callable

from onloop_tui.model.diff.dressing import PLAIN, Dressing, dressed
from onloop_tui.model.diff.line_comments import LineComment
from onloop_tui.model.diff.patch_row import Entry, PatchRow, RowKind
from onloop_tui.model.drawing.side_by_side import BETWEEN, halves
from onloop_tui.model.drawing.text_line import GUTTER, Line, Span, Tone, fitted, hanging, width_of

NUMBERS = 6
"""The columns of a line's number."""
CURSOR = 2
BESIDE_FROM = 160
"""From so many columns on, old and new stand side by side unless somebody wants it otherwise."""

DressingOf = Callable[[PatchRow], Dressing]


def columns_for(width: int, *, beside: bool) -> int:
    """How many columns the text of a row has."""
    room = halves(width - CURSOR)[0] if beside else width - CURSOR
    return max(20, room - NUMBERS - width_of((GUTTER,)))


def entry_line(
    entry: Entry, dressing_of: DressingOf, searched: str, width: int, *, beside: bool, cursor: bool, said: bool
) -> Line:
    """A row of the screen; `said` if there is a comment on it."""
    mark = (Span("▶" if cursor else " ", Tone.ACCENT), Span("✎" if said else " ", Tone.ACCENT))
    if not beside:
        row = entry.left
        return (*mark, *_side(row, row.line, dressing_of, searched, width - CURSOR)) if row is not None else mark
    left, right = entry.left, entry.right
    if left is not None and left is right and left.kind is not RowKind.SAME:
        return (*mark, *_side(left, 0, dressing_of, searched, width - CURSOR))
    room, other = halves(width - CURSOR)
    old = _side(left, left.old, dressing_of, searched, room) if left is not None else ()
    new = _side(right, right.new, dressing_of, searched, other) if right is not None else ()
    cut = fitted(old, room)
    return (*mark, *cut, Span(" " * (room - width_of(cut))), BETWEEN, *fitted(new, other))


def _side(row: PatchRow, number: int, dressing_of: DressingOf, searched: str, width: int) -> Line:
    """A row behind its number; its background goes to the end of the room that it has."""
    shown = f"{number:>{NUMBERS - 1}} " if number and not row.goes_on else " " * NUMBERS
    text = dressed(row, dressing_of(row), searched)
    ground = text[0].under if text else None
    rest = width - NUMBERS - width_of((GUTTER, *text))
    end = (Span(" " * rest, under=ground),) if ground is not None and rest > 0 else ()
    return (Span(shown, Tone.DIM), GUTTER, *text, *end)


def comment_lines(comment: LineComment, width: int) -> tuple[Line, ...]:
    """A person's words below the line that they are about."""
    before = (Span(" " * (CURSOR + NUMBERS - 2)), Span("✎ ", Tone.ACCENT))
    return hanging(before, comment.words, width, Tone.ACCENT)


def missing_line(words: str) -> Line:
    """A row that is not read yet, or that cannot be shown."""
    return (Span(" " * (CURSOR + NUMBERS)), Span(f"{GUTTER.text}{words}", Tone.DIM))


NO_DRESSING: DressingOf = lambda _row: PLAIN  # noqa: E731 - a value of that type
