"""The line at the bottom that is typed into: a filter after `/`, the name of a key after `:`."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from textual.app import ComposeResult
from textual.containers import Vertical
from textual.events import Key as KeyPressed
from textual.message import Message
from textual.suggester import SuggestFromList
from textual.widgets import Input

from onloop_tui.model.drawing.text_line import Line, Span, Tone, fitted
from onloop_tui.widgets.bar import Bar


class Prompt(Vertical):
    """Hidden until it is asked for; Enter posts what was typed, Esc posts that nothing was."""

    DEFAULT_CSS = """
    Prompt { height: auto; display: none; background: $surface; padding: 0 1; }
    Prompt.-open { display: block; }
    Prompt Input { width: 1fr; }
    """

    @dataclass
    class Typed(Message):
        """`text` was typed after `sign`; `done` is said by Enter, else it is still being typed."""

        sign: str
        text: str
        done: bool

    class Left(Message):
        """It was closed without an answer."""

    def __init__(self, words: Callable[[], Iterable[str]]) -> None:
        super().__init__(id="prompt")
        self._words = words
        self._problem = ""
        self.sign = ""

    def compose(self) -> ComposeResult:
        """What is wrong, and the line."""
        yield Bar(self._problem_lines, id="prompt-problem")
        entry = Input(id="prompt-line", compact=True)
        entry.cursor_blink = False
        yield entry

    @property
    def line(self) -> Input:
        """The line itself."""
        return self.query_one("#prompt-line", Input)

    @property
    def is_open(self) -> bool:
        """Whether it is being typed into."""
        return self.has_class("-open")

    def ask(self, sign: str, text: str, hint: str) -> None:
        """Open it for `sign`, with `text` already there."""
        self.sign = sign
        self.line.suggester = SuggestFromList(self._words(), case_sensitive=False) if sign == ":" else None
        self.line.placeholder = hint
        self.add_class("-open")
        self.say("")
        with self.prevent(Input.Changed):
            self.line.value = text
        self.line.cursor_position = len(text)
        self.line.focus()

    def say(self, problem: str) -> None:
        """Say what is wrong with what was typed."""
        self._problem = problem
        self.query_one(Bar).renew()

    def close(self) -> None:
        """Put it away."""
        self.remove_class("-open")

    def on_input_changed(self, event: Input.Changed) -> None:
        """Every letter counts for a filter."""
        event.stop()
        if self.is_open:
            self.post_message(self.Typed(self.sign, event.value, done=False))

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Enter."""
        event.stop()
        self.post_message(self.Typed(self.sign, event.value, done=True))

    def on_key(self, event: KeyPressed) -> None:
        """Esc leaves; Tab takes the suggestion."""
        if event.key == "escape":
            event.stop()
            self.post_message(self.Left())
        elif event.key == "tab":
            event.stop()
            event.prevent_default()
            self.line.action_cursor_right()

    def _problem_lines(self, width: int) -> tuple[Line, ...]:
        return (fitted((Span("✗ ", Tone.BAD), Span(self._problem, Tone.BAD)), width),) if self._problem else ()
