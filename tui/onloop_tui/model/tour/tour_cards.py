"""The cards of the tour: each says one thing to do, and is over once it was done."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from onloop_tui.model.drawing.text_line import Line, Span, Tone, hanging


@dataclass(frozen=True, slots=True)
class TourSight:
    """What a person has before them: the view's name, rows in the Inbox, what is open, whether they have decided."""

    view: str
    rows: int = 0
    explains: bool = False
    sheet_is_open: bool = False
    has_decided: bool = False


@dataclass(frozen=True, slots=True)
class TourCard:
    """What to do, and when it was done."""

    words: str
    is_done: Callable[[TourSight], bool]


CARDS: tuple[TourCard, ...] = (
    TourCard(
        "This is the Inbox: what needs you, one row a cause. Agents are at work; the first row comes in a moment.",
        lambda sight: sight.rows > 0,
    ),
    TourCard("Press w: why the row is here, what clears it, and who can act.", lambda sight: sight.explains),
    TourCard(
        "Press Enter: the sheet has the question, what each answer does, and the evidence. Opening it decides nothing.",
        lambda sight: sight.sheet_is_open,
    ),
    TourCard(
        "Decide: a approves exactly what is shown, r rejects with a reason that reaches the agent, e answers, t tries "
        "again. Enter confirms.",
        lambda sight: sight.has_decided,
    ),
    TourCard("Press 2: the Tree shows every task with its gates, live.", lambda sight: sight.view == "tree"),
    TourCard("Press 5: the Log says who did what, and ^T looks back at any moment of it.", lambda s: s.view == "log"),
    TourCard("Press 1 to go back. ? lists every key, and the guides; q leaves.", lambda sight: sight.view == "inbox"),
)
"""In their order. The words name keys by their own names, which a person may have changed."""


def card_after(card: int, sight: TourSight) -> int:
    """The card to show: this one, or the next that was not done; their number once all were."""
    return card + 1 if card < len(CARDS) and CARDS[card].is_done(sight) else card


def card_lines(card: int, width: int) -> tuple[Line, ...]:
    """The card as lines; none once all were done."""
    if card >= len(CARDS):
        return ()
    first = (Span(f"tour {card + 1} of {len(CARDS)}  ", Tone.TAB), Span(" "))
    return hanging(first, f"{CARDS[card].words} (Esc in a list ends the tour)", width, Tone.STRONG)
