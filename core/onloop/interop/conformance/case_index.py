"""All cases, in the order of their numbers."""

from __future__ import annotations

from onloop.interop.conformance.cases.checking_cases import CHECKING
from onloop.interop.conformance.cases.claiming_cases import CLAIMING
from onloop.interop.conformance.cases.deciding_cases import DECIDING
from onloop.interop.conformance.cases.door_cases import DOOR
from onloop.interop.conformance.cases.evidence_cases import EVIDENCE
from onloop.interop.conformance.cases.fleet_cases import FLEETS
from onloop.interop.conformance.cases.forging_cases import FORGING
from onloop.interop.conformance.cases.leaving_cases import LEAVING
from onloop.interop.conformance.cases.proving_cases import AGENTS as FAR_AGENTS
from onloop.interop.conformance.cases.proving_cases import PROVING
from onloop.interop.conformance.cases.submitting_cases import SUBMITTING
from onloop.interop.conformance.cases.supervising_cases import SUPERVISING
from onloop.interop.conformance.cases.swarm_cases import SWARMS
from onloop.interop.conformance.levels import ConformanceCase

LISTS = (
    *(CLAIMING, CHECKING, SUBMITTING, LEAVING),
    *(DECIDING, SUPERVISING),
    *(FLEETS, SWARMS),
    *(FORGING, EVIDENCE),
    *(DOOR, FAR_AGENTS, PROVING),
)
CASES: tuple[ConformanceCase, ...] = tuple(
    sorted((case for each in LISTS for case in each.cases), key=lambda c: c.number)
)
"""Every case; a number belongs to one case for ever, and one that is given up is not given again."""
