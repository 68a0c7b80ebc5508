"""PURE: what was found of one artefact: present, stale or absent, why, and what would help."""

from __future__ import annotations

from collections.abc import Callable

from onloop.insight.audit.degrees import ArtefactStanding
from onloop.insight.audit.listing import Listing
from onloop.records import Record

MOST_PLACES = 8
"""How many places are named for one artefact."""


class SeenPlace(Record):
    """A file and a line of it (0 where the whole file is meant), and what is to be said of it."""

    path: str
    line: int = 0
    words: str = ""


class Looked(Record):
    """What a check saw: where the artefact is, and where it does not fit what else is there."""

    seen: tuple[SeenPlace, ...] = ()
    stale: tuple[SeenPlace, ...] = ()

    @property
    def standing(self) -> ArtefactStanding:
        """Absent without a place; stale as soon as something does not fit."""
        if not self.seen:
            return ArtefactStanding.ABSENT
        return ArtefactStanding.STALE if self.stale else ArtefactStanding.PRESENT


class KnownArtefact(Record):
    """An artefact, what it is for, how it is looked for, what makes it stale, and what to do where it is missing."""

    name: str
    purpose: str
    look: Callable[[Listing], Looked]
    stale_when: str
    next: str


class ArtefactFinding(Record):
    """One artefact of one repository: how it stands, and the places that show it."""

    artefact: str
    standing: ArtefactStanding
    places: tuple[SeenPlace, ...]
    more: int
    words: str
    next: str = ""


def finding_of(artefact: KnownArtefact, listing: Listing) -> ArtefactFinding:
    """What one check says of a repository, with no more places than anybody reads."""
    found = artefact.look(listing)
    standing = found.standing
    places = found.stale if standing is ArtefactStanding.STALE else found.seen
    shown = places[:MOST_PLACES]
    words = places[0].words if places else f"nothing that is {artefact.purpose} was found"
    advice = {
        ArtefactStanding.PRESENT: "",
        ArtefactStanding.STALE: artefact.stale_when,
        ArtefactStanding.ABSENT: artefact.next,
    }[standing]
    return ArtefactFinding(artefact.name, standing, shown, len(places) - len(shown), words, advice)
