"""The decision sheet: a docked panel that shows one task, and carries an answer to the gateway once confirmed."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Mapping, Sequence
from enum import StrEnum

from textual.app import ComposeResult
from textual.containers import Vertical

from onloop.errors import OnloopError, Stale
from onloop.gateway.dossier import Asked, Dossier
from onloop.gateway.identity import Principal
from onloop.machine.task import Answer
from onloop_tui.bindings import ANSWER_KEYS
from onloop_tui.dialogs.form import Form
from onloop_tui.dialogs.questions import person_form, words_form
from onloop_tui.messages import Decided, SheetClosed
from onloop_tui.model.actions import Action, action_lines, actions_of, asked_for, command_for
from onloop_tui.model.changes import diff_lines
from onloop_tui.model.lines import Line, Span, Tone, hanging, line
from onloop_tui.model.sentences import VERBS
from onloop_tui.model.sheet import differences, headings, sheet_lines, title_line
from onloop_tui.model.snapshot import Snapshot
from onloop_tui.session import Session
from onloop_tui.widgets.bar import Bar
from onloop_tui.widgets.line_view import LineView


class Mode(StrEnum):
    """What the sheet is doing; only one thing at a time."""

    CLOSED = "closed"
    READING = "reading"
    SHOWN = "shown"
    CONFIRMING = "confirming"
    WRITING = "writing"
    SENDING = "sending"


Notice = tuple[tuple[str, Tone], ...]


class Sheet(Vertical):
    """One task before the eyes of a person. It holds ids and the digest that was shown, never a place in a list."""

    def __init__(self, session: Session) -> None:
        super().__init__(id="sheet")
        self._session = session
        self._members: tuple[str, ...] = ()
        self._wanted: Answer | None = None
        self._dossier: Dossier | None = None
        self._notice: Notice = ()
        self._since = 0
        self._people: tuple[str, ...] = ()
        self.task_id = ""
        self.mode = Mode.CLOSED

    def compose(self) -> ComposeResult:
        """Title, facts, what happens now, keys."""
        yield Bar(self._title_lines, id="sheet-title")
        yield LineView(id="sheet-body")
        yield Bar(self._notice_lines, id="sheet-notice")
        yield Bar(self._key_lines, id="sheet-keys")

    @property
    def body(self) -> LineView:
        """The part that scrolls."""
        return self.query_one("#sheet-body", LineView)

    @property
    def is_open(self) -> bool:
        """Whether there is a task before the person."""
        return self.mode is not Mode.CLOSED

    # -- opening and closing

    def open(self, task_id: str, members: Sequence[str], wanted: Answer | None = None) -> None:
        """Show a task, one of `members`; once it is shown, the form for `wanted` opens, if there is one."""
        self._drop_form()
        self.task_id, self._members, self._wanted = task_id, tuple(members), wanted
        self._dossier, self._notice = None, ()
        self.add_class("-open")
        self.body.edge(-1)
        self.body.focus()
        self.renew()

    def member(self, step: int) -> None:
        """Show the next (1) or the previous (-1) task with the same cause."""
        if self.mode not in {Mode.SHOWN, Mode.READING}:
            return self.tell("finish this first: Enter sends, Esc goes back")
        if len(self._members) < 2 or self.task_id not in self._members:
            return self.tell("it is the only one with this cause")
        place = (self._members.index(self.task_id) + step) % len(self._members)
        return self.open(self._members[place], self._members)

    def renew(self) -> None:
        """Read the task again."""
        if self.mode is Mode.SENDING:
            return
        self._drop_form()
        self._notice = ()
        self._set_mode(Mode.READING)
        self.run_worker(self._read(), group="read", exclusive=True)

    def back(self) -> None:
        """Close the innermost thing: a form, a confirmation, the sheet."""
        if self.mode is Mode.SENDING:
            self.tell("sending… the gateway has not answered yet")
        elif self.mode in {Mode.WRITING, Mode.CONFIRMING}:
            self._drop_form()
            self._notice, self._wanted = (), None
            self._set_mode(Mode.SHOWN)
            self.body.focus()
        else:
            self.put_away()

    def put_away(self) -> None:
        """Close the sheet."""
        self._drop_form()
        self._dossier, self.task_id = None, ""
        self.remove_class("-open")
        self._set_mode(Mode.CLOSED)
        self.post_message(SheetClosed())

    def take(self, snapshot: Snapshot) -> None:
        """See whether what is shown is still so; a task that has moved on is said to have, never silently replaced."""
        self._people = tuple(sorted(snapshot.house.people))
        now = snapshot.tasks.get(self.task_id)
        if self._dossier is None or now is None or self.mode not in {Mode.SHOWN, Mode.CONFIRMING, Mode.WRITING}:
            return
        if now.version > self._dossier.task.version and (not self._notice or self.mode is Mode.CONFIRMING):
            self.mode = Mode.SHOWN if self.mode is Mode.CONFIRMING else self.mode
            self.tell(f"it has changed since it was read; {ANSWER_RENEW} reads it again")

    def tell(self, words: str, tone: Tone = Tone.WARN) -> None:
        """Say something below the facts."""
        self._notice = ((words, tone),)
        self._renew_bars()

    # -- deciding

    def decide(self, answer: Answer) -> None:
        """Begin an answer: nothing is sent before a person has confirmed it."""
        if self.mode is not Mode.SHOWN or self._dossier is None or not self._session.armed(self._since):
            return
        action = next(a for a in self._actions() if a.answer is answer)
        if action.why_not:
            self.tell(f"{VERBS[answer]} is not possible: {action.why_not}")
        elif self._session.person is None:
            self._wanted = answer
            self._open_form(person_form(self._session.person_name, self._people))
        elif answer is Answer.APPROVE:
            self._ask_to_confirm()
        else:
            self._wanted = answer
            self._open_form(words_form(answer))

    def go(self) -> None:
        """Enter: send what was asked to be confirmed."""
        if self.mode is Mode.CONFIRMING and self._session.armed(self._since):
            self._send(Answer.APPROVE, {})
        elif self.mode is Mode.SHOWN:
            self.tell("Enter confirms what a key below has begun", Tone.DIM)

    def on_form_answered(self, event: Form.Answered) -> None:
        """The form is filled in: it was about who decides, or about the words of an answer."""
        event.stop()
        if not self._session.armed(self._since):
            return
        if "passphrase" in event.words:
            self.run_worker(self._recognise(event.words), group="recognise", exclusive=True)
        elif self._wanted is not None:
            self._send(self._wanted, event.words)

    async def _recognise(self, words: Mapping[str, str]) -> None:
        name = words["name"].strip()
        try:
            person = await asyncio.to_thread(self._session.place.recognise, name, words["passphrase"])
        except OnloopError as problem:
            for form in self.query(Form):
                form.say(f"{problem.message}; {problem.hint}", clear="passphrase")
            return
        self._session.person = person
        if self.mode is Mode.WRITING and self._wanted is not None:
            self._drop_form()
            self._set_mode(Mode.SHOWN)
            self._since = 0
            self.decide(self._wanted)

    def _ask_to_confirm(self) -> None:
        asked = self._asked()
        effect = asked.choices.get(Answer.APPROVE, "") if asked else ""
        self._notice = ((f"approve → {effect}", Tone.STRONG), ("Enter confirms · Esc goes back", Tone.ACCENT))
        self._since = self._session.clock()
        self._set_mode(Mode.CONFIRMING)
        self.body.focus()

    def _send(self, answer: Answer, words: Mapping[str, str]) -> None:
        person, asked = self._session.person, self._asked()
        if person is None or asked is None or self.mode is Mode.SENDING:
            return
        self._drop_form()
        self._wanted = None
        self._notice = ((f"sending… {VERBS[answer]}", Tone.ACCENT),)
        self._set_mode(Mode.SENDING)
        self.body.focus()
        self.run_worker(self._perform(person, answer, asked, words, str(uuid.uuid4())), group="send")

    async def _perform(
        self, person: Principal, answer: Answer, asked: Asked, words: Mapping[str, str], key: str
    ) -> None:
        if person.voice is None:
            raise ValueError(f"{person.id} has no voice")
        command = command_for(answer, asked, person.voice, words)
        try:
            after = await asyncio.to_thread(self._session.place.perform, person, self.task_id, command, key)
        except OnloopError as problem:
            self._refused(problem)
            return
        reason = f" ({after.reason.value})" if after.reason else ""
        told = f"{VERBS[answer]}: {after.id} is {after.state.value}{reason} now"
        self._notice = ((f"✓ {told}", Tone.GOOD),)
        self._set_mode(Mode.SHOWN)
        self.post_message(Decided(after.id, answer, told))

    def _refused(self, problem: OnloopError) -> None:
        self._notice = ((f"✗ {problem.message}", Tone.BAD), (f"→ {problem.hint}", Tone.DIM))
        self._set_mode(Mode.SHOWN)
        if isinstance(problem, Stale):
            self._set_mode(Mode.READING)
            self.run_worker(self._read(), group="read", exclusive=True)

    # -- reading

    async def _read(self) -> None:
        wanted_id, before = self.task_id, self._dossier
        try:
            dossier = await asyncio.to_thread(self._laid_out, wanted_id, self.body.room)
        except OnloopError as problem:
            self._notice = ((f"✗ {problem.message}", Tone.BAD), (f"→ {problem.hint}", Tone.DIM))
            self._set_mode(Mode.SHOWN)
            return
        self._dossier = dossier
        self._since = self._session.clock()
        changed = differences(before, dossier) if before is not None else ()
        if changed:
            self._notice = (*self._notice, (f"⚠ changed since shown: {'; '.join(changed)}", Tone.WARN))
        self._set_mode(Mode.SHOWN)
        self._begin_wanted()

    def _laid_out(self, task_id: str, width: int) -> Dossier:
        """The dossier, for a thread: a long diff is laid out here, so that drawing it finds that done."""
        dossier = self._session.place.dossier(task_id)
        diff_lines(dossier.diff, dossier.files, width)
        return dossier

    def _begin_wanted(self) -> None:
        """Open the form that the key in the list asked for; approving always takes a key in the sheet."""
        wanted, self._wanted = self._wanted, None
        if wanted is None or wanted is Answer.APPROVE:
            return
        since, self._since = self._since, 0
        self.decide(wanted)
        self._since = max(since, self._since)

    # -- drawing

    def draw(self) -> None:
        """Draw the facts as they are at this time and width."""
        if not self.is_open:
            return
        if self._dossier is None:
            words = f"reading {self.task_id} …" if self.mode is Mode.READING else "MISSING: it could not be read"
            self.body.show((line(words, Tone.DIM),))
        else:
            self.body.show(sheet_lines(self._dossier, self._asked(), self._session.clock(), self.body.room))
        self._renew_bars()

    def section(self, step: int) -> None:
        """Scroll to the next (1) or the previous (-1) heading."""
        here = self.body.scroll_offset.y
        found = headings(self.body.lines)
        ahead = [y for y in found if y > here] if step > 0 else [y for y in reversed(found) if y < here]
        self.body.move((ahead[0] if ahead else (here if step > 0 else 0)) - here)

    def on_resize(self) -> None:
        """Fit the new width, once it is known to the parts."""
        self.call_after_refresh(self.draw)

    def _set_mode(self, mode: Mode) -> None:
        self.mode = mode
        self.draw()

    def _open_form(self, form: Form) -> None:
        self._drop_form()
        self._notice = ()
        self._since = self._session.clock()
        self._set_mode(Mode.WRITING)
        self.mount(form, before="#sheet-keys")

    def _drop_form(self) -> None:
        for form in self.query(Form):
            form.remove()

    def _asked(self) -> Asked | None:
        person = self._session.person
        return asked_for(self._dossier, person.voice if person else None) if self._dossier else None

    def _actions(self) -> tuple[Action, ...]:
        if self._dossier is None:
            return ()
        return actions_of(self._dossier, self._asked(), read_only=self._session.read_only)

    def _renew_bars(self) -> None:
        for bar in self.query(Bar):
            if bar.id in {"sheet-title", "sheet-notice", "sheet-keys"}:
                bar.renew()

    def _title_lines(self, width: int) -> tuple[Line, ...]:
        if self._dossier is None:
            return (line(self.task_id, Tone.STRONG),)
        many = len(self._members)
        place = (
            f"{self._members.index(self.task_id) + 1} of {many}" if self.task_id in self._members and many > 1 else ""
        )
        return (title_line(self._dossier.task, place, self._session.clock(), width),)

    def _notice_lines(self, width: int) -> tuple[Line, ...]:
        return tuple(shown for words, tone in self._notice for shown in hanging((Span(" "),), words, width, tone))

    def _key_lines(self, width: int) -> tuple[Line, ...]:
        if self.mode not in {Mode.SHOWN, Mode.CONFIRMING} or self._dossier is None:
            return ()
        return action_lines(self._actions(), ANSWER_KEYS, width)


ANSWER_RENEW = "R"
"""The key that reads again."""
