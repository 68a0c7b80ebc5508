"""What `onloop audit` takes, and its row."""

from __future__ import annotations

from onloop.cli.arguments import Arguments
from onloop.cli.verb import Reach, Verb, arg


class AuditArguments(Arguments, frozen=True, kw_only=True):
    """Of audit."""

    paths: tuple[str, ...]
    fleet: str | None
    require: str
    md: bool


AUDIT = Verb(
    "audit",
    "build",
    "what a repository has for agents to work in, each present, stale or absent",
    "auditing.audit_verb:audit",
    AuditArguments,
    (
        arg("paths", nargs="*", help="repositories (default: this folder)", metavar="path"),
        arg("--fleet", help="every repository right below this folder, in one table", metavar="DIR"),
        arg(
            "--require",
            help="exit 10 unless these are solved or present: names with commas between them, or all",
            default="",
            metavar="NAMES",
        ),
        arg("--md", help="print it as Markdown", action="store_true"),
    ),
    prints=("build_models:AuditJson", "build_models:FleetAuditJson"),
    reach=Reach.GATEWAY,
)
