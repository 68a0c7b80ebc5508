"""Who looks at what needs people, and which part of it is theirs: may act on, mine, my groups', everybody's."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from enum import StrEnum

from onloop.machine.rules.progress import may_decide
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

    @property
    def is_known(self) -> bool:
        """Whether it is somebody who is enrolled."""
        return bool(self.id) and self.groups is not None

    def is_entitled(self, asked: Iterable[str]) -> bool:
        """Whether one who is among `asked` (names and groups; none is anybody) is this person."""
        return may_decide(self.id, self.groups, tuple(asked))


NOBODY = Viewer()
"""A viewer of whom nothing is known: everything is shown."""


def viewer_of(house: StoreState, *names: str) -> Viewer:
    """The first of these names under which somebody is enrolled, else the only person enrolled, else `NOBODY`."""
    only = tuple(house.people) if len(house.people) == 1 else ()
    found = next((name for name in (*names, *only) if name in house.people), None)
    return NOBODY if found is None else Viewer(f"{_HUMAN}{found}", house.people[found].groups)


class Ties(Record):
    """What ties people to a task: who started it (a person, or a user of that name), has it, is asked, or held it.

    `asked` has the names and groups of each request; a request for nobody in particular is for any person.
    """

    sponsor: str = ""
    owner: str = ""
    asked: tuple[tuple[str, ...], ...] = ()
    held_by: tuple[str, ...] = ()


UNTIED = Ties()
"""What no person is tied to."""


def ties_of(task: Task) -> Ties:
    """What ties people to the task."""
    held = {name for names in task.workers.values() for name in names if name.startswith(_HUMAN)}
    return Ties(
        task.sponsor, task.owner or "", tuple(request.approvers for request in task.requests), tuple(sorted(held))
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
        return started or ties.owner == viewer.id or any(name in asked for asked in ties.asked)
    return any(set(viewer.groups or ()) & set(asked) for asked in ties.asked)


def _may_act(ties: Ties, viewer: Viewer) -> bool:
    if viewer.id == ties.owner:
        return True
    if not ties.asked:
        return True
    return viewer.id not in ties.held_by and any(viewer.is_entitled(asked) for asked in ties.asked)
