"""Which calls the rules ask for at a moment, compared with those that are remembered: pure rules, no clock."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from enum import StrEnum
from hashlib import sha256

from onloop.attention.groups import Group
from onloop.machine.call_rules import CallPlan, CallRule, QuietHours, Recipient
from onloop.records import Record, replace
from onloop.store.rows import CallRow
from onloop.times import wall_clock
from onloop.workflow.zones import zone_named

LEASE_MS = 120_000
"""For how long a message is one process's before another may send it."""

ELSEWHERE_MS = 300_000
"""For how long a machine that has not the channel of a call leaves it to others."""

MOST_TOGETHER = 30
"""How many causes one message names at most."""


class CallState(StrEnum):
    """What became of a call: it waits, is being sent, was sent, or its cause was over before."""

    WAITING = "waiting"
    SENDING = "sending"
    SENT = "sent"
    OVER = "over"


class WantedCall(Record):
    """A call that a rule asks for about a cause that is shown now."""

    id: str
    rule: CallRule
    level: int
    recipient: Recipient
    channel: str
    after_ms: int
    """How long after the first call it is due."""

    def due_at(self, since: int, now: int) -> int:
        """When it is due (ms) about a cause that is there since then, and was met at `now`."""
        gathered = self.after_ms + self.rule.digest_ms
        return max(since + self.rule.dwell_ms, now) + gathered


class CallChanges(Record):
    """The rows that are to be written, and the ids of those that are to be forgotten."""

    puts: tuple[CallRow, ...] = ()
    gone: tuple[str, ...] = ()


def fits(rule: CallRule, group: Group) -> bool:
    """Whether the rule is about the cause: one of its items must have everything that the rule names."""
    if rule.tiers and group.tier.name.lower() not in rule.tiers:
        return False
    if rule.kinds and group.reason.value not in rule.kinds:
        return False
    asked = (("workflow", rule.workflows), ("run", rule.runs), ("repo", rule.repos), ("gate", rule.gates))
    return any(
        all(not wanted or getattr(item, name) in wanted for name, wanted in (*asked, ("whose", rule.whose)))
        for item in group.members
    )


def rule_for(plan: CallPlan, group: Group) -> CallRule | None:
    """The first rule that is about the cause."""
    return next((rule for rule in plan.rules if fits(rule, group)), None)


def call_id(cause: str, recipient: str, channel: str) -> str:
    """The id of a call: one recipient is called once about a cause by each channel, whatever asks for it."""
    return sha256("\x1f".join((cause, recipient, channel)).encode()).hexdigest()[:16]


def wanted_about(plan: CallPlan, group: Group) -> Iterator[WantedCall]:
    """The calls that the rules ask for about a cause, first ones first."""
    rule = rule_for(plan, group)
    if rule is None:
        return
    known = {each.name: each for each in plan.recipients}
    met = set[str]()
    for level, (after, names) in enumerate(((0, rule.to), *((step.after_ms, step.to) for step in rule.steps))):
        for recipient in (known[name] for name in names if name in known):
            for channel in recipient.channels:
                call = call_id(group.cause, recipient.name, channel)
                if call not in met and not _is_about_itself(group, channel):
                    met.add(call)
                    yield WantedCall(call, rule, level, recipient, channel, after)


def _is_about_itself(group: Group, channel: str) -> bool:
    """That a channel takes no calls is not told by itself."""
    return any(item.task == f"channel:{channel}" for item in group.members)


def changes_at(plan: CallPlan | None, shown: Sequence[Group], rows: Sequence[CallRow], now: int) -> CallChanges:
    """What changes of the rows when these groups are shown at `now` (ms)."""
    known, wanted = {row.id: row for row in rows}, dict[str, tuple[WantedCall, Group]]()
    for group in shown if plan is not None else ():
        wanted |= {call.id: (call, group) for call in wanted_about(plan, group)} if plan is not None else {}
    puts = [row for call, group in wanted.values() if (row := _kept(known.get(call.id), call, group, now)) is not None]
    again_ms = plan.again_ms if plan is not None else 0
    gone = list[str]()
    for row in rows:
        if row.id in wanted:
            continue
        if row.over_at and now - row.over_at >= again_ms:
            gone.append(row.id)
        elif not row.over_at:
            is_open = row.state in {CallState.WAITING.value, CallState.SENDING.value}
            state = CallState.OVER.value if is_open else row.state
            puts.append(replace(row, state=state, over_at=now, message="" if is_open else row.message))
    return CallChanges(tuple(puts), tuple(gone))


