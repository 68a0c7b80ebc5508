"""What the verbs of people take."""

from __future__ import annotations

from onloop.cli.arguments import Arguments, PersonArguments


class TaskArguments(Arguments, frozen=True, kw_only=True):
    """Of a verb that looks at one task."""

    task: str


class ShowArguments(TaskArguments, frozen=True, kw_only=True):
    """Of show."""

    diff: bool
    a2a: bool
    attachment: str | None
    to: str | None
    file: str | None
    first: int


class WrittenArguments(PersonArguments, frozen=True, kw_only=True):
    """Of a verb that takes what a person writes: where else it may come from."""

    file: str
    edit: bool


class DecisionArguments(WrittenArguments, frozen=True, kw_only=True):
    """Of every decision on one task."""

    task: str
    version: int | None
    key: str


class UndoArguments(PersonArguments, frozen=True, kw_only=True):
    """Of undo."""

    task: str
    version: int | None
    key: str


class DigestArguments(DecisionArguments, frozen=True, kw_only=True):
    """Of a decision about what was shown."""

    digest: str


class GateDecisionArguments(DigestArguments, frozen=True, kw_only=True):
    """Of a decision on what a gate asks, for one task or for all of a row: which gate, and what was shown."""

    gate: str | None
    cause: str | None
    yes: bool
    digests: str | None
    dry_run: bool


class OverrideArguments(DigestArguments, frozen=True, kw_only=True):
    """Of override; and with which security key it is signed."""

    gate: str
    reason: str
    sign: str | None
    signature: str | None
    to_sign: bool


class ApproveArguments(GateDecisionArguments, frozen=True, kw_only=True):
    """Of approve; and with which security key it is signed."""

    sign: str | None
    signature: str | None
    to_sign: bool
    note: str
    seen: tuple[str, ...]


class RejectArguments(GateDecisionArguments, frozen=True, kw_only=True):
    """Of reject."""

    reason: str


class AnswerArguments(DecisionArguments, frozen=True, kw_only=True):
    """Of answer."""

    text: str


class ReasonedDecisionArguments(DecisionArguments, frozen=True, kw_only=True):
    """Of pause and cancel."""

    reason: str


class ResumeArguments(DecisionArguments, frozen=True, kw_only=True):
    """Of resume."""

    note: str


class CauseDecisionArguments(WrittenArguments, frozen=True, kw_only=True):
    """Of a decision on one task, or on those with one cause."""

    task: str | None
    cause: str | None
    first: int | None
    rest: bool
    version: int | None
    key: str


class RetryArguments(CauseDecisionArguments, frozen=True, kw_only=True):
    """Of retry."""

    note: str
    no_worse: bool
    role: str | None
    more: str | None


class ExcludeArguments(CauseDecisionArguments, frozen=True, kw_only=True):
    """Of exclude."""

    reason: str


class AmendArguments(PersonArguments, frozen=True, kw_only=True):
    """Of amend."""

    task: str
    workflow: str
    control: str | None
    control_branch: str | None
    reason: str


class RetargetArguments(DecisionArguments, frozen=True, kw_only=True):
    """Of retarget."""

    branch: str | None
    origin: str | None
    reason: str


class ScopeArguments(PersonArguments, frozen=True, kw_only=True):
    """Of unfreeze."""

    scope: str
    key: str


class RepositoryArguments(PersonArguments, frozen=True, kw_only=True):
    """Of repository."""

    what: str
    origin: str
    findings: tuple[str, ...]
    key: str


class GcArguments(PersonArguments, frozen=True, kw_only=True):
    """Of gc."""

    older: str
    dry_run: bool


class FreezeArguments(ScopeArguments, frozen=True, kw_only=True):
    """Of freeze."""

    reason: str


class AttentionArguments(Arguments, frozen=True, kw_only=True):
    """Of attention."""

    all: bool
    wait: bool
    timeout: str | None
    scope: str | None
    viewer: str | None


class CauseArguments(PersonArguments, frozen=True, kw_only=True):
    """Of wake, and of every mark on a cause."""

    cause: str


class RegroupArguments(CauseArguments, frozen=True, kw_only=True):
    """Of cause: what to do, to which cause, with which others or for which tasks."""

    what: str
    others: tuple[str, ...]
    tasks: tuple[str, ...]


class AckArguments(CauseArguments, frozen=True, kw_only=True):
    """Of ack."""

    duration: str


class SnoozeArguments(CauseArguments, frozen=True, kw_only=True):
    """Of snooze."""

    duration: str
    until: str | None
    until_change: bool
    grows_by: int | None


class MuteArguments(PersonArguments, frozen=True, kw_only=True):
    """Of mute."""

    duration: str
    reason: str
    cause: str | None
    reason_code: str | None
    gate: str | None
    step: str | None
    workflow: str | None
    repo: str | None
    run: str | None


class UnmuteArguments(PersonArguments, frozen=True, kw_only=True):
    """Of unmute."""

    rule: str


class NoteArguments(WrittenArguments, frozen=True, kw_only=True):
    """Of note."""

    task: str
    version: int | None
    key: str
    text: str
    below: bool
    cause: bool
