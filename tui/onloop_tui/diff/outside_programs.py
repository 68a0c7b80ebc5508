"""A person's own pager and editor, which get the terminal and a private copy of a patch, and nothing of an agent's."""

from __future__ import annotations

import os

from textual.app import App, SuspendNotSupported

from onloop.cli.pager import paged, pager_command
from onloop.cli.text_editor import viewed
from onloop.errors import OnloopError
from onloop.text import safe_lines


def in_pager(app: App[None], text: str) -> str:
    """Show the text in the person's pager; what is wrong, if it cannot be."""
    pager = pager_command(os.environ)
    if not pager:
        return "no pager can be run; set PAGER to one that is there"
    try:
        with app.suspend():
            shown = paged(pager, safe_lines(text, len(text)) + "\n")
    except SuspendNotSupported:
        return "the pager needs a terminal of its own"
    return "" if shown else f"{pager[0]} cannot be run; set PAGER to another"


def in_editor(app: App[None], text: str, about: str) -> str:
    """Show the text in the person's editor, of which nothing comes back; what is wrong, if it cannot be."""
    problem = ""
    try:
        with app.suspend():
            try:
                viewed(text, about)
            except OnloopError as failed:  # within, or the terminal would not come back
                problem = f"{failed.message}; {failed.hint}"
    except SuspendNotSupported:
        return "the editor needs a terminal of its own"
    return problem
