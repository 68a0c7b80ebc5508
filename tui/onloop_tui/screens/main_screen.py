"""The main screen: one of six views, the decision sheet beside it, and the lines around them."""

from __future__ import annotations

from collections.abc import Callable

from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical
from textual.screen import Screen

from onloop_tui.app_messages import DecisionAccepted
from onloop_tui.bindings import MAIN_KEYS, Where, bindings_of
from onloop_tui.command_words import completed, known_words
from onloop_tui.edited_files import EditedFile
from onloop_tui.feed import News, StoreLost, StoreUpdate
from onloop_tui.model.chrome.crumbs import Crumb, crumbs_of
from onloop_tui.model.drawing.text_line import Line, Span, Tone
from onloop_tui.model.finding.search_index import FoundKind, FoundRow
from onloop_tui.model.ground.acts import Act
from onloop_tui.model.ground.run_scope import RunScope
from onloop_tui.model.ground.snapshot import Snapshot
from onloop_tui.model.ground.subject import Subject, SubjectKind
from onloop_tui.model.tour.tour_cards import CARDS
from onloop_tui.panels.sheet_panel import Sheet
from onloop_tui.screens.agents_view import AgentsView
from onloop_tui.screens.copying import Copying
from onloop_tui.screens.exporting import Exporting
from onloop_tui.screens.finding.landing import Landing
from onloop_tui.screens.finding.prompting import Prompting
from onloop_tui.screens.finding.run_narrowing import RunNarrowing
from onloop_tui.screens.finding.searching import Searching
from onloop_tui.screens.finding.view_saving import ViewSaving
from onloop_tui.screens.fleet_view import FleetView
from onloop_tui.screens.inbox_view import InboxView
from onloop_tui.screens.key_turns import KeyTurns
from onloop_tui.screens.last_decisions import LastDecisions
from onloop_tui.screens.log_view import LogView
from onloop_tui.screens.loop_view import LoopView
from onloop_tui.screens.screen_chrome import TABS, ScreenChrome, turn_scope
from onloop_tui.screens.sheet_keys import SheetKeys
from onloop_tui.screens.touring import Touring
from onloop_tui.screens.travelling import Stepped, Travelling
from onloop_tui.screens.trees_view import TreesView
from onloop_tui.screens.view import Opening, Rows, View
from onloop_tui.session import Session
from onloop_tui.theme import COMPONENTS
from onloop_tui.widgets.bar import Bar
from onloop_tui.widgets.detail_pane import DetailPane
from onloop_tui.widgets.inbox_list import Inbox
from onloop_tui.widgets.place_bar import PlaceBar
from onloop_tui.widgets.prompt import Prompt

TICK_S = 0.5
ROOM_FOR_A_PLACE = 30
"""In terminals of at least this height the line of where one is always stands below the header."""
REDRAW_MS = 10_000
"""How often the ages in an open sheet are updated."""
VIEWS: tuple[type[View], ...] = (InboxView, TreesView, FleetView, AgentsView, LogView, LoopView)
_BARS = frozenset(
    {"header", "place", "troubles", "chip", "why", "explanation", "status", "note", "tour", "footer", "small"}
)


