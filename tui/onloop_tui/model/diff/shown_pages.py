"""The pages of one patch that are read, as rows of the screen: forwards and backwards from any row of it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from onloop.views.changes import PatchPage
from onloop_tui.model.diff.dressing import PLAIN, Dressing
from onloop_tui.model.diff.patch_row import Entry, PatchRow, entries_of, rows_of_page

PAGE = 500
MOST_PAGES = 40
"""How many pages are kept; the one that came first is forgotten first."""


@dataclass(frozen=True, slots=True)
class ShownPage:
    """A page as entries, and which entry each of its rows is in."""

    page: PatchPage
    rows: tuple[PatchRow, ...]
    entries: tuple[Entry, ...]
    places: Mapping[int, int]
    dressings: tuple[Dressing, ...] = ()

    def dressing(self, row: PatchRow) -> Dressing:
        """How a row of it is dressed."""
        at = row.number - self.page.first
        return self.dressings[at] if at < len(self.dressings) else PLAIN


def shown_page(page: PatchPage, *, beside: bool, dressings: tuple[Dressing, ...] = ()) -> ShownPage:
    """The page, one row below the other, or old and new beside each other."""
    rows = rows_of_page(page)
    entries = entries_of(rows, beside=beside)
    places = {row.number: at for at, entry in enumerate(entries) for row in entry.rows}
    return ShownPage(page, rows, entries, places, dressings)


class ShownPages:
    """The pages by number; rows are numbered from 1."""

    def __init__(self) -> None:
        self.pages: dict[int, ShownPage] = {}
        self.last: PatchPage | None = None

    @property
    def total(self) -> int:
        """How many rows there are, as far as is known."""
        return self.last.total if self.last is not None else 0

    def put(self, number: int, page: ShownPage) -> list[int]:
        """Keep a page; the numbers of those that are forgotten for it."""
        self.pages[number] = page
        forgotten = list(self.pages)[:-MOST_PAGES]
        for oldest in forgotten:
            del self.pages[oldest]
        return forgotten

    def row(self, number: int) -> PatchRow | None:
        """A row, if it is read."""
        page = self.pages.get((number - 1) // PAGE)
        at = (number - 1) % PAGE
        return page.rows[at] if page is not None and at < len(page.rows) else None

    def entry(self, number: int) -> Entry | None:
        """What stands where that row stands; None if it is not read."""
        page = self.pages.get((number - 1) // PAGE)
        place = page.places.get(number) if page is not None else None
        return page.entries[place] if page is not None and place is not None else None

    def after(self, number: int) -> Iterator[int]:
        """The first rows of the entries from that row on, to the end; a row that is not read stands for itself."""
        while number <= self.total:
            page = self.pages.get((number - 1) // PAGE)
            place = page.places.get(number) if page is not None else None
            if page is None or place is None:
                yield number
                number += 1
                continue
            yield from (entry.number for entry in page.entries[place:])
            number = page.page.first + PAGE

    def before(self, number: int) -> Iterator[int]:
        """The first rows of the entries before that row, backwards to the beginning."""
        while number > 1:
            page = self.pages.get((number - 2) // PAGE)
            place = page.places.get(number, len(page.entries)) if page is not None else None
            if page is None or place is None:
                number -= 1
                yield number
                continue
            yield from (entry.number for entry in reversed(page.entries[:place]))
            number = page.page.first
