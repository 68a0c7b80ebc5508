"""Colours of a patch are a gift: they take nothing away, come from a process that can be ended, and are no markup."""

from __future__ import annotations

import json
import signal
import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from onloop.views.changes import PatchPage
from onloop_tui.diff.colours import Colours
from onloop_tui.model.diff.dressing import PLAIN, Dressing, dressed, hits
from onloop_tui.model.diff.entry_lines import entry_line
from onloop_tui.model.diff.patch_row import Entry, PatchRow, RowKind, entries_of, rows_of_page
from onloop_tui.model.diff.syntax import lexer_of, syntax_pieces
from onloop_tui.model.diff.word_marks import LONGEST_ROW, changed_words, word_marks
from onloop_tui.model.drawing.text_line import Tone, plain, width_of

HUNK = "@@ -1,2 +1,2 @@"
ROWS = ("diff --git a/a.py b/a.py", HUNK, " class Cart:", "-    total = 'one'  # was", "+    total = 'two'  # is", " ")


def test_the_pieces_of_a_program_have_the_tones_of_its_language_on_both_sides() -> None:
    lexer = lexer_of("src/a.py")
    assert lexer is not None
    pieces = syntax_pieces(lexer, ROWS)

    told = [[(row[start:end], tone) for start, end, tone in some] for row, some in zip(ROWS, pieces, strict=True)]
    assert told[0] == told[1] == told[5] == []
    assert ("class", Tone.KEYWORD) in told[2] and ("Cart", Tone.NAMED) in told[2]
    assert ("# was", Tone.COMMENT) in told[3] and ("# is", Tone.COMMENT) in told[4]


@pytest.mark.parametrize("path", ["a.unknown-ending", "a\x1b[31m.py", "x" * 5_000 + ".py", "", "dir/"])
def test_a_name_that_says_no_language_leaves_rows_plain(path: str) -> None:
    assert lexer_of(path) is None


def test_the_words_that_changed_are_marked_and_lines_that_have_little_in_common_are_not() -> None:
    old, new = "-    return a + b", "+    return a - b"
    assert changed_words(old, new) == (((14, 15),), ((14, 15),))
    assert changed_words("-completely different", "+nothing here is alike") == ((), ())
    assert changed_words("-" + "x" * LONGEST_ROW, "+" + "x" * LONGEST_ROW) == ((), ())
    assert word_marks((" a", old, new, " b"))[1:3] == (((14, 15),), ((14, 15),))


def test_what_is_searched_for_is_found_in_any_case_unless_it_has_a_capital() -> None:
    assert hits("A needle, a Needle", "needle") == ((2, 8), (12, 18))
    assert hits("A needle, a Needle", "Needle") == ((12, 18),)
    assert hits("İstanbul needle", "needle") == ((9, 15),)


@given(
    st.text(max_size=60),
    st.lists(st.tuples(st.integers(-5, 80), st.integers(-5, 80), st.sampled_from(Tone)), max_size=8),
    st.lists(st.tuples(st.integers(-5, 80), st.integers(-5, 80)), max_size=5),
    st.text(max_size=3),
)
def test_whatever_is_said_of_a_row_its_text_stays_as_it_is(
    text: str, pieces: list[tuple[int, int, Tone]], marks: list[tuple[int, int]], searched: str
) -> None:
    row = PatchRow(3, f"+{''.join(filter(str.isprintable, text.encode('ascii', 'ignore').decode()))}", RowKind.ADDED)

    assert plain(dressed(row, Dressing(tuple(pieces), tuple(marks)), searched)) == row.text


@given(st.lists(st.sampled_from((" a", "+b", "-c", "+↪d", "-↪e", HUNK, "\\ No newline")), max_size=40))
def test_beside_each_other_every_row_stands_exactly_once_and_fits(texts: list[str]) -> None:
    page = PatchPage("h", "p", (HUNK, *texts), 1, len(texts) + 1)
    rows = rows_of_page(page)

    entries = entries_of(rows, beside=True)

    assert sorted(row.number for entry in entries for row in entry.rows) == [row.number for row in rows]
    for entry in entries:
        line = entry_line(entry, lambda _: PLAIN, "", 60, beside=True, cursor=True, said=True)
        assert width_of(line) <= 60


def test_a_line_that_looks_as_if_it_went_on_is_a_line_with_a_number_of_its_own() -> None:
    page = PatchPage("h", "p", (HUNK, "+↪ mine", "+x", "+↪x"), 1, 4, old=0, new=0, went_on=(3,))

    assert [(row.new, row.goes_on) for row in rows_of_page(page)] == [(0, False), (1, False), (2, False), (2, True)]


def test_the_process_answers_with_colours_and_marks_and_is_gone_when_it_is_closed() -> None:
    colours = Colours(patience_s=60)
    try:
        found = colours.dressings("a.py", ROWS)
        process = colours._process
        assert process is not None
        assert (4, 9, Tone.KEYWORD) not in found[2].pieces and any(t is Tone.KEYWORD for *_, t in found[2].pieces)
        assert found[3].marks and found[4].marks
        assert colours.dressings("a.none", ROWS)[3].pieces == ()
    finally:
        colours.close()
    assert process.poll() is not None
    assert colours.dressings("a.py", ROWS) == (PLAIN,) * len(ROWS)


@pytest.mark.parametrize(
    "script",
    [
        "import time; time.sleep(600)",
        "print('no json', flush=True); input()",
        "print('[[[1]], [[]]]', flush=True); input()",
        "raise SystemExit(1)",
    ],
)
def test_a_process_that_never_answers_or_answers_nonsense_is_ended_and_its_file_is_plain(script: str) -> None:
    colours = Colours((sys.executable, "-c", script), patience_s=0.5)
    try:
        assert colours.dressings("a.py", ("+x",)) == (PLAIN,)
        assert colours._process is None and colours.given_up == {"a.py"}
        assert colours.dressings("a.py", ("+x",)) == (PLAIN,)
    finally:
        colours.close()


def test_an_entry_of_two_sides_is_as_long_as_the_longer_and_knows_its_newer_row() -> None:
    old, new = PatchRow(1, "-a", RowKind.REMOVED, 1), PatchRow(2, "+b", RowKind.ADDED, 0, 1)

    assert Entry(old, new).rows == (old, new)
    assert Entry(None, new).number == 2


def test_hostile_text_that_takes_a_lexer_long_ends_the_process_though_nobody_is_left_to_end_it() -> None:
    briefly = "from onloop_tui.diff import lexer_process as process; process.LONGEST_S = 1; process.main()"
    asked = json.dumps({"path": "a.md", "rows": ["+" + "[" * 290] * 2_000}).encode() + b"\n"

    left = subprocess.run([sys.executable, "-c", briefly], input=asked, capture_output=True, check=False)

    assert (left.returncode, left.stdout) == (-signal.SIGALRM, b"")


def test_no_other_process_looks_into_the_one_that_is_told_of_changes() -> None:
    script = "from onloop_tui.diff.lexer_process import main; main(); import ctypes; print(ctypes.CDLL(None).prctl(3))"

    assert subprocess.run([sys.executable, "-c", script], input=b"", capture_output=True, check=True).stdout == b"0\n"
