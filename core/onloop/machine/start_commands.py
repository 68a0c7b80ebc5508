"""Requests about what is found before an agent starts, and about what people put right in a live run."""

from __future__ import annotations

from onloop.machine.limits import Digest, Id, Number, Path, Words
from onloop.machine.task import Evidence
from onloop.machine.voice import Voice
from onloop.records import Record


class ReportBase(Record):
    """A verifier's answer about what an agent would begin with, to the `number`-th time that it was asked."""

    evidence: Evidence
    number: Number


class Amend(Record):
    """Go on under the workflow pinned as `definition`; work that was handed in is judged again by its gates."""

    definition: Digest
    voice: Voice
    reason: Words
    version: Number | None = None


class Retarget(Record):
    """Do the work elsewhere: in this repository, moving this branch."""

    repo: Id
    origin: Path
    target: Id
    voice: Voice
    reason: Words = ""
    version: Number | None = None
