"""The decision sheet: a docked panel that shows one task, and what has changed since the person last looked at it."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from enum import StrEnum
from functools import partial

from textual.app import ComposeResult
from textual.containers import Vertical
from textual.worker import Worker

from onloop.attention.lifecycle import Stage
from onloop.errors import OnloopError
from onloop.gateway.bulk import BulkOutcome
from onloop.machine.marks import Seen
from onloop.machine.principal import Principal
from onloop.views.dossier import Dossier
from onloop.views.work_warnings import WorkWarning
from onloop_tui.app_messages import DecisionAccepted, SheetClosed
from onloop_tui.background import in_background
from onloop_tui.dialogs.bulk_decisions import decision_plan
from onloop_tui.dialogs.bulk_dialog import BulkDialog
from onloop_tui.model.decide.bulk_lines import tally_words
from onloop_tui.model.drawing.signs import VERBS
from onloop_tui.model.drawing.text_line import Line, Tone, line
from onloop_tui.model.drawing.warning_lines import Remark, warning_remarks
from onloop_tui.model.form.early_keys import KeyTarget
from onloop_tui.model.ground.acts import Act
from onloop_tui.model.ground.snapshot import Snapshot
from onloop_tui.model.sheet.change_lines import diff_lines
from onloop_tui.model.sheet.last_seen import LastSeen
from onloop_tui.model.sheet.sections import differences, headings, sheet_lines, title_line
from onloop_tui.panels.decision_flow import DecisionFlow, Doing, begun_words
from onloop_tui.session import Session
from onloop_tui.widgets.bar import Bar
from onloop_tui.widgets.line_view import LineView


class Mode(StrEnum):
    """The state of the sheet."""

    CLOSED = "closed"
    READING = "reading"
    SHOWN = "shown"
    CONFIRMING = "confirming"
    WRITING = "writing"
    SENDING = "sending"


_MODES = {
    Doing.NOTHING: Mode.SHOWN,
    Doing.CONFIRMING: Mode.CONFIRMING,
    Doing.WRITING: Mode.WRITING,
    Doing.SENDING: Mode.SENDING,
}


class Sheet(Vertical):
    """Shows one task. It holds task ids and a dossier, never a position in a list."""

    def __init__(self, session: Session) -> None:
        super().__init__(id="sheet")
        self._session = session
        self._members: tuple[str, ...] = ()
        self._wanted: Act | None = None
        self._dossier: Dossier | None = None
        self._looks = LastSeen()
        self._reading = False
        self._snapshot = Snapshot()
        self._reader: Worker[None] | None = None
        """A function, not a coroutine: a reading that is replaced before it starts leaves nothing unawaited."""
        self.task_id = ""

    def compose(self) -> ComposeResult:
        """The title, the facts, and the decision flow."""
        yield Bar(self._title_lines, id="sheet-title")
        yield LineView(id="sheet-body")
        yield DecisionFlow(self._session)

    @property
    def body(self) -> LineView:
        """The part that scrolls."""
        return self.query_one("#sheet-body", LineView)

    @property
    def decision(self) -> DecisionFlow:
        """The part in which the person decides."""
        return self.query_one(DecisionFlow)

    @property
    def is_open(self) -> bool:
        """Whether the sheet shows a task."""
        return bool(self.task_id)

    @property
    def mode(self) -> Mode:
        """The current state of the sheet."""
        if not self.is_open:
            return Mode.CLOSED
        return Mode.READING if self._reading else _MODES[self.decision.doing]

    # -- opening and closing

    def open(self, task_id: str, members: Sequence[str], wanted: Act | None = None) -> None:
        """Show a task, one of `members`; when it is shown, open the form for the act `wanted`, if given."""
        self._remember()
        self.task_id, self._members, self._wanted = task_id, tuple(members), wanted
        self._dossier = None
        self.add_class("-open")
        self.body.edge(-1)
        self.screen.set_focus(self.body)
        self._begin_reading()

    def member(self, step: int) -> None:
        """Show the next (1) or the previous (-1) task with the same cause."""
        if self.mode not in {Mode.SHOWN, Mode.READING}:
            return self.decision.tell("finish this first: Enter sends, Esc goes back")
        if len(self._members) < 2 or self.task_id not in self._members:
            return self.decision.tell("it is the only one with this cause")
        place = (self._members.index(self.task_id) + step) % len(self._members)
        return self.open(self._members[place], self._members)

    def request(self) -> None:
        """Show the next of several open requests of the task."""
        if self.mode is not Mode.SHOWN or not self.decision.next_request():
            self.decision.tell("nothing else is asked of this task")
        else:
            self.body.edge(-1)

    def renew(self) -> None:
        """Read the task again."""
        if self.mode is not Mode.SENDING:
            self._begin_reading()

    def back(self) -> None:
        """Close the innermost thing: a form, a confirmation, the sheet."""
        if self.decision.back():
            self.screen.set_focus(self.body)
        else:
            self.put_away()

    def put_away(self) -> None:
        """Close the sheet."""
        self._remember()
        self._dossier, self.task_id, self._reading = None, "", False
        self.decision.about(None)
        self.remove_class("-open")
        self.post_message(SheetClosed())

    def take(self, snapshot: Snapshot) -> None:
        """Check whether the task is still as shown. If it has changed, say so; never replace it silently."""
        self._snapshot = snapshot
        self.decision.people = tuple(sorted(snapshot.house.people))
        self.decision.house = snapshot.house
        now = snapshot.tasks.get(self.task_id)
        if self._dossier is None or now is None or self.mode not in {Mode.SHOWN, Mode.CONFIRMING, Mode.WRITING}:
            return
        if now.version > self._dossier.task.version:
            after = f"; {ANSWER_RENEW} reads it again"
            news = (self._dossier.task, now, self._session.clock())
            self.decision.interrupt(warning_remarks(WorkWarning.NEWS, *news, after=after))

    def files(self) -> None:
        """Open what the commit changes, file by file."""
        if self._dossier is None or not self._dossier.files:
            self.decision.tell("there is no change to open")
        elif self.mode in {Mode.SHOWN, Mode.CONFIRMING}:
            looked_at = self._looks.other_head(self._dossier)
            from onloop_tui.diff.diff_screen import DiffScreen  # here: a start shows no diff

            self.app.push_screen(DiffScreen(self._session, self._dossier, looked_at, self._alike()), self._looked)

    def _alike(self) -> int:
        """How many tasks of the row have handed in exactly this change."""
        work = self._dossier.task.submission if self._dossier is not None else None
        tasks = (self._snapshot.tasks.get(member) for member in self._members)
        others = (task.submission for task in tasks if task is not None and task.submission is not None)
        return sum(bool(work and work.change) and other.change == work.change for other in others if work)

    def _looked(self, _: object) -> None:
        """Say anew what is not shown, if an approval waits to be confirmed."""
        if self.mode is Mode.CONFIRMING and self.decision.wanted is Act.APPROVE:
            self.decision.back()
            self.decision.begin(Act.APPROVE)

    def alike(self) -> None:
        """List every task of the row that asks for approval of exactly what this sheet shows."""
        if self.mode is not Mode.SHOWN or self._dossier is None:
            return
        if not self._dossier.content or len(self._members) < 2:
            self.decision.tell("no other task of this row waits with the same change; a approves this one")
        elif self._session.read_only:
            self.decision.tell(f"{self._session.why_read_only}: nothing can be decided")
        else:
            in_background(self, partial(self._list_alike, self._dossier, self._members), group="alike", exclusive=True)

    async def _list_alike(self, shown: Dossier, members: Sequence[str]) -> None:
        """Read the others, for the digests that their decisions are bound to, and offer the list."""
        read: list[Dossier] = [shown]
        unread: dict[str, str] = {}
        for number, task in enumerate(members, 1):
            if task == shown.task.id:
                continue
            self.decision.tell(f"reading {number} of {len(members)} …", Tone.DIM)
            try:
                read.append(await asyncio.to_thread(self._session.dossier, task))
            except OnloopError as problem:
                unread[task] = problem.message
        person = self._session.person
        plan = decision_plan(
            Act.APPROVE, read, unread, person.voice if person else None, self._session.looks, like=shown
        )
        if self.task_id != shown.task.id:
            return
        if isinstance(plan, str):
            self.decision.tell(plan)
        else:
            self.decision.tell("")
            self.app.push_screen(BulkDialog(self._session, plan, self.decision.people), self._decided_alike)

    def _decided_alike(self, outcomes: tuple[BulkOutcome, ...] | None) -> None:
        """Leave the sheet once something was decided."""
        if outcomes:
            words = f"approve: {tally_words(len(outcomes), outcomes)}"
            self.post_message(DecisionAccepted(self.task_id, Act.APPROVE, words))

    def _remember(self) -> None:
        """Remember the dossier on the screen as looked at."""
        if self._dossier is not None and self._session.moment is None:
            self._looks = self._looks.after(self._dossier, self._session.clock())

    # -- deciding

    def decide(self, answer: Act) -> str:
        """Begin an act on the shown task; returns why it was ignored, or nothing."""
        return self._unread(VERBS[answer]) or self.decision.begin(answer)

    def go(self) -> str:
        """Enter: confirm; returns why it was ignored, or nothing."""
        return self._unread("Enter") or self.decision.go()

    def _unread(self, key: str) -> str:
        reading = self.mode is Mode.READING
        return f"{key} was ignored: {self.task_id} is still being read; press it again" if reading else ""

    def expected(self) -> str:
        """The act whose form is about to come up; empty if none is."""
        if self.mode is Mode.READING and self._wanted is not None and self._wanted is not Act.APPROVE:
            return begun_words(self._wanted, self.task_id)
        return self.decision.expected()

    def shown(self) -> KeyTarget:
        """The act whose words are being written, or what waits to be confirmed."""
        return self.decision.shown()

    def cli_equivalent(self) -> str:
        """The CLI equivalent of the decision in progress, else of mending the workflow, or of showing the task."""
        asked = self.decision.asked
        return self.decision.cli_equivalent() or (asked and asked.amend) or f"onloop show {self.task_id}"

    def on_decision_flow_changed(self) -> None:
        """Draw the facts again after the flow changed, and give them the focus when no form is open."""
        self.draw()
        if self.mode in {Mode.CONFIRMING, Mode.SENDING}:
            self.screen.set_focus(self.body)

    def on_decision_flow_outdated(self) -> None:
        """Read the task again after a refusal, and keep the refusal on the screen."""
        self._begin_reading(*self.decision.notice)

    # -- reading

    def _begin_reading(self, *notice: tuple[str, Tone]) -> None:
        self._reading = True
        self.decision.about(None, *notice)
        self.draw()
        self._reader = in_background(self, partial(self._read, notice), group="read", exclusive=True)

    async def _read(self, notice: Sequence[tuple[str, Tone]]) -> None:
        wanted_id, before = self.task_id, self._dossier
        if before is not None:
            self._remember()
        try:
            dossier = await asyncio.to_thread(self._laid_out, wanted_id, self.body.room)
        except OnloopError as problem:
            self._reading = False
            self.decision.about(None, (f"✗ {problem.message}", Tone.BAD), (f"→ {problem.hint}", Tone.DIM))
            self.draw()
            return
        self._dossier, self._reading = dossier, False
        self._session.looks.showed(dossier)
        changed = self._changes(before, dossier)
        self.decision.about(dossier, *notice, *changed)
        self.draw()
        self._record_look(dossier.task.id)
        self._begin_wanted()

    def _changes(self, before: Dossier | None, dossier: Dossier) -> tuple[Remark, ...]:
        """The changes since the person last looked: a moment ago here, or before they closed the sheet."""
        if before is None:
            return self._looks.changes(dossier, self._session.clock())
        changes = differences(before, dossier, self._session.clock())
        return warning_remarks(WorkWarning.CHANGED, "shown", changes)

    def _record_look(self, task: str) -> None:
        """Record for others that this person has looked, if the person is known and something is new."""
        person, group = self._session.person, self._snapshot.group_of(task)
        if person is None or self._session.read_only or group is None:
            return
        life = self._snapshot.board.life(group.cause)
        if life.stage is Stage.NEW or life.news:
            in_background(self, partial(self._recorded, person, Seen(group.cause, person.id)), group="seen")

    async def _recorded(self, person: Principal, seen: Seen) -> None:
        with suppress(OnloopError):  # losing this record does no harm
            await asyncio.to_thread(self._session.place.record, person, seen)

    def _laid_out(self, task_id: str, width: int) -> Dossier:
        """The dossier, read in a thread. It also lays out a long diff, so that drawing finds it cached."""
        dossier = self._session.dossier(task_id)
        diff_lines(dossier.diff, dossier.files, width)
        return dossier

    def _begin_wanted(self) -> None:
        """Begin the act whose key was pressed in the list; an approval always needs a key in the sheet."""
        wanted, self._wanted = self._wanted, None
        if wanted is not None and wanted is not Act.APPROVE:
            self.decision.begin(wanted, at_once=True)

    # -- drawing

    def draw(self) -> None:
        """Draw the facts for the current time and width."""
        if not self.is_open:
            return
        if self._dossier is None:
            words = f"reading {self.task_id} …" if self._reading else "it could not be read"
            self.body.show((line(words, Tone.DIM),))
        else:
            asked = self.decision.asked if not self._reading else None
            self.body.show(sheet_lines(self._dossier, asked, self._session.clock(), self.body.room))
        self.query_one("#sheet-title", Bar).renew()
        self.decision.renew()

    def section(self, step: int) -> None:
        """Scroll to the next (1) or the previous (-1) heading."""
        here = self.body.scroll_offset.y
        rows = headings(self.body.lines)
        ahead = [y for y in rows if y > here] if step > 0 else [y for y in reversed(rows) if y < here]
        self.body.move((ahead[0] if ahead else (here if step > 0 else 0)) - here)

    def on_resize(self) -> None:
        """Draw for the new width, once the parts know it."""
        self.call_after_refresh(self.draw)

    def _title_lines(self, width: int) -> tuple[Line, ...]:
        if self._dossier is None:
            return (line(self.task_id, Tone.STRONG),)
        many = len(self._members)
        place = (
            f"{self._members.index(self.task_id) + 1} of {many}" if self.task_id in self._members and many > 1 else ""
        )
        return (title_line(self._dossier.task, place, self._session.clock(), width),)


ANSWER_RENEW = "R"
"""The key that reads the task again."""
