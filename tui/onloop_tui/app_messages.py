"""Messages between the parts of the screen."""

from __future__ import annotations

from dataclasses import dataclass

from textual.message import Message

from onloop_tui.edited_files import EditedFile
from onloop_tui.feed import News
from onloop_tui.model.ground.acts import Act
from onloop_tui.settings import ThemeName


@dataclass
class StoreNews(Message):
    """The feed has news; of several pending ones only the last needs to be shown."""

    news: News

    def can_replace(self, message: Message) -> bool:
        """Whether the pending `message` is older news of the store."""
        return isinstance(message, StoreNews)


@dataclass
class DecisionAccepted(Message):
    """The gateway accepted a person's decision."""

    task: str
    act: Act
    words: str


@dataclass
class FilesNews(Message):
    """Settings or workflow files were edited."""

    edited: EditedFile


@dataclass
class ThemeWanted(Message):
    """The person chose a theme for this session."""

    theme: ThemeName


@dataclass
class NoteWanted(Message):
    """The person wants to tell the agent of a task something."""

    task: str


class SheetClosed(Message):
    """The person closed the sheet."""


class KeysWanted(Message):
    """What keys may have waited for has come up, or will not."""
