"""A form is answered once, until whoever asks says what was wrong with the answer."""

from __future__ import annotations

import asyncio

from textual.app import App, ComposeResult
from textual.screen import Screen
from textual.widgets import Input

from onloop_tui.dialogs.form import FormDialog, FormField
from onloop_tui.theme import COMPONENTS


class Asking(Screen[None]):
    """Nothing but a form, and what it was answered."""

    COMPONENT_CLASSES = COMPONENTS

    def __init__(self) -> None:
        super().__init__()
        self.answers: list[str] = []

    def compose(self) -> ComposeResult:
        """The form."""
        yield FormDialog("Who decides?", (FormField("passphrase", "passphrase", secret=True),))

    def on_form_dialog_answered(self, event: FormDialog.Answered) -> None:
        """Kept for whoever looks."""
        self.answers.append(event.words["passphrase"])


def test_enter_again_while_a_passphrase_is_checked_does_not_begin_the_check_anew() -> None:
    async def story() -> None:
        app, asking = App[None](), Asking()
        async with app.run_test() as pilot:
            await app.push_screen(asking)
            await pilot.press(*"first", "enter", "enter", "ctrl+u", "enter", *"other", "enter")
            assert asking.answers == ["first"]
            asking.query_one(FormDialog).say("it is not right", clear="passphrase")
            await pilot.press("enter", *"second", "enter")
            assert asking.answers == ["first", "second"]
            assert asking.focused is asking.query_one(Input)

    asyncio.run(story())
