"""A form keeps the lines that it was given, says what it does not take, and is answered once."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager

import pytest
from textual.app import App, ComposeResult
from textual.events import Paste
from textual.pilot import Pilot
from textual.screen import Screen
from textual.widgets import Input

from onloop_tui.dialogs.form import FormDialog
from onloop_tui.model.form.fields import LARGEST_PASTE, FormField, pasted, problem_of, size_words
from onloop_tui.theme import COMPONENTS
from onloop_tui.widgets.form_entry import LinesEntry

WHO = FormField("passphrase", "passphrase", secret=True)
TO, REASON = FormField("to", "to"), FormField("words", "reason", lines=True)
FIVE = "use requests 2.32:\n\n- it is pinned there\n\tas in tox.ini\nthen go on"


class Asking(Screen[None]):
    """Nothing but a form, and what it was answered."""

    COMPONENT_CLASSES = COMPONENTS

    def __init__(self, fields: Sequence[FormField]) -> None:
        super().__init__()
        self._fields = fields
        self.answers: list[Mapping[str, str]] = []

    @property
    def form(self) -> FormDialog:
        """The form."""
        return self.query_one(FormDialog)

    def compose(self) -> ComposeResult:
        """The form."""
        yield FormDialog("What is asked", self._fields)

    def on_form_dialog_answered(self, event: FormDialog.Answered) -> None:
        """Kept for whoever looks."""
        self.answers.append(event.words)


@asynccontextmanager
async def asking(*fields: FormField) -> AsyncIterator[tuple[Asking, Pilot[None]]]:
    """A form in a terminal of its own."""
    app, screen = App[None](), Asking(fields)
    async with app.run_test() as pilot:
        await app.push_screen(screen)
        await pilot.pause()
        yield screen, pilot


async def paste(pilot: Pilot[None], words: str) -> None:
    """Paste as a terminal does in bracketed mode."""
    assert pilot.app.focused is not None
    pilot.app.focused.post_message(Paste(words))
    await pilot.pause()


async def test_enter_again_while_a_passphrase_is_checked_does_not_begin_the_check_anew() -> None:
    async with asking(WHO) as (screen, pilot):
        await pilot.press(*"first", "enter", "enter", "ctrl+u", "enter", *"other", "enter")
        assert screen.answers == [{"passphrase": "first"}]
        screen.form.say("it is not right", clear="passphrase")
        await pilot.press("enter", *"second", "enter")
        assert screen.answers == [{"passphrase": "first"}, {"passphrase": "second"}]
        assert screen.focused is screen.query_one(Input)


async def test_a_paste_of_five_lines_stays_five_lines_and_is_sent_by_enter_alone() -> None:
    async with asking(REASON) as (screen, pilot):
        await paste(pilot, FIVE.replace("\n", "\r\n") + "\r")
        assert not screen.answers
        await pilot.press("ctrl+j", *"bye", "enter")
        assert screen.answers == [{"words": FIVE + "\n\nbye"}]


async def test_enter_goes_to_the_next_field_and_tab_there_and_back() -> None:
    async with asking(TO, REASON) as (screen, pilot):
        await pilot.press(*"x", "enter", *"why", "shift+tab", "end", *"y", "tab", *"!", "enter")
        assert screen.answers == [{"to": "xy", "words": "why!"}]


async def test_what_is_too_long_is_said_with_both_figures_and_stays_in_the_field() -> None:
    async with asking(REASON) as (screen, pilot):
        await paste(pilot, "x" * (REASON.most + 1))
        await pilot.press("enter")
        assert not screen.answers
        assert len(screen.query_one(LinesEntry).words) == REASON.most + 1
        await pilot.press("backspace", "enter")
        assert [len(each["words"]) for each in screen.answers] == [REASON.most]


@pytest.mark.parametrize(
    ("field", "text", "kept", "said"),
    [
        (REASON, "a\r\nb\rc\n", "a\nb\nc\n", ""),
        (REASON, "tab\there", "tab\there", ""),
        (REASON, "\x1b]0;owned\x07 ok", "␛]0;owned␇ ok", "2 invisible or control characters of the paste"),
        (REASON, "pay \u202eevil", "pay ‹U+202E›evil", "1 invisible or control character of the paste"),
        (REASON, "x" * (LARGEST_PASTE + 1), "", "a paste of more than 65,536 characters was not taken"),
        (TO, "agent:a\n", "agent:a", ""),
        (TO, "agent:a\nagent:b", "", "a paste of 2 lines was not taken: to is one line"),
        (WHO, "correct horse\r\n", "correct horse", ""),
        (WHO, " kept \x01as it is ", " kept \x01as it is ", ""),
        (WHO, "one\ntwo", "", "a paste of 2 lines was not taken: passphrase is one line"),
    ],
)
def test_of_a_paste_nothing_is_lost_in_silence(field: FormField, text: str, kept: str, said: str) -> None:
    found = pasted(field, text)
    assert found.text == kept
    assert found.remark.startswith(said) and bool(found.remark) == bool(said)


def test_how_much_there_is_shows_from_the_second_line_on_and_near_the_limit() -> None:
    assert size_words(REASON, "one line") == size_words(TO, "x" * 1_000) == ""
    assert size_words(REASON, "two\nlines") == "2 lines"
    assert size_words(REASON, "x" * 9_000) == "9,000 of 10,000 characters"
    assert problem_of(REASON, "x" * 12_345) == "reason is 2,345 characters too long: it takes at most 10,000"
