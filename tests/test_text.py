"""Text from anywhere, made safe to show: nothing in it is obeyed, hidden or more than it says."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from onloop.cli.output import columns
from onloop.text import cells, fit, is_hidden, padded, safe, safe_lines

ANYTHING = st.text(
    st.one_of(
        st.characters(),
        st.characters(min_codepoint=0xD800, max_codepoint=0xDFFF),
        st.sampled_from("\x00\x07\x08\t\n\r\x1b\x7f\x85\xa0\xad\u061c\u200b\u200d\u200f\u2028\u202e\u2066\u2069"),
        st.sampled_from("\u034f\u115f\u180b\u180d\u180e\u2800\u3164\ufe0f\ufeff\uffa0\U000e0041\U000e0101"),
        st.characters(max_codepoint=0x7F),
    )
)
OBEYED = {
    **dict.fromkeys("\x00\x07\x08\x0b\x0c\r\x1b\x7f\x9b\x85", "control"),
    **dict.fromkeys("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069", "bidi"),
    **dict.fromkeys("\u200b\u200c\u200d\u2060\u2061\ufeff\u00ad\u180e", "zero-width"),
    **dict.fromkeys("\u034f\u115f\u1160\u3164\uffa0\u2800\u17b4\u17b5", "blank"),
    **dict.fromkeys("\U000e0001\U000e0041\U000e007f", "tag"),
    **dict.fromkeys("\ufe00\ufe0f\U000e0100\U000e01ef\u180b\u180c\u180d\u180f", "selector"),
    **dict.fromkeys("\ud800\udfff", "surrogate"),
    **dict.fromkeys("\u2028\u2029", "line end"),
    **dict.fromkeys("\ue000\ufffe\U0010ffff", "no character"),
}
"""What a terminal obeys or nobody sees, each with its kind: written out, not computed as the code does it."""


@pytest.mark.parametrize("char", OBEYED, ids=lambda char: f"U+{ord(char):04X} {OBEYED[char]}")
def test_what_is_obeyed_or_unseen_becomes_something_to_see(char: str) -> None:
    shown = safe(f"a{char}b")

    assert char not in shown and len(shown) > 2
    assert not any(is_hidden(one) for one in shown)
    assert char not in safe_lines(f"a{char}b")


@given(ANYTHING)
def test_safe_text_holds_nothing_that_is_obeyed_or_hidden(text: str) -> None:
    shown = safe(text)

    assert OBEYED.keys().isdisjoint(shown)
    assert {unicodedata.category(char) for char in shown}.isdisjoint({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
    shown.encode()


@given(ANYTHING)
def test_safe_text_is_one_line(text: str) -> None:
    assert len(safe(text).splitlines()) <= 1


@given(ANYTHING)
def test_making_safe_text_safe_changes_nothing(text: str) -> None:
    assert safe(safe(text)) == safe(text)


@given(st.text(st.characters(min_codepoint=0x20, max_codepoint=0x7E)))
def test_printable_ascii_stays_as_it_is(text: str) -> None:
    assert safe(text) == safe_lines(text) == text


@given(ANYTHING, st.integers(0, 30))
def test_a_limit_is_kept_and_a_cut_is_seen(text: str, limit: int) -> None:
    shown, whole = safe(text, limit), safe(text)

    assert len(shown) <= limit
    assert shown == whole if len(whole) <= limit else shown.endswith("…") or limit == 0


@given(ANYTHING)
def test_many_lines_keep_their_line_ends_and_nothing_else(text: str) -> None:
    lines = safe_lines(text).split("\n")

    assert lines == [safe(line) for line in text.replace("\r\n", "\n").split("\n")]
    assert all(len(line.splitlines()) <= 1 for line in lines)


def test_what_is_left_out_of_many_lines_is_counted() -> None:
    assert safe_lines("abc\ndef", 5) == "abc\nd\n… 2 characters more"
    assert safe_lines("abc\ndef", 7) == "abc\ndef"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("two\nlines", "two⏎lines"),
        ("a\tb", "a    b"),
        ("\x1b[31mred", "␛[31mred"),
        ("back\x08space\x7f", "back␈space␡"),
        ("user\u202egnp.exe", "user‹U+202E›gnp.exe"),
        ("e\u0301 汉字 Ω ü 🙂", "e\u0301 汉字 Ω ü 🙂"),
        ("[b]not markup[/b]", "[b]not markup[/b]"),
    ],
)
def test_people_can_read_what_is_left(text: str, shown: str) -> None:
    assert safe(text) == shown


def test_every_character_that_is_safe_takes_the_columns_that_the_dashboard_draws_it_in() -> None:
    shown = [char for char in map(chr, range(0x20, 0x110000)) if safe(char) == char]

    assert len(shown) > 100_000
    assert [char for char in shown if cells(f"a{char}") != cell_len(f"a{char}")] == []


@given(ANYTHING, st.integers(0, 30))
def test_what_is_fitted_and_padded_has_exactly_the_width_and_keeps_its_beginning(text: str, width: int) -> None:
    shown = safe(text)
    kept = fit(shown, width)

    assert cells(padded(kept, width)) == width
    assert kept == shown or (kept.endswith("…") and shown.startswith(kept[:-1])) or width < 1


def test_columns_stand_below_each_other_whatever_is_written_in_them() -> None:
    names = ("shop", "日本語リポジトリ", "🎉party", "e\u0301te\u0301", "한국어", "कि")
    lines = columns([(name, "here") for name in names], header=("REPO", "STEP"))

    assert {cells(line[: line.index(last)]) for line, last in zip(lines, ["STEP", *["here"] * 6], strict=True)} == {18}
