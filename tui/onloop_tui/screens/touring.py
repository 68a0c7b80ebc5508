"""The tour: a card above the keys that goes on as the person does what it says."""

from __future__ import annotations

from typing import Protocol

from onloop_tui.model.drawing.text_line import Line
from onloop_tui.model.ground.snapshot import Snapshot
from onloop_tui.model.tour.tour_cards import CARDS, TourSight, card_after, card_lines
from onloop_tui.panels.sheet_panel import Sheet
from onloop_tui.screens.view import View


class _Tours(Protocol):
    card: int
    view: View
    snapshot: Snapshot
    decided: str
    explaining: bool

    @property
    def sheet(self) -> Sheet: ...


class Touring:
    """The part of the main screen that shows newcomers around, if it was asked to."""

    def go_on_touring(self: _Tours) -> None:
        """Show the next card, if what this one says was done."""
        if self.card < len(CARDS):
            sight = TourSight(
                self.view.where.name.lower(),
                len(self.snapshot.groups),
                self.explaining,
                self.sheet.is_open,
                bool(self.decided),
            )
            self.card = card_after(self.card, sight)

    def end_tour(self: _Tours) -> None:
        """End it, if there is one."""
        self.card = len(CARDS)

    def tour_lines(self: _Tours, width: int) -> tuple[Line, ...]:
        """The card."""
        return card_lines(self.card, width)
