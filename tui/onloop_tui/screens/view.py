"""The interface between the main screen and its views."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Protocol

from textual.containers import Vertical
from textual.message import Message
from textual.widget import Widget

from onloop_tui.bindings import Where
from onloop_tui.model.columns.arrangement import RowArrangement
from onloop_tui.model.detail.row_detail import RowDetail
from onloop_tui.model.drawing.text_line import Line, Tone
from onloop_tui.model.ground.acts import Act
from onloop_tui.model.ground.snapshot import Snapshot
from onloop_tui.model.ground.subject import Subject
from onloop_tui.session import Session
from onloop_tui.typing_order import Expecting
from onloop_tui.widgets.inbox_list import Inbox
from onloop_tui.widgets.row_view import RowChosen, RowView


class Rows(Protocol):
    """A list that the movement keys move."""

    def move(self, rows: int) -> None:
        """Move the cursor by `rows`, down if positive."""

    def page(self, direction: int) -> None:
        """Move a page down (1) or up (-1)."""

    def edge(self, direction: int) -> None:
        """Move to the first (-1) or the last (1) row."""


@dataclass(frozen=True, slots=True)
class Opening:
    """A task for the sheet to show; n and N go through `members`."""

    task: str
    members: tuple[str, ...]


class View(Vertical):
    """One way to look at the store. It shows the snapshots it is given, holds its cursor by id, and decides nothing.

    The main screen gives it news only while it is in front, and the whole snapshot when it comes to the front. Its own
    keys are `BINDINGS = bindings_of(keys_of(Where.…))` and `action_…` methods of the view.
    """

    where: ClassVar[Where]
    """The place in the registry whose keys the view handles."""
    has_detail: ClassVar[bool] = False
    """Whether the pane below the list shows what is under the cursor."""
    nothing: ClassVar[str] = "there is nothing to open here"
    """The notice for Enter when the cursor is on nothing."""
    usual_columns: ClassVar[tuple[str, ...]] = ()
    """The columns that are offered first, and that `S` goes through; none: its rows are not arranged by people."""
    why_as_it_is: ClassVar[str] = "what happened stands in the order in which it happened; / shows less of it"
    """Why its rows are not arranged by people."""

    class Moved(Message):
        """The cursor moved, or the rows changed."""

    @dataclass
    class Said(Message):
        """A notice to show below the view."""

        words: str
        tone: Tone = Tone.DIM

    def __init__(self, session: Session) -> None:
        super().__init__(id=f"view-{self.where.name.lower()}", classes="view")
        self.session = session
        self.arrangement = RowArrangement()
        """The columns and the order that a person chose."""

    def on_row_chosen(self, event: RowChosen) -> None:
        """The second click on a row is Enter."""
        event.stop()
        self.app.simulate_key("enter")

    @property
    def rows(self) -> Rows:
        """The list that the movement keys move."""
        raise NotImplementedError

    @property
    def focus_target(self) -> Widget:
        """The widget that has the focus while the view is in front and no sheet is open."""
        raise NotImplementedError

    @property
    def place(self) -> tuple[int, int]:
        """The number of the row under the cursor, from 1, and of how many; zeros where rows are not counted here."""
        listed = self.rows
        return (listed.position, listed.count) if isinstance(listed, RowView | Inbox) else (0, 0)

    def take(self, snapshot: Snapshot, *, anew: bool = False) -> None:
        """Show this snapshot; `anew` applies the order even while it is frozen."""
        raise NotImplementedError

    def tick(self, snapshot: Snapshot) -> None:
        """Update what depends on the time, such as ages."""
        self.take(snapshot)

    def subject(self) -> Subject | None:
        """The subject under the cursor; None if there is none."""
        raise NotImplementedError

    def go_to(self, subject: Subject) -> None:
        """Put the cursor on this subject, or on the nearest thing that the view shows."""
        raise NotImplementedError

    def go(self) -> Opening | None:
        """Enter: the task that the sheet will show; None if the view drilled in, or said why it cannot."""
        subject = self.subject()
        if subject is None or subject.task is None:
            self.post_message(self.Said(self.nothing))
            return None
        return Opening(subject.task, subject.tasks)

    def back(self) -> bool:
        """Esc: close the innermost thing of the view; whether there was one."""
        return False

    def next_needing(self, step: int) -> None:
        """Put the cursor on the next (1) or previous (-1) row that needs a person."""
        raise NotImplementedError

    def detail(self) -> RowDetail | None:
        """What is under the cursor, for the pane below the list; None if there is nothing."""
        return None

    def turn_preview(self) -> str:
        """Show or hide more about the row under the cursor; returns why nothing can be shown, or an empty text."""
        return "there is no more about a row here; Enter opens it"

    def filter(self, query: str) -> str:
        """Show only what matches; an empty query shows all. Returns what is wrong with the query, or an empty text."""
        return f"this view cannot be filtered by {query!r}"

    def show_arranged(self, wanted: RowArrangement) -> None:
        """Show these columns in this order. Afterwards no row moves by itself; taking a snapshot anew applies it."""
        self.arrangement = wanted

    def why_not_arranged(self) -> str:
        """Why its rows are not a person's to arrange now; empty if they are."""
        return "" if self.usual_columns else self.why_as_it_is

    def decide_marked(self, act: Act) -> bool:  # noqa: ARG002 - views that have marks, or causes, answer it
        """Begin this act for several tasks at once; whether several are marked."""
        return False

    @property
    def asking(self) -> Expecting | None:
        """What may take keys in the place of the list."""
        return None

    def cli_equivalent(self) -> str:
        """The command line for the row's natural act; empty stands for showing its task."""
        return ""

    def following(self, decided: str) -> Opening | None:  # noqa: ARG002 - views that go on by themselves answer it
        """The task that the sheet shows after `decided` was decided; None closes the sheet."""
        return None

    def sheet_opened(self) -> None:
        """The sheet was opened: freeze the order until `sheet_closed`."""

    def sheet_closed(self) -> None:
        """The sheet was closed."""

    def chip(self, width: int) -> tuple[Line, ...]:  # noqa: ARG002
        """The line about waiting rows and the filter in force."""
        return ()

    def why(self, width: int) -> tuple[Line, ...]:  # noqa: ARG002
        """Why the row under the cursor is where it is, in one line."""
        return ()

    def explanation(self, width: int) -> tuple[Line, ...]:  # noqa: ARG002
        """`w`: why the row is here, what clears it, who can act, and the next commands."""
        return ()
