"""The list of runs, to narrow every view to one of them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.screen import Screen

from onloop_tui.background import in_background
from onloop_tui.model.drawing.text_line import Line, Span, Tone, fitted, line
from onloop_tui.model.finding.run_rows import ENDED, EVERY_RUN, RunEntry, RunPick, run_entries
from onloop_tui.model.ground.snapshot import Snapshot
from onloop_tui.theme import COMPONENTS
from onloop_tui.widgets.typed_list import TypedList

LOOK_S = 1.0
"""How often what has changed is shown."""
SMALL = 2_000
"""The runs of a store of so few tasks are listed at once; those of a larger one in a thread."""


class RunPicker(Screen[str]):
    """Returns the run that was chosen; `EVERY_RUN` to show the whole store, an empty text for no choice."""

    CSS_PATH = "finding.tcss"
    COMPONENT_CLASSES = COMPONENTS
    BINDINGS: ClassVar[list[BindingType]] = [Binding("ctrl+r", "every", "every run", show=False)]

    def __init__(self, whole: Callable[[], Snapshot], clock: Callable[[], int], narrowed: str) -> None:
        super().__init__()
        self._whole, self._clock, self._narrowed = whole, clock, narrowed
        self._pick = RunPick()
        self._read: Snapshot | None = None
        self._typed = ""
        self._is_reading = False

    def compose(self) -> ComposeResult:
        """The line that is typed into, and the runs."""
        yield TypedList(self._title, self._below, "title, id, workflow, label or repository")

    @property
    def list(self) -> TypedList:
        """The runs."""
        return self.query_one(TypedList)

    def on_mount(self) -> None:
        """List the runs, and go on following them."""
        self._look()
        self.set_interval(LOOK_S, self._look)

    def on_resize(self) -> None:
        """Fit the new width."""
        self.call_after_refresh(self.list.renew)

    def _look(self) -> None:
        snapshot = self._whole()
        if self._is_reading or (self._read is not None and snapshot.overview is self._read.overview):
            return
        if len(snapshot.tasks) <= SMALL:
            self._take(snapshot, run_entries(snapshot))
        else:
            self._is_reading = True
            in_background(self, self._read_aside, group="runs")

    async def _read_aside(self) -> None:
        snapshot = self._whole()
        try:
            self._take(snapshot, await asyncio.to_thread(run_entries, snapshot))
        finally:
            self._is_reading = False

    def _take(self, snapshot: Snapshot, entries: tuple[RunEntry, ...]) -> None:
        is_first, self._read = self._read is None, snapshot
        shows_ended = self._pick.shows_ended
        self._pick = RunPick(entries, self._narrowed)
        self._pick.shows_ended = shows_ended
        self._show(anew=is_first)

    def _show(self, *, anew: bool) -> None:
        ids = self._pick.ids(self._typed)
        self.list.show(ids, self._line, self._version, anew=False)
        if anew:
            first = next((row for row in ids if row != EVERY_RUN), "")
            self.list.rows.go_to(first)
            self.list.renew()

    def _line(self, row_id: str, width: int) -> Line:
        return self._pick.line(row_id, self._clock(), width)

    def _version(self, row_id: str) -> object:
        return self._pick.entries.get(row_id) or (self._pick.ended, self._pick.shows_ended)

    def on_typed_list_edited(self, event: TypedList.Edited) -> None:
        """Show what fits, with the cursor on the first of it."""
        self._typed = event.text
        self._show(anew=True)

    def on_typed_list_picked(self, event: TypedList.Picked) -> None:
        """Enter: unfold what has ended, or choose the run."""
        if event.row == ENDED:
            self._pick.shows_ended = not self._pick.shows_ended
            self._show(anew=False)
        else:
            self.dismiss(event.row)

    def on_typed_list_given(self) -> None:
        """Esc: nothing changes."""
        self.dismiss("")

    def action_every(self) -> None:
        """Show the whole store again."""
        self.dismiss(EVERY_RUN)

    def _title(self, width: int) -> tuple[Line, ...]:
        count = len(self._pick.entries)
        live = count - sum(not entry.is_live for entry in self._pick.entries.values())
        told = "reading the runs …" if self._read is None else f"{live} live of {count}"
        return (fitted((Span("runs", Tone.STRONG), Span(f"  {told}", Tone.DIM)), width),)

    def _below(self, width: int) -> tuple[Line, ...]:
        if self._read is not None and not self.list.rows.count:
            nothing = "no run fits" if self._pick.entries else "no runs yet: onloop start and onloop fleet begin one"
            return (line(nothing, Tone.WARN),)
        keys = "Enter narrows every view to the run · ^R every run · ↑ ↓ move · Esc goes back"
        return (fitted((Span(keys, Tone.DIM),), width),)
