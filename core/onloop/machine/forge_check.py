"""What the gateway's own check run says of a commit, as it is recorded."""

from __future__ import annotations

from enum import StrEnum

from onloop.machine.limits import Digest, Words
from onloop.records import Record

CHECK_JOB = "@check"
"""What stands for a gate in the job that has the forge show it: no gate can be called so."""


class CheckStanding(StrEnum):
    """How a task stands, as a check run says it."""

    QUEUED = "queued"
    IN_PROGRESS = "in_progress"
    ACTION_REQUIRED = "action_required"
    SUCCESS = "success"
    FAILURE = "failure"


class OwnCheck(Record):
    """What is said of a commit."""

    head: Digest
    standing: CheckStanding


class CheckReported(Record):
    """The forge shows this of the task; `how` says as what: a check run, a status, or why it took neither."""

    check: OwnCheck
    how: str = ""


class ReportCheck(Record):
    """Record what the forge shows of the task, which may have ended."""

    check: OwnCheck
    how: Words = ""
