"""The app: one feed, one session, the screens, and the guard that filters what reaches the terminal."""

from __future__ import annotations

import asyncio
import os
import signal
import threading
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from textual.app import SystemCommand
from textual.css.query import NoMatches
from textual.events import Event, Key, MouseDown, Paste
from textual.filter import LineFilter, Monochrome, NoColor
from textual.screen import Screen

from onloop.guides.catalogue import guides
from onloop_tui import bindings
from onloop_tui.app_messages import FilesNews, KeysWanted, NoteWanted, StoreNews, ThemeWanted
from onloop_tui.bindings import Where
from onloop_tui.dialogs.leaving import Leaving
from onloop_tui.edited_files import EditedFile, Files
from onloop_tui.feed import Feed, News, StoreLost
from onloop_tui.guard import GUARD
from onloop_tui.model.chrome.absence import Absence
from onloop_tui.model.drawing.text_line import Tone
from onloop_tui.model.ground.acts import Act
from onloop_tui.notices import Notices, Terminal
from onloop_tui.screens.help_screen import HelpScreen
from onloop_tui.screens.main_screen import MainScreen
from onloop_tui.screens.picture_screen import PictureScreen
from onloop_tui.screens.screen_chrome import LEAST
from onloop_tui.screens.task_log_screen import TaskLogScreen
from onloop_tui.session import Session
from onloop_tui.settings import Settings, ThemeName
from onloop_tui.terminal.colour_depth import is_sixteen
from onloop_tui.terminal.paced_app import PacedApp
from onloop_tui.terminal.reading_order import ReadingOrder, leaves_order_to_us
from onloop_tui.terminal.terminal_driver import TerminalDriver
from onloop_tui.theme import THEMES
from onloop_tui.typing_order import Typed, TypingOrder, is_field
from onloop_tui.watching import Watching
from onloop_tui.widgets.detail_pane import NEEDS as DETAIL_NEEDS

ENDINGS = (signal.SIGTERM, signal.SIGHUP)
"""Signals that end the program cleanly."""

NOTICE_S = 1.0
"""How often the app checks whether collected notices are due."""

BACK_S = 0.1
"""How often is asked, after a person came back, whether the store was looked at."""


def _let_go_of_terminal() -> None:
    """Stop reading from and writing to the terminal: Textual would wait without end for a terminal that has hung up."""
    nowhere = os.open(os.devnull, os.O_RDWR)
    for descriptor in range(3):
        os.dup2(nowhere, descriptor)
    os.close(nowhere)


GONE = "gone"
"""How the dashboard is left if the store's folder has gone and does not come back."""

GONE_S = 10.0
"""How long a store's folder may be away, in seconds: a backup may be on its way into its place."""


