"""Loop: what people and gates cost and catch, read from the whole log."""

from __future__ import annotations

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import BindingType

from onloop.insight.measures.loop_figures import LoopFigures
from onloop_tui.background import in_background
from onloop_tui.bindings import Where, bindings_of, keys_of
from onloop_tui.model.drawing.row_index import FlatRows
from onloop_tui.model.drawing.text_line import Line, Tone, hanging, line
from onloop_tui.model.ground.snapshot import Snapshot
from onloop_tui.model.ground.subject import Subject, SubjectKind
from onloop_tui.model.loop.loop_rows import LoopRow, loop_detail, loop_line, loop_rows
from onloop_tui.screens.followed_loop import FollowedLoop
from onloop_tui.screens.view import View
from onloop_tui.session import Session
from onloop_tui.widgets.bar import Bar
from onloop_tui.widgets.row_view import RowView


class LoopView(View):
    """One row per figure; Enter opens the task that a row gives as an example."""

    where = Where.LOOP
    nothing = "this row is about no single task"
    BINDINGS: ClassVar[list[BindingType]] = bindings_of(keys_of(Where.LOOP))

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self._snapshot = Snapshot()
        self._loop = FollowedLoop(session)
        self._shown: LoopFigures | None = None
        self._by_id: dict[str, LoopRow] = {}

    def compose(self) -> ComposeResult:
        """What is said before anything was read, and the rows."""
        yield Bar(self._reading, id="loop-reading")
        yield RowView(id="loop")

    @property
    def rows(self) -> RowView:
        """The figures."""
        return self.query_one(RowView)

    @property
    def focus_target(self) -> RowView:
        """The figures."""
        return self.rows

    def take(self, snapshot: Snapshot, *, anew: bool = False) -> None:  # noqa: ARG002 - the order is fixed
        """Read what is new in the log, at the latest when it is due."""
        self._snapshot = snapshot
        if self._loop.is_due(snapshot.house.id, snapshot.seq):
            in_background(self, self._read, group="loop", exclusive=True)
        self._show()

    async def _read(self) -> None:
        await self._loop.read(self._snapshot.house.id, self._snapshot.seq)
        self._show()

    def _show(self) -> None:
        figures = self._loop.figures
        self.query_one(Bar).renew()
        if figures is self._shown:
            return
        self._shown = figures
        self._by_id = {row.id: row for row in loop_rows(figures)} if figures is not None else {}
        self.rows.show(FlatRows(tuple(self._by_id)), self._line, lambda _: id(figures))
        self.post_message(self.Moved())

    def on_row_view_moved(self) -> None:
        """Tell the main screen that the cursor moved."""
        self.post_message(self.Moved())

    @property
    def _row(self) -> LoopRow | None:
        return self._by_id.get(self.rows.cursor or "")

    def subject(self) -> Subject | None:
        """The task that the row under the cursor gives as an example."""
        task = self._row.example if self._row is not None else ""
        return Subject(SubjectKind.TASK, task, (task,)) if task in self._snapshot.tasks else None

    def go_to(self, subject: Subject) -> None:
        """Put the cursor on the row that gives one of these tasks as an example."""
        found = (row.id for row in self._by_id.values() if row.example and row.example in subject.tasks)
        next((row_id for row_id in found if self.rows.go_to(row_id)), None)

    def next_needing(self, step: int) -> None:
        """Go to the next row that deserves a look, from the start again after the end."""
        ids = list(self._by_id)
        here = ids.index(self.rows.cursor) if self.rows.cursor in self._by_id else -1
        around = [ids[(here + step * i) % len(ids)] for i in range(1, len(ids) + 1)]
        wanted = next((row_id for row_id in around if self._by_id[row_id].is_finding), None)
        if wanted is None:
            self.post_message(self.Said("nothing deserves a look, as far as was seen"))
        else:
            self.rows.go_to(wanted)

    def cli_equivalent(self) -> str:
        """The command that says the same."""
        return "onloop loop"

    def explanation(self, width: int) -> tuple[Line, ...]:
        """The row in words."""
        return hanging((), loop_detail(self._row), width) if self._row is not None else ()

    def _line(self, row_id: str, width: int) -> Line:
        return loop_line(self._by_id[row_id], width)

    def _reading(self, _width: int) -> tuple[Line, ...]:
        if self._loop.figures is None:
            return (line("reading the log …", Tone.DIM),)
        return (line("of the whole store, not of this run alone", Tone.DIM),) if self._snapshot.run else ()
