"""On a slow line only the cells that differ are sent, and the terminal shows what it would show anyway."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.color import ColorSystem
from rich.console import Console
from rich.segment import Segment
from rich.style import Style

from onloop_tui.app import Dashboard
from onloop_tui.terminal.fewer_bytes import FewerBytes
from onloop_tui.terminal.shown_cells import PaintedPiece, ShownCells
from support.drawn_cells import DrawnCells
from support.tui_scenes import busy, playing, shows

MOST_BYTES = 2_000
"""What a key may cost; the whole screen is what a change of the view may cost."""
STYLES = [
    Style.parse(words)
    for words in ("", "bold", "red", "red on blue", "on #101010", "#ff8800 on #101010", "underline", "reverse", "dim")
]
PIECES = st.lists(
    st.tuples(
        st.integers(0, 3),
        st.integers(0, 12),
        st.lists(
            st.tuples(st.text("ab  日e\u0301│é👍שע", min_size=1, max_size=8), st.sampled_from(STYLES)), max_size=4
        ),
    ),
    max_size=12,
)


def _in_full(pieces: Sequence[PaintedPiece]) -> str:
    """As it would be sent without any memory."""
    return "".join(ShownCells().painted([piece], ColorSystem.TRUECOLOR) for piece in pieces)


def _is_whole(segments: Sequence[tuple[str, Style]]) -> bool:
    """Whether no piece begins with a mark, of which nobody knows on what it is."""
    return bool(segments) and segments[0][0][0] != "\u0301"


@given(PIECES, PIECES)
def test_what_is_shown_is_what_was_painted(
    first: list[tuple[int, int, list[tuple[str, Style]]]], second: list[tuple[int, int, list[tuple[str, Style]]]]
) -> None:
    shown, terminal, model = ShownCells(), DrawnCells(), DrawnCells()
    for painting in (first, second, second):
        pieces = [
            PaintedPiece(y, 40 * x, [Segment(text, style) for text, style in segments])
            for y, x, segments in painting
            if _is_whole(segments) and not any(text.startswith("\u0301") for text, _ in segments)
        ]
        terminal.feed(shown.painted(pieces, ColorSystem.TRUECOLOR))
        model.feed(_in_full(pieces))
        assert terminal.cells == model.cells


def test_what_is_shown_already_is_not_sent_again() -> None:
    shown = ShownCells()
    piece = PaintedPiece(0, 0, [Segment("needs you 4", STYLES[2])])

    assert "needs you 4" in shown.painted([piece], None)
    assert shown.painted([piece], None) == ""
    assert shown.painted([PaintedPiece(0, 0, [Segment("needs you 5", STYLES[2])])], None).count("5") == 1
    shown.forget()
    assert "needs you 4" in shown.painted([piece], None)


def test_a_row_about_whose_widths_terminals_disagree_is_sent_whole() -> None:
    shown = ShownCells()
    shown.painted([PaintedPiece(0, 0, [Segment("👍🏽 one", STYLES[0])])], None)

    assert "👍🏽 two" in shown.painted([PaintedPiece(0, 0, [Segment("👍🏽 two", STYLES[0])])], None)


def _painted(app: Dashboard, shown: ShownCells) -> str:
    update = app.screen._compositor.render_full_update()
    return FewerBytes(update, shown).render_segments(Console(force_terminal=True, color_system="truecolor"))


@pytest.mark.parametrize("view", "123456")
async def test_a_key_in_a_list_costs_less_than_two_kilobytes(view: str) -> None:
    scene = busy()
    app = scene.dashboard()
    shown = ShownCells()

    async with playing(app, (80, 24)) as pilot:
        await shows(pilot, "▶ ◆ approve")
        await pilot.press(view)
        await shows(pilot, f"[{view} ")
        first = len(_painted(app, shown))
        for key in ("j", "j", "k", "j"):
            await pilot.press(key)
            await pilot.pause()
            assert len(_painted(app, shown).encode()) <= MOST_BYTES
        scene.clock.later(500)
        app.main.tick()
        await pilot.pause()
        assert len(_painted(app, shown).encode()) <= MOST_BYTES / 4, "the age of what is shown costs its digits"
        assert first > MOST_BYTES
