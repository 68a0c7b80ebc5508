"""A repository, audited: its artefacts and the four primitives, and what is demanded of it."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from onloop.errors import BadInput
from onloop.insight.audit.artefact import ArtefactFinding
from onloop.insight.audit.degrees import ArtefactStanding, Degree, Primitive
from onloop.insight.audit.known_artefacts import ARTEFACTS, findings_of
from onloop.insight.audit.listing_reading import read_listing
from onloop.insight.audit.machine_look import looked_at_agents
from onloop.insight.audit.primitives import AgentLook, AuditGrounds, PrimitiveFound, StoreLook, judged
from onloop.records import Record

ALL = "all"
MOST_REPOSITORIES = 500
"""How many repositories are looked at in one go."""


class Audit(Record):
    """What was seen of one repository."""

    name: str
    path: str
    commit: str
    notes: tuple[str, ...]
    primitives: tuple[PrimitiveFound, ...]
    agents: tuple[AgentLook, ...]
    findings: tuple[ArtefactFinding, ...]

    def unmet(self, required: Iterable[str]) -> tuple[str, ...]:
        """What is demanded and is not so: primitives that are not solved, artefacts that are stale or absent."""
        good = {each.primitive.value for each in self.primitives if each.degree is Degree.SOLVED}
        good |= {each.artefact for each in self.findings if each.standing is ArtefactStanding.PRESENT}
        return tuple(name for name in required if name not in good)


def audit_of(folder: Path, home: Path, inherited: dict[str, str], store: StoreLook | None) -> Audit:
    """Look at one repository, and at this machine as an agent would find it there."""
    listing = read_listing(folder)
    findings = findings_of(listing)
    agents = looked_at_agents(folder, home, inherited)
    found = judged(AuditGrounds(listing, findings, agents, store))
    return Audit(listing.name, str(folder), listing.commit, listing.notes, found, agents, findings)


def repositories_below(folder: Path) -> tuple[Path, ...]:
    """The repositories right below a folder, bare ones too, in their order; BadInput where there are none, or many."""
    try:
        below = sorted(each for each in folder.iterdir() if each.is_dir() and not each.is_symlink())
    except OSError as problem:
        raise BadInput(f"{folder} cannot be read: {problem.strerror}", hint="--fleet FOLDER") from None
    found = tuple(each for each in below if (each / ".git").exists() or (each / "objects").is_dir())
    if not found or len(found) > MOST_REPOSITORIES:
        words = f"{len(found) or 'no'} repositories are right below {folder}"
        raise BadInput(words, hint=f"name a folder that holds one to {MOST_REPOSITORIES} of them")
    return found


def required_names(given: str) -> tuple[str, ...]:
    """The names that are demanded, separated by commas; `all` are the four primitives and every artefact."""
    known = (*(each.value for each in Primitive), *(each.name for each in ARTEFACTS))
    names = tuple(dict.fromkeys(each.strip() for each in given.split(",") if each.strip()))
    if ALL in names:
        return known
    for name in names:
        if name not in known:
            raise BadInput(f"nothing is called {name[:60]!r} here", hint=f"one of: {', '.join(known)}, or {ALL}")
    return names
