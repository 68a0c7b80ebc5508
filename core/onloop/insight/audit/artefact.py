"""PURE: what was found of one artefact: present, stale or absent, why, and what would help."""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum

from onloop.insight.audit.listing import Listing
from onloop.records import Record

MOST_PLACES = 8
"""How many places are named for one artefact."""


class Standing(Enum):
    """How an artefact stands: stale is what is there and no longer fits the rest of the repository."""

    PRESENT = "present"
    STALE = "stale"
    ABSENT = "absent"


class Place(Record):
    """A file and a line of it (0 where the whole file is meant), and what is to be said of it."""

    path: str
    line: int = 0
    words: str = ""


class Found(Record):
    """What a check saw: where the artefact is, and where it does not fit what else is there."""

    seen: tuple[Place, ...] = ()
    stale: tuple[Place, ...] = ()

    @property
    def standing(self) -> Standing:
        """Absent without a place; stale as soon as something does not fit."""
        if not self.seen:
            return Standing.ABSENT
        return Standing.STALE if self.stale else Standing.PRESENT


class Artefact(Record):
    """An artefact, what it is for, how it is looked for, what makes it stale, and what to do where it is missing."""

    name: str
    purpose: str
    look: Callable[[Listing], Found]
    stale_when: str
    next: str


class Finding(Record):
    """One artefact of one repository: how it stands, and the places that show it."""

    artefact: str
    standing: Standing
    places: tuple[Place, ...]
    more: int
    words: str
    next: str = ""


def finding_of(artefact: Artefact, listing: Listing) -> Finding:
    """What one check says of a repository, with no more places than anybody reads."""
    found = artefact.look(listing)
    standing = found.standing
    places = found.stale if standing is Standing.STALE else found.seen
    shown = places[:MOST_PLACES]
    words = places[0].words if places else f"nothing that is {artefact.purpose} was found"
    advice = {Standing.PRESENT: "", Standing.STALE: artefact.stale_when, Standing.ABSENT: artefact.next}[standing]
    return Finding(artefact.name, standing, shown, len(places) - len(shown), words, advice)
