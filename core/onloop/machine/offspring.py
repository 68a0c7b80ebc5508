"""A child as the step of its parent made it."""

from __future__ import annotations

from onloop.records import Record


class Offspring(Record):
    """A child as its parent's step made it. One that `merges` others' work mends a conflict instead of doing a part."""

    id: str
    title: str
    brief: str = ""
    merges: tuple[str, ...] = ()

    @property
    def resolves(self) -> bool:
        """Whether it is there to mend a conflict."""
        return bool(self.merges)
