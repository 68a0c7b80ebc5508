"""Risky files first, with the reason in words; a diff that hides nothing."""

from __future__ import annotations

from dataclasses import replace

import pytest

from onloop.gates.repository.file_changes import FileChange, FileKind, Status
from onloop.views.changes import unseen
from onloop.views.risk import in_reading_order, risk_of
from onloop_tui.model.drawing.text_line import Tone, plain, width_of
from onloop_tui.model.sheet.change_lines import MOST_DIFF_LINES, diff_lines, file_lines, totals


def _change(
    path: str,
    status: Status = Status.MODIFIED,
    kind: FileKind = FileKind.FILE,
    counts: tuple[int, int] | None = (3, 1),
    previous: str | None = None,
) -> FileChange:
    added, removed = counts or (None, None)
    return FileChange(path, status, kind, added, removed, previous)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (_change("tests/test_cart.py", Status.DELETED), "a test is removed"),
        (_change("old/kept.py", Status.RENAMED, previous="tests/test_cart.py"), "a test is removed"),
        (_change("tests/test_cart.py", counts=(0, 9)), "a test loses lines"),
        (_change(".github/workflows/ci.yml"), "runs in CI"),
        (_change(".gitlab-ci.yml"), "runs in CI"),
        (_change(".onloop/onloop.yaml"), "says what the gates are"),
        (_change("AGENTS.md"), "instructs agents"),
        (_change("sub/CLAUDE.md"), "instructs agents"),
        (_change(".githooks/pre-push"), "runs on commits"),
        (_change(".gitattributes"), "changes how git sees files"),
        (_change("conftest.py"), "configures the tests"),
        (_change("uv.lock"), "pins dependencies"),
        (_change("web/package-lock.json"), "pins dependencies"),
        (_change("pyproject.toml"), "says how it is built"),
        (_change("sitecustomize.py", Status.ADDED), "runs whenever Python starts"),
        (_change(".env"), "may hold secrets"),
        (_change("logo.png", counts=None), "is binary: there is no diff to read"),
        (_change("link", Status.ADDED, FileKind.SYMLINK), "is a symbolic link"),
        (_change("vendor", kind=FileKind.SUBMODULE), "is another repository"),
        (_change("run.sh", Status.MODE, FileKind.EXECUTABLE), "becomes a program"),
        (_change("vendor/kvlite/store.py"), "is somebody else's code"),
    ],
)
def test_a_risky_change_says_why(change: FileChange, words: str) -> None:
    assert risk_of(change) == words


@pytest.mark.parametrize("path", ["cart.py", "src/locker.py", "docs/agents.txt", "tests/test_cart.py", "src/hook.py"])
def test_an_ordinary_change_is_not_marked(path: str) -> None:
    assert risk_of(_change(path)) is None


def test_risky_files_are_marked_with_a_shape_and_those_that_are_not_shown_say_so() -> None:
    cut = replace(_change("uv.lock", counts=(60_000, 0)), lines_shown=40)
    shown = [plain(line) for line in file_lines([_change("cart.py"), cut, replace(cut, lines_shown=0)], 100)]

    assert shown == [
        "    cart.py  +3 −1",
        "  ⚠ uv.lock  +60000 −0  shown: 40 of 60,000 lines  pins dependencies",
        "  ⚠ uv.lock  +60000 −0  not shown  pins dependencies",
    ]
    assert totals([_change("cart.py"), _change("uv.lock")]) == "2 files, +6 −2, 1 to look at first"


def test_what_decides_is_read_first_and_what_programs_write_last() -> None:
    names = ["cart.py", "uv.lock", "dist/app.min.js", "pyproject.toml", "conftest.py", ".github/workflows/ci.yml"]
    flagged = replace(_change("generated/sitecustomize.py"), flag="runs inside the interpreter or the test runner")

    assert [change.path for change in in_reading_order([*map(_change, names), flagged])] == [
        "generated/sitecustomize.py",
        ".github/workflows/ci.yml",
        "conftest.py",
        "pyproject.toml",
        "cart.py",
        "dist/app.min.js",
        "uv.lock",
    ]


def test_no_name_puts_code_behind_prose_and_what_is_left_out_is_named_code_first() -> None:
    names = ["doc/a.md", "zz/made_pb2.py", "uv.lock", "src/generated/auth.py", "b.py"]
    ordered = in_reading_order(map(_change, names))
    code = ["b.py", "zz/made_pb2.py", "src/generated/auth.py"]

    assert [change.path for change in ordered] == [*code, "doc/a.md", "uv.lock"]
    assert [words.partition(" ")[0] for words in unseen(ordered, diff_shown=False)][:3] == code


def test_a_reason_that_does_not_fit_beside_its_file_stands_below_it() -> None:
    shown = [plain(line) for line in file_lines([_change("sub/folder/uv.lock")], 40)]

    assert shown == ["  ⚠ sub/folder/uv.lock  +3 −1", "      pins dependencies"]


DIFF = """diff --git a/cart.py b/cart.py
--- a/cart.py
+++ b/cart.py
@@ -1,2 +1,2 @@
-old
+new
diff --git a/uv.lock b/uv.lock
--- a/uv.lock
+++ b/uv.lock
@@ -1 +1 @@
-1.0
+2.0
"""


def test_a_diff_that_is_not_whole_says_how_much_it_is_and_how_to_see_the_rest() -> None:
    whole, cut = _change("cart.py"), replace(_change("uv.lock"), lines_shown=1)
    shown = [plain(line) for line in diff_lines(DIFF, (whole, cut), 100)]

    assert shown[0] == "  ⚠ shown 2 of 2 files, 5 of 8 lines; 1 file shortened; d opens each file whole"
    assert next(plain(line) for line in diff_lines(DIFF, (whole,), 100)) == "┆ diff --git a/cart.py b/cart.py"


def test_added_and_removed_differ_by_shape_and_tone() -> None:
    tones = {plain(line): line[1].tone for line in diff_lines(DIFF, (), 80)}

    assert tones["┆ +new"] is Tone.GOOD
    assert tones["┆ -old"] is Tone.BAD
    assert tones["┆ --- a/cart.py"] is Tone.DIM


def test_the_end_of_a_long_line_is_shown_too() -> None:
    row = "+" + "a" * 300 + "os.system('rm -rf /')"
    shown = diff_lines(f"diff --git a/x b/x\n@@ -0,0 +1 @@\n{row}\n", (), 60)

    assert all(width_of(line) <= 60 for line in shown)
    assert "os.system('rm -rf /')" in "".join(plain(line).removeprefix("┆ +↪").removeprefix("┆ ") for line in shown)
    assert plain(shown[-1]).startswith("┆ +↪")


def test_an_endless_diff_is_capped_and_says_how_much_is_missing() -> None:
    shown = diff_lines("diff --git a/x b/x\n@@ -0,0 +1 @@\n" + "+x\n" * (MOST_DIFF_LINES + 5), (), 60)

    assert len(shown) == MOST_DIFF_LINES + 1
    assert plain(shown[-1]) == "⚠ 7 more rows; d opens each file whole"
