"""A file's whole patch, read a page at a time as it comes into sight: its length does not matter."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from functools import partial

from textual.geometry import Size
from textual.message import Message
from textual.scroll_view import ScrollView
from textual.strip import Strip

from onloop.errors import OnloopError
from onloop.views.changes import PatchPage
from onloop_tui.background import in_background
from onloop_tui.model.drawing.terminal_text import cells
from onloop_tui.model.drawing.text_line import GUTTER, Tone, line
from onloop_tui.model.sheet.patch_lines import patch_line
from onloop_tui.widgets.drawing import strip_of

PAGE = 500
MOST_PAGES = 40
"""How many pages are kept; the one that came first is forgotten first."""

Read = Callable[[int, int, int], PatchPage]
"""Reads a page in a thread: its first row, how many rows, and how wide they may be."""


class PatchView(ScrollView, can_focus=True, inherit_bindings=False):
    """Draws what it has read; the screen handles the keys."""

    DEFAULT_CSS = "PatchView { overflow-x: hidden; overflow-y: auto; scrollbar-size-vertical: 1; }"

    class Came(Message):
        """A page came, or why it did not; `page` is None then."""

        def __init__(self, page: PatchPage | None, problem: str = "") -> None:
            super().__init__()
            self.page, self.problem = page, problem

    def __init__(self, read: Read, *, id: str | None = None) -> None:  # noqa: A002 - Textual's word
        super().__init__(id=id)
        self._read = read
        self._pages: dict[int, PatchPage] = {}
        self._wanted: set[int] = set()
        self._columns = 0
        self.last: PatchPage | None = None

    @property
    def top(self) -> int:
        """The first row in sight, from 0."""
        return int(self.scroll_offset.y)

    def on_resize(self) -> None:
        """Read again, in rows of the new width."""
        columns = max(20, self.size.width - 1 - cells(GUTTER.text))
        if columns != self._columns:
            self._columns = columns
            self._pages, self._wanted = {}, set()
            self._want(self.top // PAGE)

    def move(self, rows: int) -> None:
        """Scroll by `rows` lines."""
        self.scroll_to(y=self.top + rows, animate=False)

    def page(self, direction: int) -> None:
        """Scroll by a page, keeping one line of it visible."""
        self.move(direction * max(1, self.size.height - 1))

    def edge(self, direction: int) -> None:
        """Scroll to the first (-1) or the last (1) line."""
        self.scroll_to(y=0 if direction < 0 else self.virtual_size.height, animate=False)

    def render_line(self, y: int) -> Strip:
        """One row of the screen; what is not read yet is asked for."""
        row, width = y + self.top, self.size.width
        if self.last is not None and row >= self.last.total:
            return Strip.blank(width, self.rich_style)
        number, place = divmod(row, PAGE)
        page = self._pages.get(number)
        if page is None:
            self._want(number)
            return strip_of(self, line("┆ …" if self.last is None or not y else "", Tone.DIM), width)
        if place >= len(page.rows):
            return strip_of(self, line("┆ (too long to show here)", Tone.WARN), width)
        return strip_of(self, patch_line(page.rows[place], row + 1, page.hunk), width)

    def _want(self, number: int) -> None:
        if self._columns and number not in self._wanted:
            self._wanted.add(number)
            in_background(self, partial(self._fetch, number, self._columns), group="pages")

    async def _fetch(self, number: int, columns: int) -> None:
        try:
            page = await asyncio.to_thread(self._read, number * PAGE + 1, PAGE, columns)
        except OnloopError as problem:
            self.post_message(self.Came(None, f"{problem.message}; {problem.hint}"))
            return
        if columns != self._columns:
            return
        self._pages[number] = self.last = page
        for oldest in list(self._pages)[:-MOST_PAGES]:
            del self._pages[oldest]
            self._wanted.discard(oldest)
        self.virtual_size = Size(self.size.width - 1, page.total)
        self.refresh()
        self.post_message(self.Came(page))
