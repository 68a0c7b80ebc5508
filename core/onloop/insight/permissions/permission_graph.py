"""PURE: what can become, read or write what, as edges with the fact behind each; and the ways through them."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from enum import StrEnum

from onloop.records import Record

MOST_CHAINS = 100
"""How many ways are told at most."""


class Goal(StrEnum):
    """What nobody but those meant for it may reach."""

    APPROVAL = "approval"
    VERDICT = "verdict"
    MERGE = "merge"
    ORIGIN = "origin"
    CLAIM = "claim"


GOALS: Mapping[Goal, str] = {
    Goal.APPROVAL: "a decision in the name of a person",
    Goal.VERDICT: "evidence that no verifier of the gateway gave",
    Goal.MERGE: "a merge that no person was asked about",
    Goal.ORIGIN: "the origin itself, past the gateway",
    Goal.CLAIM: "work under a launcher's name, beyond its own tasks",
}
"""What each goal means, in words."""


class PermissionEdge(Record):
    """`start` leads to `end` because of `fact`; `close` is what takes the edge away."""

    start: str
    end: str
    fact: str
    close: str


class PermissionChain(Record):
    """A way from somebody to a goal, in the order in which it is gone."""

    goal: Goal
    edges: tuple[PermissionEdge, ...]

    @property
    def start(self) -> str:
        """Whose way it is."""
        return self.edges[0].start

    @property
    def close(self) -> str:
        """What closes it at its last edge, which is the one that gives the goal."""
        return next((each.close for each in reversed(self.edges) if each.close), "")

    @property
    def words(self) -> str:
        """It in one line, the same for the same way."""
        return " → ".join((self.start, *(each.end for each in self.edges)))


class LookedEdge(Record):
    """An edge that was looked for: what was asked, and the edge where it is there."""

    asked: str
    edge: PermissionEdge | None = None


def chains_of(looked: Iterable[LookedEdge], starts: Sequence[str]) -> tuple[PermissionChain, ...]:
    """For each of those who start, and each last edge to a goal, the shortest way: in the order of the goals."""
    edges = tuple(each.edge for each in looked if each.edge is not None)
    leading: dict[str, list[PermissionEdge]] = {}
    for edge in edges:
        leading.setdefault(edge.start, []).append(edge)
    found = [chain for start in starts for chain in _from(start, leading)]
    order = list(Goal)
    return tuple(sorted(found, key=lambda chain: (order.index(chain.goal), len(chain.edges)))[:MOST_CHAINS])


def _from(start: str, leading: Mapping[str, Sequence[PermissionEdge]]) -> Iterable[PermissionChain]:
    """The shortest ways from one start: nothing is passed twice, so that a circle ends."""
    goals = {goal.value: goal for goal in Goal}
    seen, waiting = {start}, deque([(start, tuple[PermissionEdge, ...]())])
    while waiting:
        here, way = waiting.popleft()
        for edge in leading.get(here, ()):
            if edge.end in goals:
                yield PermissionChain(goals[edge.end], (*way, edge))
            elif edge.end not in seen:
                seen.add(edge.end)
                waiting.append((edge.end, (*way, edge)))
