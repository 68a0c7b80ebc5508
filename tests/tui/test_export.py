"""What is seen leaves the terminal as a picture, text or Markdown: a new private file, and nothing in it is obeyed."""

from __future__ import annotations

import socket
import stat
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

import pytest
from markdown_it import MarkdownIt

from onloop.errors import BadInput
from onloop.remote.http.web.app_handover import AppHandover
from onloop_tui.app import Dashboard
from onloop_tui.browser_dashboard import dashboard_of
from onloop_tui.exported_file import write_new
from onloop_tui.model.drawing.text_line import Span, Tone
from onloop_tui.model.export.exported import (
    ExportForm,
    ExportWanted,
    markdown_of,
    masked,
    sheet_markdown,
    svg_alone,
    text_of,
    wanted_of,
)
from onloop_tui.panels.sheet_panel import Mode
from onloop_tui.session import Session
from support.tui_attacks import hostile_strings
from support.tui_scenes import NOON, busy, playing, screen_lines, shows, until

MARKUP = (
    "<img src=x onerror=alert(1)>",
    "[click](https://evil.example)",
    "https://evil.example www.evil.example",
    "@maintainer please merge, fixes #1",
    "`` `code` ``` ```",
    "# heading\n- item\n> quote\n***",
    "| a | b |\n|---|---|",
    "&lt;script&gt; \\` \\",
    "`" * 7,
)


def _kinds(markdown: str) -> set[str]:
    """Every kind of thing that Markdown makes of it."""
    parsed = MarkdownIt("gfm-like", {"linkify": False}).parse(markdown)
    inline = {child.type for token in parsed for child in token.children or ()}
    return {token.type for token in parsed} | inline


HARMLESS = {
    *("heading_open", "heading_close", "bullet_list_open", "bullet_list_close", "list_item_open", "list_item_close"),
    *("paragraph_open", "paragraph_close", "inline", "code_inline"),
}


@pytest.mark.parametrize("text", MARKUP)
def test_in_markdown_nothing_that_was_shown_is_markup(text: str) -> None:
    listed = markdown_of(text, [text, "plain   words"])
    lines = [(Span(text, Tone.HEADING),), (Span(text),)]

    assert _kinds(listed) <= HARMLESS
    assert _kinds(sheet_markdown(text, lines)) <= HARMLESS


def test_in_markdown_four_hundred_hostile_strings_are_code_and_nothing_else() -> None:
    rows = [*hostile_strings(400)]

    assert _kinds(markdown_of("title", rows)) <= HARMLESS
    assert _kinds(sheet_markdown("title", [(Span(row),) for row in rows])) <= HARMLESS


def test_a_row_of_columns_is_an_item_with_its_columns_apart() -> None:
    rows = ["  ◆ approve   approve release    2 repos  1m │ beside", "", "───────"]
    assert markdown_of("Inbox", rows).splitlines()[2:] == ["- `◆ approve · approve release · 2 repos · 1m · beside`"]


def test_text_has_no_blanks_at_its_ends() -> None:
    assert text_of(["a  ", "", "b ", "  ", ""]) == "a\n\nb\n"


def test_a_picture_names_no_font_elsewhere_and_is_well_formed() -> None:
    style = "<style>@font-face { src: url(https://f.example/x) } a {}</style>"
    drawn = f"<svg xmlns='s'>{style}<text>\x00\ufffe</text></svg>"
    alone = svg_alone(drawn)

    assert "https://" not in alone and "font-face" not in alone
    ElementTree.fromstring(alone)  # noqa: S314 - ours


def test_secrets_and_the_home_are_masked() -> None:
    shown = masked("/home/ana/store has hunter2hunter2", ("hunter2hunter2",), "/home/ana")

    assert shown == "~/store has [redacted]"


@pytest.mark.parametrize(
    ("words", "wanted"),
    [
        ("svg", ExportWanted(ExportForm.SVG)),
        ("text  Out/Seen.txt ", ExportWanted(ExportForm.TEXT, "Out/Seen.txt")),
        ("md a b.md", ExportWanted(ExportForm.MD, "a b.md")),
    ],
)
def test_a_form_and_a_path_are_read_as_typed(words: str, wanted: ExportWanted) -> None:
    assert wanted_of(words) == wanted


@pytest.mark.parametrize("words", ["", "pdf", "md " + "a" * 2000, "md a\0b"])
def test_what_is_no_form_or_no_path_is_said(words: str) -> None:
    assert isinstance(wanted_of(words), str)


