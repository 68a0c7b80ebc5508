"""The orders in which agents may stand: a person asks for one, and nothing moves by itself meanwhile."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from enum import StrEnum
from types import MappingProxyType

from onloop_tui.model.agents.agent_rows import AgentRow


class AgentOrder(StrEnum):
    """What agents are ordered by; each says it in words."""

    NAME = "by name"
    PROGRESS = "longest without progress first"
    CONTEXT = "fullest context first"
    TOKENS = "most tokens first"
    ROUNDS = "most rounds first"

    @property
    def following(self) -> AgentOrder:
        """The next order, and the first after the last."""
        orders = tuple(AgentOrder)
        return orders[(orders.index(self) + 1) % len(orders)]


Ranks = Mapping[str, int]
"""The place of each task's agent in an order, as it was when a person asked for it."""
NO_RANKS: Ranks = MappingProxyType({})


def ranks_of(rows: Iterable[AgentRow], order: AgentOrder) -> Ranks:
    """The places of the agents in this order now; none by name, where no place ever changes."""
    if order is AgentOrder.NAME:
        return NO_RANKS
    ordered = sorted(rows, key=lambda row: _size(row, order))
    return {row.task.id: place for place, row in enumerate(ordered)}


def ranked(rows: Sequence[AgentRow], ranks: Ranks) -> Sequence[AgentRow]:
    """The rows in their places; who came since stands at the end."""
    return sorted(rows, key=lambda row: ranks.get(row.task.id, len(ranks))) if ranks else rows


def _size(row: AgentRow, order: AgentOrder) -> int:
    """What is compared: the smallest stands first."""
    match order:
        case AgentOrder.PROGRESS:
            return row.lease.progress_at
        case AgentOrder.CONTEXT:
            return -(row.task.context or 0)
        case AgentOrder.TOKENS:
            return -(row.task.spending.whole.usage.tokens or 0)
        case AgentOrder.ROUNDS:
            return -(row.task.round + row.task.attempt)
        case _:
            return 0
