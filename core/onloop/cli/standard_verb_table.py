"""The verb that holds a gateway to the standard, as data."""

from __future__ import annotations

from onloop.cli.arguments import PersonArguments
from onloop.cli.verb import Reach, Verb, arg


class ConformanceArguments(PersonArguments, frozen=True, kw_only=True):
    """Of conformance."""

    command: str
    url: str
    owner_command: str
    token_fd: int | None
    ca: str
    level: tuple[str, ...] | None
    case: tuple[str, ...] | None
    list_cases: bool


STANDARD: tuple[Verb, ...] = (
    Verb(
        "conformance",
        "build",
        "hold any gateway to the protocol: numbered cases, through its command or its URL",
        "conformance_verbs:conformance",
        ConformanceArguments,
        (
            arg(
                "--command", help='the command of the gateway under trial, like "onloop"; no shell reads it', default=""
            ),
            arg("--url", help="its HTTP end", default="", metavar="URL"),
            arg(
                "--owner-command",
                help="with --url: the command as its store's owner, which begins tasks (default: --command)",
                default="",
                metavar="COMMAND",
            ),
            arg(
                "--as",
                help="an approver who is enrolled in the store that the environment names (default: a new store)",
                dest="person",
                metavar="NAME",
            ),
            arg("--passphrase-fd", help="with --as: read their passphrase from here", type=int, metavar="N"),
            arg(
                "--token-fd",
                help="read the token of a launcher from here, who may claim everything",
                type=int,
                metavar="N",
            ),
            arg("--ca", help="with --url: the certificate that is believed, as PEM", default="", metavar="FILE"),
            arg(
                "--level",
                help="only this level; may be repeated",
                action="append",
                choices=("agent", "human", "fleet", "trust"),
            ),
            arg("--case", help="only this case; may be repeated", action="append", metavar="N"),
            arg("--list", help="list the cases, and play none", action="store_true", dest="list_cases"),
        ),
        prints=("standard.standard_models:ConformanceJson", "standard.standard_models:CasesJson"),
        needs_git=True,
        reach=Reach.NONE,
    ),
)
