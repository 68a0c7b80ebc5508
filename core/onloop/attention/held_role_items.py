"""Attention items for held roles: one for each role whose agents all end alike."""

from __future__ import annotations

from onloop.attention.fingerprint import fingerprint
from onloop.attention.groups import Group
from onloop.attention.items import TIERS, AttentionItem
from onloop.machine.held_roles import MOST_NAMED, Streak, Streaks
from onloop.machine.state import Reason

_ROLE = "role:"


def held_role_items(streaks: Streaks) -> tuple[AttentionItem, ...]:
    """An item for each role that is held. Its `task` is the role, as `role:NAME`."""
    return tuple(_item(streak) for _, streak in sorted(streaks.items()) if streak.is_held)


def held_role(group: Group) -> str | None:
    """The role that a group is about, if it is about a held one."""
    name = group.members[0].task
    return None if group.has_tasks or not name.startswith(_ROLE) else name.removeprefix(_ROLE)


def held_words(streak: Streak) -> str:
    """How the agents of a held role end, in a sentence."""
    more = "or more " if len(streak.tasks) >= MOST_NAMED else ""
    tasks = f"{len(streak.tasks)} {more}{'task' if len(streak.tasks) == 1 else 'tasks'}"
    return f"{tasks}: agents of role {streak.role} end with '{streak.words}'"


def _item(streak: Streak) -> AttentionItem:
    return AttentionItem(
        task=f"{_ROLE}{streak.role}",
        run="",
        repo=None,
        title=f"its agents end alike; onloop retry --role {streak.role} tries one task now",
        workflow="",
        step=f"role {streak.role}",
        reason=Reason.HALTED,
        tier=TIERS[Reason.HALTED],
        gate=None,
        detail=held_words(streak),
        signature=streak.cause,
        cause=fingerprint(Reason.HALTED.value, "role", streak.role, streak.cause),
        since=streak.held_at,
        version=streak.count,
        requests=(),
    )
