"""What is seen, written to a file: as a picture, as text, as Markdown."""

from __future__ import annotations

import asyncio
from functools import partial
from pathlib import Path
from typing import Any, Protocol

from textual.app import App
from textual.strip import Strip

from onloop.errors import OnloopError
from onloop.known_secrets import known_secrets
from onloop.times import second_words
from onloop_tui.background import in_background
from onloop_tui.command_words import ExportWords, Travel
from onloop_tui.exported_file import write_new
from onloop_tui.model.drawing.terminal_text import safe
from onloop_tui.model.drawing.text_line import Tone
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
from onloop_tui.panels.sheet_panel import Sheet
from onloop_tui.screens.view import View
from onloop_tui.session import Session
from onloop_tui.widgets.prompt import Prompt

HINT = "svg, text or md; a path may follow"
NOT_HERE = "a file would be the gateway's, not yours → export from a terminal: onloop login"
"""Why a dashboard that is looked at from elsewhere writes no file."""


class _Exports(Protocol):
    session: Session
    view: View

    @property
    def app(self) -> App[Any]: ...

    @property
    def sheet(self) -> Sheet: ...

    @property
    def prompt(self) -> Prompt: ...

    def say(self, words: str, tone: Tone = Tone.DIM) -> None: ...

    def travel_to(self, words: str) -> str: ...

    def leave_prompt(self) -> None: ...

    def seen_as(self, form: ExportForm) -> str: ...

    async def write(self, wanted: ExportWanted, content: str) -> None: ...

    def export(self, wanted: ExportWanted) -> None: ...


class Exporting:
    """The part of the main screen that exports what is seen, and obeys commands that have words of their own."""

    def action_export(self: _Exports) -> None:
        """`E`: ask for the form, and the path if one is wanted."""
        if not self.session.has_files:
            self.say(f"✗ {NOT_HERE}", Tone.BAD)
            return
        self.prompt.ask(":", "export svg", HINT)

    def obey(self: _Exports, meaning: Travel | ExportWords) -> str:
        """Do what `:at …` or `:export …` says; returns what is wrong with it."""
        if isinstance(meaning, Travel):
            return self.travel_to(meaning.words)
        wanted = wanted_of(meaning.words)
        if isinstance(wanted, str):
            return wanted
        if not self.session.has_files:
            return NOT_HERE
        self.leave_prompt()
        self.app.screen.call_after_refresh(self.export, wanted)
        return ""

    def export(self: _Exports, wanted: ExportWanted) -> None:
        """Write what is seen now, aside; once the prompt is off the screen."""
        if self.prompt.region:
            self.app.screen.call_after_refresh(self.export, wanted)
            return
        content = self.seen_as(wanted.form)
        in_background(self.app.screen, partial(self.write, wanted, content), group="export")

    async def write(self: _Exports, wanted: ExportWanted, content: str) -> None:
        """Write the file, and say where it is."""
        named = "sheet" if self.sheet.is_open else self.view.where.name.lower()
        try:
            path = await asyncio.to_thread(_write, wanted, content, named, self.session.now())
        except OnloopError as problem:
            self.say(f"✗ {safe(problem.message)} → {safe(problem.hint)}", Tone.BAD)
        else:
            self.say(f"✓ written: {safe(str(path))}", Tone.GOOD)

    def seen_as(self: _Exports, form: ExportForm) -> str:
        """What is seen, in that form; nothing is masked yet."""
        rows = [_text(strip) for strip in self.app.screen._compositor.render_strips()]  # noqa: SLF001 - nothing else has them
        where = self.view.where.name.capitalize()
        title = f"onloop: {where} of {self.session.place.name} at {second_words(self.session.clock())}"
        match form:
            case ExportForm.SVG:
                return svg_alone(self.app.export_screenshot(title="onloop"))
            case ExportForm.TEXT:
                return text_of(rows)
            case ExportForm.MD if self.sheet.is_open:
                return sheet_markdown(f"{title}: {self.sheet.task_id}", self.sheet.body.lines)
            case _:
                region = self.view.region
                return markdown_of(title, (row[region.x : region.right] for row in rows[region.y : region.bottom]))


def _text(strip: Strip) -> str:
    return "".join(segment.text for segment in strip if not segment.control)


def _write(wanted: ExportWanted, content: str, named: str, now: int) -> Path:
    return write_new(wanted, masked(content, known_secrets(), str(Path.home())), named, now)
