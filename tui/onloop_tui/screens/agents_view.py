"""Agents: who holds what, where, and when it last moved."""

from __future__ import annotations

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import BindingType

from onloop.store.rows import SubAgent
from onloop_tui.bindings import Where, bindings_of, keys_of
from onloop_tui.model.agents.agent_detail import agent_in_detail
from onloop_tui.model.agents.agent_order import NO_RANKS, AgentOrder, ranked, ranks_of
from onloop_tui.model.agents.agent_rows import (
    LIVE,
    AgentRow,
    agent_detail,
    agent_line,
    agent_rows,
    heading_line,
    nobody_lines,
)
from onloop_tui.model.detail.row_detail import RowDetail
from onloop_tui.model.drawing.row_index import FlatRows
from onloop_tui.model.drawing.text_line import Line, Span, Tone, fitted, hanging
from onloop_tui.model.filter.filters import Filter, parse
from onloop_tui.model.ground.snapshot import Snapshot
from onloop_tui.model.ground.subject import Subject, SubjectKind
from onloop_tui.model.sheet.sub_agent_lines import sub_agent_detail, sub_agent_line
from onloop_tui.screens.view import View
from onloop_tui.session import Session
from onloop_tui.widgets.bar import Bar
from onloop_tui.widgets.row_view import GUTTER_WIDTH, RowView


class AgentsView(View):
    """One row per lease, and below it one for each sub-agent in the agent's process; Enter opens the task."""

    where = Where.AGENTS
    has_detail = True
    nothing = "nobody is at work"
    BINDINGS: ClassVar[list[BindingType]] = bindings_of(keys_of(Where.AGENTS))

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self._snapshot = Snapshot()
        self._filter = Filter()
        self._by_task: dict[str, AgentRow] = {}
        self._within: dict[str, SubAgent] = {}
        self._order, self._ranks = AgentOrder.NAME, NO_RANKS

    def compose(self) -> ComposeResult:
        """The columns' names and the rows."""
        yield Bar(self._heading, id="agents-heading")
        yield RowView(id="agents")

    @property
    def rows(self) -> RowView:
        """The agents."""
        return self.query_one(RowView)

    @property
    def focus_target(self) -> RowView:
        """The agents."""
        return self.rows

    def take(self, snapshot: Snapshot, *, anew: bool = False) -> None:
        """Show who holds what now; `anew` applies the order that was asked for last."""
        self._snapshot = snapshot
        now = self.session.clock()
        rows = agent_rows(snapshot)
        if anew:
            self._ranks = ranks_of(rows, self._order)
        fitting = [row for row in ranked(rows, self._ranks) if self._filter.matches(row.task, now, "")]
        self._by_task = {row.task.id: row for row in fitting}
        self._within = {each.id: each for row in fitting for each in row.within}
        ids = tuple(row_id for row in fitting for row_id in (row.task.id, *(each.id for each in row.within)))
        self.rows.show(FlatRows(ids), self._line, self._version)
        self.query_one(Bar).renew()

    def tick(self, snapshot: Snapshot) -> None:
        """Update ages, and a filter by age."""
        if self._filter.is_timed:
            self.take(snapshot)
        else:
            self.rows.renew()

    def on_row_view_moved(self) -> None:
        """Tell the main screen that the cursor moved."""
        self.post_message(self.Moved())

    def subject(self) -> Subject | None:
        """The task of the agent under the cursor, or of the one in whose process it is."""
        task = self._held
        return Subject(SubjectKind.TASK, task, (task,)) if task else None

    def detail(self) -> RowDetail | None:
        """The agent under the cursor, and how its task stands."""
        row = self._by_task.get(self._held or "")
        return agent_in_detail(row, self._snapshot, self.session.clock()) if row is not None else None

    def go_to(self, subject: Subject) -> None:
        """Put the cursor on the agent that holds one of these tasks."""
        next((task for task in subject.tasks if self.rows.go_to(task)), None)

    def next_needing(self, step: int) -> None:
        """Go to the next agent that is not simply alive, from the start again after the end."""
        now = self.session.clock()
        tasks = list(self._by_task)
        here = tasks.index(self._held) if self._held in self._by_task else -1
        around = [tasks[(here + step * i) % len(tasks)] for i in range(1, len(tasks) + 1)]
        worrying = next((task for task in around if self._by_task[task].sign(now) is not LIVE), None)
        if worrying is None:
            self.post_message(self.Said("everybody is alive and moves"))
        else:
            self.rows.go_to(worrying)

    def action_order(self) -> None:
        """Apply the next order; what changes afterwards moves no row."""
        self._order = self._order.following
        self.take(self._snapshot, anew=True)
        self.post_message(self.Said(f"agents stand {self._order.value}; R applies it again"))

    def filter(self, query: str) -> str:
        """Show only agents whose task matches."""
        parsed = parse(query)
        if not isinstance(parsed, Filter):
            return parsed.words
        self._filter = parsed
        self.take(self._snapshot)
        return ""

    def chip(self, width: int) -> tuple[Line, ...]:
        """The filter and the order in force."""
        filtered = (Span(" filter ", Tone.ACCENT), Span(self._filter.describe()), Span("  Esc clears it ", Tone.DIM))
        ordered = (Span(" order ", Tone.ACCENT), Span(self._order.value))
        shown = (*(filtered if self._filter else ()), *(ordered if self._ranks else ()))
        return (fitted(shown, width),) if shown else ()

    def explanation(self, width: int) -> tuple[Line, ...]:
        """The row in words."""
        row, now = self._by_task.get(self._held or ""), self.session.clock()
        if row is None:
            return ()
        within = self._within.get(self.rows.cursor or "")
        if within is not None:
            return hanging((), sub_agent_detail(within, row.lease.agent, row.isolation, now), width)
        return hanging((), agent_detail(row, now), width)

    @property
    def _held(self) -> str | None:
        """The task whose agent, or whose agent's sub-agent, is under the cursor."""
        cursor = self.rows.cursor
        within = self._within.get(cursor or "")
        return within.task if within is not None else cursor

    def _heading(self, width: int) -> tuple[Line, ...]:
        if not self._by_task:
            return nobody_lines(self._snapshot)
        return (fitted((Span(" " * GUTTER_WIDTH), *heading_line(self.rows.room)), width),)

    def _line(self, row_id: str, width: int) -> Line:
        within, now = self._within.get(row_id), self.session.clock()
        return sub_agent_line(within, now, width) if within else agent_line(self._by_task[row_id], now, width)

    def _version(self, row_id: str) -> object:
        within = self._within.get(row_id)
        if within is not None:
            return within
        row = self._by_task[row_id]
        return (row.lease, row.task.version, row.live, row.within)
