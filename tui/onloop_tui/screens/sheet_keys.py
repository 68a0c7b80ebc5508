"""The keys that only mean something in the sheet."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from onloop_tui.bindings import KEYS
from onloop_tui.panels.sheet_panel import Sheet

_SHOWN = {key.word: key.shown for key in KEYS}


class _HasSheet(Protocol):
    @property
    def sheet(self) -> Sheet: ...

    def say(self, words: str) -> None: ...

    def step_task(self, step: int) -> None: ...

    def in_sheet(self, deed: Callable[[], object], words: str) -> None: ...


class SheetKeys:
    """Their actions, for the screen that has the sheet; from a list they say where they work."""

    def action_section(self: _HasSheet, step: int) -> None:
        """Scroll to the next or the previous section of the sheet; in a list, go through what happened to the task."""
        if self.sheet.is_open:
            self.sheet.section(step)
        else:
            self.step_task(step)

    def action_request(self: _HasSheet) -> None:
        """Show the next of several open requests of the task."""
        self.in_sheet(self.sheet.request, f"{_SHOWN['next request']} goes through what is asked")

    def action_files(self: _HasSheet) -> None:
        """Open what the commit changes, file by file."""
        self.in_sheet(self.sheet.files, f"{_SHOWN['files']} shows what its commit changes, file by file")

    def action_alike(self: _HasSheet) -> None:
        """List all tasks of the row that ask for approval of exactly this change."""
        self.in_sheet(self.sheet.alike, f"{_SHOWN['approve all alike']} approves its change in every task of the row")

    def in_sheet(self: _HasSheet, deed: Callable[[], object], words: str) -> None:
        """Do it if the sheet is open; else say what the key is for."""
        if self.sheet.is_open:
            deed()
        else:
            self.say(f"Enter opens the sheet, where {words}")
