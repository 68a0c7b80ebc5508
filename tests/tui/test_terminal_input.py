"""Whatever bytes a paste consists of, it is one event; what comes before and after are keys as ever."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from textual.events import Key, Paste

from onloop_tui.model.form.fields import LARGEST_PASTE
from onloop_tui.terminal_input import TerminalInput

BEGIN, END = "\x1b[200~", "\x1b[201~"


def read(*chunks: str) -> list[str]:
    """What the chunks mean: the names of keys, and pastes in quotes."""
    parser = TerminalInput()
    tokens = [token for chunk in chunks for token in parser.feed(chunk)]
    return [
        repr(token.text) if isinstance(token, Paste) else token.key
        for token in tokens
        if isinstance(token, Key | Paste)
    ]


def test_an_escape_byte_in_a_paste_does_not_end_it_so_that_its_line_ends_are_no_enter() -> None:
    nasty = "one\r\ntwo \x1b[31mred\x1b[0m\r\n\x1b\r\x00\x1b[200~ y\r"
    assert read(f"a{BEGIN}{nasty}{END}b\r") == ["a", repr(nasty), "b", "enter"]


@given(st.text("\x1b[0~2\r\nax", max_size=30), st.lists(st.integers(0, 60), max_size=4))
def test_any_paste_in_any_pieces_is_the_same_paste(text: str, cuts: list[int]) -> None:
    sent = f"{BEGIN}{text.replace(END, '')}{END}z"
    whole = sent[len(BEGIN) :].partition(END)[0]
    ends = [*sorted(cut for cut in cuts if cut < len(sent)), len(sent)]
    pieces = [sent[a:b] for a, b in zip([0, *ends], ends, strict=False)]
    assert read(*filter(None, pieces))[0] == repr(whole)


def test_of_a_paste_that_is_too_large_only_so_much_is_kept_as_shows_it() -> None:
    assert len(read(BEGIN + "x" * 200_000 + END)[0]) == LARGEST_PASTE + 1 + len("''")


@pytest.mark.parametrize("sent", ["", "a", "\x1b", f"{BEGIN}half a paste", f"{BEGIN}whole{END}"])
def test_the_end_of_the_input_is_no_error_wherever_it_comes(sent: str) -> None:
    parser = TerminalInput()
    if sent:
        list(parser.feed(sent))
    list(parser.feed(""))
