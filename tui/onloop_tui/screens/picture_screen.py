"""The pictures of a task or a run: its times as they go on, and its workflow with its way lit."""

from __future__ import annotations

import asyncio

from onloop.errors import OnloopError
from onloop.views.reporting.pace import SEED, estimate
from onloop_tui.background import in_background
from onloop_tui.model.drawing.terminal_text import safe
from onloop_tui.model.drawing.text_line import Line, Tone, hanging, line
from onloop_tui.model.pictures.task_picture import TaskPicture, picture_lines
from onloop_tui.screens.lines_screen import LinesScreen
from onloop_tui.session import Session
from onloop_tui.widgets.bar import Bar

LOOK_S = 2.0
"""How often it is read again."""


class PictureScreen(LinesScreen):
    """Reads aside, again and again; what cannot be read says why, and the last picture stays."""

    def __init__(self, session: Session, task: str) -> None:
        super().__init__()
        self._session, self._task_id = session, task
        self._picture: TaskPicture | None = None
        self._trouble = ""
        self._is_reading = False

    def on_mount(self) -> None:
        """Look now, and again and again."""
        self._look()
        self.set_interval(LOOK_S, self._look)

    def title_lines(self, width: int) -> tuple[Line, ...]:
        """Whose picture it is."""
        title = line(f"{self._task_id} in time and on its way · Esc goes back", Tone.STRONG)
        return (title, *(hanging((), self._trouble, width, Tone.WARN) if self._trouble else ()))

    def draw(self) -> None:
        """Draw what was read last."""
        if self._picture is not None:
            self.lines.show(picture_lines(self._picture, self.lines.room))
        elif not self._trouble:
            self.lines.show((line(f"reading {self._task_id} …", Tone.DIM),))

    def _look(self) -> None:
        if not self._is_reading:
            self._is_reading = True
            in_background(self, self._read, group="picture")

    async def _read(self) -> None:
        try:
            self._picture = await asyncio.to_thread(self._looked_up)
            self._trouble = ""
        except OnloopError as problem:
            self._trouble = safe(f"{problem.message}; {problem.hint}")
        finally:
            self._is_reading = False
        self.draw()
        self.query_one(Bar).renew()

    def _looked_up(self) -> TaskPicture:
        task, definition, timeline = self._session.place.timeline(self._task_id)
        if task.parent is not None:
            return TaskPicture(task, definition, timeline)
        history = self._session.place.history(task.run)
        return TaskPicture(task, definition, timeline, history, estimate(history.pace, (), SEED))
