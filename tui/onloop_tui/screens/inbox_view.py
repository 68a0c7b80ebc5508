"""Inbox: what needs a person, one row per cause, with a preview and the progress of the runs."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from functools import partial
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Horizontal

from onloop.attention.groups import Group
from onloop.attention.items import AttentionItem
from onloop.errors import OnloopError
from onloop.gateway.bulk import BulkOutcome
from onloop.views.dossier import Dossier
from onloop_tui.background import in_background
from onloop_tui.bindings import Where, bindings_of, keys_of
from onloop_tui.dialogs.bulk_decisions import ABOUT_CHANGES, decision_plan
from onloop_tui.dialogs.bulk_dialog import BulkDialog
from onloop_tui.dialogs.marking import Marking, MarkWish
from onloop_tui.dialogs.regrouping_wishes import merge, restore, split
from onloop_tui.dialogs.wishes import acknowledge, mute, show_again, snooze
from onloop_tui.model.decide.bulk_lines import tally_words
from onloop_tui.model.decide.cli_equivalents import row_equivalent
from onloop_tui.model.drawing.text_line import Line, Tone, line
from onloop_tui.model.filter.filters import EVERYTHING, Filter, parse
from onloop_tui.model.filter.narrowing import narrowed
from onloop_tui.model.ground.acts import Act
from onloop_tui.model.ground.selection import Selection
from onloop_tui.model.ground.snapshot import Snapshot
from onloop_tui.model.ground.subject import Subject, SubjectKind
from onloop_tui.model.inbox.explain import explanation, why_no_task
from onloop_tui.model.inbox.inbox_lines import chip_lines, empty_lines, nothing_hidden_lines, why_lines
from onloop_tui.model.inbox.order import InboxRow, hidden_rows, shown_rows
from onloop_tui.model.inbox.run_progress import fleet_lines
from onloop_tui.screens.view import Opening, View
from onloop_tui.session import Session
from onloop_tui.widgets.bar import Bar
from onloop_tui.widgets.inbox_list import Inbox
from onloop_tui.widgets.preview_pane import Preview

MOST_RUNS = 3


class InboxView(View):
    """Lists causes. A key in the list never decides anything."""

    where = Where.INBOX
    why_as_it_is = (
        "the Inbox stands in the order of attention, most urgent cause first; w says why a row is where it is"
    )
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
        """The list with its preview, the forms, and the progress of the runs."""
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
        """Show this snapshot; `anew` applies the order even while it is frozen."""
        self.snapshot, self._taken = snapshot, True
        self.marking.people = sorted(snapshot.house.people)
        self.rows.selection = self.rows.selection.kept(snapshot.groups)
        self.rows.take(self._rows_of(snapshot), anew=anew)
        self._runs.renew()

    def _rows_of(self, snapshot: Snapshot) -> Sequence[InboxRow]:
        board, now, tasks, viewer = snapshot.board, self.session.clock(), snapshot.tasks, snapshot.viewer
        if not self._shows_hidden:
            return shown_rows(board, narrowed(board.shown, self._filter, tasks, now), tasks, now, viewer)
        rows = hidden_rows(board, tasks, now, viewer)
        return [row for row in rows if narrowed((row.group,), self._filter, tasks, now)]

    def on_inbox_moved(self) -> None:
        """Update what depends on the cursor or the rows."""
        self._look()
        self.post_message(self.Moved())

    def on_resize(self) -> None:
        """Show or hide the preview for the new width."""
        self.call_after_refresh(self._look)

    def _look(self) -> None:
        self._preview.look_at(self.rows.focused_group, self.rows.selection)

    # -- what the cursor stands on

    def subject(self) -> Subject | None:
        """The cause under the cursor, with its tasks."""
        group = self.rows.focused_group
        if group is None:
            return None
        return Subject(
            SubjectKind.CAUSE, group.cause, tuple(item.task for item in group.members) if group.has_tasks else ()
        )

    def go(self) -> Opening | None:
        """Enter: the first task of the cause; a denied request has no task to open."""
        group = self.rows.focused_group
        if group is not None and not group.has_tasks:
            self._say(why_no_task(group))
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
        """Go to the next row, from the start again after the end: every row needs a person."""
        keys = self.rows.arrangement.keys
        if keys:
            self.rows.touch()
            self.rows.go_to(keys[(self.rows.position - 1 + step) % len(keys)])

    @property
    def asking(self) -> Marking:
        """The form about a cause."""
        return self.marking

    def cli_equivalent(self) -> str:
        """The command that makes the natural decision for the first member of the row."""
        group = self.rows.focused_group
        return row_equivalent(group) if group else ""

    # -- the sheet

    def sheet_opened(self) -> None:
        """Freeze the order."""
        group = self.rows.focused_group
        self._cause = group.cause if group else None
        self.marking.put_away()
        self.rows.touch()
        self.rows.sheet_open = True
        self.rows.can_focus = False

    def sheet_closed(self) -> None:
        """Unfreeze the order after a moment."""
        self.rows.sheet_open = False
        self.rows.can_focus = True
        self.rows.touch()

    def following(self, decided: str) -> Opening | None:
        """The next task: of the same cause, else of the next row; None in the list of hidden causes."""
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
        """Show only causes with a matching member, and count only matching members."""
        parsed = parse(query)
        if not isinstance(parsed, Filter):
            return parsed.words
        self._filter = parsed
        self.take(self.snapshot, anew=True)
        return ""

    def back(self) -> bool:
        """Esc: close the form, else stop reading, else leave the list of hidden causes, else clear the marks."""
        if self.marking.is_open:
            self.marking.put_away()
            self.screen.set_focus(self.rows)
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
        """Space: mark or unmark all of the cause."""
        group = self.rows.focused_group
        if group is not None and not group.has_tasks:
            self._say(why_no_task(group))
        elif self._may_mark() and group is not None:
            self.rows.select(self.rows.selection.toggled(group))

    def action_mark_all(self) -> None:
        """`*`: mark or unmark all that match the filter."""
        if self._may_mark():
            self.rows.select(self.rows.selection.all_of([g for g in self.rows.arrangement.groups if g.has_tasks]))

    def _may_mark(self) -> bool:
        if self._shows_hidden:
            self._say("what is hidden is not marked; . shows it again, Enter opens it")
        return not self._shows_hidden

    def action_hidden(self) -> None:
        """`H`: show the list of hidden causes, or leave it."""
        self._shows_hidden = not self._shows_hidden
        self.take(self.snapshot, anew=True)
        self.rows.go_to(next(iter(self.rows.arrangement.keys), None))

    def turn_preview(self) -> str:
        """Show or hide the preview beside the list."""
        self._preview.toggle_class("-on")
        self.call_after_refresh(self._look)
        hidden = self._preview.has_class("-on") and not self._preview.display
        return "the preview needs 120 columns; Enter opens the sheet" if hidden else ""

    # -- what people say about causes

    def action_acknowledge(self) -> None:
        """`.`: acknowledge; in the list of hidden causes, show it again."""
        groups = self._meant()
        if groups:
            self._wish(acknowledge(groups, self.session.clock()))

    def action_snooze(self) -> None:
        """`z`: snooze; in the list of hidden causes, show it again."""
        groups = self._meant()
        if groups:
            self._wish(snooze(groups, self.session.clock()))

    def action_mute(self) -> None:
        """`M`: mute by a rule for a time."""
        group = self.rows.focused_group
        if group is None:
            self._say(self.nothing)
        else:
            self._wish(mute(group, self.session.clock()))

    def action_split(self) -> None:
        """`s`: tell the texts of the cause apart, or its marked tasks from the rest."""
        self._wish(split(self.rows.focused_group, self.rows.selection, self.snapshot))

    def action_merge(self) -> None:
        """`m`: make the marked causes one."""
        self._wish(merge(self.rows.focused_group, self.rows.selection, self.snapshot))

    def action_restore(self) -> None:
        """`u`: group as before."""
        self._wish(restore(self.rows.focused_group))

    def _meant(self) -> list[Group]:
        """The marked causes, else the one under the cursor; none if a hidden one is shown again instead."""
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
        """Show the outcome of a wish."""
        event.stop()
        self.screen.set_focus(self.rows)
        self.post_message(self.Said(event.words, event.tone))

    # -- one decision for what is marked

    def decide_marked(self, act: Act) -> bool:
        """Begin this act for all marked tasks; whether any are marked. A red base is decided for all of its cause."""
        tasks = self.rows.selection.tasks or self._on_base(act)
        if not tasks:
            return False
        if self.session.read_only:
            self._say(f"{self.session.why_read_only}: nothing can be decided")
        elif not self._progress:
            self._progress = f"reading {len(tasks)} tasks …"
            in_background(self, partial(self._decide_all, act, tasks), group="marked")
        return True

    def _on_base(self, act: Act) -> tuple[str, ...]:
        """The tasks of the cause under the cursor, if several wait for the same red base, and `act` is about that."""
        group = self.rows.focused_group
        if act is not Act.NO_WORSE or group is None or not group.on_base or len(group.members) < 2:
            return ()
        return tuple(item.task for item in group.members)

    async def _decide_all(self, act: Act, tasks: Sequence[str]) -> None:
        """Read every task in a thread, for the digest that its decision is bound to, and offer the list."""
        read: list[Dossier] = []
        unread: dict[str, str] = {}
        for number, task in enumerate(tasks, 1):
            self._progress = f"reading {number} of {len(tasks)} …"
            self.post_message(self.Moved())
            try:
                read.append(await asyncio.to_thread(self.session.dossier, task, changes=act in ABOUT_CHANGES))
            except OnloopError as problem:
                unread[task] = problem.message
        self._progress = ""
        person = self.session.person
        voice, session = person.voice if person else None, self.session
        plan = decision_plan(act, read, unread, voice, session.looks, comments=session.comments)
        if isinstance(plan, str):
            self._say(plan)
        else:
            self.app.push_screen(BulkDialog(self.session, plan, self.marking.people), self._decided_all)

    def _decided_all(self, outcomes: tuple[BulkOutcome, ...] | None) -> None:
        """Unmark accepted tasks; refused ones stay marked."""
        if outcomes:
            accepted = [outcome.task for outcome in outcomes if outcome.accepted]
            self.rows.select(self.rows.selection.without(accepted))
            left = "; what was refused is still marked" if len(accepted) < len(outcomes) else ""
            self._say(f"{tally_words(len(outcomes), outcomes)}{left}")

    # -- lines

    def _say(self, words: str) -> None:
        self.post_message(self.Said(words))

    def chip(self, width: int) -> tuple[Line, ...]:
        """The reading in progress, the number of rows that wait for the order, the marks, and the filter."""
        return chip_lines(
            progress=self._progress,
            hidden=self._shows_hidden,
            waiting=len(self.rows.arrangement.waiting),
            selection=self.rows.selection,
            wanted=self._filter,
            width=width,
        )

    def why(self, width: int) -> tuple[Line, ...]:
        """Why the row is where it is, or what hides it."""
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
