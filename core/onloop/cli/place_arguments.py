"""The arguments of a worker that say in what its agents work."""

from __future__ import annotations

from onloop.cli.arguments import Arguments, PersonArguments
from onloop.cli.verb import arg


class EnterArguments(PersonArguments, frozen=True, kw_only=True):
    """Of enter."""

    task: str
    most: str
    transcript: str | None
    key: str


class EnvironmentArguments(Arguments, frozen=True, kw_only=True):
    """Of environment."""

    what: str
    kind: str | None
    name: str | None
    packages: str
    suite: str
    mirror: str
    disk: int
    script: str | None
    anew: bool


PLACES = (
    arg(
        "--environment",
        help="where agents work: clone, box, container:IMAGE, devcontainer, vm, template:NAME (default: clone)",
        metavar="KIND[:NAME]",
    ),
    arg(
        "--reach",
        help="a host that agents in an environment may reach, HOST[:PORT]; may be repeated",
        action="append",
        default=[],
        metavar="HOST",
    ),
    arg(
        "--show",
        help="a folder of this machine that agents in a box may read; may be repeated",
        action="append",
        default=[],
        metavar="DIR",
    ),
    arg(
        "--reuse",
        help="for what an environment is used again (default: task)",
        choices=("never", "task", "run"),
        default="task",
    ),
    arg("--warm", help="how many environments are made ahead of time", type=int, default=0, metavar="N"),
    arg("--memory", help="how much memory an environment may use, in MiB (default: 8192)", type=int, metavar="MIB"),
)
