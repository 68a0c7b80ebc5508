"""Log: what happened and who caused it, newest last; one event whole beside it."""

from __future__ import annotations

import asyncio
from functools import partial
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Horizontal

from onloop.errors import OnloopError
from onloop_tui.background import in_background
from onloop_tui.bindings import Where, bindings_of, keys_of
from onloop_tui.model.drawing.text_line import Line, Span, Tone, fitted, hanging, line
from onloop_tui.model.filter.filter_terms import FilterProblem
from onloop_tui.model.ground.snapshot import Snapshot
from onloop_tui.model.ground.subject import Subject, SubjectKind
from onloop_tui.model.log.log_rows import LogFilter, Test, event_lines, heading_line, parse
from onloop_tui.model.log.log_window import PageEdge, Window, read_page
from onloop_tui.model.log.next_firings import firing_lines
from onloop_tui.screens.view import Opening, Rows, View
from onloop_tui.session import Session
from onloop_tui.widgets.bar import Bar
from onloop_tui.widgets.line_view import LineView
from onloop_tui.widgets.log_list import LogRows
from onloop_tui.widgets.row_view import GUTTER_WIDTH

AROUND = 100
"""How many events before one that is gone to are read with it."""


class _EventReader(Rows):
    """The movement keys while a whole event is shown: rows move in the list, pages in the event."""

    def __init__(self, rows: LogRows, whole: LineView) -> None:
        self._rows = rows
        self._whole = whole

    def move(self, rows: int) -> None:
        self._rows.move(rows)

    def page(self, direction: int) -> None:
        self._whole.page(direction)

    def edge(self, direction: int) -> None:
        self._rows.edge(direction)


def _of_run(fits: Test, run: str) -> Test:
    """The test of an event, which also has to be of that run if one is given."""
    return (lambda event, now: event.run == run and fits(event, now)) if run else fits


