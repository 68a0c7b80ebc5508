"""The first screen: what needs a person, one row per cause, the sheet to decide it in, and how far the runs are."""

from __future__ import annotations

from collections.abc import Callable

from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical
from textual.screen import Screen

from onloop.attention.groups import Group
from onloop.attention.items import Item
from onloop.machine.task import Answer
from onloop_tui.bindings import KEYS, Where, bindings_of
from onloop_tui.feed import Lost, News, Seen
from onloop_tui.messages import Decided
from onloop_tui.model.explain import explanation
from onloop_tui.model.fleet import fleet_lines
from onloop_tui.model.header import header_lines, since_words
from onloop_tui.model.inbox import why_line
from onloop_tui.model.lines import Line, Span, Tone, fitted, flowed, hanging, line
from onloop_tui.model.snapshot import Snapshot
from onloop_tui.session import Session
from onloop_tui.widgets.bar import Bar
from onloop_tui.widgets.inbox import Inbox
from onloop_tui.widgets.sheet import Sheet

TICK_S = 0.5
REDRAW_MS = 10_000
"""How often the ages in an open sheet are brought up to date."""
MOST_RUNS = 3


class InboxScreen(Screen[None]):
    """Lists, explains, and opens the sheet; a key in the list never decides anything."""

    CSS_PATH = "inbox.tcss"
    BINDINGS = bindings_of(KEYS)

    def __init__(self, session: Session, looked_at: Callable[[], int], note: str) -> None:
        super().__init__()
        self._session = session
        self._looked_at = looked_at
        self._note = note
        self._lost = ""
        self._read = False
        self._status: Line = ()
        self._explaining = False
        self._cause: str | None = None
        self._drawn_at = 0
        self.snapshot = Snapshot()

    def compose(self) -> ComposeResult:
        """Header, list and sheet side by side, progress, footer."""
        yield Bar(self._header, id="header")
        with Horizontal(id="middle"):
            with Vertical(id="left"):
                yield Inbox(self._session)
                yield Bar(self._chip, id="chip")
                yield Bar(self._why, id="why")
            yield Sheet(self._session)
        yield Bar(self._fleet, id="fleet")
        yield Bar(self._explanation, id="explanation")
        yield Bar(lambda width: (fitted(self._status, width),) if self._status else (), id="status")
        yield Bar(lambda width: hanging((), self._note, width, Tone.DIM) if self._note else (), id="note")
        yield Bar(self._footer, id="footer")

    @property
    def inbox(self) -> Inbox:
        """The list."""
        return self.query_one(Inbox)

    @property
    def sheet(self) -> Sheet:
        """The decision sheet."""
        return self.query_one(Sheet)

    def on_mount(self) -> None:
        """Begin to tell the time."""
        self.inbox.focus()
        self.set_interval(TICK_S, self.tick)
        self._renew()

    # -- news

    def take(self, news: News) -> None:
        """Show what the feed has seen."""
        if isinstance(news, Seen):
            self._lost, self._read, self.snapshot = "", True, news.snapshot
            self.inbox.take(self.snapshot)
            self.sheet.take(self.snapshot)
        elif isinstance(news, Lost):
            self._lost = f"store lost since {since_words(news.since)}: {news.words}"
        self._renew()

    def tick(self) -> None:
        """Bring ages up to date, and the order once nobody uses the list any more."""
        if self._read:
            self.inbox.take(self.snapshot)
        now = self._session.clock()
        if self.sheet.is_open and abs(now - self._drawn_at) >= REDRAW_MS:
            self._drawn_at = now
            self.sheet.draw()
        self._renew()

    def on_inbox_moved(self) -> None:
        """Another row has the cursor, or the rows have changed."""
        self._renew()

    # -- keys

    def action_go(self) -> None:
        """Enter: open the sheet; in the sheet, confirm."""
        if self.sheet.is_open:
            self.sheet.go()
        else:
            self._open(None)

    def action_decide(self, answer: str) -> None:
        """A decision key: in the list it opens the sheet, in the sheet it begins the answer."""
        if self.sheet.is_open:
            self.sheet.decide(Answer(answer))
        else:
            self._open(Answer(answer))

    def action_member(self, step: int) -> None:
        """The next or the previous task with the same cause."""
        if self.sheet.is_open:
            self.sheet.member(step)
        else:
            self._say("Enter opens the sheet; n and N go through those with the same cause")

    def action_explain(self) -> None:
        """Show or hide why the row is here."""
        self._explaining = not self._explaining
        self._renew()

    def action_renew(self) -> None:
        """Apply the order; with a sheet, read it again."""
        if self.sheet.is_open:
            self.sheet.renew()
        else:
            self.inbox.take(self.snapshot, anew=True)
            self._say("the order is the one of now")

    def action_back(self) -> None:
        """Close the innermost thing."""
        if self._explaining:
            self._explaining = False
        elif self.sheet.is_open:
            self.sheet.back()
        self._status = ()
        self._renew()

    def action_move(self, rows: int) -> None:
        """Down or up."""
        (self.sheet.body if self.sheet.is_open else self.inbox).move(rows)

    def action_page(self, direction: int) -> None:
        """A page down or up."""
        (self.sheet.body if self.sheet.is_open else self.inbox).page(direction)

    def action_edge(self, direction: int) -> None:
        """To the first or the last."""
        (self.sheet.body if self.sheet.is_open else self.inbox).edge(direction)

    def action_section(self, step: int) -> None:
        """The next or the previous section of the sheet."""
        if self.sheet.is_open:
            self.sheet.section(step)
        else:
            self._say("Enter opens the sheet; ] and [ go through its sections")

    async def action_leave(self) -> None:
        """Leave the dashboard, from the list only."""
        if self.sheet.is_open:
            self._say("Esc closes the sheet first; Ctrl+Q leaves from anywhere")
        else:
            await self.app.run_action("app.quit")

    # -- the sheet

    def _open(self, wanted: Answer | None) -> None:
        group = self.inbox.focused_group
        if group is None:
            self._say("nothing needs you now")
            return
        self._status = ()
        self._show(group, group.members[0], wanted)

    def _show(self, group: Group, member: Item, wanted: Answer | None) -> None:
        self._cause = group.cause
        self.inbox.touch()
        self.inbox.sheet_open = True
        self.inbox.can_focus = False
        self.add_class("-deciding")
        self.inbox.go_to(group.cause)
        self.sheet.open(member.task, [item.task for item in group.members], wanted)
        self._drawn_at = self._session.clock()
        self._renew()

    def on_decided(self, event: Decided) -> None:
        """An answer was accepted: the next item is shown, first of the same cause, then of the next row."""
        self._say(f"✓ {event.words}", Tone.GOOD)
        following = self._following(event.task)
        if following is None:
            self.sheet.put_away()
        else:
            self._show(*following, None)

    def on_sheet_closed(self) -> None:
        """Back to the list."""
        self.inbox.sheet_open = False
        self.inbox.can_focus = True
        self.remove_class("-deciding")
        self.inbox.touch()
        self.inbox.focus()
        self._renew()

    def _following(self, decided: str) -> tuple[Group, Item] | None:
        groups = list(self.inbox.arrangement.groups)
        here = next((i for i, group in enumerate(groups) if group.cause == self._cause), 0)
        for group in groups[here:] + groups[:here]:
            members = [item for item in group.members if item.task != decided]
            later = [item for item in members if group.cause != self._cause or self._is_after(group, item, decided)]
            if members:
                return group, (later or members)[0]
        return None

    @staticmethod
    def _is_after(group: Group, item: Item, decided: str) -> bool:
        order = [member.task for member in group.members]
        return decided not in order or order.index(item.task) > order.index(decided)

    # -- lines

    def _say(self, words: str, tone: Tone = Tone.DIM) -> None:
        self._status = (Span(words, tone),)
        self._renew()

    def _renew(self) -> None:
        for bar in self.query(Bar):
            if bar.id in {"header", "chip", "why", "fleet", "explanation", "status", "note", "footer"}:
                bar.renew()

    def _header(self, width: int) -> tuple[Line, ...]:
        labels = ("advisory", *(("read-only",) if self._session.read_only else ()))
        return header_lines(
            self.snapshot,
            lost=self._lost or ("" if self._read else "reading the store …"),
            age_ms=self._session.clock() - self._looked_at(),
            labels=labels,
            width=width,
        )

    def _chip(self, width: int) -> tuple[Line, ...]:
        waiting = len(self.inbox.arrangement.waiting)
        return (
            (fitted((Span(f" {waiting} new ", Tone.ACCENT), Span("R shows them", Tone.DIM)), width),) if waiting else ()
        )

    def _why(self, width: int) -> tuple[Line, ...]:
        group = self.inbox.focused_group
        return (fitted(why_line(group, self._session.clock()), width),) if group else ()

    def _fleet(self, width: int) -> tuple[Line, ...]:
        return fleet_lines(self.snapshot, width, MOST_RUNS)

    def _explanation(self, width: int) -> tuple[Line, ...]:
        group = self.inbox.focused_group
        if not self._explaining:
            return ()
        if group is None:
            return (line("nothing needs you now, so there is nothing to explain", Tone.DIM),)
        member = next((item for item in group.members if item.task == self.sheet.task_id), group.members[0])
        task = self.snapshot.tasks.get(member.task)
        return explanation(group, member, task, self.inbox.position, self._session.clock(), width)

    def _footer(self, width: int) -> tuple[Line, ...]:
        here = Where.SHEET if self.sheet.is_open else Where.INBOX
        pieces = [(Span(key.shown, Tone.STRONG), Span(f" {key.word}", Tone.DIM)) for key in KEYS if here in key.footer]
        return flowed(pieces, width, 1)
