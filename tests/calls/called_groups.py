"""Causes to call about, made by hand."""

from __future__ import annotations

from typing import Any

from onloop.attention.groups import Group, group_of
from onloop.attention.items import TIERS, AttentionItem
from onloop.machine.call_rules import CallPlan, CallRule, CallStep, QuietHours, Recipient
from onloop.machine.state import Reason

MINUTE, HOUR = 60_000, 3_600_000


def item(cause: str, since: int = 0, reason: Reason = Reason.APPROVAL_REQUIRED, **more: Any) -> AttentionItem:
    given = {
        "task": f"r1.{cause}",
        "run": "r1",
        "repo": "billing",
        "title": "Fix it",
        "workflow": "feature",
        "step": "ship.approve",
        "reason": reason,
        "tier": TIERS[reason],
        "gate": "release",
        "detail": "asks for release",
        "signature": "",
        "cause": cause,
        "since": since,
        "version": 1,
        "requests": (),
        **more,
    }
    return AttentionItem(**given)


def group(cause: str, since: int = 0, reason: Reason = Reason.APPROVAL_REQUIRED, **more: Any) -> Group:
    return group_of([item(cause, since, reason, **more)])


def plan(**changes: Any) -> CallPlan:
    """Ana first, then Ben; both by phone, Ben by mail, too."""
    rule = CallRule(
        name="all",
        to=("ana",),
        tiers=("safety", "decision", "broken", "stalled"),
        dwell_ms=2 * MINUTE,
        digest_ms=0,
        steps=(CallStep(30 * MINUTE, ("ben",)),),
    )
    fields = {name: getattr(rule, name) for name in CallRule.__struct_fields__}
    quiet = changes.pop("quiet", None)
    ana = Recipient("ana", ("phone",), quiet)
    return CallPlan((ana, Recipient("ben", ("phone", "mail"))), (CallRule(**{**fields, **changes}),), 4 * HOUR)


NIGHT = QuietHours("Europe/Berlin", 22 * 60, 7 * 60)
