"""PURE: what is remembered of a task while it lives, so that its end and its requests can be counted."""

from __future__ import annotations

from collections import Counter

from onloop.insight.measures.loop_figures import GateName
from onloop.machine.state import Reason, State
from onloop.machine.task import RequestKind
from onloop.machine.usage import StepSpending, Usage
from onloop.records import MutableRecord, Record, field
from onloop.views.time_kinds import FOR_AGENTS, time_of


class AskedRequest(MutableRecord):
    """A request that is open: what it is at, since when, and what was said so far."""

    gate: GateName
    kind: RequestKind
    opened_at: int
    quorum: int
    approvals: int = 0
    is_rejected: bool = False
    is_answered: bool = False
    decided_at: int = 0
    lines: int | None = None
    unread: int = 0
    measured: int = 0


class StandingApproval(MutableRecord):
    """An approval that work went on with; doubted once something sent the work back that it had let on."""

    gate: GateName
    is_doubted: bool = False


class JudgedWork(Record):
    """What a verdict is about: which gate looked at which work, under which workflow."""

    gate: GateName
    tree: str
    base: str
    definition: str


class FollowedTask(MutableRecord):
    """A live task; `is_counted` where it is in the scope. Others are followed for what reviewers were busy with."""

    run: str
    workflow: str
    is_work: bool
    is_counted: bool
    created: int
    step: str = ""
    entered: int = 0
    spent_with: str = FOR_AGENTS
    since: int = 0
    phases: Counter[str] = field(default_factory=Counter)
    times: Counter[str] = field(default_factory=Counter)
    touches: int = 0
    touched: tuple[int, str] = (0, "")
    lines: int | None = None
    authors: tuple[str, ...] = ()
    is_handled: bool = False
    """Whether a person held it, or stepped into its environment."""
    effect: tuple[str, str] = ("", "")
    """The id and the kind of the effect under way."""
    asked: dict[str, AskedRequest] = field(default_factory=dict)
    sent_back: set[GateName] = field(default_factory=set)
    approved: list[StandingApproval] = field(default_factory=list)
    verdicts: dict[JudgedWork, bool | None] = field(default_factory=dict)
    """Whether each work passed, None once two verdicts differed."""
    parent: str = ""
    spent: StepSpending = StepSpending()
    """What it took, and those below it that are a part of its work."""
    told: dict[str, Usage] = field(default_factory=dict)
    """What was told of its last lease, by source."""
    retaken: set[JudgedWork] = field(default_factory=set)
    """Works that were judged more than once."""

    def enter(self, step: str, at: int) -> None:
        """It stands at this step from `at` on."""
        self.pass_step(at)
        self.step, self.entered = step, at

    def pass_step(self, at: int) -> None:
        """Count the time at its step, up to `at`."""
        if self.step:
            self.phases[self.step.partition(".")[0]] += at - self.entered
        self.entered = at

    def move(self, state: State, reason: Reason | None, at: int) -> None:
        """Its time goes to this state from `at` on."""
        self.times[self.spent_with] += at - self.since
        self.spent_with, self.since = time_of(state, reason), at

    def touch(self, at: int, by: str) -> bool:
        """Count an act of a person; whether it is another one than the last, which may have been several facts."""
        is_new = self.touched != (at, by)
        self.touched = (at, by)
        self.touches += is_new
        return is_new
