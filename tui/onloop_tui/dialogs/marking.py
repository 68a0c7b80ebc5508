"""Records what people say about causes (acknowledged, snoozed, muted), asking for details in a form."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

from textual.containers import Vertical
from textual.message import Message

from onloop.errors import OnloopError
from onloop.machine.drains import DrainEvent
from onloop.machine.marks import Mark
from onloop.machine.principal import Principal
from onloop_tui.background import in_background
from onloop_tui.dialogs.form import FormDialog, open_form
from onloop_tui.dialogs.questions import person_form
from onloop_tui.dialogs.recognition import recognise
from onloop_tui.model.drawing.text_line import Tone
from onloop_tui.model.form.early_keys import KeyTarget
from onloop_tui.model.form.fields import FormField
from onloop_tui.model.inbox.snoozing import until_words
from onloop_tui.session import Session

MarksOf = Callable[[str, Mapping[str, str]], Sequence[Mark | DrainEvent] | str]
"""Makes the marks, or what is said of workers, from a principal id and the typed words, or says what is wrong."""


@dataclass(frozen=True, slots=True)
class MarkWish:
    """What to record: `fields` are asked for under the title, and `done` is shown afterwards."""

    title: str
    done: str
    marks_of: MarksOf
    fields: tuple[FormField, ...] = ()


class Marking(Vertical):
    """Asks for the fields of a wish, and for the person if nobody is known yet; one wish at a time."""

    DEFAULT_CSS = "Marking { height: auto; }"

    @dataclass
    class Said(Message):
        """The outcome of a wish; the form is closed."""

        words: str
        tone: Tone

    def __init__(self, session: Session) -> None:
        super().__init__(id="marking")
        self._session = session
        self._wish: MarkWish | None = None
        self._words: Mapping[str, str] = {}
        self.people: Sequence[str] = ()

    @property
    def is_open(self) -> bool:
        """Whether a form is open."""
        return bool(self.query(FormDialog))

    def expected(self) -> str:
        """The wish whose form is about to come up; empty if none is."""
        form = open_form(self)
        return self._wish.title if form is not None and form.is_busy and self._wish is not None else ""

    def shown(self) -> KeyTarget:
        """The wish whose form takes keys; nothing if none does, or if it is asked who decides."""
        form = open_form(self)
        known = form is not None and not form.asks_who and self._wish is not None
        return (
            KeyTarget(self._wish.title, form.enter_sends, form.since) if known and form and self._wish else KeyTarget()
        )

    def begin(self, wish: MarkWish) -> None:
        """Ask for what the wish needs; record it at once if nothing is missing."""
        self.put_away()
        self._wish, self._words = wish, {}
        if self._session.read_only:
            self._finish(f"{self._session.why_read_only}: nothing is recorded", Tone.WARN)
        elif wish.fields:
            self.mount(FormDialog(wish.title, wish.fields))
        else:
            self._record()

    def put_away(self) -> None:
        """Close the form without recording."""
        self._wish = None
        for form in self.query(FormDialog):
            form.remove()

    async def on_form_dialog_answered(self, event: FormDialog.Answered) -> None:
        """Handle a filled-in form: who the person is, or the fields of the wish."""
        event.stop()
        form, wish = self.query_one(FormDialog), self._wish
        if wish is None:
            return
        if "passphrase" in event.words:
            if not await recognise(self._session, form, event.words):
                return
        else:
            marks = wish.marks_of("", event.words)
            if isinstance(marks, str):
                form.say(marks)
                return
            self._words = event.words
        await form.remove()
        self._record()

    def _record(self) -> None:
        person = self._session.person
        if person is None:
            self.mount(person_form(self._session.person_name, self.people))
        elif self._wish is not None:
            in_background(self, partial(self._recorded, person, self._wish), group="marking")

    async def _recorded(self, person: Principal, wish: MarkWish) -> None:
        marks = wish.marks_of(person.id, self._words)
        if isinstance(marks, str):
            self._finish(marks, Tone.WARN)
            return
        try:
            for mark in marks:
                await asyncio.to_thread(self._session.place.record, person, mark)
        except OnloopError as problem:
            self._finish(f"{problem.message}; {problem.hint}", Tone.BAD)
        else:
            until = until_words([each for each in marks if isinstance(each, Mark)], self._session.clock())
            self._finish(f"{wish.done} · {until}" if until else wish.done, Tone.GOOD)

    def _finish(self, words: str, tone: Tone) -> None:
        self.put_away()
        self.post_message(self.Said(words, tone))
