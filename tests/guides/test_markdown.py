"""Markdown becomes lines: wrapped, aligned, never wider than asked for, and with nothing lost."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from onloop.guides.catalogue import TOPICS, guide
from onloop.guides.layout import Style, plain
from onloop.guides.markdown import lines_of

TABLE = "| word | means |\n|---|---|\n| gate | a `check` that must pass |\n| box | what \\| is |\n"


def _text(markdown: str, width: int = 80, *, marked: bool = False) -> list[str]:
    return [plain(line) for line in lines_of(markdown, width, marked=marked)]


def test_a_paragraph_is_wrapped_and_blocks_have_a_line_between_them() -> None:
    assert _text("# Title\n\none two\nthree four five\n\nsix", 20) == [
        "Title",
        "",
        "one two three four",
        "five",
        "",
        "six",
    ]


def test_signs_of_headings_and_code_are_kept_where_they_are_wanted() -> None:
    assert _text("## Two `words`\n\nrun `onloop check` now", marked=True) == [
        "## Two `words`",
        "",
        "run `onloop check` now",
    ]


def test_a_table_has_columns_and_a_rule_below_its_header() -> None:
    assert _text(TABLE) == [
        "word  means",
        "────  ──────────────────────",
        "gate  a check that must pass",
        "box   what | is",
    ]


def test_a_table_too_narrow_for_its_columns_becomes_a_list() -> None:
    wide = (
        "| one thing here | another thing | a third thing |\n|---|---|---|\n| aaaaaaaaaa | bbbbbbbbbb | cccccccccc |\n"
    )

    assert _text(wide, 20) == [
        "• aaaaaaaaaa",
        "  another thing:",
        "    bbbbbbbbbb",
        "  a third thing:",
        "    cccccccccc",
    ]


def test_a_list_hangs_and_goes_on_over_its_lines() -> None:
    assert _text("- one two three\n  four five\n- six\n", 20) == ["• one two three four", "  five", "• six"]
    assert _text("1. one\n2. two") == ["1. one", "2. two"]


def test_code_is_indented_and_read_as_it_stands() -> None:
    assert _text("```sh\nonloop  check   # *no* [link](x)\n```") == ["    onloop  check   # *no* [link](x)"]


def test_a_link_to_a_guide_says_how_to_read_it_and_one_to_the_web_where_it_leads() -> None:
    assert _text("see [gates](gates.md#boxes) and [A2A](https://a2a.dev)") == [
        "see gates (onloop help gates) and A2A (https://a2a.dev)"
    ]


def test_comments_are_left_out_and_a_drawing_is_named() -> None:
    assert _text("a\n\n<!-- made: x -->\nb\n<!-- /made -->\n") == ["a", "", "b"]
    assert "Mermaid" in _text("```mermaid\ngraph\n```")[0]


def test_styles_are_those_of_the_signs() -> None:
    (line,) = lines_of("**strong** *said* `code` plain", 80)

    assert [(piece.text, piece.style) for piece in line if piece.text.strip()] == [
        ("strong", Style.STRONG),
        ("said", Style.EMPHASIS),
        ("code", Style.CODE),
        (" plain", Style.PLAIN),
    ]


@pytest.mark.parametrize("topic", TOPICS)
def test_no_guide_is_wider_than_asked_for_and_no_word_of_it_is_lost(topic: str) -> None:
    text = guide(topic).text
    read = re.sub(r"<!--.*?-->|```mermaid.*?```|\]\([^)]*\)", "", text, flags=re.DOTALL)
    for width in (20, 60, 80, 120):
        assert max(len(plain(line)) for line in lines_of(text, width)) <= width
    shown = "".join(map(plain, lines_of(text, 120)))
    assert {word for word in re.findall(r"[A-Za-z]{6,}", read) if word not in shown} == set()


@given(st.text(alphabet="ab `*|#-[]()\n<!>1.", max_size=200), st.integers(1, 60))
def test_any_text_becomes_lines(text: str, width: int) -> None:
    assert all("\n" not in plain(line) for line in lines_of(text, width))
    assert all("\n" not in plain(line) for line in lines_of(text, width, marked=True))
