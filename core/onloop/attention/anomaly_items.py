"""Attention items for what looks wrong: one for each kind, principal and task, with the events that show it."""

from __future__ import annotations

from onloop.attention.fingerprint import fingerprint
from onloop.attention.items import TIERS, AttentionItem
from onloop.machine.anomalies import TOLD_FOR_MS, Anomalies, Anomaly, AnomalyKind
from onloop.machine.state import Reason

TITLES: dict[AnomalyKind, str] = {
    AnomalyKind.BYPASS: "a gate was BYPASSED",
    AnomalyKind.BYPASS_BURST: "many gates were BYPASSED",
    AnomalyKind.HASTY: "approved faster than anybody reads",
    AnomalyKind.MANY_APPROVALS: "approved a great many in a row",
    AnomalyKind.SELF_DEALING: "approved commits under their own address",
    AnomalyKind.FLIPPED: "a gate failed, then passed on the same work",
    AnomalyKind.FEWER_TESTS: "it passes with fewer tests than failed",
    AnomalyKind.NEW_AUTHORITY: "decided with a key that is minutes old",
}
"""Each kind in words."""


def anomaly_items(anomalies: Anomalies, now: int) -> tuple[AttentionItem, ...]:
    """An item for each anomaly that is not old at `now` (ms). Its `task` is the task, or who it is about."""
    recent = (each for _, each in sorted(anomalies.items()) if now - each.last.at < TOLD_FOR_MS)
    return tuple(_item(each) for each in recent)


def _item(each: Anomaly) -> AttentionItem:
    last = each.last
    times = f", {each.count} times" if each.count > 1 else ""
    shown = f" (events {', '.join(last.events)})" if last.events else ""
    words = f"{last.about} {last.words}{times}{shown}" if _is_deed(last.kind) else f"{last.words}{times}{shown}"
    return AttentionItem(
        task=last.task or last.about,
        run=last.task.partition(".")[0],
        repo=None,
        title=f"{TITLES[last.kind]}: {last.about}",
        workflow="",
        step="",
        reason=Reason.ANOMALY,
        tier=TIERS[Reason.ANOMALY],
        gate=None,
        detail=words,
        signature=last.kind.value,
        cause=fingerprint(Reason.ANOMALY.value, last.kind.value, last.about, last.task),
        since=last.at,
        version=each.count,
        requests=(),
    )


def _is_deed(kind: AnomalyKind) -> bool:
    """Whether the words say what its principal did."""
    return kind not in {AnomalyKind.FLIPPED, AnomalyKind.FEWER_TESTS}
