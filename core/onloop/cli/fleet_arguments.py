"""The arguments of `onloop fleet`."""

from __future__ import annotations

from onloop.cli.arguments import GivingArguments
from onloop.cli.verb import Argument, arg


class FleetArguments(GivingArguments, frozen=True, kw_only=True):
    """Of fleet."""

    workflow: str | None
    run: str | None
    targets: str | None
    glob: str | None
    targets_from: tuple[str, ...]
    file: str | None
    control: str | None
    control_branch: str | None
    waves: str | None
    ask_between: bool
    halt: str | None
    halt_of: int | None
    halt_cause: int | None
    max_parallel: int | None
    max_per_host: int | None
    max_per_owner: int | None
    title: str | None
    dry_run: bool
    skip_bad: bool
    no_base_check: bool
    wait: str


FLEET_TARGETS: tuple[Argument, ...] = (
    arg("workflow", nargs="?", help="a built-in, a file committed in the control repository, add or show"),
    arg("run", nargs="?", help="after add or show: the fleet that is meant"),
    arg(
        "--targets",
        help="a file: PATH-OR-URL [BRANCH] [label=…] [owner=…] [priority=N] a line; or 'forge:HOST QUERY'",
        metavar="FILE",
    ),
    arg("--glob", help="a pattern of folders in the place of a file: 'repos/*/*.git'", metavar="PATTERN"),
    arg("--file", help="a fleet file, or the name of one in .onloop/fleets: all of this, to review and repeat"),
    arg("--control", help="the repository that holds the workflow file", metavar="REPO"),
    arg("--control-branch", help="its branch (default: the one that its HEAD names)"),
)

PLAN: tuple[Argument, ...] = (
    arg("--waves", help="begin in slices, each after the one before passed: 1,5,25,rest or 5%%,25%%,rest"),
    arg("--ask-between", help="a person says between two waves whether the next may begin", action="store_true"),
    arg("--halt", help="stop when this share of a wave failed, such as 20%%; a person lifts it", metavar="SHARE"),
    arg("--halt-of", help="how many of a wave are judged before the share is looked at", type=int, metavar="N"),
    arg("--halt-cause", help="stop when this many of a wave failed with one cause", type=int, metavar="N"),
    arg("--max-parallel", help="how many repositories may be worked on at once", type=int, metavar="N"),
    arg("--max-per-host", help="the same for each host of origins", type=int, metavar="N"),
    arg("--max-per-owner", help="the same for each owner, as targets name them", type=int, metavar="N"),
)

FROM_PROGRAM = arg(
    "--targets-from",
    nargs="...",
    default=(),
    help="-- PROGRAM WORD…: a program that prints targets, run without a shell; comes last",
    metavar="-- PROGRAM",
)
