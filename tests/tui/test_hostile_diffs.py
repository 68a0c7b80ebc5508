"""Whatever a commit's names and contents are: the reader obeys nothing of it, and all of it can be read."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import pytest

from onloop_tui.diff.diff_screen import DiffScreen
from onloop_tui.model.drawing.text_line import plain
from support.tui_attacks import assert_harmless, hostile_strings
from support.tui_decisions import type_in
from support.tui_reading import Files, git, open_reader, reading
from support.tui_scenes import playing, screen_text, shows, until

SIZES = ((80, 24), (170, 40))
STRINGS = hostile_strings(400)
NAMES = [
    "a\x1b[31m[@click=app.quit]\u202e.py",
    "b\nline two\n.md",
    "c\rover",
    "[/] [red]d.py",
    "caf\udce9/e.txt",
    "日本語/שלום/f.rs",
    "vendor/g\x9b31m.min.js",
    "h" * 200 + "\t.lock",
]


def _content(number: int) -> bytes:
    lines = "\n".join(STRINGS[number::8]).encode("utf-8", "surrogatepass")
    return lines + b"\xff\xfe\x00\r\nvim: set modeline:\n" if number % 2 else lines.replace(b"\0", b"") + b"\n"


def _commit() -> Files:
    files: dict[str, str | bytes | None] = {name: _content(number) for number, name in enumerate(NAMES)}
    long = b"x = '" + b"y" * 1_000_000 + b"\x1b]0;title\x07'\n"
    return files | {
        "one-line.py": long,
        "image.png": bytes(range(256)),
        "fake.diff": b"@@ -1 +9999 @@\n+\xe2\x86\xaa x\n",
    }


def _is_read(screen: DiffScreen, path: str) -> bool:
    return screen._path == path and screen.patch.last is not None and screen.is_in_patch


def _lines_of(screen: DiffScreen) -> list[str]:
    return [plain(line) for _, line in screen.patch._screen()]


@pytest.mark.parametrize("size", SIZES)
async def test_no_name_and_no_content_is_obeyed_in_the_tree_the_patch_or_the_title(
    tmp_path: Path, size: tuple[int, int]
) -> None:
    scene, _ = reading(tmp_path, {"one-line.py": "x\n"}, _commit())
    app = scene.dashboard()

    async with playing(app, size) as pilot:
        screen = await open_reader(pilot, scene, app)
        files = [file.path for file in screen.view.files]
        assert len(files) == len(NAMES) + 3
        assert_harmless(app, size)
        for path in files:
            screen.file_list.go_to(path)
            assert_harmless(app, size)
            await pilot.press("enter")
            await until(pilot, partial(_is_read, screen, path))
            for key in ("pagedown", "s", "G", "pageup", "s", "w", "w", "n"):
                await pilot.press(key)
                assert_harmless(app, size)
            await pilot.press("escape")
        await pilot.press("/")
        await type_in(pilot, "modeline")
        await pilot.press("enter")
        await shows(pilot, "modeline")
        assert_harmless(app, size)


async def test_a_line_of_a_megabyte_is_read_to_its_end_and_one_that_looks_like_a_header_is_a_line(
    tmp_path: Path,
) -> None:
    scene, _ = reading(tmp_path, {"one-line.py": "x\n"}, _commit())
    app = scene.dashboard()

    async with playing(app, SIZES[0]) as pilot:
        screen = await open_reader(pilot, scene, app)
        screen.file_list.go_to("one-line.py")
        await pilot.press("enter")
        await until(pilot, lambda: screen.patch.last is not None and not screen.patch.last.is_counting)
        await pilot.press("G")
        await shows(pilot, "␛]0;title␇'")
        await pilot.press("escape")
        screen.file_list.go_to("fake.diff")
        await pilot.press("enter")
        await until(pilot, lambda: any("+@@ -1 +9999 @@" in line for line in _lines_of(screen)))
        (fake,) = [line for line in _lines_of(screen) if "++↪ x" in line]
        assert fake.split() == ["2", "┆", "++↪", "x"]


async def test_a_file_renamed_to_a_name_of_two_lines_is_one_row_and_its_patch_is_its_own(tmp_path: Path) -> None:
    old = "".join(f"line {n}\n" for n in range(30))
    scene, _ = reading(tmp_path, {"plain.txt": old}, {"plain.txt": None, "two\nlines.txt": old + "more\n"})
    app = scene.dashboard()

    async with playing(app, SIZES[0]) as pilot:
        await open_reader(pilot, scene, app)
        await shows(pilot, "two⏎lines.txt  +1 −0  renamed  from plain.txt")
        await pilot.press("enter")
        await shows(pilot, "┆ +more")
        assert "new file mode" not in screen_text(app)
        assert git(tmp_path / "origin", "status", "--short") == ""
