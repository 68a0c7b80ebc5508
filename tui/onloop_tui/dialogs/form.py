"""A docked form: a field below the other; Enter goes to the next field, and required fields must not be empty."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

from textual.app import ComposeResult, SuspendNotSupported
from textual.await_remove import AwaitRemove
from textual.binding import BindingType
from textual.containers import Horizontal, Vertical
from textual.message import Message
from textual.widget import Widget
from textual.widgets import Input, TextArea

from onloop.cli.text_editor import edited
from onloop.errors import OnloopError
from onloop_tui.app_messages import KeysWanted
from onloop_tui.bindings import FORM, LINES_ONLY, Where, bindings_of, key_piece
from onloop_tui.model.drawing.text_line import Line, Span, Tone, flowed, hanging
from onloop_tui.model.form.fields import FormField, problem_of, size_words
from onloop_tui.widgets.bar import Bar
from onloop_tui.widgets.form_entry import Entered, LinesEntry, Remarked, entry_of

TOO_SOON = "Enter came too soon after this appeared and was ignored; press it again"


class FormDialog(Vertical):
    """Asks for its fields in order, and posts the answers when no required field is empty and none is too long.

    It accepts one answer, and another one only after `say` named a problem.
    """

    @dataclass
    class Answered(Message):
        """The person completed the form."""

        words: Mapping[str, str]

    BINDINGS: ClassVar[list[BindingType]] = bindings_of(FORM)
    DEFAULT_CSS = """
    FormDialog { height: auto; dock: bottom; background: $surface; padding: 0 1; }
    FormDialog Horizontal { height: auto; }
    FormDialog Bar { width: 1fr; }
    FormDialog Horizontal Bar { width: 14; }
    FormDialog Input { width: 1fr; }
    """

    def __init__(self, title: str, fields: Sequence[FormField], notice: str = "", about: Sequence[str] = ()) -> None:
        super().__init__()
        self._about = about
        """What is asked, for the editor."""
        self._title = title
        self._fields = tuple(fields)
        self._notice: tuple[Line, str, Tone] = ((), notice, Tone.WARN)
        self._ready = self._answered = self.is_left = False
        self.since = 0.0
        """Since when it has been there, by the clock of keys."""
        self._heading = Bar(self._title_lines, id="form-title")
        self._entries = {field.name: entry_of(field) for field in fields}
        """Kept here because a form may be removed before it is mounted, when it could not be looked up."""

    def compose(self) -> ComposeResult:
        """The title, the keys and the line for problems, and the fields."""
        yield self._heading
        for field in self._fields:
            with Horizontal():
                yield Bar(_labelled(field))
                yield self._entries[field.name]

    def on_mount(self) -> None:
        """Focus the first empty field."""
        for bar in self.query(Bar):
            bar.renew()
        self._focus_first_empty()
        self._ready, self.since = True, time.monotonic()
        self.post_message(KeysWanted())

    @property
    def is_busy(self) -> bool:
        """Whether it cannot be typed into: it is not there yet, or its answer is being looked at."""
        return not self._ready or self._answered

    @property
    def enter_sends(self) -> bool:
        """Whether Enter would give the answer, and not go to the next field."""
        return self._field_in_focus() is self._fields[-1]

    @property
    def asks_who(self) -> bool:
        """Whether it asks who decides."""
        return any(field.secret for field in self._fields)

    def remove(self) -> AwaitRemove:
        """Remove the form, and refuse a focus that it asked for and that may arrive later."""
        for entry in self._entries.values():
            entry.can_focus = False
        self.is_left = True
        return super().remove()

    def on_unmount(self) -> None:
        """Keys that waited for it wait for nothing any more."""
        self.app.post_message(KeysWanted())

    @property
    def words(self) -> dict[str, str]:
        """What stands in the fields now."""
        return {name: entry.words for name, entry in self._entries.items()}

    def say(self, problem: str, *, clear: str = "") -> None:
        """Show what is wrong with the answer, and empty the field called `clear`."""
        self._answered = False
        self._remark(problem)
        if clear:
            self._entries[clear].words = ""
        self._focus_first_empty()
        self.post_message(KeysWanted())

    def wait(self, notice: str) -> None:
        """Show what the answer waits for."""
        self._notice = ((), notice, Tone.DIM)
        self._heading.renew()

    def _remark(self, problem: str) -> None:
        self._notice = ((Span("✗ ", Tone.BAD),), problem, Tone.BAD) if problem else ((), "", Tone.DIM)
        self._heading.renew()

    # -- keys

    def on_entered(self, event: Entered) -> None:
        """Enter: go to the next field, or give the answer."""
        event.stop()
        if not self._go_to_field(1):
            self._answer()

    def on_remarked(self, event: Remarked) -> None:
        """Show what became of a paste."""
        event.stop()
        self._remark(event.words)

    def on_input_changed(self, event: Input.Changed) -> None:
        """Nobody else needs it."""
        event.stop()

    def on_text_area_changed(self, event: TextArea.Changed) -> None:
        """Show how much there is."""
        event.stop()
        self._heading.renew()

    def action_enter(self) -> None:
        """Enter, where no field has the focus."""
        self._focus_first_empty()

    def action_new_line(self) -> None:
        """Begin a new line; in a field of one line, say that it is one."""
        field = self._field_in_focus()
        entry = self._entries[field.name]
        if isinstance(entry, LinesEntry):
            entry.end_line()
        else:
            self._remark(f"{field.label} is one line")

    def action_edit(self) -> None:
        """Write the field's words in the person's editor, which has the terminal meanwhile."""
        field = self._field_in_focus()
        entry = self._entries[field.name]
        if not isinstance(entry, LinesEntry):
            self._remark(f"{field.label} is one line; the editor is for fields of several")
            return
        problem, words = "", ""
        try:
            with self.app.suspend():
                try:
                    words = edited(entry.words, (self._title, *self._about))
                except OnloopError as failed:  # within, or the terminal would not come back
                    problem = f"{failed.message}; {failed.hint}"
        except SuspendNotSupported:
            problem = "the editor needs a terminal of its own"
        if words:
            entry.words = words
        self._remark(problem or ("" if words else "nothing was written: what was here stays"))

    def action_field(self, step: int) -> None:
        """Go to the next (1) or the previous (-1) field."""
        self._go_to_field(step)

    async def action_back(self) -> None:
        """Esc: what is around the form knows what to close."""
        await self.app.run_action("back", default_namespace=self.screen)

    # -- inside

    def _answer(self) -> None:
        if self._answered:
            return
        words = self.words
        problems = (problem_of(field, words[field.name]) for field in self._fields)
        problem = next(filter(None, problems), "")
        if problem:
            self.say(problem)
        else:
            self._answered = True
            self.post_message(self.Answered(words))

    def _field_in_focus(self) -> FormField:
        return next((each for each in self._fields if self._entries[each.name].has_focus), self._fields[-1])

    def _go_to_field(self, step: int) -> bool:
        """Go a field on or back; whether there is one."""
        place = self._fields.index(self._field_in_focus()) + step
        if 0 <= place < len(self._fields):
            self._focus(self._fields[place])
            return True
        return False

    def _focus(self, field: FormField) -> None:
        self.screen.set_focus(self._entries[field.name])

    def _focus_first_empty(self) -> None:
        self._focus(next((field for field in self._fields if not self._entries[field.name].words), self._fields[-1]))

    # -- lines

    def _title_lines(self, width: int) -> tuple[Line, ...]:
        mark, words, tone = self._notice
        notice = hanging(mark, words, width, tone) if words else ()
        sizes = "; ".join(filter(None, (size_words(field, self._entries[field.name].words) for field in self._fields)))
        return (
            *hanging((), self._title, width, Tone.STRONG),
            *flowed([*self._keys(), *(((Span(sizes, Tone.WARN),),) if sizes else ())], width, 1),
            *notice,
        )

    def _keys(self) -> list[Line]:
        lines = any(field.lines for field in self._fields)
        keys = (key for key in FORM if Where.FORM in key.footer and (lines or key.word not in LINES_ONLY))
        return [key_piece(key) for key in keys]


def open_form(around: Widget) -> FormDialog | None:
    """The form that is open within a widget, and not about to be removed."""
    return next((form for form in around.query(FormDialog) if not form.is_left), None)


def _labelled(field: FormField) -> Callable[[int], tuple[Line, ...]]:
    label = (Span(field.label, Tone.DIM),)
    return lambda _: (label,)
