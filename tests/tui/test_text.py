"""Text that somebody outside wrote, in rows of fixed width."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from onloop_tui.model.drawing.terminal_text import cells, fit, is_safe, safe, wrap
from onloop_tui.model.drawing.text_line import (
    GUTTER,
    Span,
    Tone,
    column,
    fitted,
    hanging,
    plain,
    quoted,
    spread,
    width_of,
)

HOSTILE = (
    "\x1b]52;c;cHduZWQ=\x07",
    "\x1b[2J\x1b[H",
    "\x9b31m\x9d0;title\x9c",
    "a\rb\bc\x7f\x00",
    "line\nline\ttab",
    "\u202eevil\u202c\u2066x\u2069",
    "zero\u200bwidth\u200d\ufeff",
    "tags\U000e0041\U000e0042",
    "sel\ufe0f\U000e0100",
    "lone\ud800surrogate",
    "z" + "\u0301" * 200,
    "\u0301starts with a mark",
    "\u2028\u2029\u3164",
)


@pytest.mark.parametrize("text", HOSTILE)
def test_nothing_that_a_terminal_obeys_or_hides_is_left(text: str) -> None:
    shown = safe(text)

    assert is_safe(shown)
    assert not any(unicodedata.category(char) in {"Cc", "Cf", "Cs"} for char in shown)


def test_what_was_replaced_can_be_seen() -> None:
    assert safe("\x1b[2J") == "␛[2J"
    assert safe("a\nb\tc") == "a⏎b    c"
    assert safe("\u202e") == "‹U+202E›"
    assert safe("\ud800") == "‹U+D800›"


def test_a_pile_of_marks_stays_in_its_row_and_is_counted() -> None:
    shown = safe("z" + "\u0301" * 10 + "k")

    assert sum(unicodedata.category(char) == "Mn" for char in shown) == 2
    assert "‹+8 marks›k" in shown


def test_a_mark_without_a_character_does_not_sit_on_the_column_before() -> None:
    assert safe("\u0301x").startswith("◌")


def test_a_limit_shows_that_something_is_missing() -> None:
    assert safe("x" * 10_000, 20) == "x" * 19 + "…"
    assert safe("short", 20) == "short"


@given(st.text(max_size=60), st.integers(1, 40))
def test_fitted_text_is_never_wider_than_its_room(text: str, width: int) -> None:
    assert cells(fit(safe(text), width)) <= width


@given(st.text(max_size=120), st.integers(2, 40))
def test_wrapped_text_loses_nothing_but_spaces_and_keeps_to_its_width(text: str, width: int) -> None:
    shown = safe(text)
    lines = wrap(shown, width)

    assert all(cells(line) <= width for line in lines)
    assert "".join(lines).replace(" ", "") == shown.replace(" ", "")


def test_a_span_cannot_hold_a_control_byte() -> None:
    assert Span("\x1b[31mred").text == "␛[31mred"


def test_wide_characters_do_not_move_the_right_edge() -> None:
    left, right = (Span("日本語の長い名前がここに立つ"),), (Span("3m", Tone.DIM),)

    assert width_of(spread(left, right, 20)) == 20
    assert width_of((column("日本語", 5),)) == 5
    assert width_of(fitted(left, 7)) <= 7


def test_foreign_lines_stand_behind_the_gutter_each_one_of_them() -> None:
    lines = quoted("── gates ──\n✓ all passed\n" + "x" * 100, 40)

    assert all(line[0] == GUTTER for line in lines)
    assert len(lines) > 4
    assert "".join(plain(line)[2:] for line in lines[2:]) == "x" * 100


def test_foreign_lines_past_the_most_are_counted() -> None:
    assert plain(quoted("\n".join("abcdefgh"), 40, most=3)[-1]) == "… 5 more lines"


def test_a_hanging_text_continues_under_its_own_beginning() -> None:
    lines = [plain(line) for line in hanging((Span("label  "),), "one two three four", 17)]

    assert lines == ["label  one two", "       three four"]
