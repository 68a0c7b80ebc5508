"""`onloop audit`: what a repository has for agents to work in; runs nothing of it."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TypeVar

from onloop.cli.audit_verb_table import AuditArguments
from onloop.cli.context import Context
from onloop.cli.json_models.build_models import (
    AgentSeenJson,
    AuditedArtefactJson,
    AuditedRepositoryJson,
    AuditJson,
    FleetAuditJson,
    PlaceJson,
    PrimitiveJson,
    UnreadJson,
)
from onloop.cli.output import VerbOutput
from onloop.cli.verbs.auditing.audit_pages import fleet_lines, fleet_markdown, lines_of, markdown_of
from onloop.errors import BadInput, Exit, OnloopError
from onloop.insight.audit.machine_look import looked_at_store
from onloop.insight.audit.primitives import StoreLook
from onloop.insight.audit.repository_audit import (
    MOST_REPOSITORIES,
    Audit,
    audit_of,
    repositories_below,
    required_names,
)
from onloop.text import safe
from onloop.views.queries.reads import ReadStoreState

PERMISSIONS = "permissions"
"""The word that asks for permissions; a folder of that name is `./permissions`."""

RowT = TypeVar("RowT", bound=AuditedRepositoryJson)


def audit(context: Context[AuditArguments]) -> VerbOutput:
    """Look at one repository, or at several in one table."""
    args = context.args
    if args.md and args.as_json:
        raise BadInput("stdout cannot hold both Markdown and --json", hint="leave one of them out")
    if args.paths[:1] == (PERMISSIONS,):
        from onloop.cli.verbs.auditing.permission_verb import audit_permissions  # here: repositories need none of it

        return audit_permissions(context)
    if any(each is not None for each in (args.since, args.against, args.as_agent)):
        raise BadInput("--since, --against and --as-agent are of permissions", hint="onloop audit permissions …")
    required = required_names(args.require)
    if args.fleet is None and len(args.paths) < 2:
        return _one(context, Path(args.paths[0] if args.paths else "."), required)
    return _fleet(context, required)


def _one(context: Context[AuditArguments], folder: Path, required: tuple[str, ...]) -> VerbOutput:
    store, notes = _store(context)
    found = _audited(folder, store)
    unmet = found.unmet(required)
    told = markdown_of(found) if context.args.md else lines_of(found)
    notes += (f"not so: {', '.join(unmet)}",) if unmet else ()
    return VerbOutput(_exit(unmet), tuple(told), _json(AuditJson, found, unmet), notes)


def _fleet(context: Context[AuditArguments], required: tuple[str, ...]) -> VerbOutput:
    args = context.args
    below = repositories_below(Path(args.fleet)) if args.fleet is not None else ()
    folders = (*map(Path, args.paths), *below)
    if len(folders) > MOST_REPOSITORIES:
        raise BadInput(f"{len(folders)} repositories are too many", hint=f"at most {MOST_REPOSITORIES} in one go")
    store, notes = _store(context)
    found, unread, unmet = list[Audit](), list[UnreadJson](), dict[str, tuple[str, ...]]()
    for folder in folders:
        try:
            each = _audited(folder, store)
        except OnloopError as problem:
            unread.append(UnreadJson(str(folder), problem.message))
            continue
        found.append(each)
        if lacking := each.unmet(required):
            unmet[each.path] = lacking
    told = fleet_markdown(found) if args.md else fleet_lines(found)
    notes += tuple(f"{safe(each.path, 200)}: {safe(each.problem, 200)}" for each in unread)
    notes += tuple(f"{safe(path, 200)} is not so: {', '.join(lacking)}" for path, lacking in unmet.items())
    data = FleetAuditJson([_json(AuditedRepositoryJson, each, unmet.get(each.path, ())) for each in found], unread)
    return VerbOutput(Exit.UNAVAILABLE if unread else _exit(tuple(unmet)), tuple(told), data, notes)


def _exit(unmet: tuple[str, ...]) -> Exit:
    return Exit.NOT_YET if unmet else Exit.OK


def _store(context: Context[AuditArguments]) -> tuple[StoreLook | None, tuple[str, ...]]:
    """What the store in reach holds; nothing, and why, where none is. It is closed before a repository is opened."""
    try:
        house = context.opened.gateway.perform(ReadStoreState())
        return looked_at_store(context.opened.home.name, house), ()
    except OnloopError as problem:
        return None, (f"no store was looked at: {problem.message}",)
    finally:
        context.close()


def _audited(folder: Path, store: StoreLook | None) -> Audit:
    return audit_of(folder, Path.home(), dict(os.environ), store)


def _json(kind: type[RowT], found: Audit, unmet: tuple[str, ...]) -> RowT:
    return kind(
        name=found.name,
        path=found.path,
        commit=found.commit,
        notes=found.notes,
        primitives=[
            PrimitiveJson(each.primitive, each.degree, each.evidence, each.missing, each.next)
            for each in found.primitives
        ],
        agents=[
            AgentSeenJson(each.name, each.degree, each.program, each.logins, each.hooked, each.next)
            for each in found.agents
        ],
        artefacts=[
            AuditedArtefactJson(
                artefact=each.artefact,
                standing=each.standing,
                places=[PlaceJson(place.path, place.line, place.words) for place in each.places],
                more=each.more,
                words=each.words,
                next=each.next,
            )
            for each in found.findings
        ],
        unmet=unmet,
    )
