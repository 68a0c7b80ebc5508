"""The prompt at the bottom: a filter after `/`, a command after `:`."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Vertical
from textual.message import Message
from textual.suggester import SuggestFromList
from textual.widgets import Input

from onloop_tui.bindings import PROMPT, bindings_of
from onloop_tui.model.drawing.text_line import Line, Span, Tone, fitted
from onloop_tui.widgets.bar import Bar
from onloop_tui.widgets.cluster_input import ClusterInput


class Prompt(Vertical):
    """Hidden until `ask` opens it. Enter posts `Typed`, Esc posts `Left`."""

    BINDINGS: ClassVar[list[BindingType]] = bindings_of(PROMPT)
    DEFAULT_CSS = """
    Prompt { height: auto; display: none; background: $surface; padding: 0 1; }
    Prompt.-open { display: block; }
    Prompt Input { width: 1fr; }
    """

    @dataclass
    class Typed(Message):
        """`text` was typed after `sign`; `done` after Enter, else the person is still typing."""

        sign: str
        text: str
        done: bool

    class Left(Message):
        """The prompt was closed without an answer."""

    def __init__(self, words: Callable[[], Iterable[str]], complete: Callable[[str], tuple[str, str]]) -> None:
        super().__init__(id="prompt")
        self._words = words
        self._complete = complete
        self._problem = ""
        self._is_hint = False
        self.sign = ""

    def compose(self) -> ComposeResult:
        """The line for problems, and the input."""
        yield Bar(self._problem_lines, id="prompt-problem")
        entry = ClusterInput(id="prompt-line", compact=True)
        entry.cursor_blink = False
        yield entry

    @property
    def line(self) -> Input:
        """The input."""
        return self.query_one("#prompt-line", Input)

    @property
    def is_open(self) -> bool:
        """Whether the prompt is open."""
        return self.has_class("-open")

    def ask(self, sign: str, text: str, hint: str) -> None:
        """Open the prompt for `sign`, with `text` filled in."""
        self.sign = sign
        self.line.suggester = SuggestFromList(self._words(), case_sensitive=False) if sign == ":" else None
        self.line.placeholder = hint
        self.line.select_on_focus = sign == "/"  # what a command begins with is gone on with
        self.add_class("-open")
        self.say("")
        if sign == ":" and text:  # the placeholder is not seen
            self._problem, self._is_hint = hint, True
            self.query_one(Bar).renew()
        with self.prevent(Input.Changed):
            self.line.value = text
        self.line.cursor_position = len(text)
        self.screen.set_focus(self.line)

    def say(self, problem: str) -> None:
        """Show what is wrong with the typed text."""
        self._problem, self._is_hint = problem, False
        self.query_one(Bar).renew()

    def hint(self, words: str) -> None:
        """Show what the typed text may become."""
        self._problem, self._is_hint = words, True
        self.query_one(Bar).renew()

    def close(self) -> None:
        """Close the prompt."""
        self.remove_class("-open")

    def on_input_changed(self, event: Input.Changed) -> None:
        """Post every change of a filter."""
        event.stop()
        if self.is_open:
            self.post_message(self.Typed(self.sign, event.value, done=False))

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Enter."""
        event.stop()
        self.post_message(self.Typed(self.sign, event.value, done=True))

    def action_leave(self) -> None:
        """Close the prompt."""
        self.post_message(self.Left())

    def action_complete(self) -> None:
        """Complete a command as far as it is clear, and name what it may be; of a filter, accept the suggestion."""
        if self.sign != ":":
            self.line.action_cursor_right()
            return
        text, candidates = self._complete(self.line.value)
        with self.prevent(Input.Changed):  # it would take the candidates away
            self.line.value = text
        self.line.cursor_position = len(self.line.value)
        self.hint(candidates)

    def _problem_lines(self, width: int) -> tuple[Line, ...]:
        sign, tone = (Span("→ ", Tone.DIM), Tone.DIM) if self._is_hint else (Span("✗ ", Tone.BAD), Tone.BAD)
        return (fitted((sign, Span(self._problem, tone)), width),) if self._problem else ()
