"""One decision for many tasks: each task is listed, sent separately, and gets its own outcome."""

from __future__ import annotations

import asyncio
import time
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from functools import partial
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Vertical
from textual.screen import Screen

from onloop.errors import OnloopError
from onloop.gateway.bulk import BulkOutcome
from onloop.machine.commands import Command, Voice
from onloop.machine.principal import Principal
from onloop.views.dossier import Dossier
from onloop_tui.app_messages import KeysWanted
from onloop_tui.background import in_background
from onloop_tui.bindings import BULK, bindings_of, key_piece
from onloop_tui.dialogs.change_screens import ChangeScreen
from onloop_tui.dialogs.form import TOO_SOON, FormDialog, open_form
from onloop_tui.dialogs.questions import person_form
from onloop_tui.dialogs.recognition import recognise
from onloop_tui.model.decide.bulk_lines import BulkEntry, entry_line, shown_lines, sign_for, tally_words
from onloop_tui.model.drawing.row_index import FlatRows
from onloop_tui.model.drawing.signs import Sign
from onloop_tui.model.drawing.text_line import Line, Tone, flowed, hanging
from onloop_tui.model.form.early_keys import KeyTarget
from onloop_tui.model.form.fields import FormField
from onloop_tui.session import Session
from onloop_tui.theme import COMPONENTS
from onloop_tui.widgets.bar import Bar
from onloop_tui.widgets.row_view import RowView

FEW = 5
"""Up to this many tasks, Enter confirms; for more, the person must type their number."""

Make = Callable[[str, Voice, Mapping[str, str]], Command]
"""Makes the command for a task from the person's voice and the words they typed."""

_COUNT = "count"
_LIST = "the list of decisions"


@dataclass(frozen=True, slots=True)
class BulkPlan:
    """One decision for every entry: its title, the entries, and remarks for or against it.

    The person fills `fields` in once; the words go into every command. `changes` are what commits change, by task.
    `along` says what else goes with one task's command as it is now, and `sent` hears of those that were accepted.
    """

    title: str
    entries: tuple[BulkEntry, ...]
    make: Make
    fields: tuple[FormField, ...] = ()
    remarks: tuple[tuple[str, Tone], ...] = ()
    changes: Mapping[str, Dossier] = field(default_factory=dict)
    is_approval: bool = False
    along: Callable[[str], str] = lambda _: ""
    sent: Callable[[str], None] = lambda _: None


class Phase(StrEnum):
    """The state of the dialog."""

    ASKING = "asking"
    SENDING = "sending"
    DONE = "done"


