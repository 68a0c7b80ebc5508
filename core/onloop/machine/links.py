"""A task's links to the outside: where the wish for it came from, what of a forge or a tracker is its own."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

from onloop.machine.limits import Id, Path, Range, Title
from onloop.records import Record

MOST_LINKS = 100
"""How many things outside may belong to one task."""

ForgeNumber = Annotated[int, Range(0, 2**53 - 1)]
"""A number that a forge gives: of a pull request, an issue, a check run."""


class LinkKind(StrEnum):
    """What a task may be linked to."""

    PULL_REQUEST = "pull_request"
    ISSUE = "issue"
    CHECK_RUN = "check_run"
    TAG = "tag"
    DEPLOYMENT = "deployment"


class Link(Record):
    """Something outside that belongs to one task: `repository` is `owner/name` at `host`.

    What has no number (a tag, a deployment) has a `name`; `url` is where a person looks at it.
    """

    kind: LinkKind
    host: Id
    repository: Id
    number: ForgeNumber = 0
    url: Path = ""
    name: Id = ""

    @property
    def key(self) -> str:
        """What no two tasks share: everything but the URL, in lower case as forges compare names."""
        place = f"{self.host}/{self.repository}".lower()
        return f"{self.kind.value} {place}#{self.number}{f' {self.name}' if self.name else ''}"

    @property
    def words(self) -> str:
        """As people name it: `pull_request acme/shop#7`."""
        return f"{self.kind.value} {self.repository}{f'#{self.number}' if self.number else f' {self.name}'}"


class Source(Record):
    """From where a task was begun: its `kind` (such as github or schedule), the trigger's or schedule's `name`.

    `url` is where it can be read, and `title` what it is called there; both were written by others.
    """

    kind: Id
    name: Id
    url: Path = ""
    title: Title = ""


class Linked(Record):
    """Something outside belongs to the task."""

    link: Link


class RecordLink(Record):
    """Record that something outside belongs to the task; nothing happens where that is known."""

    link: Link
