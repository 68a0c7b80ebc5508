"""A change is read in one place: every file, every row, what changed since, and what a person says about a line."""

from __future__ import annotations

import tempfile
from functools import partial
from pathlib import Path

import pytest
from textual.pilot import Pilot

from onloop.machine.task import DecisionKind
from onloop_tui.diff.diff_screen import DiffScreen
from onloop_tui.model.diff.patch_row import RowKind
from onloop_tui.panels.sheet_panel import Mode
from support.tui_decisions import last_decision, open_sheet, type_in, when_done
from support.tui_reading import Files, open_reader, reading
from support.tui_scenes import playing, screen_text, shows, until

OLD = "".join(f"def f{n}(a, b):\n    return a + b + {n}\n\n" for n in range(40))
NEW = OLD.replace("return a + b + 3\n", "return a - b + 3\n").replace("f20(a, b)", "f20(a, b, c)")
BEFORE: Files = {"src/cart/sums.py": OLD, "src/cart/deep/er/tax.py": "rate = 1\n", "tests/test_sums.py": "x = 1\n"}
CHANGED: Files = {
    "src/cart/sums.py": NEW,
    "src/cart/deep/er/tax.py": "rate = 2\n",
    "tests/test_sums.py": "x  =  1\n",
    ".github/workflows/ci.yml": "on: push\n",
    "uv.lock": "kvlite 2.0.1\n" * 100,
}
NARROW = (80, 24)


def has_moved(screen: DiffScreen, before: tuple[str, int]) -> bool:
    return (screen._path, screen.patch.cursor) != before


async def go_to_line(pilot: Pilot[str], screen: DiffScreen, kind: RowKind, line: int) -> None:
    """Move the cursor down to that line."""
    for _ in range(200):
        row = screen.patch.under_cursor()
        if row is not None and (row.kind, row.line) == (kind, line):
            return
        await pilot.press("j")
    raise AssertionError(f"no {kind} line {line}:\n{screen_text(pilot.app)}")  # type: ignore[arg-type]


async def test_files_are_a_tree_in_which_folders_with_one_child_are_one_row_and_risk_comes_first(
    tmp_path: Path,
) -> None:
    scene, _ = reading(tmp_path, BEFORE, CHANGED)
    app = scene.dashboard()

    async with playing(app, NARROW) as pilot:
        screen = await open_reader(pilot, scene, app)
        await shows(pilot, "⚠   ci.yml  +1 −0  added  runs in CI", "▾ deep/er/", "pins depend")
        rows = screen_text(app).splitlines()
        assert [row for row in rows if "▾ .github/workflows/" in row] and not [row for row in rows if "▾ src/ " in row]
        names = [each.name for each in screen._rows.values()]
        assert names[:2] == [".github/workflows/", "ci.yml"] and names[-1] == "uv.lock"
        screen.file_list.go_to("src/cart/")
        await pilot.press("enter")
        await shows(pilot, "▸ src/cart/  2 files")
        assert " sums.py" not in screen_text(app)


async def test_it_begins_at_a_file_with_its_patch_beside_it_and_of_a_folder_it_shows_the_files(tmp_path: Path) -> None:
    scene, _ = reading(
        tmp_path, {"src/cart/sums.py": "x = 1\n"}, {"src/cart/sums.py": "x = 2\n", "src/cart/new.py": "y\n"}
    )
    app = scene.dashboard()

    async with playing(app) as pilot:
        screen = await open_reader(pilot, scene, app)
        await shows(pilot, "▾ src/cart/", "┆ ")
        assert screen._path == screen.file_list.cursor and not screen._path.endswith("/")
        screen.file_list.go_to("src/cart/")
        await shows(pilot, "── 2 files in src/cart/ ", "  sums.py ", "+1 −1")
        screen.file_list.go_to("src/cart/sums.py")
        await shows(pilot, "┆ -x = 1", "┆ +x = 2")


async def test_what_stands_beside_the_tree_is_a_look_and_only_a_file_that_one_goes_into_counts_as_opened(
    tmp_path: Path,
) -> None:
    scene, _ = reading(tmp_path, BEFORE, CHANGED)
    app = scene.dashboard()

    async with playing(app) as pilot:
        screen = await open_reader(pilot, scene, app)
        looks, dossier = screen.view._session.looks, screen.dossier
        await shows(pilot, "folded: a program writes it, by its name", "Enter unfolds it")
        screen.file_list.go_to("src/cart/sums.py")
        await shows(pilot, "┆ -    return a + b + 3")
        assert looks.opened(dossier) == set()
        await pilot.press("tab")
        await until(pilot, lambda: looks.opened(dossier) == {"src/cart/sums.py"})
        await pilot.press("]", "]")
        await shows(pilot, "uv.lock · folded")
        assert "uv.lock" not in looks.opened(dossier)
        await pilot.press("enter")
        await shows(pilot, "┆ +kvlite 2.0.1")
        await until(pilot, lambda: "uv.lock" in looks.opened(dossier))


