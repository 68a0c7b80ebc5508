"""Inbox: what needs a person, one row per cause, a preview beside it, and how far the runs are."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Horizontal

from onloop.attention.groups import Group
from onloop.attention.items import AttentionItem
from onloop.errors import OnloopError
from onloop.gateway.bulk import BulkOutcome
from onloop.views.dossier import Dossier
from onloop_tui.bindings import Where, bindings_of, keys_of
from onloop_tui.dialogs.bulk_decisions import decision_plan
from onloop_tui.dialogs.bulk_dialog import BulkDialog
from onloop_tui.dialogs.marking import Marking, MarkWish
from onloop_tui.dialogs.wishes import acknowledge, mute, show_again, snooze
from onloop_tui.model.decide.bulk_lines import tally_words
from onloop_tui.model.decide.cli_equivalents import row_equivalent
from onloop_tui.model.drawing.text_line import Line, Tone, line
from onloop_tui.model.filter.filters import EVERYTHING, Filter, parse
from onloop_tui.model.filter.narrowing import narrowed
from onloop_tui.model.ground.acts import Act
from onloop_tui.model.ground.selection import Selection
from onloop_tui.model.ground.snapshot import Snapshot
from onloop_tui.model.ground.subject import Of, Subject
from onloop_tui.model.inbox.explain import explanation
from onloop_tui.model.inbox.inbox_lines import chip_lines, empty_lines, nothing_hidden_lines, why_lines
from onloop_tui.model.inbox.order import InboxRow, hidden_rows, shown_rows
from onloop_tui.model.inbox.run_progress import fleet_lines
from onloop_tui.screens.view import Opening, View
from onloop_tui.session import Session
from onloop_tui.widgets.bar import Bar
from onloop_tui.widgets.inbox_list import Inbox
from onloop_tui.widgets.preview_pane import Preview

MOST_RUNS = 3
_SIFTED = frozenset({Act.APPROVE, Act.REJECT})
"""Acts on a commit: what it changes is read, too."""

_NO_TASK = "who was denied something is no task; . says that you have seen it, onloop log house says when"


class InboxView(View):
    """Lists causes; a key in the list never decides anything."""

    where = Where.INBOX
    nothing = "nothing needs you now"
    BINDINGS: ClassVar[list[BindingType]] = bindings_of(keys_of(Where.INBOX))

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self.snapshot = Snapshot()
        self._filter = EVERYTHING
        self._shows_hidden = False
        self._cause: str | None = None
        self._progress = ""
        self._taken = False
        self._list = Inbox(session, self._nothing_lines)
        self._preview = Preview(session)
        self._preview.add_class("-on")
        self._runs = Bar(self._run_lines, id="fleet")
        self.marking = Marking(session)

    def compose(self) -> ComposeResult:
        """The list with its preview, what is asked, and the runs below it."""
        with Horizontal(id="inbox-middle"):
            yield self._list
            yield self._preview
        yield self.marking
        yield self._runs

    @property
    def rows(self) -> Inbox:
        """The list of causes."""
        return self._list

    @property
    def focus_target(self) -> Inbox:
        """The list of causes."""
        return self._list

    def take(self, snapshot: Snapshot, *, anew: bool = False) -> None:
        """Show this snapshot; `anew` applies the order even while it should stand still."""
        self.snapshot, self._taken = snapshot, True
        self.marking.people = sorted(snapshot.house.people)
        self.rows.selection = self.rows.selection.kept(snapshot.groups)
        self.rows.take(self._rows_of(snapshot), anew=anew)
        self._runs.renew()

    def _rows_of(self, snapshot: Snapshot) -> Sequence[InboxRow]:
        board, now = snapshot.board, self.session.clock()
        if not self._shows_hidden:
            return shown_rows(board, narrowed(board.shown, self._filter, snapshot.tasks, now))
        return [row for row in hidden_rows(board) if narrowed((row.group,), self._filter, snapshot.tasks, now)]

    def on_inbox_moved(self) -> None:
        """Another row has the cursor, or the rows have changed."""
        self._look()
        self.post_message(self.Moved())

    def on_resize(self) -> None:
        """There may be room for the preview now."""
        self.call_after_refresh(self._look)

    def _look(self) -> None:
        self._preview.look_at(self.rows.focused_group, self.rows.selection)

    # -- what the cursor stands on

    def subject(self) -> Subject | None:
        """The cause under the cursor, with its tasks."""
        group = self.rows.focused_group
        if group is None:
            return None
        return Subject(Of.CAUSE, group.cause, tuple(item.task for item in group.members) if group.has_tasks else ())

    def go(self) -> Opening | None:
        """Enter: the first task of the cause; who was denied something is none."""
        group = self.rows.focused_group
        if group is not None and not group.has_tasks:
            self._say(_NO_TASK)
            return None
        return super().go()

    def go_to(self, subject: Subject) -> None:
        """Put the cursor on a cause, or on the cause of a task."""
        wanted = {subject.id, *subject.tasks}
        for row in self.rows.arrangement.rows:
            if row.group.cause in wanted or any(item.task in wanted for item in row.group.members):
                self.rows.go_to(row.key)
                return

    def next_needing(self, step: int) -> None:
        """Every row needs a person: the next one, and round."""
        keys = self.rows.arrangement.keys
        if keys:
            self.rows.touch()
            self.rows.go_to(keys[(self.rows.position - 1 + step) % len(keys)])

    def cli_equivalent(self) -> str:
        """The command that gives the first member of the row the answer that it is there for."""
        group = self.rows.focused_group
        return row_equivalent(group) if group else ""

    # -- the sheet

    def sheet_opened(self) -> None:
        """The order stands still."""
        group = self.rows.focused_group
        self._cause = group.cause if group else None
        self.marking.put_away()
        self.rows.touch()
        self.rows.sheet_open = True
        self.rows.can_focus = False

    def sheet_closed(self) -> None:
        """The list is used again."""
        self.rows.sheet_open = False
        self.rows.can_focus = True
        self.rows.touch()

    def following(self, decided: str) -> Opening | None:
        """The next item: first of the same cause, then of the next row; none from the list of what is hidden."""
        groups = [] if self._shows_hidden else [group for group in self.rows.arrangement.groups if group.has_tasks]
        here = next((i for i, group in enumerate(groups) if group.cause == self._cause), 0)
        for group in groups[here:] + groups[:here]:
            members = [item for item in group.members if item.task != decided]
            later = [item for item in members if group.cause != self._cause or _is_after(group, item, decided)]
            if members:
                self.rows.go_to(group.cause)
                return Opening((later or members)[0].task, tuple(item.task for item in group.members))
        return None

    # -- filter, marks, what is hidden

    def filter(self, query: str) -> str:
        """Show only causes with a member that fits, and of these count only such members."""
        found = parse(query)
        if not isinstance(found, Filter):
            return found.words
        self._filter = found
        self.take(self.snapshot, anew=True)
        return ""

    def back(self) -> bool:
        """Esc: what is asked, what is being read, the list of what is hidden, the marks."""
        if self.marking.is_open:
            self.marking.put_away()
            self.rows.focus()
        elif self._progress:
            self.workers.cancel_group(self, "marked")
            self._progress = ""
        elif self._shows_hidden:
            self.action_hidden()
        elif self.rows.selection:
            self.rows.select(Selection())
        else:
            return False
        return True

    def action_mark(self) -> None:
        """Space: mark all of the cause, or none of it."""
        group = self.rows.focused_group
        if group is not None and not group.has_tasks:
            self._say(_NO_TASK)
        elif self._may_mark() and group is not None:
            self.rows.select(self.rows.selection.toggled(group))

    def action_mark_all(self) -> None:
        """`*`: mark all that the filter leaves, or none of it."""
        if self._may_mark():
            self.rows.select(self.rows.selection.all_of([g for g in self.rows.arrangement.groups if g.has_tasks]))

    def _may_mark(self) -> bool:
        if self._shows_hidden:
            self._say("what is hidden is not marked; . shows it again, Enter opens it")
        return not self._shows_hidden

    def action_hidden(self) -> None:
        """`H`: what is hidden and how, and back."""
        self._shows_hidden = not self._shows_hidden
        self.take(self.snapshot, anew=True)
        self.rows.go_to(next(iter(self.rows.arrangement.keys), None))

    def action_preview(self) -> None:
        """`p`: the preview, or the whole width for the list."""
        self._preview.toggle_class("-on")
        if self._preview.has_class("-on") and not self._preview.display:
            self._say("the preview needs 120 columns; Enter opens the sheet")
        self.call_after_refresh(self._look)

    # -- what people say about causes

    def action_acknowledge(self) -> None:
        """`.`: somebody is on it; in the list of what is hidden, show it again."""
        groups = self._meant()
        if groups:
            self._wish(acknowledge(groups, self.session.clock()))

    def action_snooze(self) -> None:
        """`z`: not now; in the list of what is hidden, show it again."""
        groups = self._meant()
        if groups:
            now = self.session.clock()
            self._wish(snooze(groups, now, datetime.now(UTC).astimezone().tzinfo or UTC))

    def action_mute(self) -> None:
        """`M`: not shown at all for a while, by a rule."""
        group = self.rows.focused_group
        if group is None:
            self._say(self.nothing)
        else:
            self._wish(mute(group, self.session.clock()))

    def _meant(self) -> list[Group]:
        """The causes that are marked, else the one under the cursor; none where a hidden one is shown again instead."""
        row = self.rows.focused_row
        if row is None:
            self._say(self.nothing)
        elif row.hidden is not None:
            self._wish(show_again(row.hidden))
        else:
            marked = set(self.rows.selection.causes.values()) or {row.group.cause}
            return [group for group in self.snapshot.groups if group.cause in marked]
        return []

    def _wish(self, wish: MarkWish | str) -> None:
        if isinstance(wish, str):
            self._say(wish)
        else:
            self.marking.begin(wish)

    def on_marking_said(self, event: Marking.Said) -> None:
        """It was recorded, or it was not."""
        event.stop()
        self.rows.focus()
        self.post_message(self.Said(event.words, event.tone))

    # -- one decision for what is marked

    def decide_marked(self, act: Act) -> bool:
        """Begin this answer for all that is marked; whether anything is."""
        tasks = self.rows.selection.tasks
        if not tasks:
            return False
        if self.session.read_only:
            self._say("read-only: nothing can be decided")
        elif not self._progress:
            self._progress = f"reading {len(tasks)} tasks …"
            self.run_worker(self._decide_all(act, tasks), group="marked")
        return True

    async def _decide_all(self, act: Act, tasks: Sequence[str]) -> None:
        """Read every task aside, for the digest that its decision is bound to, and offer the list."""
        read: list[Dossier] = []
        unread: dict[str, str] = {}
        for number, task in enumerate(tasks, 1):
            self._progress = f"reading {number} of {len(tasks)} …"
            self.post_message(self.Moved())
            try:
                read.append(await asyncio.to_thread(self.session.place.dossier, task, changes=act in _SIFTED))
            except OnloopError as problem:
                unread[task] = problem.message
        self._progress = ""
        person = self.session.person
        plan = decision_plan(act, read, unread, person.voice if person else None)
        if isinstance(plan, str):
            self._say(plan)
        else:
            self.app.push_screen(BulkDialog(self.session, plan, self.marking.people), self._decided_all)

    def _decided_all(self, outcomes: tuple[BulkOutcome, ...] | None) -> None:
        """What was accepted is no longer marked; what was refused is."""
        if outcomes:
            accepted = [outcome.task for outcome in outcomes if outcome.accepted]
            self.rows.select(self.rows.selection.without(accepted))
            left = "; what was refused is still marked" if len(accepted) < len(outcomes) else ""
            self._say(f"{tally_words(len(outcomes), outcomes)}{left}")

    # -- lines

    def _say(self, words: str) -> None:
        self.post_message(self.Said(words))

    def chip(self, width: int) -> tuple[Line, ...]:
        """What is being read, how many rows wait until the order may move, the marks, and the filter."""
        return chip_lines(
            progress=self._progress,
            hidden=self._shows_hidden,
            waiting=len(self.rows.arrangement.waiting),
            selection=self.rows.selection,
            wanted=self._filter,
            width=width,
        )

    def why(self, width: int) -> tuple[Line, ...]:
        """Why the row stands where it stands, or what hides it."""
        row = self.rows.focused_row
        return why_lines(row, self.session.clock(), width) if row else ()

    def explanation(self, width: int) -> tuple[Line, ...]:
        """Why it is here or hidden, what clears it, who can act."""
        row = self.rows.focused_row
        if row is None:
            return (line("nothing needs you now, so there is nothing to explain", Tone.DIM),)
        task = self.snapshot.tasks.get(row.group.members[0].task)
        return explanation(row, task, self.rows.position, self.session.clock(), width)

    def _nothing_lines(self, width: int) -> Sequence[Line]:
        if not self._taken:
            return (line("reading the store …", Tone.DIM),)
        return nothing_hidden_lines(width) if self._shows_hidden else empty_lines(self.snapshot, self._filter, width)

    def _run_lines(self, width: int) -> tuple[Line, ...]:
        return fleet_lines(self.snapshot, width, MOST_RUNS)


def _is_after(group: Group, item: AttentionItem, decided: str) -> bool:
    order = [member.task for member in group.members]
    return decided not in order or order.index(item.task) > order.index(decided)
