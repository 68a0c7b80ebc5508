"""What the parts of the screen tell each other."""

from __future__ import annotations

from dataclasses import dataclass

from textual.message import Message

from onloop_tui.edited_files import EditedFile
from onloop_tui.feed import News
from onloop_tui.model.ground.acts import Act
from onloop_tui.settings import ThemeName


@dataclass
class StoreNews(Message):
    """The feed has something newer; of several that wait, only the last is worth showing."""

    news: News

    def can_replace(self, message: Message) -> bool:
        """Whether the waiting `message` is older news."""
        return isinstance(message, StoreNews)


@dataclass
class DecisionAccepted(Message):
    """The gateway accepted what a person did."""

    task: str
    act: Act
    words: str


@dataclass
class FilesNews(Message):
    """Settings or workflows were edited."""

    edited: EditedFile


@dataclass
class ThemeWanted(Message):
    """The person asks for other colours, until they leave."""

    theme: ThemeName


class SheetClosed(Message):
    """The person put the sheet away."""
