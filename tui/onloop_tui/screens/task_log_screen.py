"""What a task's agents, gates and effects write, live: the screen follows it until the person scrolls up."""

from __future__ import annotations

import asyncio
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.screen import Screen

from onloop.access.task_log import LogWanted, TaskLog
from onloop.errors import OnloopError
from onloop_tui.background import in_background
from onloop_tui.model.drawing.terminal_text import safe
from onloop_tui.model.drawing.text_line import Line, Tone, hanging, line
from onloop_tui.model.log.task_log_lines import kept, task_log_lines
from onloop_tui.session import Session
from onloop_tui.theme import COMPONENTS
from onloop_tui.widgets.bar import Bar
from onloop_tui.widgets.line_view import LineView

LOOK_S = 1.0
"""How often it is looked at what was written."""


class TaskLogScreen(Screen[None]):
    """The end of a task's log, and what comes to it; it decides nothing."""

    DEFAULT_CSS = "TaskLogScreen LineView { height: 1fr; }"
    COMPONENT_CLASSES = COMPONENTS
    BINDINGS: ClassVar[list[BindingType]] = [
        *(Binding(key, "dismiss", "close", show=False) for key in ("escape", "q", "L")),
        *(Binding(key, "move(1)", "down", show=False) for key in ("j", "down")),
        *(Binding(key, "move(-1)", "up", show=False) for key in ("k", "up")),
        *(Binding(key, "page(1)", "page down", show=False) for key in ("pagedown", "ctrl+d", "space")),
        *(Binding(key, "page(-1)", "page up", show=False) for key in ("pageup", "ctrl+u")),
        *(Binding(key, "edge(-1)", "top", show=False) for key in ("g", "home")),
        *(Binding(key, "edge(1)", "bottom", show=False) for key in ("G", "end")),
    ]

    def __init__(self, session: Session, task: str) -> None:
        super().__init__()
        self._session, self._task_id = session, task
        self._log = TaskLog(task, session.place.agent_log, LogWanted())
        self._found: list[tuple[bool, str]] = []
        self._trouble = ""
        self._is_following = True
        self._has_read = self._is_reading = False

    def compose(self) -> ComposeResult:
        """The title and the lines."""
        yield Bar(self._title, id="log-title")
        yield LineView(id="log-lines")

    def on_mount(self) -> None:
        """Look now, and again and again."""
        self._look()
        self.set_interval(LOOK_S, self._look)

    def on_resize(self) -> None:
        """Fit the new width."""
        self.call_after_refresh(self._draw)

    def _look(self) -> None:
        in_background(self, self._read, group="task-log")

    async def _read(self) -> None:
        if self._is_reading:
            return
        self._is_reading = True
        try:
            parts = await asyncio.to_thread(self._session.place.log_parts, self._log)
            self._trouble = safe(self._log.denied)
        except OnloopError as problem:
            parts, self._trouble = [], safe(problem.message)
        finally:
            self._is_reading = False
        is_first, self._has_read = not self._has_read, True
        if parts or is_first or self._trouble:
            self._found = kept(
                self._found, [(safe(part.heading), [safe(text) for text in part.lines]) for part in parts]
            )
            self._draw()

    def _title(self, width: int) -> tuple[Line, ...]:
        how = "follows; scrolling up stops it" if self._is_following else "stands still; G follows again"
        title = line(f"log of {self._task_id} · {how} · Esc goes back", Tone.STRONG)
        return (title, *(hanging((), self._trouble, width, Tone.WARN) if self._trouble else ()))

    def _draw(self) -> None:
        view = self.query_one(LineView)
        lines = task_log_lines(self._found, view.room)
        nothing = "nothing was written here yet" if self._has_read else "reading the log …"
        view.show(lines or (line(nothing, Tone.DIM),))
        if self._is_following:
            view.edge(1)
        self.query_one(Bar).renew()

    def _follow(self, *, on: bool) -> None:
        self._is_following = on
        self.query_one(Bar).renew()

    def action_move(self, rows: int) -> None:
        """Scroll by lines; up stops following."""
        self._follow(on=self._is_following and rows > 0)
        self.query_one(LineView).move(rows)

    def action_page(self, direction: int) -> None:
        """Scroll by a page; up stops following."""
        self._follow(on=self._is_following and direction > 0)
        self.query_one(LineView).page(direction)

    def action_edge(self, direction: int) -> None:
        """Go to the top, or to the bottom and follow."""
        self._follow(on=direction > 0)
        self.query_one(LineView).edge(direction)
