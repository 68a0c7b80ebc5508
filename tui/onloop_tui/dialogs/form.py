"""A docked form: one line per field; Enter goes to the next field, and required fields must not be empty."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from textual.app import ComposeResult
from textual.await_remove import AwaitRemove
from textual.containers import Horizontal, Vertical
from textual.message import Message
from textual.widgets import Input

from onloop_tui.model.drawing.text_line import Line, Span, Tone, hanging
from onloop_tui.widgets.bar import Bar

TOO_SOON = "Enter came too soon after this appeared and was ignored; press it again"


@dataclass(frozen=True, slots=True)
class FormField:
    """A field of a form; the text of a `secret` one is hidden."""

    name: str
    label: str
    secret: bool = False
    optional: bool = False
    value: str = ""
    example: str = ""


class FormDialog(Vertical):
    """Asks for its fields in order, and posts the answers when no required field is empty.

    It accepts one answer, and another one only after `say` named a problem.
    """

    @dataclass
    class Answered(Message):
        """The person completed the form."""

        words: Mapping[str, str]

    DEFAULT_CSS = """
    FormDialog { height: auto; dock: bottom; background: $surface; padding: 0 1; }
    FormDialog Horizontal { height: 1; }
    FormDialog Bar { width: 1fr; }
    FormDialog Horizontal Bar { width: 14; }
    FormDialog Input { width: 1fr; }
    """

    def __init__(self, title: str, fields: Sequence[FormField]) -> None:
        super().__init__()
        self._title = title
        self._fields = tuple(fields)
        self._notice: tuple[Line, str, Tone] = ((), "", Tone.DIM)
        self._answered = False
        self._heading = Bar(self._title_lines, id="form-title")
        self._entries = {field.name: _entry(field) for field in fields}
        """Kept here because a form may be removed before it is mounted, when it could not be looked up."""

    def compose(self) -> ComposeResult:
        """The title, the fields, and the line for problems."""
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

    def remove(self) -> AwaitRemove:
        """Remove the form, and refuse a focus that it asked for and that may arrive later."""
        for entry in self._entries.values():
            entry.can_focus = False
        return super().remove()

    def say(self, problem: str, *, clear: str = "") -> None:
        """Show what is wrong with the answer, and empty the field called `clear`."""
        self._answered = False
        self._notice = ((Span("✗ ", Tone.BAD),), problem, Tone.BAD)
        self._heading.renew()
        if clear:
            self._entries[clear].value = ""
        self._focus_first_empty()

    def wait(self, notice: str) -> None:
        """Show what the answer waits for."""
        self._notice = ((), notice, Tone.DIM)
        self._heading.renew()

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Enter: go to the next field, or give the answer."""
        event.stop()
        names = [field.name for field in self._fields]
        place = names.index((event.input.id or "").removeprefix("field-"))
        if place + 1 < len(names):
            self._entries[names[place + 1]].focus()
        else:
            self._answer()

    def _answer(self) -> None:
        if self._answered:
            return
        words = {name: entry.value for name, entry in self._entries.items()}
        missing = [field.label for field in self._fields if not field.optional and not words[field.name].strip()]
        if missing:
            self.say(f"{missing[0]} is required; Esc goes back")
        else:
            self._answered = True
            self.post_message(self.Answered(words))

    def _focus_first_empty(self) -> None:
        entries = list(self._entries.values())
        next((entry for entry in entries if not entry.value), entries[-1]).focus()

    def _title_lines(self, width: int) -> tuple[Line, ...]:
        mark, words, tone = self._notice
        notice = hanging(mark, words, width, tone) if words else ()
        return (*hanging((), self._title, width, Tone.STRONG), *notice)


def _entry(field: FormField) -> Input:
    entry = Input(field.value, placeholder=field.example, password=field.secret, id=f"field-{field.name}", compact=True)
    entry.cursor_blink = False
    return entry


def _labelled(field: FormField) -> Callable[[int], tuple[Line, ...]]:
    label = (Span(field.label, Tone.DIM),)
    return lambda _: (label,)
