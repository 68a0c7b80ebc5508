"""What the main screen asks of each of its views."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Protocol

from textual.containers import Vertical
from textual.message import Message
from textual.widget import Widget

from onloop_tui.bindings import Where
from onloop_tui.model.drawing.text_line import Line, Tone
from onloop_tui.model.ground.acts import Act
from onloop_tui.model.ground.snapshot import Snapshot
from onloop_tui.model.ground.subject import Subject
from onloop_tui.session import Session


class Rows(Protocol):
    """A list that the movement keys move."""

    def move(self, rows: int) -> None:
        """So many rows down."""

    def page(self, direction: int) -> None:
        """A page down (1) or up (-1)."""

    def edge(self, direction: int) -> None:
        """To the first (-1) or the last (1) row."""


@dataclass(frozen=True, slots=True)
class Opening:
    """A task that the sheet shall show, `members` being those that n and N go through."""

    task: str
    members: tuple[str, ...]


class View(Vertical):
    """One way to look at the store. It shows what it is given, holds its cursor by id, and decides nothing.

    The main screen gives it news only while it is in front, and all there is when it comes to the front. Keys of its
    own are `BINDINGS = bindings_of(keys_of(Where.…))` and `action_…` methods of the view.
    """

    where: ClassVar[Where]
    """Which keys of the registry are its own."""
    nothing: ClassVar[str] = "there is nothing to open here"
    """What Enter says where the cursor stands on nothing."""

    class Moved(Message):
        """The cursor stands on something else, or the rows have changed."""

    @dataclass
    class Said(Message):
        """Something to say below the view."""

        words: str
        tone: Tone = Tone.DIM

    def __init__(self, session: Session) -> None:
        super().__init__(id=f"view-{self.where.name.lower()}", classes="view")
        self.session = session

    @property
    def rows(self) -> Rows:
        """The list that the movement keys move."""
        raise NotImplementedError

    @property
    def focus_target(self) -> Widget:
        """What has the focus while the view is in front and no sheet is open."""
        raise NotImplementedError

    def take(self, snapshot: Snapshot, *, anew: bool = False) -> None:
        """Show this snapshot; `anew` applies the order even while it should stand still."""
        raise NotImplementedError

    def tick(self, snapshot: Snapshot) -> None:
        """Time has passed: bring ages up to date."""
        self.take(snapshot)

    def subject(self) -> Subject | None:
        """What the cursor stands on."""
        raise NotImplementedError

    def go_to(self, subject: Subject) -> None:
        """Put the cursor on this, or on what of it the view has, if it has any."""
        raise NotImplementedError

    def go(self) -> Opening | None:
        """Enter: what the sheet shall show; None where the view drilled in, or said why it cannot."""
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

    def filter(self, query: str) -> str:
        """Show only what fits; empty shows all. The answer is what is wrong with the query, in words."""
        return f"this view has no filter for {query!r}"

    def decide_marked(self, act: Act) -> bool:  # noqa: ARG002 - views that have marks, or causes, answer it
        """Begin this for several tasks at once; whether several are meant."""
        return False

    def cli_equivalent(self) -> str:
        """The command line that does what the row is there for; empty: the one that shows its task."""
        return ""

    def following(self, decided: str) -> Opening | None:  # noqa: ARG002 - views that go on by themselves answer it
        """What the sheet shows after `decided` was decided; None closes it."""
        return None

    def sheet_opened(self) -> None:
        """The sheet covers part of the view: its order stands still until `sheet_closed`."""

    def sheet_closed(self) -> None:
        """The sheet is gone."""

    def chip(self, width: int) -> tuple[Line, ...]:  # noqa: ARG002
        """What waits to be shown, and the filter in force."""
        return ()

    def why(self, width: int) -> tuple[Line, ...]:  # noqa: ARG002
        """In one line why the row under the cursor is where it is."""
        return ()

    def explanation(self, width: int) -> tuple[Line, ...]:  # noqa: ARG002
        """`w`: why here, what clears it, who can act, the next commands."""
        return ()
