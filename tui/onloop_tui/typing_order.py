"""Keys and pastes reach what they are meant for one after the other, however fast they come."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import Protocol, runtime_checkable

from textual.events import Key, Paste
from textual.message_pump import MessagePump
from textual.widget import Widget
from textual.widgets import Input, TextArea

from onloop_tui.model.form.early_keys import MOST, EarlyKey, KeyTarget, fate_of, tagged

PATIENCE_S = 3.0
"""How long a key waits at most for the one before it: what was to handle that one may have been removed."""
AT_ONCE = frozenset({"escape", "ctrl+q", "ctrl+c"})
"""Keys that never wait, for they give up what is waited for."""

Typed = Key | Paste
Handle = Callable[[Typed], Awaitable[None]]


class Expecting(Protocol):
    """Where something may be about to come up."""

    def expected(self) -> str:
        """What is about to come up, for which keys must wait; empty if nothing."""

    def shown(self) -> KeyTarget:
        """What takes keys now."""


@runtime_checkable
class Telling(Expecting, Protocol):
    """A screen on which something may be about to come up, and which shows what became of keys."""

    def ignored(self, words: str) -> None:
        """Show that keys were ignored, and why."""


class TypingOrder:
    """The queue of keys. `handle` gives a key to the widget in focus or runs what it is bound to."""

    def __init__(self, handle: Handle) -> None:
        self._handle = handle
        self._events: list[Typed] = []
        self._keys: list[EarlyKey] = []
        self._turn = 0
        self._settled = 0
        """A key in a field was handled if these are equal."""

    async def type(self, event: Typed, screen: object) -> None:
        """Handle the key now, or as soon as what it is meant for can take it."""
        name = event.key if isinstance(event, Key) else ""
        expected = screen.expected() if isinstance(screen, Telling) else ""
        if expected and name in AT_ONCE:
            self._drop(screen, "what was expected was given up")
            await self._handle(event)
            return
        if len(self._keys) >= MOST:
            self._drop(screen, "too many came at once")
        self._keys.append(EarlyKey(name, expected, event.time))
        self._events.append(event)
        await self.deliver(screen)

    async def deliver(self, screen: object) -> None:
        """Handle the waiting keys as far as that is possible now."""
        while self._keys and self._settled == self._turn:
            if isinstance(screen, Telling):
                if expected := screen.expected():
                    self._keys = tagged(self._keys, expected)
                    return
                fate = fate_of(self._keys, screen.shown())
                if not fate.is_delivered:
                    del self._keys[: fate.ignored], self._events[: fate.ignored]
                    screen.ignored(fate.words)
                    continue
            event = self._events.pop(0)
            self._keys.pop(0)
            await self._handle(event)

    def wait_for(self, field: Widget, then: Callable[[], object]) -> None:
        """Let the next key wait until `field` and all around it have handled what was just given to it."""
        self._turn += 1
        turn = self._turn
        around = field.ancestors_with_self
        path = [*around, *(pump for each in around for pump in (each, each))]
        """To the app, which runs what keys are bound to, and then along with what that posts."""

        def settle() -> None:
            if self._settled < turn:
                self._settled = turn
                then()

        _through(path, settle)
        field.app.set_timer(PATIENCE_S, settle)

    def _drop(self, screen: object, why: str) -> None:
        count = len(self._keys)
        self._keys, self._events = [], []
        if count and isinstance(screen, Telling):
            screen.ignored(f"{count} key{'s were' if count > 1 else ' was'} ignored: {why}")


def is_field(widget: Widget | None) -> bool:
    """Whether a widget takes text."""
    return isinstance(widget, Input | TextArea)


def _through(path: Sequence[MessagePump], then: Callable[[], object]) -> None:
    """Call `then` after everything on the path has handled what it was given before, one after the other."""
    if not path:
        then()
    elif not path[0].call_later(_through, path[1:], then):
        _through(path[1:], then)
