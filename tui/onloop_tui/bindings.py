"""Every key, once: footer, help, palette and bindings are made of this registry."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from textual.binding import Binding, BindingType

from onloop.machine.task import Answer


class Where(StrEnum):
    """Where a key has its meaning."""

    EVERYWHERE = "everywhere"
    INBOX = "in the Inbox"
    SHEET = "in the sheet"
    ITEM = "in the Inbox and the sheet"
    LEAVING = "when leaving"


@dataclass(frozen=True, slots=True)
class Key:
    """A key (or several with one meaning): Textual's names, what is shown, the action, and the CLI's twin."""

    names: tuple[str, ...]
    shown: str
    action: str
    word: str
    help: str
    where: Where
    twin: str = ""
    footer: frozenset[Where] = frozenset()


_LIST, _SHEET = frozenset({Where.INBOX}), frozenset({Where.SHEET})

KEYS: tuple[Key, ...] = (
    Key(
        ("enter",),
        "Enter",
        "go",
        "open",
        "open the decision sheet; in it, confirm",
        Where.ITEM,
        "onloop show TASK",
        _LIST,
    ),
    Key(
        ("a",),
        "a",
        "decide('approve')",
        "approve",
        "open the sheet; in it, approve what is shown (Enter confirms)",
        Where.ITEM,
        "onloop approve TASK",
        _LIST,
    ),
    Key(
        ("r",),
        "r",
        "decide('reject')",
        "reject",
        "reject with a reason, which reaches the agent",
        Where.ITEM,
        'onloop reject TASK --reason "…"',
        _LIST,
    ),
    Key(
        ("t",),
        "t",
        "decide('retry')",
        "retry",
        "try again, with a note in the agent's brief",
        Where.ITEM,
        'onloop retry TASK --note "…"',
    ),
    Key(
        ("at",),
        "@",
        "decide('reassign')",
        "reassign",
        "give it to another agent or role",
        Where.ITEM,
        'onloop reassign TASK --to WHO --reason "…"',
    ),
    Key(("e",), "e", "decide('answer')", "answer", "answer an agent's question", Where.ITEM, 'onloop answer TASK "…"'),
    Key(
        ("c",),
        "c",
        "decide('cancel')",
        "cancel",
        "end the task; nothing is merged",
        Where.ITEM,
        'onloop cancel TASK --reason "…"',
    ),
    Key(
        ("w",),
        "w",
        "explain",
        "why",
        "why it is here, what clears it, who can act",
        Where.ITEM,
        "onloop attention",
        _LIST | _SHEET,
    ),
    Key(("n",), "n", "member(1)", "next", "the next one with the same cause", Where.SHEET, footer=_SHEET),
    Key(("N",), "N", "member(-1)", "previous", "the one before with the same cause", Where.SHEET),
    Key(
        ("R",),
        "R",
        "renew",
        "refresh",
        "apply the order; in the sheet, read it again",
        Where.ITEM,
        footer=_LIST | _SHEET,
    ),
    Key(("escape",), "Esc", "back", "back", "close the innermost thing", Where.ITEM, footer=_SHEET),
    Key(("j", "down"), "j ↓", "move(1)", "down", "one row or line down", Where.ITEM),
    Key(("k", "up"), "k ↑", "move(-1)", "up", "one row or line up", Where.ITEM),
    Key(("pagedown", "ctrl+d"), "PgDn ^D", "page(1)", "page down", "a page down", Where.ITEM),
    Key(("pageup", "ctrl+u"), "PgUp ^U", "page(-1)", "page up", "a page up", Where.ITEM),
    Key(("g", "home"), "g", "edge(-1)", "top", "the first row or line", Where.ITEM),
    Key(("G", "end"), "G", "edge(1)", "bottom", "the last row or line", Where.ITEM),
    Key(
        ("right_square_bracket",),
        "]",
        "section(1)",
        "section",
        "the next section of the sheet",
        Where.SHEET,
        footer=_SHEET,
    ),
    Key(("left_square_bracket",), "[", "section(-1)", "section back", "the section before", Where.SHEET),
    Key(("question_mark",), "?", "app.keys", "keys", "this list", Where.EVERYWHERE, footer=_LIST | _SHEET),
    Key(("q",), "q", "leave", "quit", "leave the dashboard; work goes on without it", Where.INBOX, footer=_LIST),
)
"""The keys of the main screen."""

LEAVING: tuple[Key, ...] = (
    Key(("s",), "s", "answer('stop')", "stop", "end verifier, workers and agents too", Where.LEAVING),
    Key(("l",), "l", "answer('leave')", "leave running", "they go on; `onloop` shows them again", Where.LEAVING),
    Key(("escape",), "Esc", "answer('')", "stay", "back to the dashboard", Where.LEAVING),
)
"""The keys of the question that leaving a demo asks."""

ANSWER_KEYS: Mapping[Answer, str] = {
    Answer(key.action[8:-2]): key.shown for key in KEYS if key.action.startswith("decide(")
}
"""The key of every answer that a person can give."""


def bindings_of(keys: Iterable[Key]) -> list[BindingType]:
    """The keys as Textual's bindings; ours draws the footer, so none is shown by Textual."""
    return [Binding(name, key.action, key.help, show=False) for key in keys for name in key.names]
