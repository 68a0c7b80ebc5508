"""Agents: who holds what, where, and when it last moved."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import BindingType

from onloop.store.rows import SubAgent
from onloop.views.task_columns import ColumnRow, ordered_ids, shared_words
from onloop_tui.background import in_background
from onloop_tui.bindings import Where, bindings_of, keys_of
from onloop_tui.dialogs.draining import drain_wish
from onloop_tui.dialogs.marking import Marking
from onloop_tui.model.agents.agent_arrangement import agent_column_row, arranged_agent_line, arranged_heading, plan_of
from onloop_tui.model.agents.agent_detail import agent_in_detail
from onloop_tui.model.agents.agent_rows import (
    LIVE,
    AgentRow,
    agent_detail,
    agent_line,
    agent_rows,
    heading_line,
    nobody_lines,
)
from onloop_tui.model.agents.machine_rows import (
    MACHINES,
    MachineRow,
    machine_detail,
    machine_line,
    machine_rows,
    machine_words,
)
from onloop_tui.model.columns.arrangement import RowArrangement
from onloop_tui.model.columns.column_cells import ColumnPlan, title_lines
from onloop_tui.model.detail.row_detail import RowDetail
from onloop_tui.model.drawing.row_index import FlatRows
from onloop_tui.model.drawing.text_line import Line, Span, Tone, fitted, hanging, heading
from onloop_tui.model.filter.filters import Filter, parse
from onloop_tui.model.ground.places import NO_PLACES, in_places, places_in
from onloop_tui.model.ground.snapshot import Snapshot
from onloop_tui.model.ground.subject import Subject, SubjectKind
from onloop_tui.model.sheet.sub_agent_lines import sub_agent_detail, sub_agent_line
from onloop_tui.screens.followed_machines import FollowedMachines
from onloop_tui.screens.view import View
from onloop_tui.session import Session
from onloop_tui.widgets.bar import Bar
from onloop_tui.widgets.row_view import GUTTER_WIDTH, RowView


class AgentsView(View):
    """One row per lease, and below it one for each sub-agent in the agent's process; Enter opens the task.

    Below them is what the machines are at: workers with their slots, and the gates and effects of verifiers.
    """

    where = Where.AGENTS
    has_detail = True
    nothing = "nobody is at work"
    usual_columns = ("progress", "context", "tokens", "rounds")
    BINDINGS: ClassVar[list[BindingType]] = bindings_of(keys_of(Where.AGENTS))

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self._snapshot = Snapshot()
        self._filter = Filter()
        self._by_task: dict[str, AgentRow] = {}
        self._within: dict[str, SubAgent] = {}
        self._places = NO_PLACES
        self._shared: Mapping[str, str] = {}
        self._followed = FollowedMachines(session)
        self._machines: dict[str, MachineRow] = {}
        self.marking = Marking(session)

    def compose(self) -> ComposeResult:
        """The columns' names, the rows, and the form that asks about a worker."""
        yield Bar(self._heading, id="agents-heading")
        yield RowView(id="agents")
        yield self.marking

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
        rows = {row.task.id: row for row in agent_rows(snapshot)}
        order = self.arrangement.order
        if anew or (order and not self._places):
            self._places = places_in(ordered_ids(map(self._columns_of, rows.values()), order)) if order else NO_PLACES
        fitting = [
            row
            for task in in_places(tuple(rows), self._places)
            if self._filter.matches((row := rows[task]).task, now, "")
        ]
        self._by_task = {row.task.id: row for row in fitting}
        self._shared = shared_words([*map(self._columns_of, fitting)], self.arrangement.columns)
        self._within = {each.id: each for row in fitting for each in row.within}
        self.marking.people = sorted(snapshot.house.people)
        self._show_rows()

    def _show_rows(self) -> None:
        ids = [row_id for row in self._by_task.values() for row_id in (row.task.id, *(each.id for each in row.within))]
        found = () if self._filter else tuple(machine_rows(self._followed.found))
        self._machines = {row.id: row for row in found}
        self.rows.show(FlatRows((*ids, *((MACHINES,) if found else ()), *self._machines)), self._line, self._version)
        self.query_one(Bar).renew()
        self._look_at_machines()

    def _look_at_machines(self) -> None:
        if self._followed.is_due:
            in_background(self, self._read_machines, group="machines")

    async def _read_machines(self) -> None:
        """Read what the machines are at, and show it."""
        if await self._followed.read():
            self._show_rows()
            self.post_message(self.Moved())

    def tick(self, snapshot: Snapshot) -> None:
        """Update ages, and a filter by age."""
        if self._filter.is_timed:
            self.take(snapshot)
        else:
            self.rows.renew()
            self._look_at_machines()

    def on_row_view_moved(self) -> None:
        """Tell the main screen that the cursor moved."""
        self.post_message(self.Moved())

    def subject(self) -> Subject | None:
        """The task of the agent under the cursor, or of the one in whose process it is; of a gate also which it is."""
        task, machine = self._held, self._machines.get(self.rows.cursor or "")
        gate = machine.gate if machine is not None else ""
        return Subject(SubjectKind.TASK, task, (task,), gate) if task else None

    def detail(self) -> RowDetail | None:
        """The agent under the cursor, and how its task stands; or what is known of the worker."""
        machine = self._machines.get(self.rows.cursor or "")
        if machine is not None:
            return machine_detail(machine, self.session.clock())
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

    def show_arranged(self, wanted: RowArrangement) -> None:
        """Show these columns in this order; what changes afterwards moves no row."""
        self.arrangement = wanted
        self.take(self._snapshot, anew=True)

    # -- workers

    @property
    def asking(self) -> Marking:
        """What may take keys in the place of the list."""
        return self.marking

    def action_drain(self) -> None:
        """`Z`: have the worker under the cursor drain, or go on."""
        machine = self._machines.get(self.rows.cursor or "")
        if machine is None or machine.worker is None:
            self.post_message(self.Said("Z is for a worker, which stand below the agents; G goes there"))
        else:
            self.marking.begin(drain_wish(machine.worker))

    def back(self) -> bool:
        """Esc: close the form."""
        was_open = self.marking.is_open
        if was_open:
            self.marking.put_away()
            self.screen.set_focus(self.rows)
        return was_open

    def on_marking_said(self, event: Marking.Said) -> None:
        """Show the outcome."""
        event.stop()
        self.screen.set_focus(self.rows)
        self.post_message(self.Said(event.words, event.tone))

    def filter(self, query: str) -> str:
        """Show only agents whose task matches."""
        parsed = parse(query)
        if not isinstance(parsed, Filter):
            return parsed.words
        self._filter = parsed
        self.take(self._snapshot)
        return ""

    def chip(self, width: int) -> tuple[Line, ...]:
        """The filter in force."""
        shown = (Span(" filter ", Tone.ACCENT), Span(self._filter.describe()), Span("  Esc clears it ", Tone.DIM))
        return (fitted(shown, width),) if self._filter else ()

    def explanation(self, width: int) -> tuple[Line, ...]:
        """The row in words."""
        row, now = self._by_task.get(self._held or ""), self.session.clock()
        machine = self._machines.get(self.rows.cursor or "")
        if machine is not None and machine.worker is not None:
            return hanging((), f"{machine.worker.name}: {machine.worker.words(now)}", width)
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
        within, machine = self._within.get(cursor or ""), self._machines.get(cursor or "")
        if machine is not None:
            return machine.task or None
        return within.task if within is not None else cursor if cursor in self._by_task else None

    def _heading(self, width: int) -> tuple[Line, ...]:
        if not self._by_task:
            return nobody_lines(self._snapshot)
        plan = self._plan(self.rows.room) if self.arrangement.columns else None
        names = arranged_heading(plan, self.arrangement.order, self.rows.room) if plan else heading_line(self.rows.room)
        return (*title_lines(self.arrangement, plan, width), fitted((Span(" " * GUTTER_WIDTH), *names), width))

    def _plan(self, width: int) -> ColumnPlan:
        return plan_of(self.arrangement, width, self._shared)

    def _columns_of(self, row: AgentRow) -> ColumnRow:
        return agent_column_row(row, self._snapshot, self.session.clock())

    def _line(self, row_id: str, width: int) -> Line:
        within, now = self._within.get(row_id), self.session.clock()
        if row_id == MACHINES:
            return heading(machine_words(self._followed.found), width)
        if row_id in self._machines:
            return machine_line(self._machines[row_id], now, width)
        if within is not None:
            return sub_agent_line(within, now, width)
        row = self._by_task[row_id]
        if self.arrangement.columns:
            return arranged_agent_line(row, self._plan(width), self._columns_of(row), width)
        return agent_line(row, now, width)

    def _version(self, row_id: str) -> object:
        within = self._within.get(row_id)
        if within is not None:
            return within
        if row_id == MACHINES:
            return self._followed.found
        if row_id in self._machines:
            return self._machines[row_id]
        row = self._by_task[row_id]
        return (row.lease, row.task.version, row.live, row.within, self.arrangement.columns, tuple(self._shared))
