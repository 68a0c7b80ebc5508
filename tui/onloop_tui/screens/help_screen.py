"""Help: the keys, generated from the registry, and the guides."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import Enum
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.screen import Screen
from textual.widgets import Input

from onloop.guides.catalogue import guides
from onloop_tui.bindings import KEYS, Key, Where
from onloop_tui.model.drawing.text_line import Line, Span, Tone, hanging, line, plain
from onloop_tui.model.help.guide_lines import guide_lines, list_lines
from onloop_tui.theme import COMPONENTS
from onloop_tui.widgets.bar import Bar
from onloop_tui.widgets.line_view import LineView


class HelpPage(Enum):
    """The page of the help that is shown."""

    KEYS = "keys"
    LIST = "list"
    GUIDE = "guide"


GUIDE_OF: Mapping[Where, str] = {
    Where.INBOX: "approver",
    Where.TREE: "engineer",
    Where.FLEET: "fleets",
    Where.AGENTS: "operator",
    Where.LOG: "audits",
    Where.LOOP: "measures",
    Where.SHEET: "approvals",
}
"""The guide that each view's list of guides begins at."""

_TITLES = {
    HelpPage.KEYS: "keys · Enter lists the guides · / searches · Esc goes back",
    HelpPage.LIST: "guides · Enter reads · Esc goes back to the keys",
}


