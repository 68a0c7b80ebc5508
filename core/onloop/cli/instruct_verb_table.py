"""The row of `instruct`: what agents read by themselves of how to work here."""

from __future__ import annotations

from onloop.agents.instructions.instruction_files import FILES
from onloop.cli.arguments import Arguments
from onloop.cli.verb import Reach, Verb, arg


class InstructArguments(Arguments, frozen=True, kw_only=True):
    """Of instruct."""

    what: str
    agent: str
    dir: str


INSTRUCT = Verb(
    "instruct",
    "build",
    "tell agents how to work with the gateway, in the files of a repository that they read by themselves",
    "instruct_verbs:instruct",
    InstructArguments,
    (
        arg("what", choices=("show", "install", "uninstall"), help="show, install or uninstall"),
        arg("agent", choices=tuple(FILES), help=f"one of {', '.join(FILES)}: the last is a plugin of Claude Code"),
        arg("--dir", help="the repository, or of plugin its folder (default: this one)", default=".", metavar="DIR"),
    ),
    prints=("build_models:InstructionsJson",),
    reach=Reach.NONE,
)
