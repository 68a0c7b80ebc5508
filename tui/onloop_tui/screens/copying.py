"""What a key copies to the terminal's clipboard: an id, or the command that does the same."""

from __future__ import annotations

from typing import Any, Protocol

from textual.app import App

from onloop_tui.model.ground.subject import Subject
from onloop_tui.panels.sheet_panel import Sheet
from onloop_tui.screens.view import View
from onloop_tui.session import Session


class _HasSubject(Protocol):
    view: View
    session: Session

    @property
    def app(self) -> App[Any]: ...

    @property
    def sheet(self) -> Sheet: ...

    def subject_here(self) -> Subject | None: ...

    def say(self, words: str) -> None: ...

    def copied(self, words: str) -> None: ...


class Copying:
    """The part of the main screen that copies."""

    def action_copy_id(self: _HasSubject) -> None:
        """Copy the id of the subject under the cursor to the terminal's clipboard."""
        subject = self.subject_here()
        self.copied(subject.id if subject else "")

    def action_copy_cli_equivalent(self: _HasSubject) -> None:
        """Copy the CLI equivalent of the decision in progress, else of the row's natural act, else of `show`."""
        command = self.sheet.cli_equivalent() if self.sheet.is_open else self.view.cli_equivalent()
        subject = self.subject_here()
        command = command or (f"onloop show {subject.task}" if subject and subject.task else "")
        self.copied(self.session.place.addressed(command) if command else "")

    def copied(self: _HasSubject, words: str) -> None:
        """Copy these words and say so; or say that there are none."""
        if words:
            self.app.copy_to_clipboard(words)
        self.say(f"copied: {words}" if words else "there is nothing to copy here")
