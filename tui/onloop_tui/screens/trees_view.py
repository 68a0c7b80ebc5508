"""Tree: runs, their tasks and sub-agents, live, with the gates of each as a strip."""

from __future__ import annotations

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import BindingType

from onloop_tui.bindings import Where, bindings_of, keys_of
from onloop_tui.model.columns.arrangement import RowArrangement
from onloop_tui.model.columns.column_cells import title_lines
from onloop_tui.model.detail.row_detail import RowDetail
from onloop_tui.model.drawing.text_line import Line, Span, Tone, fitted, line
from onloop_tui.model.filter.filters import EVERYTHING, Filter, parse
from onloop_tui.model.ground.snapshot import Snapshot
from onloop_tui.model.ground.subject import Subject, SubjectKind
from onloop_tui.model.inbox.inbox_lines import quiet_lines
from onloop_tui.model.sheet.task_explanation import task_explanation
from onloop_tui.model.tree.ended_fold import ENDED_RUNS
from onloop_tui.model.tree.node_detail import node_detail
from onloop_tui.model.tree.tree_arrangement import tree_heading
from onloop_tui.model.tree.tree_node import needing_below
from onloop_tui.screens.view import Opening, View
from onloop_tui.session import Session
from onloop_tui.widgets.bar import Bar
from onloop_tui.widgets.row_view import GUTTER_WIDTH
from onloop_tui.widgets.tree_view import TreeView


class TreesView(View):
    """Every task below its run. Enter unfolds a task with children, and opens one without."""

    where = Where.TREE
    has_detail = True
    nothing = "nothing has been started"
    usual_columns = ("step", "waits", "age")
    BINDINGS: ClassVar[list[BindingType]] = bindings_of(keys_of(Where.TREE))

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self._shown: Snapshot | None = None

    def compose(self) -> ComposeResult:
        """What is said of the columns, or what to do next if there are no tasks; and the tree."""
        yield Bar(self._above, id="tree-empty")
        yield TreeView(lambda: self.session.clock(), id="tree")

    @property
    def rows(self) -> TreeView:
        """The tree."""
        return self.query_one(TreeView)

    @property
    def focus_target(self) -> TreeView:
        """The tree."""
        return self.rows

    def take(self, snapshot: Snapshot, *, anew: bool = False) -> None:
        """Show this snapshot. Only tasks that changed since the last one are looked at."""
        before, self._shown = self._shown, snapshot
        changed: frozenset[str] | None
        if anew or before is None:
            changed = None
        elif snapshot.seq == before.seq and len(snapshot.tasks) == len(before.tasks):
            changed = frozenset()
        else:
            changed = snapshot.changed_since(before.seq)
        self.rows.take(snapshot, changed)
        if anew and self.arrangement.order:
            self.rows.order_anew()
        self.query_one(Bar).renew()

    def tick(self, snapshot: Snapshot) -> None:
        """Update ages, and whom tasks need."""
        self._shown = snapshot
        self.rows.tick(snapshot)

    def on_tree_view_made(self) -> None:
        """Take the words away that stood for the tree."""
        self.query_one(Bar).renew()
        self.post_message(self.Moved())

    def on_tree_view_sifted(self) -> None:
        """Tell how much was found in all."""
        self.post_message(self.Moved())

    def on_row_view_moved(self) -> None:
        """Tell the main screen that the cursor moved."""
        self.rows.let_go()
        self.post_message(self.Moved())

    def subject(self) -> Subject | None:
        """The task under the cursor; for a run or a parent, also the tasks below it that need a person."""
        node = self.rows.node
        if node is None:
            return None
        of = SubjectKind.RUN if node.parent is None and node.children else SubjectKind.TASK
        return Subject(of, node.id, (node.id, *(each.id for each in needing_below(node))))

    def detail(self) -> RowDetail | None:
        """The task under the cursor; for a run or a parent, the tasks below it, those that need a person first."""
        node, snapshot = self.rows.node, self._shown
        if node is None or snapshot is None:
            return None
        return node_detail(node, snapshot, self.session.clock())

    def go_to(self, subject: Subject) -> None:
        """Put the cursor on the task."""
        next((task for task in (*subject.tasks, subject.id) if self.rows.go_to(task)), None)

    def go(self) -> Opening | None:
        """Fold or unfold a task with children, or the runs that have ended; open a task without."""
        node = self.rows.node
        if self.rows.cursor == ENDED_RUNS:
            self.rows.turn_ended()
            return None
        if node is not None and node.children:
            self._toggle()
            return None
        return super().go()

    def next_needing(self, step: int) -> None:
        """Go to the next task that needs a person, even if it is folded away."""
        self.rows.touched()
        if not self.rows.next_needing(step):
            self.post_message(self.Said("nothing here needs you now"))

    def following(self, decided: str) -> Opening | None:  # noqa: ARG002 - the tree knows where the cursor stands
        """The next task that needs a person, to show in the sheet."""
        if not self.rows.next_needing(1):
            return None
        return super().go()

    def filter(self, query: str) -> str:
        """Show only tasks that match, and their parents."""
        parsed = parse(query)
        if not isinstance(parsed, Filter):
            return parsed.words
        self.rows.show_only(parsed or EVERYTHING)
        return ""

    def show_arranged(self, wanted: RowArrangement) -> None:
        """Show these columns, and tasks below one parent in this order; runs that have ended stay last."""
        self.arrangement = wanted
        self.rows.show_arranged(wanted)
        self.query_one(Bar).renew()

    def chip(self, width: int) -> tuple[Line, ...]:
        """The filter in force, and whether the cursor follows changes."""
        shown: list[Span] = []
        if self.rows.following:
            shown += [Span(" following ", Tone.ACCENT), Span("the newest change, until you move  ", Tone.DIM)]
        if self.rows.filter:
            so_far = "" if self.rows.index.matches.is_whole else " so far"
            shown += [
                Span(" filter ", Tone.ACCENT),
                Span(self.rows.filter.describe()),
                Span(f"  {self.rows.matching} found{so_far} · Esc clears it", Tone.DIM),
            ]
        return (fitted(tuple(shown), width),) if shown else ()

    def explanation(self, width: int) -> tuple[Line, ...]:
        """Why the task is where it is, and what would move it."""
        node = self.rows.node
        if node is None or self._shown is None:
            return ()
        return task_explanation(node.task, self._shown, self.session.clock(), width)

    # -- its keys

    def action_fold(self) -> None:
        """Hide what is below the row, or go up."""
        self.rows.fold()

    def action_unfold(self) -> None:
        """Show what is below the row, or go into it."""
        self.rows.unfold()

    def action_fold_all(self, opening: str) -> None:
        """Fold or unfold everything."""
        self.rows.fold_all(is_open=opening == "open")

    def action_follow(self) -> None:
        """Let the cursor follow changes, or stop that."""
        self.rows.follow(not self.rows.following)
        self.post_message(self.Moved())

    def _toggle(self) -> None:
        node = self.rows.node
        if node is not None and self.rows.index.is_open(node):
            self.rows.fold()
        else:
            self.rows.unfold()

    def _above(self, width: int) -> tuple[Line, ...]:
        if self.rows.is_being_made:
            return (line("making the tree …", Tone.DIM),)
        if self._shown is not None and not self._shown.tasks:
            return quiet_lines(self._shown, width)
        plan = self.rows.plan(self.rows.room) if self.arrangement.columns else None
        titles = title_lines(self.arrangement, plan, width)
        if plan is None:
            return titles
        names = tree_heading(plan, self.arrangement.order, self.rows.room)
        return (*titles, fitted((Span(" " * GUTTER_WIDTH), *names), width))
