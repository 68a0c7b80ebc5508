"""What a person types into: one line or several. Enter is never a line end, and a paste never sends anything."""

from __future__ import annotations

from dataclasses import dataclass

from textual.events import Focus, Key, Paste
from textual.geometry import Region
from textual.message import Message
from textual.strip import Strip
from textual.widgets import Input, TextArea

from onloop_tui.model.form.clusters import cluster_after, cluster_before
from onloop_tui.model.form.fields import FormField, pasted, takes
from onloop_tui.widgets.cluster_input import ClusterInput


class Entered(Message):
    """Enter was pressed in an entry."""


@dataclass
class Remarked(Message):
    """There is something to say about what was pasted."""

    words: str


class LineEntry(ClusterInput):
    """One line; a paste of several is refused in words."""

    def __init__(self, field: FormField) -> None:
        super().__init__(
            field.value,
            placeholder=field.example,
            password=field.secret,
            id=f"field-{field.name}",
            select_on_focus=False,
            compact=True,
        )
        self.cursor_blink = False
        self._field = field

    @property
    def words(self) -> str:
        """What stands in it."""
        return self.value

    @words.setter
    def words(self, words: str) -> None:
        self.value = words

    def check_consume_key(self, key: str, character: str | None) -> bool:
        """Whether a key is typed into it."""
        return super().check_consume_key(key, character) and takes(self._field, character or "")

    async def _on_key(self, event: Key) -> None:
        if event.is_printable and not takes(self._field, event.character or ""):
            event.prevent_default()  # not typed: it goes on to the keys of what is around the form

    def on_focus(self, event: Focus) -> None:
        """Select what is proposed and untouched, so that typing replaces it; what a person wrote is not selected."""
        if self._field.is_proposed and not event.from_app_focus and self.value == self._field.value:
            self.select_all()

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Say Enter in the words of all entries."""
        event.stop()
        self.post_message(Entered())

    def _on_paste(self, event: Paste) -> None:
        event.stop()
        event.prevent_default()
        taken = pasted(self._field, event.text)
        if taken.text:
            self.replace(taken.text, *self.selection)
        self.post_message(Remarked(taken.remark))


class LinesEntry(TextArea):
    """Several lines, wrapped; as high as they are, up to a few rows."""

    DEFAULT_CSS = """
    LinesEntry { height: auto; min-height: 1; max-height: 6; width: 1fr; scrollbar-size-vertical: 1; }
    LinesEntry:focus { border: none; }
    """

    def __init__(self, field: FormField) -> None:
        super().__init__(
            field.value,
            id=f"field-{field.name}",
            placeholder=field.example,
            compact=True,
            highlight_cursor_line=False,
        )
        self.cursor_blink = False
        self._field = field
        self.move_cursor(self.document.end)

    @property
    def words(self) -> str:
        """What stands in it."""
        return self.text

    @words.setter
    def words(self, words: str) -> None:
        self.load_text(words)
        self.move_cursor(self.document.end)

    def end_line(self) -> None:
        """Begin a new line at the cursor."""
        self._replace_via_keyboard("\n", *self.selection)

    def get_cursor_left_location(self) -> tuple[int, int]:
        """Where the character before the cursor begins."""
        row, column = self.cursor_location
        return (row, cluster_before(self.document[row], column)) if column else super().get_cursor_left_location()

    def get_cursor_right_location(self) -> tuple[int, int]:
        """Where the character behind the cursor ends."""
        row, column = self.cursor_location
        line = self.document[row]
        return (row, cluster_after(line, column)) if column < len(line) else super().get_cursor_right_location()

    def render_lines(self, crop: Region) -> list[Strip]:
        """Nothing before it has its colours, or once it was removed: a screen may draw it then, which would end us."""
        if not (self.is_attached and self._component_styles):
            return [Strip.blank(crop.width) for _ in range(crop.height)]
        return super().render_lines(crop)

    async def _on_key(self, event: Key) -> None:
        if event.key == "enter":
            event.stop()
            event.prevent_default()
            self.post_message(Entered())
            return
        await super()._on_key(event)

    async def _on_paste(self, event: Paste) -> None:
        event.stop()
        event.prevent_default()
        taken = pasted(self._field, event.text)
        if taken.text:
            self._replace_via_keyboard(taken.text, *self.selection)
        self.post_message(Remarked(taken.remark))


Entry = LineEntry | LinesEntry


def entry_of(field: FormField) -> Entry:
    """The entry for a field."""
    return LinesEntry(field) if field.lines else LineEntry(field)
