"""PURE: how an artefact stands, and how far a primitive is solved: words that all who print them share."""

from __future__ import annotations

from enum import Enum


class ArtefactStanding(Enum):
    """How an artefact stands: stale is what is there and no longer fits the rest of the repository."""

    PRESENT = "present"
    STALE = "stale"
    ABSENT = "absent"


class Primitive(Enum):
    """What working with agents takes."""

    RUNTIME = "runtime"
    ORCHESTRATION = "orchestration"
    TRIGGERS = "triggers"
    COORDINATION = "coordination"


class Degree(Enum):
    """How far a primitive is solved."""

    SOLVED = "solved"
    PARTIAL = "partial"
    MISSING = "missing"
