"""What a task's agents, gates and effects write, live: followed until the person scrolls up, and searchable."""

from __future__ import annotations

import asyncio
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import BindingType

from onloop.access.task_log import LogWanted, TaskLog
from onloop.errors import OnloopError
from onloop_tui.app_messages import NoteWanted
from onloop_tui.background import in_background
from onloop_tui.bindings import OUTPUT, bindings_of, key_piece
from onloop_tui.model.drawing.terminal_text import safe
from onloop_tui.model.drawing.text_line import Line, Tone, flowed, hanging, line
from onloop_tui.model.log.task_log_lines import DrawnLog, drawn_log, kept
from onloop_tui.screens.lines_screen import LinesScreen
from onloop_tui.session import Session
from onloop_tui.widgets.bar import Bar
from onloop_tui.widgets.prompt import Prompt

LOOK_S = 1.0
"""How often it is looked at what was written."""


class TaskLogScreen(LinesScreen):
    """The end of a task's log, and what comes to it; it decides nothing."""

    BINDINGS: ClassVar[list[BindingType]] = bindings_of(OUTPUT)

    def __init__(self, session: Session, task: str, gate: str = "") -> None:
        super().__init__()
        self._session, self._task_id = session, task
        self._whose = f"gate {gate} of {task}" if gate else task
        self._log = TaskLog(task, session.place.agent_log, LogWanted(gate=gate or None))
        self._found: list[tuple[bool, str]] = []
        self._drawn = DrawnLog()
        self._wanted = ""
        self._trouble = ""
        self._is_following = True
        self._has_read = self._is_reading = False

    def compose(self) -> ComposeResult:
        """The title, the lines, the prompt of a search, and the keys."""
        yield from super().compose()
        yield Prompt(tuple, lambda text: (text, ""))
        yield Bar(self._key_lines, id="lines-keys")

    def on_mount(self) -> None:
        """Look now, and again and again."""
        self._look()
        self.set_interval(LOOK_S, self._look)

    def title_lines(self, width: int) -> tuple[Line, ...]:
        """Whose log it is, whether it follows, what is searched, and what could not be read."""
        how = "follows; scrolling up holds it" if self._is_following else "is held; f or G follows again"
        hits = f" · {len(self._drawn.hits):,} lines have {self._wanted!r}" if self._wanted else ""
        title = hanging((), f"log of {self._whose} · {how}{hits}", width, Tone.STRONG)
        return (*title[:2], *(hanging((), self._trouble, width, Tone.WARN) if self._trouble else ()))

    def draw(self) -> None:
        """Draw what was read, and its end while it is followed."""
        self._drawn = drawn_log(self._found, self.lines.room, self._wanted)
        nothing = "nothing was written here yet" if self._has_read else "reading the log …"
        self.lines.show(self._drawn.lines or (line(nothing, Tone.DIM),))
        if self._is_following:
            self.lines.edge(1)
        self._renew()

    def scrolled(self, *, to_end: bool) -> None:
        """Hold it where the person scrolled away from its end."""
        self._is_following = to_end
        self._renew()

    def action_move(self, rows: int) -> None:
        """Scroll by lines; up stops following."""
        self.scrolled(to_end=self._is_following and rows > 0)
        self.lines.move(rows)

    def action_page(self, direction: int) -> None:
        """Scroll by a page; up stops following."""
        self.scrolled(to_end=self._is_following and direction > 0)
        self.lines.page(direction)

    def action_follow(self) -> None:
        """Follow what comes, or hold still."""
        self.scrolled(to_end=not self._is_following)
        self.draw()

    def action_note(self) -> None:
        """Go back, and write a note to the task's agent."""
        self.dismiss(None)
        self.app.post_message(NoteWanted(self._task_id))

    # -- finding

    def action_find(self) -> None:
        """Ask for a text."""
        self.query_one(Prompt).ask("/", self._wanted, "a text in it")

    def on_prompt_typed(self, event: Prompt.Typed) -> None:
        """Mark what was typed so far; after Enter, go to the last line that has it."""
        event.stop()
        self._wanted = safe(event.text)
        self.draw()
        if event.done:
            self._close_prompt()
            self.action_hit(-1)

    def on_prompt_left(self) -> None:
        """Look for nothing any more."""
        self._wanted = ""
        self._close_prompt()
        self.draw()

    def action_hit(self, step: int) -> None:
        """Go to the next or the previous line that has what is looked for."""
        here = self.lines.scroll_offset.y
        ahead = [row for row in self._drawn.hits if (row > here if step > 0 else row < here)]
        if ahead:
            self.scrolled(to_end=False)
            self.lines.scroll_to(y=ahead[0] if step > 0 else ahead[-1], animate=False)

    def _close_prompt(self) -> None:
        self.query_one(Prompt).close()
        self.set_focus(self.lines)

    # -- reading

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
            self.draw()

    def _renew(self) -> None:
        for bar in self.query(Bar):
            bar.renew()

    def _key_lines(self, width: int) -> tuple[Line, ...]:
        return flowed([key_piece(key) for key in OUTPUT if key.footer], width, 1)
