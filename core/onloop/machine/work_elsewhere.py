"""Where a task's work is made, when no agent of ours makes it: a branch of its origin, or a pull request."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

from onloop.machine.limits import Id, Number, Path, Text
from onloop.records import Record

Foreign = Annotated[str, Text(500, foreign=True)]
"""A name or title that somebody outside chose."""


class PlaceKind(StrEnum):
    """What the work is handed in from."""

    BRANCH = "branch"
    PULL_REQUEST = "pull_request"


class WorkPlace(Record):
    """What follows is somebody else's work at `step`, fetched from `ref` of the task's origin.

    Of a pull request `number` of `repository` (owner/name) at `host`, opened by `author`, as the forge names them;
    `worker` is whom onloop takes for its author: an enrolled person, else `integration:HOST/LOGIN`.
    """

    kind: PlaceKind
    step: Id
    ref: Path
    worker: Id
    host: Id = ""
    repository: Id = ""
    number: Number = 0
    author: Foreign = ""
    url: Path = ""
    lost: Foreign = ""
    """Why it cannot be fetched any more; empty while it can."""

    @property
    def words(self) -> str:
        """The place, for a sentence."""
        if self.kind is PlaceKind.PULL_REQUEST:
            return f"pull request {self.repository}#{self.number}"
        return f"branch {self.ref}"
