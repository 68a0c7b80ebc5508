"""Attention groups: all items with the same cause are one row, however many repositories share it."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence

from onloop.attention.items import AttentionItem, Tier
from onloop.machine.people import name_of
from onloop.machine.regrouping import CauseAct
from onloop.machine.requests import Handed
from onloop.machine.state import Reason
from onloop.records import Record

Place = tuple[int, bool, int, int, str]
"""The sort key of the queue; see Group.place."""

HEADLINES: Mapping[Reason, str] = {
    Reason.APPROVAL_REQUIRED: "approve {gate} at {step}",
    Reason.QUESTION: "a question at {step}",
    Reason.CHOICE: "a choice at {step}",
    Reason.GATE_FAILED: "a gate of {step} cannot be evaluated",
    Reason.ROUNDS_EXHAUSTED: "gates of {step} keep failing",
    Reason.ATTEMPTS_EXHAUSTED: "attempts at {step} are spent",
    Reason.TIMED_OUT: "{step} takes too long",
    Reason.BUDGET_EXHAUSTED: "the budget of {step} is spent",
    Reason.CHANGED_SINCE_APPROVAL: "changed since it was approved",
    Reason.APPROVED_NOT_CONSUMED: "approved, but the approval was not used",
    Reason.POLICY_VIOLATION: "{gate} does not allow {step}",
    Reason.CONFLICT: "a conflict with the target branch",
    Reason.HALTED: "held at {step}",
    Reason.EXTERNAL: "waits until something outside works again",
    Reason.NO_CREDENTIALS: "credentials are missing for {step}",
    Reason.READY: "work for {whose} at {step}",
    Reason.STALLED: "no progress at {step}",
    Reason.DISCONNECTED: "no heartbeat from agents at {step}",
    Reason.FAILED: "failed at {step}",
    Reason.DENIED: "denied: {title}",
    Reason.ANOMALY: "looks wrong: {title}",
}
"""The text of a row, by reason."""

FLEET_HEADLINES: Mapping[Reason, str] = {
    Reason.APPROVAL_REQUIRED: "may the next wave begin? {title}",
    Reason.HALTED: "fleet halted: {title}",
}
"""The text of a row about a whole fleet, which stands at no step."""


SAME_DIFF = ", the same diff"
"""After the headline of tasks that ask for approval of one and the same change."""
RED_BASE = "{step} is red on its base, and no agent has started"


MOST_TEXTS = 20
"""How many of the different texts of a group are kept; the rest are counted."""


class SharedText(Record):
    """One of the texts of a group: in full, how many items have it, and the task that has had it longest."""

    text: str
    count: int
    task: str


class Group(Record):
    """All items with one cause; `since` is that of the oldest item, `clock` the earliest of their clocks, in ms.

    `texts` are the different texts of its failures, the most frequent first, and `text_count` says how many there are;
    `acts` is what people did that made the group what it is.
    """

    cause: str
    reason: Reason
    tier: Tier
    workflow: str
    step: str
    gate: str | None
    headline: str
    detail: str
    since: int
    members: tuple[AttentionItem, ...]
    clock: int | None = None
    texts: tuple[SharedText, ...] = ()
    text_count: int = 0
    acts: tuple[CauseAct, ...] = ()

    @property
    def has_tasks(self) -> bool:
        """Whether its members are tasks, which can be shown and decided, and not principals or roles."""
        return all(item.run for item in self.members)

    @property
    def on_base(self) -> bool:
        """Whether its members wait because their base is red, before any agent has started."""
        return self.members[0].on_base

    @property
    def content(self) -> str:
        """The digest of what all its members ask to be approved; empty where that differs, or is not known."""
        digests = {item.content for item in self.members}
        return next(iter(digests)) if len(digests) == 1 else ""

    @property
    def order(self) -> Place:
        """Its place in the queue without regard to time."""
        return self.place(None)

    def place(self, now: int | None) -> Place:
        """Its place in the queue at `now` (ms); the smallest comes first.

        The order is: tier, then clocks that have run out, then the number of members (in powers of two, so that rows
        do not jump), then the longest wait, then the cause.
        """
        calm = now is None or not self.is_overdue(now)
        return (self.tier, calm, -len(self.members).bit_length(), self.since, self.cause)

    def is_overdue(self, now: int) -> bool:
        """Whether one of its clocks has run out by `now` (ms)."""
        return self.clock is not None and self.clock <= now

    def why(self, now: int) -> str:
        """The place in the queue, in words."""
        overdue = " · a clock has run out" if self.is_overdue(now) else ""
        count = len(self.members)
        waiting = f"{count} waiting · longest {age(now - self.since)}"
        alike = " · one and the same diff" if self.content and count > 1 else ""
        return f"tier {self.tier.value} {self.tier.name.lower()}{overdue}{alike} · {waiting}"


def groups_of(items: Iterable[AttentionItem]) -> tuple[Group, ...]:
    """One group per cause, most pressing first, without regard to time."""
    by_cause: defaultdict[str, list[AttentionItem]] = defaultdict(list)
    for item in items:
        by_cause[item.cause].append(item)
    groups = (group_of(sorted(members, key=seniority)) for members in by_cause.values())
    return tuple(sorted(groups, key=lambda group: group.order))


def seniority(item: AttentionItem) -> tuple[int, str]:
    """The sort key of members: the one that waits longest comes first."""
    return (item.since, item.task)


def group_of(members: Sequence[AttentionItem]) -> Group:
    """The group of items that share a cause. Pass at least one, sorted by seniority."""
    first = members[0]
    texts = _texts(members)
    return Group(
        cause=first.cause,
        reason=first.reason,
        tier=first.tier,
        workflow=first.workflow,
        step=first.step,
        gate=first.gate,
        headline=f"{_headline(first)}{SAME_DIFF}" if _is_one_change(members) else _headline(first),
        detail=first.detail if first.signature else "",
        since=first.since,
        members=tuple(members),
        clock=min((item.clock for item in members if item.clock is not None), default=None),
        texts=texts[:MOST_TEXTS],
        text_count=len(texts),
        acts=tuple(dict.fromkeys(act for item in members for act in item.acts)),
    )


def _is_one_change(members: Sequence[AttentionItem]) -> bool:
    """Whether several ask for approval of one and the same change; a row that people merged may hold different ones."""
    return len(members) > 1 and members[0].content != "" and len({item.content for item in members}) == 1


def _headline(first: AttentionItem) -> str:
    known = FLEET_HEADLINES if not first.step else HEADLINES
    words = (RED_BASE if first.on_base else known.get(first.reason, HEADLINES[first.reason])).format(
        gate=first.gate or "it", step=first.step, title=first.title, whose=name_of(first.whose)
    )
    return words if first.handed is None else f"{words}, {handed_words(first.handed)}"


def handed_words(handed: Handed, me: str = "") -> str:
    """To whom a request was handed, by whom, and why; `me` is the id of whoever reads it."""
    to = "you" if handed.to == me else name_of(handed.to)
    return f"handed to {to} by {name_of(handed.by)}: {handed.why}"


def _texts(members: Sequence[AttentionItem]) -> tuple[SharedText, ...]:
    """The different texts of items, the most frequent first."""
    counts, firsts = Counter[str](), dict[str, AttentionItem]()
    for item in members:
        if item.wording:
            counts[item.wording] += 1
            firsts.setdefault(item.wording, item)
    return tuple(SharedText(firsts[key].detail, count, firsts[key].task) for key, count in counts.most_common())


def joined(parts: Iterable[Group]) -> Group:
    """One group made from parts with the same cause."""
    return group_of(sorted((item for part in parts for item in part.members), key=seniority))


def age(elapsed_ms: int) -> str:
    """A duration for people, in its two largest units: `40s`, `3m`, `2h10m`, `3d4h`."""
    seconds = max(0, elapsed_ms) // 1000
    if seconds < 60:
        return f"{seconds}s"
    minutes = seconds // 60
    if minutes < 60:
        return f"{minutes}m"
    hours, days = minutes // 60, minutes // 1440
    return f"{hours}h{minutes % 60:02}m" if hours < 24 else f"{days}d{hours % 24}h"
