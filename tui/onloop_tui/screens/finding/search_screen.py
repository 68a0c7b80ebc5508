"""One search over everything that has a name, and over the events of the log."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from functools import partial

from textual.app import ComposeResult
from textual.screen import Screen

from onloop.errors import OnloopError
from onloop.store.port import Recorded
from onloop_tui.background import in_background
from onloop_tui.model.drawing.terminal_text import safe
from onloop_tui.model.drawing.text_line import Line, Span, Tone, fitted, line
from onloop_tui.model.filter.filter_terms import Term, Value
from onloop_tui.model.finding.search_index import (
    MOST_EACH,
    FoundGroup,
    FoundKind,
    FoundRow,
    SearchIndex,
    found_ids,
    found_line,
)
from onloop_tui.model.ground.snapshot import Snapshot
from onloop_tui.model.log.event_words import event_text_of
from onloop_tui.model.log.log_rows import LogFilter
from onloop_tui.model.log.log_window import Page, PageEdge, Window, read_page
from onloop_tui.session import Session
from onloop_tui.theme import COMPONENTS
from onloop_tui.widgets.typed_list import TypedList

PAUSE_S = 0.06
"""How long nothing must be typed before the search begins."""


class SearchScreen(Screen[FoundRow]):
    """Returns what was chosen. It looks aside while letters are typed, and shows what was found last until then."""

    CSS_PATH = "finding.tcss"
    COMPONENT_CLASSES = COMPONENTS

    def __init__(self, session: Session, whole: Callable[[], Snapshot], typed: str = "") -> None:
        super().__init__()
        self._session, self._whole = session, whole
        self._begin_with = typed
        self._index: SearchIndex | None = None
        self._typed = self._looked_for = ""
        self._rows: dict[str, tuple[FoundRow, str]] = {}
        self._groups: tuple[FoundGroup, ...] = ()
        self._events: tuple[Recorded, ...] = ()
        self._low = 0
        self._trouble = ""
        self._is_busy = False

    def compose(self) -> ComposeResult:
        """The line that is typed into, and what was found."""
        yield TypedList(self._title, self._below, "ids, titles, repositories, people, agents, labels, causes, events")

    @property
    def list(self) -> TypedList:
        """What was found."""
        return self.query_one(TypedList)

    def on_mount(self) -> None:
        """Begin with what was typed before."""
        if self._begin_with:
            self.list.line.value = self._begin_with

    def on_resize(self) -> None:
        """Fit the new width."""
        self.call_after_refresh(self.list.renew)

    # -- looking

    def on_typed_list_edited(self, event: TypedList.Edited) -> None:
        """Look for it as soon as nothing more is typed."""
        self._typed = event.text
        self._is_busy = bool(event.text.strip())
        in_background(self, partial(self._search, event.text), group="search", exclusive=True)
        self.list.renew()

    async def _search(self, typed: str) -> None:
        await asyncio.sleep(PAUSE_S)
        self._groups, self._events, self._low, self._trouble = await asyncio.to_thread(self._named, typed), (), 0, ""
        self._show(typed, anew=True)
        if typed.strip():
            await self._read_events(typed, Window(), PageEdge.NEWEST)
        self._is_busy = False
        self.list.renew()

    def _named(self, typed: str) -> tuple[FoundGroup, ...]:
        snapshot = self._whole()
        if self._index is None or self._index.snapshot.seq != snapshot.seq:
            self._index = SearchIndex(snapshot)
        return self._index.found(typed)

    async def _read_events(self, typed: str, window: Window, end: PageEdge) -> None:
        fits = LogFilter(tuple(Term(None, (Value(word),)) for word in typed.split())).test()
        read, now = self._session.place.log, self._session.clock()
        try:
            page: Page = await asyncio.to_thread(read_page, read, window, end, fits, now)
        except OnloopError as problem:
            self._trouble = safe(problem.message)
            return
        self._events, self._low = (*self._events, *reversed(page.events)), page.low
        self._show(typed, anew=False)

    def _show(self, typed: str, *, anew: bool) -> None:
        self._looked_for = typed
        self._rows = found_ids(self._groups) | self._event_rows()
        self.list.show(tuple(self._rows), self._line, lambda key: self._rows.get(key), anew=anew)

    def _event_rows(self) -> dict[str, tuple[FoundRow, str]]:
        shown = tuple(map(_event_row, self._events[: MOST_EACH * 4]))
        rows = found_ids((FoundGroup(FoundKind.EVENT, shown, len(self._events)),))
        if self._low > 1:
            words = f"▸ older events: looked back to event {self._low}; Enter looks further"
            older = FoundRow(FoundKind.OLDER, "events", words)
            rows[older.key] = (older, "")
        return rows

    def _line(self, key: str, width: int) -> Line:
        row, before = self._rows[key]
        return found_line(row, before, width)

    # -- choosing

    def on_typed_list_picked(self, event: TypedList.Picked) -> None:
        """Enter: go there, or look further back in the log."""
        row = self._rows[event.row][0]
        if row.kind is not FoundKind.OLDER:
            self.dismiss(row)
            return
        self._is_busy = True
        in_background(self, self._look_back, group="search", exclusive=True)

    async def _look_back(self) -> None:
        await self._read_events(self._looked_for, Window((), self._low, self._low - 1), PageEdge.OLDER)
        self._is_busy = False
        self.list.renew()

    def on_typed_list_given(self) -> None:
        """Esc: back to where one was."""
        self.dismiss(None)

    # -- lines

    def _title(self, width: int) -> tuple[Line, ...]:
        told = "  looking …" if self._is_busy else ""
        return (fitted((Span("find", Tone.STRONG), Span(told, Tone.DIM)), width),)

    def _below(self, width: int) -> tuple[Line, ...]:
        if self._trouble:
            return (fitted((Span(f"the log cannot be read: {self._trouble}", Tone.WARN),), width),)
        if self._typed.strip() and not self._rows and not self._is_busy:
            return (line("nothing fits; fewer letters find more", Tone.WARN),)
        return (fitted((Span("Enter goes there · ↑ ↓ move · Esc goes back", Tone.DIM),), width),)


def _event_row(event: Recorded) -> FoundRow:
    what, more = event_text_of(event)
    return FoundRow(FoundKind.EVENT, str(event.seq), f"{event.task}  {what}: {more[:200]}", event.principal)
