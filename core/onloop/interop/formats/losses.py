"""What one format could not say of the other, each with its place and why."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

from onloop.records import Record
from onloop.text import safe
from onloop.workflow.positioned_tree import FileProblem, Position

LARGEST_FILE = 1_048_576
"""The largest file that is read, in bytes: as for our own."""

MOST_LOSSES = 500
"""How many losses are kept; the last one then says that there are more."""

_LONGEST = 300


class LossKind(StrEnum):
    """In which way something did not come along."""

    LOST = "lost"
    CHANGED = "changed"
    UNVERIFIED = "unverified"
    PROSE = "prose"
    CARRIED = "carried"


LOSS_MEANINGS: Mapping[LossKind, str] = {
    LossKind.LOST: "it is not there any more",
    LossKind.CHANGED: "it is there, and means something else",
    LossKind.UNVERIFIED: "nothing checks it: add a gate, or keep the person's that stands for one",
    LossKind.PROSE: "it is text for an agent, which no gate checks",
    LossKind.CARRIED: "onloop reads it back, and whoever else runs the file does not obey it",
}
"""What each kind says, in words."""


class Loss(Record):
    """Something that did not come along as it was, at a place of the file that was read."""

    kind: LossKind
    at: Position
    what: str
    why: str

    def line(self, file: str) -> str:
        """`file:line:col: kind: what; why`, safe to print."""
        place = f"{safe(file, 200)}:{self.at.line}:{self.at.column}"
        return f"{place}: {self.kind.value}: {safe(self.what, _LONGEST)}; {safe(self.why, _LONGEST)}"


class LossList:
    """Losses as they are found, in any order, up to a limit."""

    def __init__(self) -> None:
        self._found: dict[Loss, None] = {}
        self._is_full = False

    def add(self, kind: LossKind, at: Position, what: str, why: str) -> None:
        """Keep one more."""
        if len(self._found) < MOST_LOSSES:
            self._found[Loss(kind, at, what, why)] = None
        else:
            self._is_full = True

    def ordered(self) -> tuple[Loss, ...]:
        """All that were found, in the order of the file."""
        found = sorted(self._found, key=lambda loss: (loss.at.line, loss.at.column))
        if self._is_full:
            more = Loss(LossKind.LOST, found[-1].at, "there is more than is listed here", f"{MOST_LOSSES} are listed")
            return (*found, more)
        return tuple(found)


class FileRefused(Exception):
    """A file that cannot become a workflow, because of `problem`."""

    def __init__(self, at: Position, what: str, hint: str) -> None:
        super().__init__(what)
        self.problem = FileProblem(at, safe(what, _LONGEST), hint)


class ImportedWorkflow(Record):
    """A workflow file of ours as plain data, and what did not come along."""

    data: Mapping[str, object]
    losses: tuple[Loss, ...]


class ExportedWorkflow(Record):
    """A text in the format of others, and what it does not say."""

    text: str
    losses: tuple[Loss, ...]
