"""A window on the log of any length: pages are added at one end and dropped at the other."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from onloop.store.port import Recorded
from onloop_tui.model.log.log_rows import Test

PAGE = 500
"""The number of rows of a page."""
MOST_ROWS = 5_000
"""The most rows that the window keeps."""
MOST_LOOKED_AT = 10_000
"""The most events that one page examines; a filter with few matches takes several pages."""


class PageEdge(StrEnum):
    """The page that is wanted, relative to the window."""

    OLDEST = "oldest"
    OLDER = "older"
    NEWER = "newer"
    NEWEST = "newest"


class ReadLog(Protocol):
    """The function that reads the log; see `StoreAccess.log`."""

    def __call__(
        self, *, after: int = 0, before: int | None = None, limit: int, newest: bool = False
    ) -> Sequence[Recorded]:
        """Up to `limit` events between two sequence numbers, in order."""


@dataclass(frozen=True, slots=True)
class Page:
    """The matching events from `low` to `high`, both included."""

    events: tuple[Recorded, ...]
    low: int
    high: int


@dataclass(frozen=True, slots=True)
class Window:
    """The matching events from `low` to `high`; `high` < `low` for an empty window."""

    events: tuple[Recorded, ...] = ()
    low: int = 1
    high: int = 0

    @property
    def at_start(self) -> bool:
        """Whether the window starts at the first event of the log."""
        return self.low <= 1

    def with_older(self, page: Page) -> Window:
        """The window with an older page added; the newest events are dropped if it gets too large."""
        events = (*page.events, *self.events)
        if len(events) <= MOST_ROWS:
            return Window(events, page.low, self.high)
        kept = events[:MOST_ROWS]
        return Window(kept, page.low, kept[-1].seq)

    def with_newer(self, page: Page) -> Window:
        """The window with a newer page added; the oldest events are dropped if it gets too large."""
        events = (*self.events, *page.events)
        if len(events) <= MOST_ROWS:
            return Window(events, self.low, max(self.high, page.high))
        kept = events[-MOST_ROWS:]
        return Window(kept, kept[0].seq, max(self.high, page.high))

    def after(self, end: PageEdge, page: Page) -> Window:
        """The window after the wanted page was read."""
        if end is PageEdge.OLDER:
            return self.with_older(page)
        if end is PageEdge.NEWER:
            return self.with_newer(page)
        return Window(page.events, page.low, page.high)


def read_page(read: ReadLog, window: Window, end: PageEdge, fits: Test, now: int) -> Page:
    """Read the wanted page in a thread: enough matching rows, or as many as are among the examined events."""
    if end in {PageEdge.OLDEST, PageEdge.NEWER}:
        return _forward(read, 0 if end is PageEdge.OLDEST else window.high, lambda event: fits(event, now))
    return _backward(read, None if end is PageEdge.NEWEST else window.low, lambda event: fits(event, now))


def _forward(read: ReadLog, after: int, fits: Callable[[Recorded], bool]) -> Page:
    matching: list[Recorded] = []
    high, looked_at, is_last = after, 0, False
    while len(matching) < PAGE and looked_at < MOST_LOOKED_AT and not is_last:
        events = read(after=high, limit=PAGE)
        matching += [event for event in events if fits(event)]
        high = events[-1].seq if events else high
        looked_at, is_last = looked_at + len(events), len(events) < PAGE
    return Page(tuple(matching), after + 1, high)


def _backward(read: ReadLog, before: int | None, fits: Callable[[Recorded], bool]) -> Page:
    pieces: list[list[Recorded]] = []
    low, high, looked_at, is_last = before, None if before is None else before - 1, 0, False
    while sum(map(len, pieces)) < PAGE and looked_at < MOST_LOOKED_AT and not is_last:
        events = read(before=low, limit=PAGE, newest=True)
        pieces.append([event for event in events if fits(event)])
        low = events[0].seq if events else 1
        high = high if high is not None else events[-1].seq if events else 0
        looked_at, is_last = looked_at + len(events), len(events) < PAGE
    matching = tuple(event for piece in reversed(pieces) for event in piece)
    return Page(matching, 1 if is_last or low is None else low, high or 0)
