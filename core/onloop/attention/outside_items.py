"""Attention items for what fails outside of a task: schedules that begin nothing, channels that take no calls."""

from __future__ import annotations

from onloop.attention.fingerprint import fingerprint
from onloop.attention.items import TIERS, AttentionItem
from onloop.machine.outside_troubles import OutsideTrouble, OutsideTroubles
from onloop.machine.state import Reason


def outside_items(troubles: OutsideTroubles) -> tuple[AttentionItem, ...]:
    """An item for each subject that fails; its `task` is the subject."""
    return tuple(_item(each) for _, each in sorted(troubles.items()))


def _item(each: OutsideTrouble) -> AttentionItem:
    kind, _, name = each.subject.partition(":")
    return AttentionItem(
        task=each.subject,
        run="",
        repo=None,
        title=each.way_out,
        workflow="",
        step=f"{kind} {name}",
        reason=Reason.HALTED,
        tier=TIERS[Reason.HALTED],
        gate=None,
        detail=each.words,
        signature=each.subject,
        cause=fingerprint(Reason.HALTED.value, "outside", each.subject),
        since=each.at,
        version=1,
        requests=(),
    )
