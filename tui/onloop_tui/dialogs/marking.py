"""What people say about causes (taken, not now, not at all): asked for in a form, recorded, and what came of it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from textual.containers import Vertical
from textual.message import Message

from onloop.errors import OnloopError
from onloop.machine.marks import Mark
from onloop.machine.principal import Principal
from onloop_tui.dialogs.form import FormDialog, FormField
from onloop_tui.dialogs.questions import person_form
from onloop_tui.dialogs.recognition import recognise
from onloop_tui.model.drawing.text_line import Tone
from onloop_tui.session import Session

MarksOf = Callable[[str, Mapping[str, str]], Sequence[Mark] | str]
"""The marks that a person (principal id) makes with these words, or what is wrong with the words."""


@dataclass(frozen=True, slots=True)
class MarkWish:
    """What is to be recorded: `fields` are asked for under the title, and `done` is said afterwards."""

    title: str
    done: str
    marks_of: MarksOf
    fields: tuple[FormField, ...] = ()


class Marking(Vertical):
    """Asks for what a wish needs, and for who it is where nobody is known yet; one wish at a time."""

    DEFAULT_CSS = "Marking { height: auto; }"

    @dataclass
    class Said(Message):
        """What came of it; the form is gone."""

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
        """Whether something is asked."""
        return bool(self.query(FormDialog))

    def begin(self, wish: MarkWish) -> None:
        """Ask for what the wish needs; where nothing is missing it is recorded at once."""
        self.put_away()
        self._wish, self._words = wish, {}
        if self._session.read_only:
            self._finish("read-only: nothing is recorded", Tone.WARN)
        elif wish.fields:
            self.mount(FormDialog(f"{wish.title} · Enter records · Esc goes back", wish.fields))
        else:
            self._record()

    def put_away(self) -> None:
        """Ask nothing any more."""
        self._wish = None
        for form in self.query(FormDialog):
            form.remove()

    async def on_form_dialog_answered(self, event: FormDialog.Answered) -> None:
        """The form is filled in: it was about who it is, or about the wish."""
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
            self.run_worker(self._recorded(person, self._wish), group="marking")

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
            self._finish(wish.done, Tone.GOOD)

    def _finish(self, words: str, tone: Tone) -> None:
        self.put_away()
        self.post_message(self.Said(words, tone))
