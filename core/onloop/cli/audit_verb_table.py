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
    since: str | None
    against: str | None
    as_agent: str | None


AUDIT = Verb(
    "audit",
    "build",
    "what a repository has for agents to work in, each present, stale or absent",
    "auditing.audit_verb:audit",
    AuditArguments,
    (
        arg("paths", nargs="*", help="repositories (default: this folder), or the word permissions", metavar="path"),
        arg("--fleet", help="every repository right below this folder, in one table", metavar="DIR"),
        arg(
            "--require",
            help="exit 10 unless these are solved or present (of permissions: out of reach): names with commas, or all",
            default="",
            metavar="NAMES",
        ),
        arg("--md", help="print it as Markdown", action="store_true"),
        arg("--since", help="permissions: what the log says changed since; 14d, or 2026-01-31", metavar="WHEN"),
        arg("--against", help="permissions: exit 10 if more is reached than in this earlier --json", metavar="FILE"),
        arg("--as-agent", help="permissions: what agents that run as this user could reach", metavar="USER"),
    ),
    prints=(
        "build_models:AuditJson",
        "build_models:FleetAuditJson",
        "auditing.permission_models:PermissionsJson",
    ),
    reach=Reach.GATEWAY,
)
