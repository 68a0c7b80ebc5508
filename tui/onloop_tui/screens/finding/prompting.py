"""The part of the main screen that is typed into: a filter after `/`, a command after `:`."""

from __future__ import annotations

from typing import TYPE_CHECKING, assert_never

from onloop_tui.app_messages import ThemeWanted
from onloop_tui.bindings import Key, Where
from onloop_tui.command_words import (
    ColumnWords,
    ExportWords,
    Forget,
    Keep,
    Narrow,
    OrderWords,
    Travel,
    Unknown,
    choices,
    meaning_of,
)
from onloop_tui.model.drawing.text_line import Tone
from onloop_tui.screens.main_part import MainPart
from onloop_tui.settings import SavedView, ThemeName
from onloop_tui.widgets.prompt import Prompt


class Prompting(MainPart):
    """Filters are remembered by view; a command is any key's word, a filter's name, or a theme."""

    if TYPE_CHECKING:

        def obey(self, meaning: Travel | ExportWords) -> str:
            """Do what a command with words of its own says."""

        def arrange_by(self, meaning: ColumnWords | OrderWords) -> str:
            """Show columns, or an order."""

        def show_saved(self, saved: SavedView) -> None:
            """Show a saved view."""

        def save_view(self, name: str) -> str:
            """Keep how it is now."""

        def forget_view(self, name: str) -> str:
            """Remove a saved view."""

    def action_ask(self, sign: str) -> None:
        """Open the prompt for a filter or a command."""
        if sign == "/" and self.sheet.is_open:
            self.say("Esc closes the sheet first")
            return
        hint = "state: repo: gate: cause: owner: age:>2h !text" if sign == "/" else "a name from ?"
        self.prompt.ask(sign, self.filters.get(self.view.where, "") if sign == "/" else "", hint)

    async def on_prompt_typed(self, event: Prompt.Typed) -> None:
        """Apply a filter while it is typed, a command after Enter."""
        if event.sign == "/":
            problem = self.apply_filter(event.text)
        elif event.done:
            problem = await self._command(event.text)
        else:
            self.prompt.hint(choices(event.text, self.session.settings))
            return
        self.prompt.say(problem)
        if event.done and not problem:
            self.leave_prompt()

    def on_prompt_left(self) -> None:
        """Esc: restore the filter from before."""
        if self.prompt.sign == "/":
            self.apply_filter("")
        self.leave_prompt()

    def leave_prompt(self) -> None:
        """Close the prompt, and give the keys back to what had them."""
        self.prompt.close()
        self.focus_front()

    def apply_filter(self, query: str) -> str:
        """Filter the view in front; returns what is wrong with the query, or an empty text."""
        problem = self.view.filter(query)
        if not problem:
            self.filters[self.view.where] = query
            if not query:
                del self.filters[self.view.where]
            self.renew_lines()
        return problem

    async def _command(self, words: str) -> str:
        meaning = meaning_of(words, self.session.settings)
        if isinstance(meaning, Unknown):
            return meaning.words
        if isinstance(meaning, Travel | ExportWords):
            return self.obey(meaning)
        if isinstance(meaning, ColumnWords | OrderWords):
            return self.arrange_by(meaning)
        self.leave_prompt()
        if isinstance(meaning, Key):
            await self.run_key_action(meaning.action, meaning.where)
        else:
            self._apply(meaning)
        return ""

    def _apply(self, meaning: Narrow | SavedView | Keep | Forget | ThemeName) -> None:
        match meaning:
            case Narrow():
                self.say(self.apply_filter(meaning.query) or f"only {meaning.query}")
            case SavedView():
                self.show_saved(meaning)
            case Keep():
                self._say_trouble(self.save_view(meaning.name))
            case Forget():
                self._say_trouble(self.forget_view(meaning.name))
            case ThemeName():
                self.view.app.post_message(ThemeWanted(meaning))
            case _:
                assert_never(meaning)

    def _say_trouble(self, words: str) -> None:
        if words:
            self.say(words, Tone.WARN)

    async def run_key_action(self, action: str, where: Where) -> None:
        """Run a key's action, called by the palette or after `:`."""
        owner = self.view if where is self.view.where else self.view.screen
        await self.view.app.run_action(action, default_namespace=owner)
