"""`onloop audit permissions`: who and what may what, and whether a way leads from an agent to an approval."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import msgspec

from onloop.cli.audit_verb_table import AuditArguments
from onloop.cli.context import Context
from onloop.cli.json_models.auditing.permission_models import (
    ChainJson,
    ChainLinkJson,
    DifferenceJson,
    GoalJson,
    PermissionChangeJson,
    PermissionGrantJson,
    PermissionsJson,
)
from onloop.cli.output import VerbOutput
from onloop.cli.past_moment import past_moment
from onloop.cli.verbs.auditing.permission_pages import PermissionPage, page_lines, page_markdown
from onloop.errors import BadInput, Exit, OnloopError
from onloop.insight.permissions.permission_changes import (
    AuditDifference,
    PermissionChange,
    changes_since,
    difference,
)
from onloop.insight.permissions.permission_edges import audited
from onloop.insight.permissions.permission_graph import GOALS, Goal, PermissionChain, PermissionEdge
from onloop.insight.permissions.permission_grounds import PermissionAudit, PermissionGrant, PermissionGrounds
from onloop.insight.permissions.permission_looks import as_agent, looked_at, with_store

ALL = "all"
LARGEST_AUDIT = 8 * 1_048_576
"""How large an earlier audit may be."""

_AROUND = ("exit", "log_head")


def audit_permissions(context: Context[AuditArguments]) -> VerbOutput:
    """Look at the store and this machine, and say who may what, and which ways lead to what."""
    args = context.args
    if len(args.paths) > 1 or args.fleet is not None:
        raise BadInput("permissions are of a store and this machine", hint="onloop audit permissions, and no folders")
    required, then = _goals(args.require), _earlier(args.against)
    grounds, changes, notes = _grounds(context)
    is_agent = bool(os.environ.get("ONLOOP_TOKEN"))
    found = audited(as_agent(grounds, args.as_agent or (str(os.geteuid()) if is_agent else None)))
    differs = difference(found, then) if then is not None else None
    unmet = tuple(goal.value for goal in required if any(chain.goal is goal for chain in found.chains))
    page = PermissionPage(found, grounds.store_read, changes, differs, unmet)
    notes += (f"a way leads to: {', '.join(unmet)}",) if unmet else ()
    notes += ("it reaches more than then",) if differs is not None and differs.reaches_more else ()
    is_worse = bool(unmet) or (differs is not None and differs.reaches_more)
    told = page_markdown(page) if args.md else page_lines(page)
    return VerbOutput(Exit.NOT_YET if is_worse else Exit.OK, tuple(told), _json(page), notes)


def _grounds(
    context: Context[AuditArguments],
) -> tuple[PermissionGrounds, tuple[PermissionChange, ...] | None, tuple[str, ...]]:
    """What was looked at: the store's own answer too, where there is one; else why not."""
    looked = looked_at(context.home, Path.cwd(), Path.home())
    since = context.args.since
    try:
        gateway = context.opened.gateway
        changes = changes_since(gateway, past_moment(since, gateway.clock()) or 0) if since is not None else None
        return with_store(looked, gateway), changes, ()
    except BadInput:
        raise
    except OnloopError as problem:
        words = f"the store was not read: {problem.message}"
        told = msgspec.structs.replace(looked, unknown=(*looked.unknown, words))
        return told, None, (words,)


def _goals(given: str) -> tuple[Goal, ...]:
    names = tuple(dict.fromkeys(each.strip() for each in given.split(",") if each.strip()))
    if ALL in names:
        return tuple(Goal)
    known = {goal.value: goal for goal in Goal}
    for name in names:
        if name not in known:
            hint = f"one of: {', '.join(known)}, or {ALL}"
            raise BadInput(f"nothing that can be reached is called {name[:60]!r}", hint=hint)
    return tuple(known[name] for name in names)


def _earlier(given: str | None) -> PermissionAudit | None:
    """An earlier audit as its --json printed it."""
    if given is None:
        return None
    hint = "onloop audit permissions --json > FILE"
    try:
        with Path(given).open("rb") as file:
            content = file.read(LARGEST_AUDIT + 1)
        if len(content) > LARGEST_AUDIT:
            raise BadInput(f"{given} has more than {LARGEST_AUDIT} bytes", hint=hint)
        held: dict[str, Any] = msgspec.json.decode(content, type=dict[str, Any])
        said = msgspec.convert({key: value for key, value in held.items() if key not in _AROUND}, PermissionsJson)
    except OSError as problem:
        raise BadInput(f"{given} cannot be read: {problem.strerror}", hint=hint) from None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as problem:
        raise BadInput(f"{given} is no audit of permissions: {str(problem)[:200]}", hint=hint) from None
    return PermissionAudit(
        said.store,
        tuple(PermissionGrant(each.kind, each.holder, each.may, each.where, each.note) for each in said.grants),
        tuple(PermissionChain(each.goal, _edges(each)) for each in said.chains if each.links),
        said.looked,
        tuple(said.unknown),
    )


def _edges(said: ChainJson) -> tuple[PermissionEdge, ...]:
    starts = (said.start, *(each.to for each in said.links))
    return tuple(
        PermissionEdge(start, link.to, link.fact, link.close) for start, link in zip(starts, said.links, strict=False)
    )


def _json(page: PermissionPage) -> PermissionsJson:
    found = page.found
    return PermissionsJson(
        store=found.store,
        store_read=page.store_read,
        grants=[PermissionGrantJson(each.kind, each.holder, each.may, each.where, each.note) for each in found.grants],
        goals=[GoalJson(goal, means, sum(c.goal is goal for c in found.chains)) for goal, means in GOALS.items()],
        chains=[
            ChainJson(
                each.goal,
                each.start,
                [ChainLinkJson(edge.end, edge.fact, edge.close) for edge in each.edges],
                each.close,
            )
            for each in found.chains
        ],
        looked=found.looked,
        unknown=found.unknown,
        changes=_changes(page.changes),
        difference=_difference(page.difference),
        unmet=page.unmet,
    )


def _changes(changes: tuple[PermissionChange, ...] | None) -> list[PermissionChangeJson] | None:
    if changes is None:
        return None
    return [PermissionChangeJson(each.at, each.event, each.about, each.by) for each in changes]


def _difference(found: AuditDifference | None) -> DifferenceJson | None:
    if found is None:
        return None
    return DifferenceJson(found.new_ways, found.gone_ways, found.new_grants, found.gone_grants)
