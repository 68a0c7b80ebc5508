"""A decision that is taken back: what a person asks, and the fact, with how the task stood before it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from onloop.machine.artefacts import Artefact
from onloop.machine.evidence import Evidence
from onloop.machine.feedback import Feedback
from onloop.machine.gate_facts import Program
from onloop.machine.judgements import Judgement
from onloop.machine.limits import Number
from onloop.machine.messages import Handover, Note
from onloop.machine.offspring import Offspring
from onloop.machine.policy_findings import PolicyFinding
from onloop.machine.requests import Request
from onloop.machine.state import Reason, State
from onloop.machine.told_lessons import ToldLesson
from onloop.machine.voice import Voice
from onloop.records import Record, field, fields_of


class TakeBack(Record):
    """Take back one's own vote on an open request, else the newest decision, while nothing has begun because of it."""

    voice: Voice
    version: Number | None = None


class Stood(Record):
    """What a decision changes of a task, as it stood before: fields of the task, under their names there."""

    state: State = State.INPUT_REQUIRED
    reason: Reason | None = None
    detail: str = ""
    since: int = 0
    step: str | None = None
    role: str | None = None
    visits: Mapping[str, int] = field(default_factory=dict)
    owner: str | None = None
    tries: int = 0
    round: int = 0
    not_before: int = 0
    awaited: tuple[str, ...] = ()
    requests: tuple[Request, ...] = ()
    feedback: tuple[Feedback, ...] = ()
    lessons: tuple[ToldLesson, ...] = ()
    judgements: tuple[Judgement, ...] = ()
    handovers: tuple[Handover, ...] = ()
    notes: tuple[Note, ...] = ()
    children: tuple[Offspring, ...] = ()
    joined: tuple[str, ...] | None = None
    evidence: Mapping[str, Evidence] = field(default_factory=dict)
    policies: Mapping[str, PolicyFinding] = field(default_factory=dict)
    inherited: Mapping[str, tuple[Artefact, ...]] = field(default_factory=dict)
    branches: Mapping[str, str] = field(default_factory=dict)
    programs: tuple[Program, ...] = ()
    postponed: tuple[int, ...] = ()

    @property
    def facts(self) -> Mapping[str, Any]:
        """These fields by name."""
        return {name: getattr(self, name) for name in fields_of(Stood)}


class TakenBack(Record):
    """The decision of `whose` on `request`, made `decided_at` (ms), counts no more; `by` took it back.

    What followed from it is undone: the task stands as it `stood`, so that the request is open again for the same
    subject. None where it was one of several votes, and nothing had followed.
    """

    request: str
    whose: str
    decided_at: int
    by: str
    stood: Stood | None = None
