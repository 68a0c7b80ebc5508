"""The app: one feed, one session, the screens; and the guard in front of the terminal."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from textual.app import App, SystemCommand
from textual.filter import LineFilter
from textual.screen import Screen

from onloop_tui.bindings import KEYS
from onloop_tui.dialogs.leaving import Leaving
from onloop_tui.feed import Feed, News
from onloop_tui.guard import GUARD
from onloop_tui.messages import StoreNews
from onloop_tui.screens.help import HelpScreen
from onloop_tui.screens.inbox import InboxScreen
from onloop_tui.session import Session


class Dashboard(App[str]):
    """Reads the store 30 times a second, and shows it; returns how it was left: `quit`, `stop` or `leave`."""

    CSS_PATH = "theme.tcss"
    TITLE = "onloop"
    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (120, "-wide")]  # noqa: RUF012 - Textual's own declaration

    def __init__(self, session: Session, *, note: str = "", ask_on_quit: bool = False) -> None:
        super().__init__()
        self._ask_on_quit = ask_on_quit
        self.feed = Feed(session.place, session.clock, self._post_news)
        self.main = InboxScreen(session, lambda: self.feed.looked_at, note)

    def get_line_filters(self) -> Sequence[LineFilter]:
        """Textual's filters, and last our guard: every widget's lines go through these."""
        return [*super().get_line_filters(), GUARD]

    def on_mount(self) -> None:
        """Show the first screen and begin to read."""
        self.push_screen(self.main)
        self.run_worker(self.feed.run, thread=True, group="feed")

    def on_unmount(self) -> None:
        """Let the feed's thread end."""
        self.feed.stop()

    def _post_news(self, news: News) -> None:
        self.post_message(StoreNews(news))

    def on_store_news(self, event: StoreNews) -> None:
        """Hand what is new to the screen."""
        self.main.take(event.news)

    def get_system_commands(self, screen: Screen[object]) -> Iterable[SystemCommand]:  # noqa: ARG002
        """The palette: the registry's keys by name."""
        for key in KEYS:
            yield SystemCommand(f"{key.word} ({key.shown})", key.help, lambda action=key.action: self._run(action))

    async def _run(self, action: str) -> None:
        await self.run_action(action.removeprefix("app."), default_namespace=self if "app." in action else self.main)

    def action_keys(self) -> None:
        """Show every key."""
        if not isinstance(self.screen, HelpScreen):
            self.push_screen(HelpScreen())

    async def action_quit(self) -> None:
        """Leave; a dashboard that started other processes asks first what becomes of them."""
        if not self._ask_on_quit:
            self.exit("quit")
        elif not isinstance(self.screen, Leaving):
            self.push_screen(Leaving(), self._left)

    def _left(self, answer: str | None) -> None:
        if answer:
            self.exit(answer)
