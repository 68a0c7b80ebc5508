"""Who looks at what needs people, and which part of it is theirs: may act on, mine, my groups', everybody's."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from enum import StrEnum

from onloop.machine.people import GROUP
from onloop.machine.rules.people.entitlement import may_decide
from onloop.machine.store_state import StoreState
from onloop.machine.task import Task
from onloop.records import Record

_HUMAN = "human:"


class Scope(StrEnum):
    """Which part of what needs people is shown; the rest is counted."""

    MAY_ACT = "may_act"
    MINE = "mine"
    GROUPS = "groups"
    EVERYBODY = "everybody"


SCOPE_WORDS: Mapping[Scope, str] = {
    Scope.MAY_ACT: "what you may act on",
    Scope.MINE: "what you started, or is asked of you by name",
    Scope.GROUPS: "what your groups may decide",
    Scope.EVERYBODY: "what anybody may act on",
}
"""Each scope in words."""


class Viewer(Record):
    """Who looks: `id` is `human:NAME`, empty for nobody known; `groups` is None for who is not enrolled.

    It decides nothing: who says to be somebody sees another part of the same list.
    """

    id: str = ""
    groups: tuple[str, ...] | None = None
    lent: tuple[tuple[str, tuple[str, ...]], ...] = ()
    """In whose places they may decide, each with the groups of that person."""

    @property
    def is_known(self) -> bool:
        """Whether it is somebody who is enrolled."""
        return bool(self.id) and self.groups is not None

    def is_entitled(self, asked: Iterable[str]) -> bool:
        """Whether one who is among `asked` (names and groups; none is anybody) is this person."""
        own = (self.id, self.groups)
        return any(may_decide(who, groups, tuple(asked)) for who, groups in (own, *self.lent))

    def is_meant(self, owner: str) -> bool:
        """Whether the id of a person or a group means this person."""
        return owner == self.id or owner in {f"{GROUP}{group}" for group in self.groups or ()}


NOBODY = Viewer()
"""A viewer of whom nothing is known: everything is shown."""


def viewer_of(house: StoreState, *names: str) -> Viewer:
    """The first of these names under which somebody is enrolled, else the only person enrolled, else `NOBODY`."""
    only = tuple(house.people) if len(house.people) == 1 else ()
    found = next((name for name in (*names, *only) if name in house.people), None)
    if found is None:
        return NOBODY
    who, groups = house.people[found].principal, house.groups
    lent = {each.by: groups[each.by] for each in house.delegations.values() if each.to == who and each.by in groups}
    return Viewer(who, groups[who], tuple(lent.items()))


class Ties(Record):
    """What ties people to a task: who started it (a person, or a user of that name), has it, is asked, or held it.

    `asked` has the names and groups of each request; a request for nobody in particular is for any person.
    """

    sponsor: str = ""
    owner: str = ""
    asked: tuple[tuple[str, ...], ...] = ()
    held_by: tuple[str, ...] = ()
    handed_to: tuple[str, ...] = ()
    """Whose its requests are to answer, where somebody said so."""


UNTIED = Ties()
"""What no person is tied to."""


def ties_of(task: Task) -> Ties:
    """What ties people to the task."""
    held = {name for names in task.workers.values() for name in names if name.startswith(_HUMAN)}
    return Ties(
        task.sponsor,
        task.owner or "",
        tuple(request.approvers for request in task.requests),
        tuple(sorted(held)),
        tuple(request.handed.to for request in task.requests if request.handed is not None),
    )


def is_in_scope(ties: Ties, viewer: Viewer, scope: Scope) -> bool:
    """Whether something with these ties is in the scope of the viewer; everything is where the viewer is not known."""
    if scope is Scope.EVERYBODY or not viewer.is_known:
        return True
    if scope is Scope.MAY_ACT:
        return _may_act(ties, viewer)
    if scope is Scope.MINE:
        name = viewer.id.removeprefix(_HUMAN)
        started = ties.sponsor in {viewer.id, f"launcher:{name}"}
        given = any(viewer.is_meant(each) for each in (ties.owner, *ties.handed_to))
        return started or given or any(name in asked for asked in ties.asked)
    return any(set(viewer.groups or ()) & set(asked) for asked in ties.asked)


def _may_act(ties: Ties, viewer: Viewer) -> bool:
    if viewer.is_meant(ties.owner):
        return True
    if not ties.asked:
        return True
    return viewer.id not in ties.held_by and any(viewer.is_entitled(asked) for asked in ties.asked)