class MainScreen(
    SheetKeys,
    KeyTurns,
    Copying,
    Travelling,
    Exporting,
    LastDecisions,
    Prompting,
    RunNarrowing,
    Searching,
    ViewSaving,
    Landing,
    Touring,
    Screen[None],
):
    """Shows the views, explains rows and opens the sheet. A key in a list never decides anything."""

    CSS_PATH = "main_screen.tcss"
    COMPONENT_CLASSES = COMPONENTS
    BINDINGS = bindings_of(MAIN_KEYS)

    def __init__(self, session: Session, looked_at: Callable[[], int], note: str) -> None:
        super().__init__()
        self.session = session
        self.around = ScreenChrome(session, looked_at, note)
        self.explaining = False
        self._drawn_at = 0
        self._views = tuple(view(session) for view in VIEWS)
        self.narrowing, self.unaware, self.has_landed = RunScope(), set(), False
        self.saved_counts, self.counted_at = {}, -1
        self.filters: dict[Where, str] = {}
        self.view: View = self._views[0]
        self.snapshot = self.whole = self.live = Snapshot()
        self.stepped: Stepped | None = None
        self.decided, self.card = "", len(CARDS)

    def compose(self) -> ComposeResult:
        """The header, the view and the sheet side by side, explanation and notices, and the keys."""
        yield Bar(self._header, id="header")
        yield PlaceBar(self._way, lambda: self.view.place)
        yield Bar(self.around.trouble_lines, id="troubles")
        with Horizontal(id="middle"):
            with Vertical(id="left"):
                yield from self._views
                yield DetailPane(self.session, lambda: self.view.detail())
                yield Bar(lambda width: self.view.chip(width), id="chip")
                yield Bar(lambda width: self.view.why(width), id="why")
            yield Sheet(self.session)
        yield Bar(lambda width: self.view.explanation(width) if self.explaining else (), id="explanation")
        yield Bar(self.around.status_lines, id="status")
        session = self.session
        yield Prompt(lambda: known_words(session.settings), lambda typed: completed(typed, session.settings))
        yield Bar(lambda width: self.around.note_lines(self.app.size, width), id="note")
        yield Bar(self.tour_lines, id="tour")
        yield Bar(self._footer, id="footer")
        yield Bar(lambda _: self.around.small_lines(self.app.size), id="small")

    @property
    def views(self) -> tuple[View, ...]:
        """The views, in the order of their keys."""
        return self._views

    @property
    def inbox(self) -> Inbox:
        """The list of causes."""
        return self.query_one(Inbox)

    @property
    def sheet(self) -> Sheet:
        """The decision sheet."""
        return self.query_one(Sheet)

    @property
    def prompt(self) -> Prompt:
        """The line for filters and commands."""
        return self.query_one(Prompt)

    def on_mount(self) -> None:
        """Start the clock that updates ages."""
        start = self.session.landing
        self._bring_to_front(next((view for view in self._views if view.where is start), self._views[0]))
        self.set_interval(TICK_S, self.tick)

    # -- news

    def take(self, news: News) -> None:
        """Show the news of the feed."""
        if isinstance(news, StoreUpdate):
            self.around.seen()
            self.live = news.snapshot
            if self.session.moment is None:
                self.see(self.live)
                self.live = self.whole
                self.show_front()
                self.land()
                self.sheet.take(self.snapshot)
        elif isinstance(news, StoreLost):
            self.around.lose(news)
        self.renew_lines()

    def edited(self, edited: EditedFile) -> None:
        """Show broken files, and what was read again."""
        self.around.troubles = edited.problems
        if edited.words:
            self.say(f"✓ {edited.words}")
        self.renew_lines()

    def tick(self) -> None:
        """Update the ages, and the order when nobody is using the list."""
        now = self.session.clock()
        if self.around.has_read:
            self.see(self.whole)
            if self.can_show():
                self.view.tick(self.snapshot)
            self.count_saved()
        if self.sheet.is_open and abs(now - self._drawn_at) >= REDRAW_MS:
            self._drawn_at = now
            self.sheet.draw()
        self.renew_lines()

    def on_view_moved(self) -> None:
        """Update the lines that depend on the cursor."""
        self.renew_lines()

    def on_view_said(self, event: View.Said) -> None:
        """Show a notice of the view."""
        self.say(event.words, event.tone)

    # -- views

    def action_view(self, name: str) -> None:
        """Bring another view to the front, with the cursor on the same subject if the view has it."""
        wanted = next((view for view in self._views if view.where.name.lower() == name), None)
        if wanted is None or wanted is self.view:
            return
        subject = self.subject_here()
        if self.sheet.is_open:
            self.sheet.put_away()
        self._bring_to_front(wanted)
        if subject is not None:
            wanted.go_to(subject)
        self.renew_lines()

    def _bring_to_front(self, wanted: View) -> None:
        self.view = wanted
        self.around.status = ()
        for view in self._views:
            view.display = view is wanted
        self.set_class(wanted.has_detail, "-detailed")
        if self.around.has_read:
            self.show_front()
        self.set_focus(wanted.focus_target)
        self.renew_lines()

    # -- keys

    def action_go(self) -> None:
        """Enter: drill in or open the sheet; in the sheet, confirm."""
        if not self.sheet.is_open:
            self._show(self.view.go(), None)
        elif not self._is_barred():
            self.ignored(self.sheet.go())

    def action_decide(self, answer: str) -> None:
        """A decision key: in a list it opens the sheet, in the sheet it begins the act."""
        if self._is_barred():
            return
        if self.sheet.is_open:
            self.ignored(self.sheet.decide(Act(answer)))
            return
        if self.view.decide_marked(Act(answer)):
            return
        subject = self.meant_by(Act(answer))
        if subject is None or subject.task is None:
            self.say(self.view.nothing)
        else:
            self._show(Opening(subject.task, subject.tasks), Act(answer))

    def action_next(self, step: int) -> None:
        """Go to the next row that needs a person; in the sheet, to the next task with the same cause."""
        if self.sheet.is_open:
            self.sheet.member(step)
        else:
            self.view.next_needing(step)

    def action_scope(self) -> None:
        """Show another part of what needs people; the rest is counted."""
        self.say(turn_scope(self.session, self.snapshot.viewer))
        self.look_anew()

    def action_explain(self) -> None:
        """Show or hide the explanation of the row."""
        self.explaining = not self.explaining
        self.renew_lines()

    def action_preview(self) -> None:
        """Show or hide more about the row under the cursor."""
        words = self.query_one(DetailPane).turn() if self.view.has_detail else self.view.turn_preview()
        if words:
            self.say(words)
        self.call_after_refresh(self.renew_lines)

    def action_renew(self) -> None:
        """Apply the order; in the sheet, read the task again."""
        if self.sheet.is_open:
            self.sheet.renew()
        else:
            self.take_anew()
            self.say("the order is up to date")

    def action_back(self) -> None:
        """Close the innermost thing."""
        if self.explaining:
            self.explaining = False
        elif self.sheet.is_open:
            self.sheet.back()
        elif self.view.back():
            pass
        elif self.view.where in self.filters:
            self.apply_filter("")
        elif self.session.moment is not None:
            self.show_now()
            return
        elif not self.widen():
            self.end_tour()
        self.around.status = ()
        self.renew_lines()

    def _moving(self) -> Rows:
        return self.sheet.body if self.sheet.is_open else self.view.rows

    def action_move(self, rows: int) -> None:
        """Move down or up."""
        self._moving().move(rows)

    def action_page(self, direction: int) -> None:
        """Move a page down or up."""
        self._moving().page(direction)

    def action_edge(self, direction: int) -> None:
        """Move to the first or the last."""
        self._moving().edge(direction)

    async def action_leave(self) -> None:
        """Leave the dashboard; only from a list, not from the sheet."""
        if self.sheet.is_open:
            self.say("Esc closes the sheet first; Ctrl+Q leaves from anywhere")
        else:
            await self.app.run_action("app.quit")

    def focus_front(self) -> None:
        """Give the keys to the sheet, or to the view in front."""
        self.set_focus(self.sheet.body if self.sheet.is_open else self.view.focus_target)

    def subject_here(self) -> Subject | None:
        """What is shown in the sheet, or is under the cursor."""
        task = self.sheet.task_id
        return Subject(SubjectKind.TASK, task, (task,)) if self.sheet.is_open else self.view.subject()

    # -- the sheet

    def _is_barred(self) -> bool:
        """Whether decisions are impossible now; shows why."""
        why_not = self.around.why_not_decide(self.app.size)
        if why_not:
            self.say(why_not, Tone.BAD)
        return bool(why_not)

    def _show(self, opening: Opening | None, wanted: Act | None) -> None:
        if opening is None:
            return
        self.around.status = ()
        self.view.sheet_opened()
        self.add_class("-deciding")
        self.sheet.open(opening.task, opening.members, wanted)
        self._drawn_at = self.session.clock()
        self.renew_lines()

    def begin_with(self, task: str) -> None:
        """Open the sheet of the task that a link named."""
        self._show(Opening(task, (task,)), None)

    def on_decision_accepted(self, event: DecisionAccepted) -> None:
        """Show the next task after an accepted decision, if the view has one."""
        self.decided = event.task
        self.say(f"✓ {event.words}", Tone.GOOD)
        following = self.view.following(event.task)
        if following is None:
            self.sheet.put_away()
        else:
            status = self.around.status
            self._show(following, None)
            self.around.status = status
            self.renew_lines()

    def on_sheet_closed(self) -> None:
        """Return to the list, unless another task was opened meanwhile."""
        if self.sheet.is_open:
            return
        self.view.sheet_closed()
        self.remove_class("-deciding")
        self.set_focus(self.view.focus_target)
        self.renew_lines()

    # -- lines

    def say(self, words: str, tone: Tone = Tone.DIM) -> None:
        """Show a notice above the keys."""
        self.around.status = (Span(words, tone),)
        self.renew_lines()

    def renew_lines(self) -> None:
        """Get the lines around the view again."""
        self.go_on_touring()
        for bar in self.query(Bar):
            if bar.id in _BARS:
                bar.renew()
        self.query_one(DetailPane).renew()

    def _way(self) -> tuple[Crumb, ...]:
        if not self.around.has_read or not (self.narrowing.run or self.app.size.height >= ROOM_FOR_A_PLACE):
            return ()
        return crumbs_of(self.view.where.name.capitalize(), self.subject_here(), self.snapshot)

    def on_place_bar_clicked(self, event: PlaceBar.Clicked) -> None:
        """Go to a part of the way: to the top of the view, or in the Tree to the run or task."""
        if event.crumb.task:
            self.go_to_found(FoundRow(FoundKind.TASK, event.crumb.task))
        elif not self.sheet.is_open:
            self.action_edge(-1)

    def _header(self, width: int) -> tuple[Line, ...]:
        tabs = tuple((TABS[view.where], view is self.view) for view in self._views)
        return self.around.header(self.snapshot, self.narrowing, tabs, self.saved_tabs(), width)

    def _footer(self, width: int) -> tuple[Line, ...]:
        return self.around.footer(Where.SHEET if self.sheet.is_open else self.view.where, width)
