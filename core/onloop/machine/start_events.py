"""Facts about what is found before an agent starts, and about what people put right in a live run."""

from __future__ import annotations

from onloop.machine.base_facts import Amendment
from onloop.machine.task import Evidence, Submission
from onloop.records import Record


class BaseGatesRequested(Record):
    """A verifier was asked for these gates of `step` before an agent starts there at this visit."""

    step: str
    visit: int
    gates: tuple[str, ...]


class BaseReported(Record):
    """A verifier answered about what an agent would begin with: the base, or the commit that counts."""

    evidence: Evidence


class BaseAccepted(Record):
    """A person goes on although these gates of `step` fail on the base: they allow what is no worse."""

    step: str
    by: str
    gates: tuple[str, ...]


class StepSkipped(Record):
    """The gates of `step` pass already, so it needs no agent; `submission` is the base where nothing was handed in."""

    step: str
    submission: Submission | None = None


class Amended(Record):
    """A person mended the workflow of the live run: what other pins vouched for is stale."""

    amendment: Amendment
    workflow: str


class Retargeted(Record):
    """A person put right where the work is done: the repository, and the branch that effects move."""

    repo: str
    origin: str
    target: str
    by: str
    reason: str = ""