class LogView(View):
    """Follows the log until a person moves up; reads pages in a thread, never the whole log."""

    where = Where.LOG
    nothing = "this event is not about a task"
    BINDINGS: ClassVar[list[BindingType]] = bindings_of(keys_of(Where.LOG))

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self._snapshot = Snapshot()
        self._filter = LogFilter()
        self._fits = self._filter.test()
        self._loading = False
        self._is_open = False
        self._read = 0
        self._sought = ""

    def compose(self) -> ComposeResult:
        """What begins next, the columns' names, the rows, and one event whole."""
        yield Bar(self._firings, id="log-firings")
        yield Bar(self._heading, id="log-heading")
        with Horizontal(id="log-middle"):
            yield LogRows(id="log-rows")
            yield LineView(id="log-event")

    @property
    def list(self) -> LogRows:
        """The events."""
        return self.query_one(LogRows)

    @property
    def whole(self) -> LineView:
        """One event whole."""
        return self.query_one("#log-event", LineView)

    @property
    def rows(self) -> Rows:
        """The list that the movement keys move."""
        return _EventReader(self.list, self.whole) if self._is_open else self.list

    @property
    def focus_target(self) -> LogRows:
        """The events."""
        return self.list

    # -- news

    def take(self, snapshot: Snapshot, *, anew: bool = False) -> None:
        """Follow the log, unless the person reads further up; `anew` goes to its end."""
        before, self._snapshot = self._snapshot, snapshot
        if snapshot.run != before.run:
            self._apply()
        elif anew or snapshot.seq < self.list.window.high:
            self._restart(at_once=anew)
        elif self.list.following and snapshot.seq > self.list.window.high:
            self._load(PageEdge.NEWEST if not self.list.window.events else PageEdge.NEWER)
        self._renew()

    def tick(self, snapshot: Snapshot) -> None:  # noqa: ARG002 - only time has passed
        """Say what begins next; rows show no ages."""
        self.query_one("#log-firings", Bar).renew()

    @property
    def _behind(self) -> int:
        """The number of events newer than the newest one read."""
        return max(0, self._snapshot.seq - self.list.window.high)

    # -- reading

    def on_log_rows_wanted(self, event: LogRows.Wanted) -> None:
        """Read the page that the cursor needs."""
        if event.end is PageEdge.NEWER and not self._behind:
            self.list.following = self.list.position == self.list.count
        else:
            self._load(event.end, at_once=event.end in {PageEdge.OLDEST, PageEdge.NEWEST})
        self._renew()

    def _restart(self, *, at_once: bool) -> None:
        self.list.following = True
        self._load(PageEdge.NEWEST, at_once=at_once)

    def _load(self, end: PageEdge, *, at_once: bool = False) -> None:
        """Read a page, one at a time; with `at_once`, it replaces the reading in progress."""
        if self._loading and not at_once:
            return
        self._loading, self._read = True, self._read + 1
        in_background(self, partial(self._load_page, end, self._read), group="log", exclusive=True)

    async def _load_page(self, end: PageEdge, number: int) -> None:
        window, now = self.list.window, self.session.clock()
        try:
            page = await asyncio.to_thread(read_page, self.session.log, window, end, self._fits, now)
        except OnloopError as problem:
            self._loading = False
            self.post_message(self.Said(f"the log cannot be read: {problem.message}"))
            return
        if number == self._read:
            self._loading = False
            self.list.take(window.after(end, page), end)
            self._sought = "" if self._sought and self.list.go_to(self._sought) else self._sought
            self._go_on()
            self._renew()

    def _go_on(self) -> None:
        """Read on if a filter left the screen partly empty, or if new events arrived."""
        rows = self.list
        if rows.following and self._behind:
            self._load(PageEdge.NEWER)
        elif rows.count < rows.size.height and not rows.window.at_start:
            self._load(PageEdge.OLDER)

    # -- the cursor

    def on_row_view_moved(self) -> None:
        """Draw the event under the cursor."""
        self._draw_whole()
        self.post_message(self.Moved())

    def subject(self) -> Subject | None:
        """The event under the cursor, with its task."""
        event = self.list.event
        if event is None:
            return None
        tasks = (event.task,) if event.task in self._snapshot.tasks else ()
        return Subject(SubjectKind.EVENT, str(event.seq), tasks)

    def cli_equivalent(self) -> str:
        """The command that shows the event."""
        event = self.list.event
        return f"onloop log --after {event.seq - 1} --limit 1" if event is not None else ""

    def go_to(self, subject: Subject) -> None:
        """Put the cursor on an event, reading what is around it; for a task, use the filter /task:ID."""
        if subject.kind is not SubjectKind.EVENT:
            return
        self.list.following = False
        if not self.list.go_to(subject.id):
            self._sought, low = subject.id, max(1, int(subject.id) - AROUND)
            self.list.take(Window((), low, low - 1), PageEdge.NEWER)
            self._load(PageEdge.NEWER, at_once=True)

    def next_needing(self, step: int) -> None:
        """Go to the next event about people or trouble."""
        if not self.list.next_of_note(step):
            self.post_message(self.Said("no event about people or trouble in the part that was read"))

    # -- keys

    def go(self) -> Opening | None:
        """Enter: show the whole event; if it is shown, open the sheet of its task."""
        if self.list.event is None:
            self.post_message(self.Said("there is no event here"))
        elif self._is_open:
            return super().go()
        else:
            self._show_whole(is_open=True)
        return None

    def back(self) -> bool:
        """Esc: hide the whole event."""
        was_open = self._is_open
        self._show_whole(is_open=False)
        return was_open

    def _show_whole(self, *, is_open: bool) -> None:
        self._is_open = is_open
        self.set_class(is_open, "-whole")
        self.call_after_refresh(self._renew)

    def action_facts(self) -> None:
        """`F`: hide or show housekeeping events."""
        self._filter = LogFilter(self._filter.terms, not self._filter.housekeeping)
        self._apply()

    def action_decided(self) -> None:
        """`D`: only what this person decided, or anybody if nobody is known; and back."""
        person = self.session.person
        name = person.name if person is not None else self.session.person_name
        who = f" by:*:{name}" if name else ""
        wanted = parse(f"event:Decided{who}", housekeeping=self._filter.housekeeping)
        if isinstance(wanted, LogFilter):
            is_shown = self._filter.terms == wanted.terms
            self._filter = LogFilter((), wanted.housekeeping) if is_shown else wanted
            self._apply()

    def filter(self, query: str) -> str:
        """Show only events that match."""
        parsed = parse(query, housekeeping=self._filter.housekeeping)
        if isinstance(parsed, FilterProblem):
            return parsed.words
        self._filter = parsed
        self._apply()
        return ""

    def _apply(self) -> None:
        self._fits = _of_run(self._filter.test(), self._snapshot.run)
        self._restart(at_once=True)
        self._renew()

    # -- lines

    def on_resize(self) -> None:
        """Fit the new width."""
        self.call_after_refresh(self._draw_whole)

    def _renew(self) -> None:
        for bar in self.query(Bar):
            bar.renew()
        self._draw_whole()
        self.post_message(self.Moved())

    def _draw_whole(self) -> None:
        event = self.list.event
        if self._is_open and event is not None:
            self.whole.show(event_lines(event, self.whole.room))

    def _firings(self, width: int) -> tuple[Line, ...]:
        return firing_lines(self._snapshot.house.schedules, self.session.clock(), width - 1)

    def _heading(self, width: int) -> tuple[Line, ...]:
        if self.list.count:
            return (fitted((Span(" " * GUTTER_WIDTH), *heading_line(self.session.clock(), self.list.room)), width),)
        if self._loading:
            return (line("reading the log …", Tone.DIM),)
        return (line("nothing in the log fits" if self._filter else "the log is empty", Tone.DIM),)

    def chip(self, width: int) -> tuple[Line, ...]:
        """The number of new events, the filter, and how far back it was applied."""
        pieces: list[Span] = []
        if self._behind and not self.list.following:
            pieces += [Span(f" {self._behind} new ", Tone.ACCENT), Span("G goes there  ", Tone.DIM)]
        if self._filter:
            pieces += [Span(" filter ", Tone.ACCENT), Span(f"{self._filter.describe()}  ")]
            if not self.list.window.at_start:
                pieces.append(Span(f"looked at from event {self.list.window.low} on", Tone.DIM))
        return (fitted(tuple(pieces), width),) if pieces else ()

    def why(self, width: int) -> tuple[Line, ...]:
        """The cursor's place in the log."""
        event = self.list.event
        if event is None:
            return ()
        place = "following" if self.list.following else "standing still"
        return (fitted((Span(f"event {event.seq} of {self._snapshot.seq} · {place}", Tone.DIM),), width),)

    def explanation(self, width: int) -> tuple[Line, ...]:
        """What the log is, and the commands that show it elsewhere."""
        words = (
            "every event is appended once, chained by its hash to the one before it in its run, and never changed; "
            "onloop store verify checks all of them; the same elsewhere: onloop log --after N, onloop log TASK"
        )
        return hanging((Span("log         ", Tone.DIM),), words, width)