class HelpScreen(Screen[None]):
    """The keys by the place in which they apply, each with its CLI equivalent; then the guides."""

    CSS_PATH = "help_screen.tcss"
    COMPONENT_CLASSES = COMPONENTS
    BINDINGS: ClassVar[list[BindingType]] = [
        *(Binding(key, "close", "leave the help", show=False) for key in ("q", "question_mark")),
        Binding("escape", "back", "back", show=False),
        *(Binding(key, "go", "open", show=False) for key in ("enter", "l", "right")),
        *(Binding(key, "back", "back", show=False) for key in ("h", "left")),
        *(Binding(key, "move(1)", "down", show=False) for key in ("j", "down")),
        *(Binding(key, "move(-1)", "up", show=False) for key in ("k", "up")),
        *(Binding(key, "page(1)", "page down", show=False) for key in ("pagedown", "ctrl+d", "space")),
        *(Binding(key, "page(-1)", "page up", show=False) for key in ("pageup", "ctrl+u")),
        *(Binding(key, "edge(-1)", "top", show=False) for key in ("g", "home")),
        *(Binding(key, "edge(1)", "bottom", show=False) for key in ("G", "end")),
        Binding("right_square_bracket", "turn(1)", "next guide", show=False),
        Binding("slash", "search", "search", show=False),
        Binding("n", "found(1)", "next that fits", show=False),
        Binding("N", "found(-1)", "the one before", show=False),
        Binding("left_square_bracket", "turn(-1)", "guide before", show=False),
    ]

    def __init__(self, keys: Sequence[Key] = KEYS, guide: str = "", where: Where = Where.EVERYWHERE) -> None:
        super().__init__()
        self._keys = keys
        self._where = where
        self._guides = guides()
        wanted = guide or GUIDE_OF.get(where, "")
        self._chosen = next((i for i, each in enumerate(self._guides) if each.name == wanted), 0)
        self._sought = ""
        self._row = -1
        self._page = HelpPage.GUIDE if guide else HelpPage.KEYS

    def compose(self) -> ComposeResult:
        """The title and the page."""
        yield Bar(lambda _: (line(self._title(), Tone.STRONG),), id="help-title")
        yield LineView(id="help-lines")
        entry = Input(id="help-search", compact=True, placeholder="words to look for; Enter, then n and N go on")
        entry.cursor_blink = False
        yield entry

    def on_mount(self) -> None:
        """Fill the page."""
        self._end_search()
        self._draw()

    # -- the search

    def action_search(self) -> None:
        """Open the line for words to look for in this page."""
        entry = self.query_one(Input)
        entry.display = True
        entry.value = ""
        self.set_focus(entry)

    def on_input_changed(self, event: Input.Changed) -> None:
        """Go to the first line that has what is typed."""
        self._sought, self._row = event.value.casefold().strip(), -1
        self.action_found(1)

    def on_input_submitted(self) -> None:
        """Enter: n and N go through the lines that fit."""
        self._end_search()

    def _end_search(self) -> None:
        self.query_one(Input).display = False
        self.set_focus(self.query_one("#help-lines"))

    def action_found(self, step: int) -> None:
        """Go to the next (1) or the previous (-1) line that fits, from the other end again after the last."""
        view = self.query_one(LineView)
        rows = [row for row, shown in enumerate(view.lines) if self._sought and self._sought in plain(shown).casefold()]
        ahead = [row for row in rows if (row > self._row if step > 0 else row < self._row)]
        self._row = (ahead or rows or [-1])[0 if step > 0 else -1]
        self._draw()
        if self._row >= 0:
            view.reveal(self._row)

    # -- the page

    def on_resize(self) -> None:
        """Fit the new width."""
        self.call_after_refresh(self._draw)

    def _title(self) -> str:
        name = self._guides[self._chosen].name
        return _TITLES.get(self._page, f"{name} · ] the next guide, [ the one before · Esc goes back to the list")

    def _draw(self, *, anew: bool = False) -> None:
        """Show the page; with `anew`, from its top, or in the list from the cursor."""
        view = self.query_one(LineView)
        cursor = 0
        match self._page:
            case HelpPage.KEYS:
                lines = help_lines(self._keys, view.room, self._where)
            case HelpPage.LIST:
                lines, cursor = list_lines(self._guides, self._chosen, view.room)
            case HelpPage.GUIDE:
                lines = guide_lines(self._guides[self._chosen], view.room)
        view.show(_marked(lines, self._row))
        if self._page is HelpPage.LIST:
            view.reveal(cursor)
        elif anew:
            view.edge(-1)
        self.query_one(Bar).renew()

    def _turn_to(self, page: HelpPage) -> None:
        self._sought, self._row = "", -1
        self._page = page
        self._draw(anew=True)

    def action_close(self) -> None:
        """Close the help."""
        self.dismiss()

    def action_back(self) -> None:
        """Go from a guide to the list, from the list to the keys; from the keys, close the help."""
        if self.query_one(Input).display:
            self._end_search()
            return
        match self._page:
            case HelpPage.KEYS:
                self.dismiss()
            case HelpPage.LIST:
                self._turn_to(HelpPage.KEYS)
            case HelpPage.GUIDE:
                self._turn_to(HelpPage.LIST)

    def action_go(self) -> None:
        """Go from the keys to the list of guides, from the list to the guide under the cursor."""
        if self._page is not HelpPage.GUIDE:
            self._turn_to(HelpPage.LIST if self._page is HelpPage.KEYS else HelpPage.GUIDE)

    def action_turn(self, step: int) -> None:
        """Show the next or the previous guide; from the keys, the first or the last."""
        if self._page is HelpPage.GUIDE:
            self._chosen = (self._chosen + step) % len(self._guides)
        self._turn_to(HelpPage.GUIDE)

    def action_move(self, rows: int) -> None:
        """Scroll; in the list, move the cursor."""
        if self._page is HelpPage.LIST:
            self._choose(self._chosen + rows)
        else:
            self.query_one(LineView).move(rows)

    def action_page(self, direction: int) -> None:
        """Scroll by a page; in the list, move the cursor by a page."""
        view = self.query_one(LineView)
        if self._page is HelpPage.LIST:
            self._choose(self._chosen + direction * max(1, view.size.height // 2))
        else:
            view.page(direction)

    def action_edge(self, direction: int) -> None:
        """Go to the top or the bottom."""
        if self._page is HelpPage.LIST:
            self._choose(0 if direction < 0 else len(self._guides) - 1)
        else:
            self.query_one(LineView).edge(direction)

    def _choose(self, number: int) -> None:
        self._chosen = max(0, min(number, len(self._guides) - 1))
        self._draw()


def _marked(lines: tuple[Line, ...], row: int) -> tuple[Line, ...]:
    """The lines with that one standing out; none if there is no such line."""
    if row < 0:
        return lines
    return tuple(
        tuple(Span(span.text, Tone.TAB) for span in shown) if at == row else shown for at, shown in enumerate(lines)
    )


def help_lines(registry: Sequence[Key], width: int, first: Where = Where.EVERYWHERE) -> tuple[Line, ...]:
    """The keys of the registry as lines, by place; those of the place where one is come first."""
    lines: list[Line] = []
    for where in sorted(Where, key=lambda each: each is not first):
        if not (keys := [key for key in registry if key.where is where]):
            continue
        lines += [line(where.value, Tone.HEADING)]
        for key in keys:
            command = f"   $ {key.cli_equivalent}" if key.cli_equivalent else ""
            lines += hanging((Span(f"  {key.shown:<8} ", Tone.ACCENT),), f"{key.help}{command}", width)
        lines.append(line(""))
    return (*lines, line("Ctrl+P finds all of these by name; Ctrl+Q leaves from anywhere", Tone.DIM))
