"""A child as the step of its parent made it."""

from __future__ import annotations

from onloop.machine.definition import Isolation
from onloop.records import Record


class Offspring(Record):
    """A child as its parent's step made it. One that `merges` others' work mends a conflict instead of doing a part.

    `part` names the branch or the combination of values that it does, and `after` the siblings that it waits for.
    `isolation` is the least that its agents have, where the parent's agent asked for some.
    """

    id: str
    title: str
    brief: str = ""
    merges: tuple[str, ...] = ()
    isolation: Isolation = Isolation.NONE
    part: str = ""
    after: tuple[str, ...] = ()

    @property
    def resolves(self) -> bool:
        """Whether it is there to mend a conflict."""
        return bool(self.merges)


def replacing(child: str, swarm: tuple[Offspring, ...]) -> str:
    """The id of the newest child that does the part of `child`: that one, or what was made in its place."""
    made = next((each for each in swarm if each.id == child), None)
    return child if made is None else next(each.id for each in reversed(swarm) if each.title == made.title)
