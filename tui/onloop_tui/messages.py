"""What the parts of the screen tell each other."""

from __future__ import annotations

from dataclasses import dataclass

from textual.message import Message

from onloop.machine.task import Answer
from onloop_tui.feed import News


@dataclass
class StoreNews(Message):
    """The feed has something newer; of several that wait, only the last is worth showing."""

    news: News

    def can_replace(self, message: Message) -> bool:
        """Whether the waiting `message` is older news."""
        return isinstance(message, StoreNews)


@dataclass
class Decided(Message):
    """The gateway accepted an answer."""

    task: str
    answer: Answer
    words: str


class SheetClosed(Message):
    """The person put the sheet away."""