class Dashboard(PacedApp):
    """Reads the store 50 times a second and shows it; returns how the person left: `quit`, `stop` or `leave`."""

    CSS_PATH = "theme.tcss"
    TITLE = "onloop"
    HORIZONTAL_BREAKPOINTS = [(0, "-cramped"), (LEAST[0], "-narrow"), (DETAIL_NEEDS[0], "-wide")]  # noqa: RUF012 - Textual's own
    VERTICAL_BREAKPOINTS = [(0, "-low"), (LEAST[1], "-high"), (DETAIL_NEEDS[1], "-tall")]  # noqa: RUF012 - Textual's own declaration

    def __init__(
        self,
        session: Session,
        *,
        note: str = "",
        ask_on_quit: bool = False,
        tour: bool = False,
        files: Files | None = None,
        settled: Callable[[], object] = lambda: None,
        task: str = "",
    ) -> None:
        """`task` is the one whose sheet is open at the beginning; empty for none.

        `settled` is called whenever much has been built that stays.
        """
        super().__init__()
        self._first_task = task
        self.defect: Exception | None = None
        """The first defect of ours that nothing foresaw; it ended the dashboard."""
        self._settled, self._has_all = settled, False
        self._handlers: dict[int, Any] = {}
        self._absence: Absence | None = None
        self._typing = TypingOrder(self._typed)
        self._session = session
        self._ask_on_quit = ask_on_quit
        self._is_sixteen = False
        self._order: tuple[LineFilter, ...] = (ReadingOrder(),) if leaves_order_to_us(os.environ) else ()
        self._preferred = ThemeName.MONO if self.no_color else ThemeName.DARK
        for theme in THEMES.values():
            self.register_theme(theme)
        self.feed = Feed(session.place, session.clock, self._post_news)
        self.main = MainScreen(session, lambda: self.feed.looked_at, note)
        if tour:
            self.main.card = 0
        self.watching = Watching(files, self._post_edited) if files is not None else None
        self.notices = Notices(session, Terminal.of(os.environ), self._write)
        self._apply(session.settings, before=None)

    def get_line_filters(self) -> Sequence[LineFilter]:
        """Textual's filters, one without colour if the theme has none, our guard, and the order of reading last."""
        kept = [each for each in super().get_line_filters() if not isinstance(each, Monochrome | NoColor)]
        return [*kept, *([NoColor()] if self.no_color else []), GUARD, *self._order]

    def on_mount(self) -> None:
        """Show the main screen and start to read."""
        self._heed_signals()
        if isinstance(self._driver, TerminalDriver) and is_sixteen(os.environ):
            self.keep_to_sixteen()
        self.push_screen(self.main)
        self.app_resume_signal.subscribe(self, self._on_back)
        self.notices.begin()
        self.call_after_refresh(self._begin_to_read)
        self.set_interval(NOTICE_S, self._look_for_notices)

    def _heed_signals(self) -> None:
        """On a signal or a closed terminal, leave as the key does: restore the terminal, end the processes."""
        loop = asyncio.get_running_loop()

        def end(number: int, _frame: object) -> None:
            if number == signal.SIGHUP:
                _let_go_of_terminal()
            loop.call_soon_threadsafe(self.exit, "stop" if self._ask_on_quit else "quit")

        if threading.current_thread() is threading.main_thread():
            self._handlers = {each: signal.signal(each, end) for each in ENDINGS}

    def _begin_to_read(self) -> None:
        """Start after the first paint, because reading a large store would delay it."""
        self.run_worker(self.feed.run, thread=True, group="feed")
        if self.watching is not None:
            self.run_worker(self.watching.run, thread=True, group="watching")

    def on_unmount(self) -> None:
        """End the threads and restore the terminal's title."""
        for number, before in self._handlers.items():
            signal.signal(number, before)
        self.feed.stop()
        if self.watching is not None:
            self.watching.stop()
        self.notices.end()
        self._session.place.close()

    async def on_event(self, event: Event) -> None:
        """Note key presses, because they show that somebody is there; keys wait for their turn."""
        if isinstance(event, Key | MouseDown):
            self.hurry()
            self.notices.pressed()
        if self._exit and isinstance(event, Key | Paste | MouseDown):
            return  # what is typed after the last key means a shell, not screens that are going
        if isinstance(event, Key | Paste) and not event.is_forwarded:
            await self._typing.type(event, self.screen)
        else:
            await super().on_event(event)

    async def _typed(self, event: Typed) -> None:
        """Give a key to the field in focus, or run at once what it is bound to: the next key finds it done."""
        field = self.focused
        if field is not None and is_field(field):
            await super().on_event(event)
            if isinstance(event, Key) and not event.is_printable:
                self._typing.wait_for(field, lambda: self.post_message(KeysWanted()))
        elif isinstance(event, Paste):
            self.main.say("a paste was ignored: nothing can be typed here", Tone.WARN)
        elif not await self._check_bindings(event.key, priority=True) and not await self._check_bindings(event.key):
            await super().on_event(event)

    async def on_keys_wanted(self) -> None:
        """Deliver the keys that waited."""
        await self._typing.deliver(self.screen)

    def _write(self, sequence: str) -> None:
        if self._driver is not None:
            self._driver.write(sequence)

    # -- news

    def _post_news(self, news: News) -> None:
        self.post_message(StoreNews(news))

    def _post_edited(self, edited: EditedFile) -> None:
        self.post_message(FilesNews(edited))

    def on_store_news(self, event: StoreNews) -> None:
        """Show the news, and notify a person who is not looking."""
        if self.is_running and self.main.children:  # while the app shuts down, parts of the screen are gone
            self.main.take(event.news)
        if isinstance(event.news, StoreLost):
            self.set_timer(GONE_S, self._leave_what_is_gone)
        if not self._has_all and self.main.around.has_read and self.main.live.is_whole:
            self._has_all = True
            self._settled()
        if self._first_task and self.main.around.has_read:
            task, self._first_task = self._first_task, ""
            self.main.begin_with(task)
        self._look_for_notices()

    def on_tree_view_made(self) -> None:
        """The tree of a large store stays."""
        self._settled()

    def _leave_what_is_gone(self) -> None:
        """Leave if the store's folder has not come back: nobody can restore it from here."""
        if self._session.place.is_gone():
            self.exit(GONE)

    def _look_for_notices(self) -> None:
        if self.main.around.has_read:
            self.notices.look(self.main.live, focused=self.app_focus)

    def on_files_news(self, event: FilesNews) -> None:
        """Apply new settings, and name broken files."""
        before, self._session.settings = self._session.settings, event.edited.settings
        self._apply(event.edited.settings, before)
        self.main.edited(event.edited)

    # -- settings

    def _apply(self, settings: Settings, before: Settings | None) -> None:
        if before is None or before.theme != settings.theme:
            self._dress(settings.theme or self._preferred)
        if before is None or before.keys != settings.keys:
            self.set_keymap(bindings.textual_keymap(settings.keys))

    def keep_to_sixteen(self) -> None:
        """Ask the terminal for no colours but its own 16, whatever the theme."""
        self._is_sixteen = True
        self._dress(self._session.settings.theme or self._preferred)

    def _dress(self, name: ThemeName) -> None:
        """Put on these colours; a terminal of 16 colours has them in its own, for ours would run into each other."""
        self.no_color = name is ThemeName.MONO
        self.set_class(self._is_sixteen and not self.no_color, "-sixteen")
        self.theme = THEMES[ThemeName.ANSI if self._is_sixteen and not self.no_color else name].name

    def on_theme_wanted(self, event: ThemeWanted) -> None:
        """Change the colours until the person leaves."""
        self._dress(event.theme)
        self.main.say(f"theme {event.theme} until you leave; theme: {event.theme} in your settings keeps it")

    # -- palette, help, leaving

    def get_system_commands(self, screen: Screen[object]) -> Iterable[SystemCommand]:  # noqa: ARG002
        """The entries of the palette: keys, guides and themes."""
        for key in self._session.settings.keys:
            yield SystemCommand(f"{key.word} ({key.shown})", key.help, lambda key=key: self._run(key))
        for guide in guides():
            read = lambda name=guide.name: self.action_guide(name)  # noqa: E731 - a callback for each
            yield SystemCommand(f"guide {guide.name}", guide.title, read)
        for name in ThemeName:
            ask = lambda name=name: self.post_message(ThemeWanted(name))  # noqa: E731 - a callback for each
            yield SystemCommand(f"theme {name}", "other colours, until you leave", ask)

    async def _run(self, key: bindings.Key) -> None:
        await self.main.run_key_action(key.action, key.where)

    def action_task_log(self) -> None:
        """Show what the agents, gates and effects of the task under the cursor write, live."""
        self._look_at(TaskLogScreen)

    async def on_note_wanted(self, event: NoteWanted) -> None:
        """Let the person write a note, in the sheet of that task."""
        subject = self.main.subject_here()
        if subject is None or subject.task != event.task:
            self.main.say(f"the cursor is not on {event.task} any more: i there writes a note", Tone.WARN)
        else:
            await self.main.run_key_action(f"decide('{Act.NOTE.value}')", bindings.Where.ROW)

    def action_picture(self) -> None:
        """Show what the time of the task under the cursor went to, and its way through its workflow."""
        self._look_at(PictureScreen)

    def _look_at(self, kind: type[TaskLogScreen | PictureScreen]) -> None:
        """Open a screen about the task under the cursor, unless it is open."""
        subject = self.main.subject_here()
        if subject is None or subject.task is None:
            self.main.say(self.main.view.nothing)
        elif self._session.moment is not None:
            self.main.say("what was written, and took time, is shown as it is now: Esc goes back to now")
        elif not isinstance(self.screen, kind):
            about = (subject.gate,) if kind is TaskLogScreen else ()
            self.push_screen(kind(self._session, subject.task, *about))

    def action_keys(self) -> None:
        """Show the help: every key, those first that mean something here, and the guides, from that of the view on."""
        self._help("", Where.SHEET if self.main.sheet.is_open else self.main.view.where)

    def action_guide(self, name: str) -> None:
        """Show a guide; without a name, the keys."""
        self._help(name, self.main.view.where)

    def _help(self, name: str, where: Where) -> None:
        if not isinstance(self.screen, HelpScreen):
            beside = (*bindings.FORM, *bindings.PROMPT, *bindings.TYPED)
            self.push_screen(HelpScreen((*self._session.settings.keys, *beside), name, where))

    def _handle_exception(self, error: Exception) -> None:
        """End by a defect, which is said once the screen is gone; a screen that lost its parts by leaving is none."""
        if self._exit and isinstance(error, NoMatches):
            return
        self.defect = self.defect or error
        super()._handle_exception(error)
        self._exit_renderables.clear()  # Textual would print values of variables

    def exit(self, result: str | None = None, return_code: int = 0, message: Any = None) -> None:
        """Leave, and remember where this was."""
        if self.main.is_attached:
            self.main.remember_place()
        super().exit(result, return_code, message)

    def action_suspend_process(self) -> None:
        """Give the terminal back to the shell until it says to go on; a demo goes on by itself, so it is left."""
        why_not = "q leaves a demo, and asks what becomes of it" if self._ask_on_quit else self.why_not_suspended()
        if why_not:
            self.main.say(why_not, Tone.WARN)
        else:
            self._absence = Absence.begun(self._session.now(), self.main.live)
            self.suspend_job()

    def _on_back(self, _app: object) -> None:
        self.refresh(layout=True)
        self._say_what_happened(self._session.now())

    def _say_what_happened(self, back_at: int) -> None:
        """Say it, once the store was looked at and what was found has had the time to arrive here."""
        if self.feed.looked_at <= back_at or not self.main.children:
            self.set_timer(BACK_S, lambda: self._say_what_happened(back_at))
        else:
            self.set_timer(BACK_S, lambda: self._tell(back_at))

    def _tell(self, back_at: int) -> None:
        absence, self._absence = self._absence, None
        if absence is not None:
            told = absence.told(back_at, self.main.live)
            self.main.say(told.text, told.tone)

    async def action_quit(self) -> None:
        """Leave. If the dashboard started other processes, ask first whether to stop them."""
        if not self._ask_on_quit:
            self.exit("quit")
        elif not isinstance(self.screen, Leaving):
            self.push_screen(Leaving(), self._left)

    def _left(self, answer: str | None) -> None:
        if answer:
            self.exit(answer)
