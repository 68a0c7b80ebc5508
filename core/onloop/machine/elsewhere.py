"""What is asked, and recorded, about a task whose work is made elsewhere. All of it comes from integrations."""

from __future__ import annotations

from enum import StrEnum

from onloop.machine.limits import Digest, Id, Key, Path, Words
from onloop.machine.task import Feedback, Submission
from onloop.machine.work_elsewhere import WorkPlace
from onloop.records import Record


class FeedbackKind(StrEnum):
    """What came back from outside; the values are kinds of feedback in a brief."""

    CHANGES_REQUESTED = "changes"
    COMMENT = "comment"
    CHECKS = "checks"
    CONFLICT = "conflict"


class PlaceEnd(StrEnum):
    """How work elsewhere went on without us."""

    MERGED = "merged"
    CLOSED = "closed"
    LOST = "lost"
    UNHEARD = "unheard"
    """It goes on there without knowing what came back."""


class Follow(Record):
    """Wait for work that is made at `source`, whoever makes it there; said by a launcher, who could claim the task."""

    source: WorkPlace


class Adopt(Record):
    """Ask for the gates of the step on work that was made elsewhere; `source` is where, if that was not known."""

    by: Id
    submission: Submission
    source: WorkPlace | None = None


class Hear(Record):
    """Something was said outside about the commit `head`: the work goes back with it, once for each `key`.

    `author` is an enrolled person, or the integration itself. It is never a decision, and never evidence.
    """

    by: Id
    kind: FeedbackKind
    key: Key
    text: Words
    author: Id
    head: Digest = ""


class EndElsewhere(Record):
    """What became of the work elsewhere: it was merged at commit `head`, closed, or cannot be fetched any more.

    `into` is the branch that it was merged into; empty where that is known to be the task's target.
    """

    by: Id
    outcome: PlaceEnd
    detail: Words
    head: Digest = ""
    into: Path = ""


class Adopted(Record):
    """The work of this task is made at that place from now on, until somebody claims it."""

    source: WorkPlace
    by: str = ""


class FeedbackTaken(Record):
    """What an integration brought under `key` was taken up; `feedback` goes into the brief of whoever works on it."""

    key: str
    by: str
    feedback: Feedback | None = None


class WorkLost(Record):
    """The place of the work elsewhere is not there any more; what was handed in stays."""

    detail: str
    by: str