def _kept(row: CallRow | None, call: WantedCall, group: Group, now: int) -> CallRow | None:
    """The row of a call that is asked for, where it is new or its cause is back; None where nothing changes."""
    if row is None:
        return CallRow(
            id=call.id,
            rule=call.rule.name,
            cause=group.cause,
            level=call.level,
            recipient=call.recipient.name,
            channel=call.channel,
            state=CallState.WAITING.value,
            since=group.since,
            due_at=call.due_at(group.since, now),
            sent_at=0,
            over_at=0,
            message="",
            attempts=0,
            leased_until=0,
            words="",
        )
    if not row.over_at:
        return None
    if row.state == CallState.OVER.value:  # it was never told: the cause must last anew
        again = replace(row, state=CallState.WAITING.value, over_at=0, since=group.since, attempts=0, words="")
        return replace(again, due_at=call.due_at(now, now))
    return replace(row, over_at=0)


def quiet_words(recipient: Recipient | None, tier: str, now: int) -> str:
    """Why somebody is not called now about a cause of that tier: their quiet hours; empty where they may be."""
    quiet = recipient.quiet if recipient is not None else None
    if quiet is None or tier in quiet.except_tiers or not is_quiet(quiet, now):
        return ""
    return f"quiet until {quiet.ends // 60:02}:{quiet.ends % 60:02} in {quiet.zone}"


def is_quiet(quiet: QuietHours, now: int) -> bool:
    """Whether the wall clock of the zone is between the two times of day at `now` (ms)."""
    wall = wall_clock(now, zone_named(quiet.zone))
    minute = wall.hour * 60 + wall.minute
    if quiet.begins < quiet.ends:
        return quiet.begins <= minute < quiet.ends
    return minute >= quiet.begins or minute < quiet.ends


def may_send(row: CallRow, now: int, channels: Sequence[str]) -> bool:
    """Whether a call is due, and nobody is sending it. A clock that was set back frees it, too.

    A machine that does not know the channel lets those that may know it go first.
    """
    if row.channel not in channels and now - row.due_at < ELSEWHERE_MS:
        return False
    if row.state == CallState.WAITING.value:
        return row.due_at <= now
    return row.state == CallState.SENDING.value and not now < row.leased_until <= now + LEASE_MS


class CallBatch(Record):
    """Calls to one recipient by one channel that go out as one message, under an id that stays."""

    message: str
    recipient: str
    channel: str
    rows: tuple[CallRow, ...]


def batches(rows: Sequence[CallRow]) -> tuple[CallBatch, ...]:
    """Rows that may be sent, put together: what had a message before keeps it, the rest makes new ones."""
    found = dict[tuple[str, str, str], list[CallRow]]()
    for row in sorted(rows, key=lambda row: (row.due_at, row.id)):
        found.setdefault((row.recipient, row.channel, row.message), []).append(row)
    made = list[CallBatch]()
    for (recipient, channel, message), together in found.items():
        for start in range(0, len(together), MOST_TOGETHER):
            part = tuple(together[start : start + MOST_TOGETHER])
            made.append(CallBatch(message or _message_id(part), recipient, channel, part))
    return tuple(made)


def _message_id(rows: Sequence[CallRow]) -> str:
    return sha256("|".join(f"{row.id}@{row.since}" for row in rows).encode()).hexdigest()[:24]


def by_cause(groups: Sequence[Group]) -> Mapping[str, Group]:
    """The groups by their causes."""
    return {group.cause: group for group in groups}
