"""What keys wait for on the main screen, and what is said of those that were ignored."""

from __future__ import annotations

from typing import TYPE_CHECKING

from onloop_tui.model.drawing.text_line import Tone
from onloop_tui.model.form.early_keys import KeyTarget

if TYPE_CHECKING:
    from onloop_tui.panels.sheet_panel import Sheet
    from onloop_tui.screens.view import View


class KeyTurns:
    """The part of the main screen that says where keys may go now."""

    view: View

    @property
    def sheet(self) -> Sheet:
        """The decision sheet."""
        raise NotImplementedError

    def say(self, words: str, tone: Tone = Tone.DIM) -> None:
        """Show a notice."""
        raise NotImplementedError

    def expected(self) -> str:
        """What is about to come up, for which keys wait."""
        asking = self.sheet if self.sheet.is_open else self.view.asking
        return asking.expected() if asking is not None else ""

    def shown(self) -> KeyTarget:
        """What takes keys now."""
        asking = self.sheet if self.sheet.is_open else self.view.asking
        return asking.shown() if asking is not None else KeyTarget()

    def ignored(self, words: str) -> None:
        """Show that keys were ignored, if any were."""
        if words:
            self.say(words, Tone.WARN)
