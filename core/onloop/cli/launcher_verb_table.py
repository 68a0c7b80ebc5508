"""The verb with which people let launchers in over the network, as data."""

from __future__ import annotations

from typing import Any

from onloop.cli.person_arguments import TokenArguments
from onloop.cli.verb import AS, KEY, Reach, Verb, arg
from onloop.machine.launchers import MOST_AT_ONCE, USUAL_AT_ONCE

_REPEATED: dict[str, Any] = {"action": "append", "default": []}

TOKENS: tuple[Verb, ...] = (
    Verb(
        "token",
        "serve",
        "let a launcher in over the network, see who is let in, or end that",
        "persons.launcher_verbs:token",
        TokenArguments,
        (
            arg("what", choices=("mint", "list", "revoke"), help="mint, list or revoke"),
            arg("name", nargs="?", help="the launcher's name"),
            arg("--role", help="a role that it may claim for, * for every one; may be repeated", **_REPEATED),
            arg(
                "--repo",
                help="repositories: billing by name, github.com/acme/* by origin, * for every one; may be repeated",
                metavar="GLOB",
                **_REPEATED,
            ),
            arg(
                "--isolation",
                help="what its machine gives agents, as you know it (default: clone)",
                choices=("none", "clone", "box", "container", "vm"),
                default="clone",
            ),
            arg(
                "--at-most",
                help=f"how many tasks it may hold at a time (default: {USUAL_AT_ONCE}; at most {MOST_AT_ONCE})",
                type=int,
                default=USUAL_AT_ONCE,
                metavar="N",
            ),
            arg("--start", help="it may begin runs of workflows that the store knows", action="store_true"),
            arg("--expires", help="how long it is let in (default: 30d)", default="30d"),
            arg("--to", help="write the token into this new file, for you alone, and print none", metavar="FILE"),
            arg("--reason", help="with revoke: why", default=""),
            *AS,
            KEY,
        ),
        prints=("launcher_models:TokenMintedJson", "launcher_models:TokensJson", "launcher_models:TokenRevokedJson"),
        reach=Reach.GATEWAY,
    ),
)
