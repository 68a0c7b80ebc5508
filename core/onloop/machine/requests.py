"""What is asked of a person, and what they answer."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum

from onloop.machine.definition import Assurance
from onloop.records import Record


class RequestKind(StrEnum):
    """What is asked of a person."""

    APPROVAL = "approval"
    QUESTION = "question"
    CHOICE = "choice"


class DecisionKind(StrEnum):
    """A person's answer to a request."""

    APPROVE = "approve"
    REJECT = "reject"
    ANSWER = "answer"
    RETRY = "retry"
    REASSIGN = "reassign"
    CANCEL = "cancel"
    OVERRIDE = "override"
    """Recorded as a bypass of its own; among decisions only where they are listed."""


class Decision(Record):
    """A person's answer to a request, on the `digest` they were shown, with the assurance that was proved.

    `proof_age_ms` is how long before it the passphrase had been typed; `own_address` that commits carry theirs.
    `flagged` is the digest of what was flagged then (see `flagging`). `unseen` names what of the change they approved
    without having been shown it.
    """

    request: str
    answer: DecisionKind
    by: str
    assurance: Assurance
    at: int
    reason: str = ""
    digest: str = ""
    step: str = ""
    gate: str | None = None
    visit: int = 0
    head: str = ""
    base: str = ""
    proof_age_ms: int | None = None
    own_address: bool = False
    flagged: str = ""
    definition: str = ""
    unseen: tuple[str, ...] = ()
    behalf: str = ""
    """In whose place `by` decided, by a delegation; empty where for themselves."""
    key: str = ""
    """The security key that signed it, by its fingerprint; empty where none did."""
    presence: str = ""
    """What that key says was proved, in words: a touch, or a touch and a PIN."""
    content: str = ""
    """The digest of what differs from the base, whatever the commits: equal ones change the same."""
    waited_ms: int | None = None
    """How long the request had been open; unknown in older logs."""

    @property
    def voices(self) -> frozenset[str]:
        """Everyone who has spoken with it: no two decisions of one quorum may share any of them."""
        return frozenset({self.by, self.counts_as})

    @property
    def counts_as(self) -> str:
        """Whose right it was to decide so."""
        return self.behalf or self.by

    @property
    def who(self) -> str:
        """Who decided, and in whose place, in words."""
        return f"{self.by} for {self.behalf}" if self.behalf else self.by

    @property
    def words(self) -> str:
        """What they said, and what they approved without having been shown it."""
        return "; ".join(filter(None, (self.reason, unseen_words(self.unseen))))


def unseen_words(unseen: Sequence[str]) -> str:
    """What is approved without having been shown, in words; empty where all of it was."""
    return f"approved without showing: {', '.join(unseen)}" if unseen else ""


class Handed(Record):
    """That a request was handed on: to whom (`human:NAME` or `group:NAME`), by whom, why, and when (ms)."""

    to: str
    by: str
    why: str
    at: int


class Request(Record):
    """Something asked of a person. `approvers` names who may decide; empty means any person.

    `fresh_ms` bounds how long ago their passphrase may have been typed; 0 asks for one that is typed for this alone.
    """

    id: str
    kind: RequestKind
    step: str
    question: str
    opened_at: int
    gate: str | None = None
    approvers: tuple[str, ...] = ()
    quorum: int = 1
    assurance: Assurance = Assurance.A0
    asked_by: str = "gateway"
    reminders: int = 0
    escalated: bool = False
    fresh_ms: int | None = None
    handed: Handed | None = None
    """Whose it is to answer, since somebody said so last; it says nothing about who may."""