@pytest.mark.parametrize("key", ["w", "i"])
async def test_a_file_that_was_read_without_white_space_or_since_a_round_does_not_count_as_opened(
    tmp_path: Path, key: str
) -> None:
    scene, _ = reading(tmp_path, BEFORE, {**CHANGED, "src/cart/sums.py": OLD}, CHANGED)
    app = scene.dashboard()

    async with playing(app) as pilot:
        screen = await open_reader(pilot, scene, app)
        looks, dossier = screen.view._session.looks, screen.dossier
        await until(pilot, lambda: len(screen.view.comparisons) == 2)
        await pilot.press(key)
        await until(pilot, lambda: not screen.view.shows_all)
        screen.file_list.go_to("src/cart/sums.py")
        await pilot.press("enter")
        await shows(pilot, "┆ -    return a + b + 3")
        await until(pilot, lambda: screen.patch.last is not None)
        assert looks.opened(dossier) == set()
        await pilot.press(key)
        await until(pilot, lambda: looks.opened(dossier) == {"src/cart/sums.py"})


async def test_n_goes_from_hunk_to_hunk_and_into_the_next_file_and_shift_n_goes_back(tmp_path: Path) -> None:
    scene, _ = reading(tmp_path, BEFORE, CHANGED)
    app = scene.dashboard()

    async with playing(app) as pilot:
        screen = await open_reader(pilot, scene, app)
        screen.file_list.go_to("src/cart/sums.py")
        await pilot.press("enter")
        await shows(pilot, "┆ @@ -")
        places: list[tuple[str, int]] = []
        for key in ("n", "n", "n", "N", "N"):
            before = (screen._path, screen.patch.cursor)
            await pilot.press(key)
            await until(pilot, partial(has_moved, screen, before))
            await until(pilot, lambda: (row := screen.patch.under_cursor()) is not None and row.text.startswith("@@"))
            places.append((screen._path, screen.patch.cursor))

    assert [path for path, _ in places] == ["src/cart/sums.py"] * 2 + ["tests/test_sums.py"] + ["src/cart/sums.py"] * 2
    assert places[0] == places[4] and places[1] == places[3]


async def test_a_search_finds_what_is_not_on_the_screen_in_any_file_and_says_where_there_is_nothing(
    tmp_path: Path,
) -> None:
    scene, _ = reading(tmp_path, BEFORE, {**CHANGED, "uv.lock": "kvlite\n" * 1_500 + "Needle 3\n"})
    app = scene.dashboard()

    async with playing(app) as pilot:
        screen = await open_reader(pilot, scene, app)
        await pilot.press("/")
        await type_in(pilot, "needle")
        await pilot.press("enter")
        await until(pilot, lambda: (row := screen.patch.under_cursor()) is not None and "Needle" in row.text)
        assert (screen._path, screen.is_in_patch) == ("uv.lock", True)
        await pilot.press("/")
        await type_in(pilot, "Haystack")
        await pilot.press("enter")
        await shows(pilot, "'Haystack' is not found anywhere")


async def test_what_the_base_says_is_generated_is_folded_and_told_by_whom(tmp_path: Path) -> None:
    before = {**BEFORE, ".gitattributes": "sums.py linguist-generated\n"}
    says = ".gitattributes", "sums.py linguist-generated\ntax.py linguist-generated\n"
    scene, _ = reading(tmp_path, before, {**CHANGED, says[0]: says[1]})
    app = scene.dashboard()

    async with playing(app) as pilot:
        screen = await open_reader(pilot, scene, app)
        screen.file_list.go_to("src/cart/sums.py")
        await shows(pilot, "folded: generated, says .gitattributes of the base", "Enter unfolds it")
        screen.file_list.go_to("src/cart/deep/er/tax.py")
        await shows(pilot, "+rate = 2")
        screen.file_list.go_to(".gitattributes")
        await shows(pilot, "+tax.py linguist-generated")


async def comment(pilot: Pilot[str], screen: DiffScreen, kind: RowKind, words: str) -> None:
    """Write about the line that was, or is, the eleventh."""
    await go_to_line(pilot, screen, kind, 11)
    await pilot.press("c")
    await type_in(pilot, words)
    await pilot.press("enter")


async def test_what_is_written_about_a_line_reaches_the_agent_in_the_reason_with_file_and_line(tmp_path: Path) -> None:
    scene, task = reading(tmp_path, BEFORE, CHANGED)
    app = scene.dashboard()

    async with playing(app) as pilot:
        screen = await open_reader(pilot, scene, app)
        screen.file_list.go_to("src/cart/sums.py")
        await pilot.press("enter")
        await comment(pilot, screen, RowKind.REMOVED, "why was it plus?")
        await comment(pilot, screen, RowKind.ADDED, "is this tested?")
        await shows(pilot, "✎ is this tested?", "✎ 2, which a rejection takes along")
        await pilot.press("escape", "escape")
        await until(pilot, lambda: app.main.sheet.mode is Mode.SHOWN)
        scene.clock.later(1000)
        await pilot.press("r")
        await shows(pilot, "src/cart/sums.py:11: is this tested?")
        scene.clock.later(1000)
        await pilot.press("enter")
        await until(pilot, when_done(scene, task, DecisionKind.REJECT))
        assert not screen.view.comment_count

    assert last_decision(scene, task).words.split("\n") == [
        "src/cart/sums.py:11: is this tested?",
        "src/cart/sums.py:11: (removed) why was it plus?",
    ]


