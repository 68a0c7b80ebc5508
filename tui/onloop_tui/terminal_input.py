"""What a terminal sends, as events: a bracketed paste is one event, whatever it contains.

Textual reads control sequences within a paste too: an escape byte in it ends the paste early, and what follows, Enter
among it, counts as pressed.
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from contextlib import suppress

from textual._parser import ParseEOF, ParseTimeout, Peek1, Read1
from textual._xterm_parser import BRACKETED_PASTE_END, BRACKETED_PASTE_START, XTermParser
from textual.events import Paste
from textual.message import Message

from onloop_tui.model.form.fields import LARGEST_PASTE

_KEPT = LARGEST_PASTE + 1
"""As much of a paste as shows that it is too large."""


class TerminalInput(XTermParser):
    """Textual's parser, which is shown nothing of a paste but its beginning and its end."""

    def parse(self, token_callback: Callable[[Message], None]) -> Generator[Read1 | Peek1, str, None]:
        """Parse what is sent into the generator, a character at a time."""
        inner = super().parse(lambda token: None if isinstance(token, Paste) else token_callback(token))
        wanted, recent = next(inner), ""
        while True:
            try:
                char = yield wanted
            except ParseTimeout as late:
                wanted, recent = inner.throw(late), ""
                continue
            except ParseEOF as end:
                with suppress(StopIteration):
                    inner.throw(end)
                return
            wanted, recent = inner.send(char), f"{recent}{char}"[-len(BRACKETED_PASTE_START) :]
            if recent == BRACKETED_PASTE_START:
                try:
                    text = yield from _pasted(wanted)
                except ParseEOF:
                    return
                token_callback(Paste(text))
                for char in BRACKETED_PASTE_END:
                    wanted = inner.send(char)


def _pasted(wanted: Read1 | Peek1) -> Generator[Read1 | Peek1, str, str]:
    """The characters up to the end of the paste; past `_KEPT`, they are read and not kept."""
    kept: list[str] = []
    recent = ""
    while recent != BRACKETED_PASTE_END:
        try:
            char = yield wanted
        except ParseTimeout:
            continue
        recent = f"{recent}{char}"[-len(BRACKETED_PASTE_END) :]
        if len(kept) < _KEPT + len(BRACKETED_PASTE_END):
            kept.append(char)
    text = "".join(kept)
    return text.removesuffix(BRACKETED_PASTE_END)[:_KEPT]
