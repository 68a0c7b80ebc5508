"""An app around one list, for tests and benchmarks of lists: its screen has the tones, as each of ours has."""

from __future__ import annotations

from textual.app import App
from textual.screen import Screen

from onloop_tui.theme import COMPONENTS


class TonedScreen(Screen[None]):
    COMPONENT_CLASSES = COMPONENTS


class ListApp(App[None]):
    def get_default_screen(self) -> Screen[None]:
        return TonedScreen(id="_default")