async def test_a_comment_that_was_taken_out_of_the_reason_stays_out_and_an_empty_one_takes_itself_away(
    tmp_path: Path,
) -> None:
    scene, _ = reading(tmp_path, BEFORE, CHANGED)
    app = scene.dashboard()

    async with playing(app) as pilot:
        screen = await open_reader(pilot, scene, app)
        screen.file_list.go_to("src/cart/sums.py")
        await pilot.press("enter")
        await comment(pilot, screen, RowKind.ADDED, "no")
        comments, task = screen.view._session.comments, screen.dossier.task
        assert comments.placed_in(task, "") == "src/cart/sums.py:11: no"
        assert comments.placed_in(task, "other words") == "other words"
        await pilot.press("c", "backspace", "backspace", "enter")
        await until(pilot, lambda: not screen.view.comment_count)


async def test_old_and_new_stand_beside_each_other_where_there_is_room_and_the_cursor_keeps_its_line(
    tmp_path: Path,
) -> None:
    scene, _ = reading(tmp_path, BEFORE, CHANGED)
    app = scene.dashboard()

    async with playing(app, (180, 30)) as pilot:
        screen = await open_reader(pilot, scene, app)
        screen.file_list.go_to("src/cart/sums.py")
        await pilot.press("enter")
        await until(pilot, lambda: "-    return a + b + 3" in screen_text(app))
        (row,) = [each for each in screen_text(app).splitlines() if "-    return a + b + 3" in each]
        assert "+    return a - b + 3" in row
        await go_to_line(pilot, screen, RowKind.ADDED, 11)
        await pilot.press("s")
        await until(pilot, lambda: not screen.patch.beside and screen.patch.under_cursor() is not None)
        found = screen.patch.under_cursor()
        assert found is not None and (found.kind, found.line) == (RowKind.ADDED, 11)
        (row,) = [each for each in screen_text(app).splitlines() if "-    return a + b + 3" in each]
        assert "+    return a - b + 3" not in row


async def test_i_shows_what_changed_since_the_round_before_and_what_one_has_looked_at(tmp_path: Path) -> None:
    scene, _ = reading(tmp_path, BEFORE, {"src/cart/sums.py": NEW}, CHANGED)
    app = scene.dashboard()

    async with playing(app, NARROW) as pilot:
        screen = await open_reader(pilot, scene, app)
        await until(pilot, lambda: len(screen.view.comparisons) == 2)
        assert "sums.py" in "".join(screen._rows)
        await pilot.press("i")
        await shows(pilot, "since round 1 of 2")
        assert "src/cart/sums.py" not in screen._rows and "uv.lock" in screen._rows
        await pilot.press("i")
        await until(pilot, lambda: "src/cart/sums.py" in screen._rows)


async def test_the_pager_and_the_editor_get_the_whole_patch_with_nothing_that_they_would_obey(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen = tmp_path / "seen"
    program = tmp_path / "program"
    program.write_text(f'#!/bin/sh\ncat -- "$@" > {seen}\nls -l "$@" > {seen}.mode\n')
    program.chmod(0o755)
    monkeypatch.setenv("EDITOR", str(program))
    monkeypatch.delenv("VISUAL", raising=False)
    scene, _ = reading(tmp_path, {"a.py": "x\n"}, {"a.py": "\x1b]0;title\x07 vim: set modeline:\nend\n"})
    app = scene.dashboard()

    async with playing(app) as pilot:
        await open_reader(pilot, scene, app)
        await pilot.press("enter", "v")
        await shows(pilot, "needs a terminal of its own")
    from onloop.cli.text_editor import viewed

    viewed(screen_patch(scene), "a.py")

    text = seen.read_text()
    assert "␛]0;title" in text and "\x1b" not in text and "vim:" not in text and "+end" in text
    assert text.splitlines()[0] == "# a.py" and not text.splitlines()[-1].startswith("+")
    assert (tmp_path / "seen.mode").read_text().startswith("-rw-")
    assert [*Path(tempfile.gettempdir()).glob("onloop-view-*")] == []


def screen_patch(scene: object) -> str:
    """The patch of the scene's only file, as other programs get it."""
    from onloop_tui.diff.change_in_view import ChangeInView
    from onloop_tui.session import Session
    from support.tui_reading import Reading

    assert isinstance(scene, Reading)
    dossier = scene.place.dossier("r7k2m.1")
    view = ChangeInView(Session(scene.place, scene.clock), dossier)
    return view.whole_text(view.reading("a.py"))


async def test_the_reader_says_how_many_tasks_of_the_row_have_handed_in_the_same() -> None:
    from support.tui_changes import changing

    scene, _ = changing({"cart": "one", "flags": "one", "links": "other"})
    app = scene.dashboard()

    async with playing(app) as pilot:
        await open_sheet(pilot, scene, app, "the same diff")
        await pilot.press("d")
        await shows(pilot, "the same in 2 tasks of the row")
