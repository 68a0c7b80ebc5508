"""What is simulated: a workflow over so many repositories, with so many agents, from a seed."""

from __future__ import annotations

from onloop.access.runs import Workflow
from onloop.machine.wave_plan import WavePlan
from onloop.records import Record
from onloop.simulation.conduct import Conduct

MONDAY = 1_767_600_000_000
"""When every simulation begins: Monday, 5 January 2026, 08:00 UTC."""

HOUR = 3_600_000
LONGEST = 366 * 24 * HOUR
MOST_REPOSITORIES = 10_000
MOST_AGENTS = 1_000


class Plan(Record):
    """A simulation, whole: the same plan and seed give the same history.

    `gates_at_once` is how many gates and merges run at a time; after `limit_ms` it ends, whatever is left.
    """

    workflow: Workflow
    conduct: Conduct
    repositories: int
    agents: int
    seed: int
    gates_at_once: int = 8
    max_parallel: int | None = None
    waves: WavePlan | None = None
    limit_ms: int = 14 * 24 * HOUR
