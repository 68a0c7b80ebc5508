"""What the reader stands on, without a screen: comparisons, comments, folds, and rows that are looked for."""

from __future__ import annotations

from dataclasses import replace as replace_file
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from onloop.gates.repository.file_changes import FileChange, FileKind, Status
from onloop.machine.task import Kind, Submission, Task
from onloop.records import replace
from onloop.views.changes import PatchPage
from onloop_tui.model.diff.comparisons import WHOLE, comparisons
from onloop_tui.model.diff.file_tree import in_tree_order, tree_rows
from onloop_tui.model.diff.finding import HitRow, Sought, next_found
from onloop_tui.model.diff.folded_files import fold_reason
from onloop_tui.model.diff.line_comments import LONGEST, LineComment, LineComments
from onloop_tui.model.sheet.last_seen import LastSeen
from support.tui_reading import reading

WORK = Submission("a" * 40, "b" * 40, "c" * 40)
TASK = Task("r1", "r1", "t", Kind.WORK, "d" * 64, "w", "human:ana", 0, 0, submission=WORK)


def change(path: str, flag: str = "", added: int | None = 1) -> FileChange:
    return FileChange(path, Status.MODIFIED, FileKind.FILE, added, 0, flag=flag)


def test_what_one_looked_at_comes_first_and_then_the_rounds_from_the_newest_on(tmp_path: Path) -> None:
    scene, task = reading(tmp_path, {"a": "0"}, {"a": "1"}, {"a": "2"}, {"a": "3"})
    now, events = scene.task(task), scene.place.rounds(task)
    plain = comparisons(now, events, "")

    assert [each.words for each in plain] == ["", "since round 2 of 3", "since round 1 of 3"]
    seen = comparisons(now, events, plain[2].since)
    assert [each.words for each in seen] == ["", "since round 1 of 3, which you looked at", "since round 2 of 3"]
    assert comparisons(replace(now, submission=None), events, "") == (WHOLE,)


def test_the_commit_that_one_looked_at_is_known_until_one_looks_at_the_next(tmp_path: Path) -> None:
    scene, task = reading(tmp_path, {"a": "0"}, {"a": "1"})
    dossier = scene.place.dossier(task)
    assert dossier.task.submission is not None
    newer = replace(dossier.task, submission=replace(dossier.task.submission, head="e" * 40))
    later = replace(dossier, task=newer)
    looks = LastSeen().after(dossier, 1)

    assert looks.other_head(dossier) == ""
    assert looks.other_head(later) == dossier.task.submission.head
    assert looks.after(later, 2).other_head(later) == ""


def test_comments_are_of_one_commit_have_limits_and_are_told_with_file_and_line() -> None:
    comments = LineComments()
    assert comments.put(TASK, LineComment("b\x1b.py", 7, "why?")) == ""
    assert comments.put(TASK, LineComment("a.py", 3, "x", is_old=True)) == ""
    assert "takes at most" in comments.put(TASK, LineComment("a.py", 9, "x" * (LONGEST + 1)))

    assert comments.placed_in(TASK, "first") == "first\na.py:3: (removed) x\nb␛.py:7: why?"
    other = replace(TASK, submission=replace(WORK, head="f" * 40))
    assert comments.of(other) == [] and comments.placed_in(other, "") == ""
    comments.sent(TASK)
    assert comments.of(TASK) == []


@pytest.mark.parametrize(
    ("file", "is_folded"),
    [
        (change("uv.lock"), True),
        (change("web/app.min.js"), True),
        (change("vendor/lib/a.py"), True),
        (change("vendor/lib/a.py", flag="decides what the gates said"), False),
        (change("vendor/lib/conftest.py"), False),
        (change(".github/workflows/generated/ci.yml"), False),
        (change("src/cart.py"), False),
        (replace_file(change("src/cart.py"), marked="generated"), True),
        (replace_file(change("src/rows.csv"), marked="not to be diffed"), True),
        (replace_file(change("src/cart.py", flag="decides what the gates said"), marked="generated"), False),
        (replace_file(change(".gitattributes"), marked="generated"), False),
        (replace_file(change(".github/workflows/ci.yml"), marked="generated"), False),
    ],
)
def test_only_what_nobody_has_to_read_first_is_folded(file: FileChange, is_folded: bool) -> None:
    assert bool(fold_reason(file)) is is_folded


PATHS = st.lists(st.text("ab/", min_size=1, max_size=12).filter(lambda p: all(p.split("/"))), max_size=20, unique=True)


@given(PATHS)
def test_every_file_is_in_the_tree_once_in_the_order_in_which_the_keys_go(paths: list[str]) -> None:
    files = [change(path) for path in paths]

    rows = tree_rows(files)

    assert [row.row_id for row in rows if row.file is not None] == [file.path for file in in_tree_order(files)]
    assert sorted(file.path for file in in_tree_order(files)) == sorted(paths)
    assert len({row.row_id for row in rows}) == len(rows)


@given(st.lists(st.booleans(), min_size=1, max_size=30), st.integers(0, 31), st.sampled_from((1, -1)))
def test_what_is_looked_for_is_found_as_a_search_of_all_rows_would(wanted: list[bool], start: int, step: int) -> None:
    half = len(wanted) // 2
    files = {"a": wanted[:half], "b": wanted[half:]}

    def read(path: str, first: int, count: int) -> PatchPage:
        rows = ["+needle" if hit else "+hay" for hit in files[path]]
        return PatchPage("h", path, tuple(rows[first - 1 :][:count]), first, len(rows))

    found = next_found(("a", "b"), "a", min(start, half), step, Sought("needle"), read)

    places = [(path, row) for path in ("a", "b") for row, hit in enumerate(files[path], 1) if hit]
    here = ("a", min(start, half))
    after = [each for each in places if each > here] + [each for each in places if each <= here]
    before = [each for each in reversed(places) if each < here] + [each for each in reversed(places) if each >= here]
    expected = (after if step > 0 else before)[:1]
    assert [(found.path, found.row)] == expected or (not expected and found.is_all)


def test_a_text_that_goes_over_into_the_next_row_of_its_line_is_found_there() -> None:
    page = PatchPage("h", "p", ("+a long nee", "+↪dle here", "+nee", "+dle"), 1, 4, went_on=(1,))

    assert Sought("needle").rows_in(page) == [2]
    assert next_found(("p",), "p", 0, 1, Sought("none"), lambda *_: page) == HitRow("p", 0, 8, is_all=True)