class BulkDialog(Screen[tuple[BulkOutcome, ...]]):
    """Lists what will be sent, asks once, and sends the commands one by one; returns the outcomes of those sent.

    It covers the lists, so that nothing moves while a person reads what they are about to do.
    """

    COMPONENT_CLASSES = COMPONENTS
    BINDINGS: ClassVar[list[BindingType]] = bindings_of(BULK)
    DEFAULT_CSS = """
    BulkDialog { layout: vertical; background: $background; }
    #bulk-title { background: $panel; padding: 0 1; }
    #bulk-list { height: 1fr; }
    #bulk-form { height: auto; }
    #bulk-form FormDialog { dock: none; }
    #bulk-said, #bulk-keys { background: $panel; padding: 0 1; }
    """

    def __init__(self, session: Session, plan: BulkPlan, people: Sequence[str] = ()) -> None:
        super().__init__()
        self._session = session
        self._plan = plan
        self._people = people
        self._entries = {entry.task: entry for entry in plan.entries}
        self._outcomes: dict[str, BulkOutcome] = {}
        self._sending = ""
        self._stopping = self._began = False
        self._shown_at = 0.0
        self._remark = ""
        self._since = session.clock()
        self.phase = Phase.ASKING

    def compose(self) -> ComposeResult:
        """The title, the list, the form, the outcome and the keys."""
        yield Bar(self._title_lines, id="bulk-title")
        yield RowView(id="bulk-list")
        yield Vertical(id="bulk-form")
        yield Bar(self._said_lines, id="bulk-said")
        yield Bar(self._key_lines, id="bulk-keys")

    @property
    def rows(self) -> RowView:
        """The entries."""
        return self.query_one("#bulk-list", RowView)

    def on_mount(self) -> None:
        """Show the entries and the form."""
        self.set_focus(self.rows)
        self._ask()
        self._began, self._shown_at = True, time.monotonic()
        self._draw()
        self.post_message(KeysWanted())

    # -- keys that come early

    def expected(self) -> str:
        """The list until it is there, then its form until it can be typed into."""
        form = open_form(self)
        return _LIST if not self._began or (form is not None and form.is_busy) else ""

    def shown(self) -> KeyTarget:
        """The form of the list, unless it asks who decides."""
        form = open_form(self)
        if form is None:
            return KeyTarget("", self.phase is Phase.ASKING, self._shown_at)
        return KeyTarget("" if form.asks_who else _LIST, form.enter_sends, form.since)

    def ignored(self, words: str) -> None:
        """Show that keys were ignored."""
        self._remark = words
        self._draw()

    # -- asking

    def _ask(self) -> None:
        """Ask who decides, if that is not known yet, and then for the words and the number."""
        self._since = self._session.clock()
        if self._session.person is None:
            self._show_form(person_form(self._session.person_name, self._people))
            return
        many = len(self._entries)
        count = (FormField(_COUNT, "how many", example=f"type {many} to confirm", digits=True),) if many > FEW else ()
        if fields := (*self._plan.fields, *count):
            self._show_form(FormDialog("once, for all of them", fields))

    def _show_form(self, form: FormDialog) -> None:
        self.query_one("#bulk-form").mount(form)

    async def on_form_dialog_answered(self, event: FormDialog.Answered) -> None:
        """Handle a filled-in form: who decides, or the words of the decision."""
        event.stop()
        if self.phase is not Phase.ASKING:
            return
        form = self.query_one(FormDialog)
        if not self._session.armed(self._since):
            form.say(TOO_SOON)
            return
        if "passphrase" in event.words:
            if await recognise(self._session, form, event.words):
                await form.remove()
                self.set_focus(self.rows)
                self._ask()
            return
        many = str(len(self._entries))
        if event.words.get(_COUNT, many).strip() != many:
            form.say(f"there are {many} tasks: type {many} to confirm; Esc goes back", clear=_COUNT)
            return
        await form.remove()
        self.set_focus(self.rows)
        self._send(event.words)

    def action_go(self) -> None:
        """Enter: send, if nothing has to be typed."""
        if self.phase is Phase.DONE:
            self.action_back()
        elif self.phase is Phase.ASKING and not self.query(FormDialog):
            if self._session.armed(self._since):
                self._send({})
            else:
                self.ignored(TOO_SOON)

    def action_back(self) -> None:
        """Esc: while sending, stop after the current task; otherwise close."""
        if self.phase is Phase.SENDING:
            self._stopping = True
            self._draw()
        else:
            self.dismiss(tuple(self._outcomes.values()))

    # -- sending

    def _send(self, words: Mapping[str, str]) -> None:
        person = self._session.person
        if person is None:  # the proof expired while the person read the list
            self._ask()
        elif person.voice is not None and not self._session.read_only:
            self.phase = Phase.SENDING
            self._draw()
            in_background(self, partial(self._send_all, person, person.voice, words), group="send")

    async def _send_all(self, person: Principal, voice: Voice, words: Mapping[str, str]) -> None:
        with self._session.list_under_way():
            for task in self._entries:
                if self._stopping:
                    break
                self._sending = task
                self.rows.go_to(task)
                self._draw()
                self._outcomes[task] = await self._send_one(person, task, self._plan.make(task, voice, words))
                person = self._session.spent(person)
                voice = person.voice or voice
        self._sending, self.phase = "", Phase.DONE
        self._draw()

    async def _send_one(self, person: Principal, task: str, command: Command) -> BulkOutcome:
        try:
            after = await asyncio.to_thread(self._session.place.perform, person, task, command, str(uuid.uuid4()))
        except OnloopError as problem:
            return BulkOutcome(task, None, problem)
        self._plan.sent(task)
        return BulkOutcome(task, after, None)

    # -- keys and lines

    def action_change(self) -> None:
        """Show the change of the task under the cursor."""
        dossier = self._plan.changes.get(self.rows.cursor or "")
        if dossier is not None:
            self.app.push_screen(ChangeScreen(self._session, dossier), lambda _: self._draw())

    def action_move(self, rows: int) -> None:
        """Rows down."""
        self.rows.move(rows)

    def action_page(self, direction: int) -> None:
        """A page down or up."""
        self.rows.page(direction)

    def action_edge(self, direction: int) -> None:
        """To the first or the last row."""
        self.rows.edge(direction)

    def _draw(self) -> None:
        self.rows.show(FlatRows(tuple(self._entries)), self._line, self._sign)
        for bar in self.query(Bar):
            if (bar.id or "").startswith("bulk-"):
                bar.renew()

    def _line(self, task: str, width: int) -> Line:
        entry, along = self._entries[task], self._plan.along(task)
        shown = replace(entry, words=f"{along} · {entry.words}") if along else entry
        return entry_line(shown, self._sign(task), self._outcomes.get(task), width)

    def _sign(self, task: str) -> Sign:
        return sign_for(self._outcomes.get(task), sending=task == self._sending, over=self.phase is Phase.DONE)

    def _title_lines(self, width: int) -> tuple[Line, ...]:
        remarks = (shown for words, tone in self._plan.remarks for shown in hanging((), words, width, tone))
        shown = shown_lines(self._plan.changes, self._session.looks, width) if self._plan.is_approval else ()
        return (*hanging((), self._plan.title, width, Tone.STRONG), *shown, *remarks)

    def _said_lines(self, width: int) -> tuple[Line, ...]:
        if self.phase is Phase.ASKING:
            return hanging((), self._remark, width, Tone.WARN) if self._remark else ()
        told = tally_words(len(self._entries), self._outcomes.values())
        if self.phase is Phase.DONE:
            return hanging((), told, width, Tone.STRONG)
        words = "stopping after this one" if self._stopping else "Esc stops after the one under way"
        return hanging((), f"sending {len(self._outcomes) + 1} of {len(self._entries)} · {words}", width, Tone.ACCENT)

    def _key_lines(self, width: int) -> tuple[Line, ...]:
        pieces = [key_piece(key) for key in BULK if key.footer]
        return flowed(pieces, width, 1)
