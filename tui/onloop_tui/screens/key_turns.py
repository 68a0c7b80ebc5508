"""What keys wait for on the main screen, and what is said of those that were ignored."""

from __future__ import annotations

from typing import TYPE_CHECKING

from onloop_tui.model.drawing.text_line import Tone
from onloop_tui.model.form.early_keys import KeyTarget
from onloop_tui.screens.main_part import MainPart

if TYPE_CHECKING:
    pass


class KeyTurns(MainPart):
    """The part of the main screen that says where keys may go now."""

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
