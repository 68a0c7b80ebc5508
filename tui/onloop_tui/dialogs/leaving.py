"""The question whether the processes that the dashboard started end with it."""

from __future__ import annotations

from textual.app import ComposeResult
from textual.screen import ModalScreen

from onloop_tui.bindings import LEAVING, bindings_of
from onloop_tui.model.drawing.text_line import Line, Span, Tone, line
from onloop_tui.theme import COMPONENTS
from onloop_tui.widgets.bar import Bar


class Leaving(ModalScreen[str]):
    """Returns `stop`, `leave`, or an empty text to stay."""

    COMPONENT_CLASSES = COMPONENTS
    BINDINGS = bindings_of(LEAVING)
    DEFAULT_CSS = """
    Leaving { align: center middle; background: $background; }
    Leaving Bar { width: 64; padding: 1 2; border: round $primary; }
    """

    def compose(self) -> ComposeResult:
        """The question and its keys."""
        yield Bar(lambda _: _question())

    def on_mount(self) -> None:
        """Show the question."""
        self.query_one(Bar).renew()

    def action_answer(self, answer: str) -> None:
        """Close with this answer."""
        self.dismiss(answer)


def _question() -> tuple[Line, ...]:
    keys = (
        (Span(f"{key.shown:5}", Tone.ACCENT, key.names[0]), Span(f"{key.word}: {key.help}", press=key.names[0]))
        for key in LEAVING
    )
    return (line("Stop everything, or leave it running?", Tone.STRONG), line(""), *keys)
