"""The verb that simulates a workflow before any agent works on it, as data."""

from __future__ import annotations

from onloop.cli.arguments import Arguments
from onloop.cli.fleet_arguments import PLAN
from onloop.cli.verb import Reach, Verb, arg


class SimulateArguments(Arguments, frozen=True, kw_only=True):
    """Of simulate."""

    workflow: str
    repos: int
    agents: int
    seed: int
    runs: int
    gates: int
    max_parallel: int | None
    waves: str | None
    ask_between: bool
    halt: str | None
    halt_of: int | None
    halt_cause: int | None
    within: str
    conduct: str | None
    keep: str | None
    print_conduct: bool


_OF_WAVES = frozenset({"--waves", "--ask-between", "--halt", "--halt-of", "--halt-cause", "--max-parallel"})

SIMULATION: tuple[Verb, ...] = (
    Verb(
        "simulate",
        "work",
        "forecast a fleet without agents or repositories: its time, its decisions, and what would block",
        "simulate_verbs:simulate",
        SimulateArguments,
        (
            arg("--workflow", help="a built-in, or a workflow file here (default: feature)", default="feature"),
            arg("--repos", help="over how many repositories (default: 100)", type=int, default=100, metavar="N"),
            arg("--agents", help="how many agents work at a time (default: 10)", type=int, default=10, metavar="N"),
            arg("--seed", help="the same seed gives the same history (default: 1)", type=int, default=1, metavar="N"),
            arg("--runs", help="how many seeds, from --seed on (default: 1)", type=int, default=1, metavar="N"),
            arg("--gates", help="how many gates run at a time (default: 8)", type=int, default=8, metavar="N"),
            *(each for each in PLAN if each.names[0] in _OF_WAVES),
            arg("--within", help="how much time is simulated at most (default: 14d)", default="14d"),
            arg("--conduct", help="a file that says how agents, gates and people behave", metavar="FILE"),
            arg("--keep", help="keep the first seed's store in this new folder, to look at it", metavar="DIR"),
            arg("--print-conduct", help="print the usual conduct as such a file", action="store_true"),
        ),
        prints=("simulation_models:ForecastJson", "simulation_models:ConductJson"),
        reach=Reach.NONE,
    ),
)
