"""One file's whole patch with a cursor, read a page at a time as it comes into sight: its length does not matter."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from functools import partial
from itertools import islice

from textual.events import Click
from textual.geometry import Size
from textual.message import Message
from textual.scroll_view import ScrollView
from textual.strip import Strip

from onloop.errors import OnloopError
from onloop.views.changes import PatchPage
from onloop_tui.background import in_background
from onloop_tui.model.diff.dressing import PLAIN, Dressing
from onloop_tui.model.diff.entry_lines import columns_for, comment_lines, entry_line, missing_line
from onloop_tui.model.diff.line_comments import LineComment
from onloop_tui.model.diff.patch_row import PatchRow, RowKind
from onloop_tui.model.diff.shown_pages import PAGE, ShownPages, shown_page
from onloop_tui.model.drawing.text_line import Line
from onloop_tui.widgets.drawing import strip_of

Read = Callable[[int, int, int], PatchPage]
"""Reads rows in a thread: the first, how many, and how wide they may be."""
Dress = Callable[[Sequence[str]], Sequence[Dressing]]
"""Finds, in a thread, how rows are dressed."""
Comments = Mapping[tuple[int, bool], LineComment]
"""Comments by their line, and whether it is one that was removed."""

AGAIN_S = 0.3
"""How soon it is looked again how long a patch is that git still makes."""


class PatchPane(ScrollView, can_focus=True, inherit_bindings=False):
    """Draws what it has read; the screen handles the keys. A row's place never depends on what is not read."""

    DEFAULT_CSS = "PatchPane { overflow-x: hidden; overflow-y: scroll; scrollbar-size-vertical: 1; }"

    class Came(Message):
        """A page came, or why it did not; `page` is None then."""

        def __init__(self, page: PatchPage | None, problem: str = "") -> None:
            super().__init__()
            self.page, self.problem = page, problem

    class Moved(Message):
        """Another row is under the cursor, or other rows are in sight."""

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002 - Textual's word
        super().__init__(id=id)
        self._read: Read | None = None
        self._dress: Dress = lambda _rows: ()
        self._instead: tuple[Line, ...] = ()
        self._comments: Comments = {}
        self._near: PatchRow | None = None
        self._pages, self._wanted = ShownPages(), set[int]()
        self._shown: tuple[tuple[int, Line], ...] | None = None
        self._turn = 0
        """Grows with each patch, so that a page of the one before is not taken for one of this."""
        self.beside, self.searched = False, ""
        self._columns = 0
        self._asked: set[int] = set()
        """The pages whose dressings were asked for."""
        self._one_dresses = asyncio.Lock()
        self.cursor = 1
        """The number of the row under the cursor."""

    # -- what is shown

    @property
    def last(self) -> PatchPage | None:
        """The page that came last."""
        return self._pages.last

    @property
    def top(self) -> int:
        """The number of the first row in sight."""
        return int(self.scroll_offset.y) + 1

    @property
    def columns(self) -> int:
        """How wide a row's text may be."""
        return columns_for(max(40, self.size.width - 1), beside=self.beside)

    def open(self, read: Read, dress: Dress, at: int = 1, near: PatchRow | None = None) -> None:
        """Show this patch, with the cursor on row `at`, or on the line that `near` was, if it is on the same page."""
        self._read, self._dress, self._instead, self.cursor, self._near = read, dress, (), at, near
        self._begin()
        self.scroll_to(y=max(0, at - 1 - self.size.height // 2), animate=False, force=True)

    def tell(self, lines: Sequence[Line]) -> None:
        """Show these lines in the place of a patch."""
        self._read, self._instead, self.cursor = None, tuple(lines), 1
        self._begin()
        self.scroll_to(y=0, animate=False, force=True)

    def say(self, comments: Comments) -> None:
        """Show these comments below their lines."""
        self._comments = comments
        self._measure()
        self.renew()

    def under_cursor(self) -> PatchRow | None:
        """The row that the cursor is on: of two beside each other the newer."""
        entry = self._pages.entry(self.cursor)
        return entry.rows[-1] if entry is not None else None

    def renew(self) -> None:
        """Draw it again."""
        self._shown = None
        self.refresh()

    def on_resize(self) -> None:
        """Read again, in rows of the new width."""
        if self._read is not None and self.columns != self._columns:
            self._begin()
        self.renew()

    def _begin(self) -> None:
        self._turn += 1
        self._columns = self.columns
        self._pages, self._wanted, self._asked = ShownPages(), set(), set()
        self._measure()
        self.renew()
        if self._read is not None:
            self._want((self.cursor - 1) // PAGE)

    def _measure(self) -> None:
        rows = self._pages.total + len(self._comments) if self._read is not None else len(self._instead)
        size = Size(max(0, self.size.width - 1), max(rows, self.cursor if self._pages.last is None else 0))
        if self.virtual_size != size:
            self.virtual_size = size

    # -- moving

    def move(self, rows: int) -> None:
        """Move the cursor by so many rows of the screen."""
        ahead = self._pages.after(self.cursor) if rows > 0 else self._pages.before(self.cursor)
        places = list(islice(ahead, rows + 1 if rows > 0 else -rows))
        if places:
            self.go(places[-1])

    def page(self, direction: int) -> None:
        """Move by a page, keeping one row of it in sight."""
        self.move(direction * max(1, self.size.height - 1))

    def edge(self, direction: int) -> None:
        """Go to the first (-1) or the last (1) row."""
        self.go(1 if direction < 0 else max(1, self._pages.total))

    def go(self, row: int) -> None:
        """Put the cursor on a row, and scroll as little as that takes; far away, to the middle."""
        entry = self._pages.entry(row)
        before, self.cursor = self.cursor, entry.number if entry is not None else row
        self._shown = None
        if not self._is_in_sight():
            self._scroll(before)
        self.renew()
        self.post_message(self.Moved())

    def _scroll(self, before: int) -> None:
        height = max(1, self.size.height)
        if abs(self.cursor - before) > 2 * height + PAGE:
            top = self.cursor - height // 2
        elif self.cursor < self.top:
            top = self.cursor
        else:
            back = list(islice(self._pages.before(self.cursor), height - 1))
            top = back[-1] if back else 1
        self._to(top)
        tries = height
        while not self._is_in_sight() and tries and self.top < self.cursor:  # comments take rows, too
            tries -= 1
            self._to(next(islice(self._pages.after(self.top), 1, None), self.cursor))

    def _to(self, top: int) -> None:
        self._shown = None
        self.scroll_to(y=max(0, top - 1), animate=False, force=True, immediate=True)

    def _is_in_sight(self) -> bool:
        return any(number == self.cursor for number, _ in self._screen())

    def watch_scroll_y(self, old_value: float, new_value: float) -> None:
        """Whoever scrolls without the cursor takes it along."""
        super().watch_scroll_y(old_value, new_value)
        self._shown = None

    def _on_mouse_scroll_down(self, event: object) -> None:
        del event
        self.move(3)

    def _on_mouse_scroll_up(self, event: object) -> None:
        del event
        self.move(-3)

    def on_click(self, event: Click) -> None:
        """Put the cursor where somebody clicks."""
        shown = self._screen()
        if self._read is not None and 0 <= event.y < len(shown):
            self.go(shown[event.y][0])

    # -- drawing

    def render_line(self, y: int) -> Strip:
        """One row of the screen; what is not read yet is asked for."""
        width, shown = self.size.width, self._screen()
        if y >= len(shown):
            return Strip.blank(width, self.rich_style)
        number, line = shown[y]
        is_here = self._read is not None and self.has_focus and number == self.cursor
        return strip_of(self, line, width, cursor=is_here)

    def _screen(self) -> tuple[tuple[int, Line], ...]:
        """The rows in sight, each with the number of the row of the patch that it belongs to."""
        if self._shown is None:
            self._shown = self._rows_in_sight() if self._read is not None else self._told()
        return self._shown

    def _told(self) -> tuple[tuple[int, Line], ...]:
        return tuple((self.top + at, each) for at, each in enumerate(self._instead[self.top - 1 :]))

    def _rows_in_sight(self) -> tuple[tuple[int, Line], ...]:
        height, found = self.size.height, list[tuple[int, Line]]()
        if self.last is None:
            return ((self.cursor, missing_line("…")),)
        for number in self._pages.after(self.top):
            if len(found) >= height:
                break
            found += ((number, line) for line in self._lines(number))
        return tuple(found[:height])

    def _lines(self, number: int) -> tuple[Line, ...]:
        width, entry = self.size.width - 1, self._pages.entry(number)
        page = self._pages.pages.get((number - 1) // PAGE)
        if entry is None or page is None:
            self._want((number - 1) // PAGE)
            return (missing_line("…"),)
        if not page.dressings:
            self._want_dressing((number - 1) // PAGE)
        said = [found for row in entry.rows if (found := self._said(row)) is not None]
        shown = entry_line(
            entry,
            page.dressing,
            self.searched,
            width,
            beside=self.beside,
            cursor=number == self.cursor,
            said=bool(said),
        )
        return (shown, *(line for comment in said for line in comment_lines(comment, width)))

    def _said(self, row: PatchRow) -> LineComment | None:
        if row.goes_on:
            return None
        if not row.line:
            return self._comments.get((0, False)) if row.number == 1 else None
        return self._comments.get((row.line, row.kind is RowKind.REMOVED))

    # -- reading

    def _want(self, number: int) -> None:
        if self._read is not None and self.size.width and number not in self._wanted:
            self._wanted.add(number)
            in_background(self, partial(self._fetch, number, self._read, self._turn), group="pages")

    async def _fetch(self, number: int, read: Read, turn: int) -> None:
        try:
            page = await asyncio.to_thread(read, number * PAGE + 1, PAGE, self._columns)
        except OnloopError as problem:
            if turn == self._turn:
                self.post_message(self.Came(None, f"{problem.message}; {problem.hint}"))
            return
        if turn != self._turn:
            return
        if page.is_counting and len(page.rows) < PAGE:
            self._wanted.discard(number)
        self._take(number, page)
        if page.is_counting:
            self._count_later(read, turn)

    def _take(self, number: int, page: PatchPage) -> None:
        self._pages.last = page
        if page.rows:
            forgotten = self._pages.put(number, shown_page(page, beside=self.beside))
            self._wanted.difference_update(forgotten)
            self._asked.difference_update((*forgotten, number))
        self._measure()
        self.renew()
        self._settle(page)
        self.post_message(self.Came(page))

    def _settle(self, page: PatchPage) -> None:
        """Put the cursor where it was meant to be, as far as there is such a row."""
        near, self._near = self._near, None
        if near is not None and near.line:
            same = (row.number for each in self._pages.pages.values() for row in each.rows if _are_alike(row, near))
            self.go(next(same, self.cursor))
        if self.cursor > page.total > 0 and not page.is_counting:
            self.go(page.total)

    async def _count(self, read: Read, turn: int) -> None:
        """Ask how long the patch is by now, until git has made all of it or another is shown."""
        if turn != self._turn or self.last is None or not self.last.is_counting:
            return
        with suppress(OnloopError):  # whoever goes there is told
            page = await asyncio.to_thread(read, max(1, self.last.total), 1, self._columns)
            if turn == self._turn:
                self._pages.last = page
                self._measure()
                self.renew()
                self.post_message(self.Came(page))
        self._count_later(read, turn)

    def _count_later(self, read: Read, turn: int) -> None:
        self.set_timer(AGAIN_S, lambda: in_background(self, partial(self._count, read, turn), group="count"))

    def _want_dressing(self, number: int) -> None:
        if number not in self._asked:
            self._asked.add(number)
            in_background(self, partial(self._dressed, number, self._turn), group="dress")

    async def _dressed(self, number: int, turn: int) -> None:
        """Dress a page, one after the other: reading never waits for colours, and what is out of sight needs none."""
        async with self._one_dresses:
            kept = self._pages.pages.get(number)
            if turn != self._turn:
                return
            if kept is None or not self._is_page_in_sight(number):
                self._asked.discard(number)
                return
            dressings = tuple(await asyncio.to_thread(self._dress, kept.page.rows))
            now = self._pages.pages.get(number)
            if turn == self._turn and now is kept:
                done = dressings or (PLAIN,)
                self._pages.pages[number] = shown_page(kept.page, beside=self.beside, dressings=done)
                self.renew()

    def _is_page_in_sight(self, number: int) -> bool:
        return any((row - 1) // PAGE == number for row, _ in self._screen())


def _are_alike(row: PatchRow, other: PatchRow) -> bool:
    return (row.kind, row.line, row.goes_on) == (other.kind, other.line, False)