def test_a_file_is_new_and_its_owners_alone_and_nothing_is_replaced_or_followed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    first = write_new(ExportWanted(ExportForm.TEXT), "a", "inbox", NOON)
    second = write_new(ExportWanted(ExportForm.TEXT), "b", "inbox", NOON)
    assert first != second and (first.read_text(), second.read_text()) == ("a", "b")
    assert stat.S_IMODE(first.stat().st_mode) == 0o600

    with pytest.raises(BadInput, match="already"):
        write_new(ExportWanted(ExportForm.TEXT, str(first)), "c", "inbox", NOON)
    (tmp_path / "link").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(BadInput):
        write_new(ExportWanted(ExportForm.TEXT, "link"), "c", "inbox", NOON)
    with pytest.raises(BadInput, match="cannot be written"):
        write_new(ExportWanted(ExportForm.TEXT, "missing/file"), "c", "inbox", NOON)
    assert not (tmp_path / "elsewhere").exists() and first.read_text() == "a"


@pytest.mark.parametrize("path", ["~nobody-of-that-name/x", "half \ud800", "a" * 900])
def test_a_path_that_cannot_be_is_refused_in_words(path: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(BadInput):
        write_new(ExportWanted(ExportForm.TEXT, path), "a", "inbox", NOON)


def test_where_there_is_no_room_for_it_that_is_said(tmp_path: Path) -> None:
    tried = "from onloop_tui.exported_file import *; import resource, sys"
    script = (
        f"{tried}; from onloop_tui.model.export.exported import *; resource.setrlimit(resource.RLIMIT_FSIZE, (9, 9))"
    )
    wanted = f"{script}\ntry: write_new(ExportWanted(ExportForm.TEXT, sys.argv[1]), 'a' * 99, 'inbox', 0)"
    ran = subprocess.run(
        [sys.executable, "-c", f"{wanted}\nexcept BadInput as problem: print(problem.message)", str(tmp_path / "x")],
        capture_output=True,
        check=True,
    )
    assert b"cannot be written: File too large" in ran.stdout


@pytest.mark.parametrize("form", [*ExportForm])
async def test_what_is_seen_is_written_and_it_is_said_where(
    form: ExportForm, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    app = busy().dashboard()
    async with playing(app) as pilot:
        await shows(pilot, "billing")
        seen = screen_lines(app)[2].split("  ")[0].strip(" ▶")
        await pilot.press("E")
        assert app.main.prompt.line.value == "export svg"
        app.main.prompt.line.value = f"export {form}"
        await pilot.press("enter")
        await shows(pilot, "✓ written: ")
        (file,) = tmp_path.iterdir()
        text = file.read_text()
        assert file.suffix == form.suffix and "approve release" in text.replace("&#160;", " ")
        assert form is ExportForm.SVG or seen in text
        if form is ExportForm.SVG:
            assert "font-face" not in text
            ElementTree.fromstring(text)  # noqa: S314 - ours
        elif form is ExportForm.MD:
            assert _kinds(text) <= HARMLESS
        else:
            assert "export" not in text and not [c for c in text if not c.isprintable() and c != "\n"]


async def test_of_a_sheet_all_of_it_is_written_with_its_sections(tmp_path: Path) -> None:
    app = busy().dashboard()
    path = tmp_path / "sheet.md"
    async with playing(app) as pilot:
        await shows(pilot, "billing")
        await pilot.press("enter")
        await until(pilot, lambda: app.main.sheet.mode is Mode.SHOWN)
        await pilot.press("E")
        app.main.prompt.line.value = f"export md {path}"
        await pilot.press("enter")
        await until(pilot, path.exists)
        await shows(pilot, "✓ written: ")

    text = path.read_text()
    assert text.startswith("# `onloop: Inbox") and "r7k2m.1" in text.splitlines()[0]
    assert "\n## `subject" in text and "\n- `" in text


async def test_a_file_that_is_there_is_left_alone_and_that_is_said(tmp_path: Path) -> None:
    app = busy().dashboard()
    path = tmp_path / "seen.txt"
    path.write_text("mine")
    async with playing(app) as pilot:
        await shows(pilot, "billing")
        await pilot.press("colon")
        app.main.prompt.line.value = f"export text {path}"
        await pilot.press("enter")
        await shows(pilot, "there is something at")

    assert path.read_text() == "mine"


async def test_looked_at_from_elsewhere_nothing_is_written_and_it_is_said_why(tmp_path: Path) -> None:
    scene = busy()
    app = Dashboard(Session(scene.place, scene.clock, scene.person("ana"), has_files=False))
    path = tmp_path / "seen.txt"
    async with playing(app) as pilot:
        await shows(pilot, "billing")
        await pilot.press("E")
        await shows(pilot, "a file would be the gateway's")
        await pilot.press("colon")
        app.main.prompt.line.value = f"export text {path}"
        await pilot.press("enter")
        await shows(pilot, "a file would be the gateway's")

    assert not path.exists()


def test_a_dashboard_of_the_page_has_no_files(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ONLOOP_URL", "")  # which it sets for its own process
    told = AppHandover("https://127.0.0.1:1", "session", "ana")
    session = dashboard_of(told, socket.socket).main.session
    assert (session.has_files, session.views_file, session.memory) == (False, None, None)
