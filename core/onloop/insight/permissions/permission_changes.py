"""What of permissions changed: by the log since a moment, and against an earlier audit."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from onloop.gateway.port import GatewayPort
from onloop.insight.permissions.permission_grounds import PermissionAudit
from onloop.machine.adopted_triggers import TriggersAdopted
from onloop.machine.call_rules import CallsAdopted
from onloop.machine.launchers import LauncherMinted, LauncherRevoked
from onloop.machine.organization_policies import PolicyAdopted, PolicyDropped
from onloop.machine.people import Delegated, DelegationEnded, PersonRemoved, PersonRenamed
from onloop.machine.person_keys import KeyEnrolled, KeyRemoved
from onloop.machine.schedules import ScheduleAdopted, ScheduleDropped, SchedulePaused, ScheduleResumed
from onloop.machine.store_state import HOUSE, PersonEnrolled, Tolerated
from onloop.records import Record
from onloop.store.port import Recorded
from onloop.views.queries.reads import ReadEvents

PAGE = 2_000
_KINDS = (
    *(PersonEnrolled, PersonRemoved, PersonRenamed, Delegated, DelegationEnded),
    *(LauncherMinted, LauncherRevoked, KeyEnrolled, KeyRemoved),
    *(PolicyAdopted, PolicyDropped, TriggersAdopted, CallsAdopted),
    *(ScheduleAdopted, ScheduleDropped, SchedulePaused, ScheduleResumed, Tolerated),
)
CHANGING = frozenset(kind.__name__ for kind in _KINDS)
"""The events of the store by which somebody or something may more, or less."""

_NAMES = ("name", "person", "to", "origin", "id", "digest")


class PermissionChange(Record):
    """An event that changed who may what: when (ms), which, about whom, and who did it."""

    at: int
    event: str
    about: str
    by: str


class AuditDifference(Record):
    """What is there and was not in an earlier audit, and what was there and is gone, each in one line."""

    new_ways: tuple[str, ...]
    gone_ways: tuple[str, ...]
    new_grants: tuple[str, ...]
    gone_grants: tuple[str, ...]

    @property
    def reaches_more(self) -> bool:
        """Whether anything may more than then."""
        return bool(self.new_ways or self.new_grants)


def changes_since(gateway: GatewayPort, since: int) -> tuple[PermissionChange, ...]:
    """Every such event of the log from `since` (ms) on, in its order."""
    found, last = list[PermissionChange](), 0
    while page := gateway.perform(ReadEvents(after=last, limit=PAGE, run=HOUSE)):
        found += [_change(each) for each in page if each.name in CHANGING and each.at >= since]
        last = page[-1].seq
        if len(page) < PAGE:
            break
    return tuple(found)


def _change(event: Recorded) -> PermissionChange:
    data: Any = json.loads(event.data)
    inner = next((data[key] for key in ("schedule", "policy") if isinstance(data.get(key), dict)), data)
    about = next((str(inner[key]) for key in _NAMES if inner.get(key)), "")
    groups = f" ({', '.join(map(str, inner['groups']))})" if inner.get("groups") else ""
    return PermissionChange(event.at, event.name, f"{about}{groups}"[:300], event.principal)


def difference(now: PermissionAudit, then: PermissionAudit) -> AuditDifference:
    """What changed between two audits; a note beside a grant is no difference."""
    ways, old_ways = _ways(now), _ways(then)
    grants, old_grants = dict(_grants(now)), dict(_grants(then))
    return AuditDifference(
        tuple(each for each in ways if each not in old_ways),
        tuple(each for each in old_ways if each not in ways),
        tuple(words for key, words in grants.items() if key not in old_grants),
        tuple(words for key, words in old_grants.items() if key not in grants),
    )


def _ways(audit: PermissionAudit) -> tuple[str, ...]:
    return tuple(dict.fromkeys(chain.words for chain in audit.chains))


def _grants(audit: PermissionAudit) -> Iterator[tuple[tuple[str, ...], str]]:
    for each in audit.grants:
        where = f" ({each.where})" if each.where else ""
        yield each.key, f"{each.kind} {each.holder}: {each.may}{where}"
