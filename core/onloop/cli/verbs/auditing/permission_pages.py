"""An audit of permissions in lines for a terminal, and as Markdown; names and paths are foreign, and never markup."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from onloop.cli.output import columns
from onloop.cli.reports.report_markdown import code, own
from onloop.insight.permissions.permission_changes import AuditDifference, PermissionChange
from onloop.insight.permissions.permission_graph import GOALS, Goal, PermissionChain
from onloop.insight.permissions.permission_grounds import PermissionAudit
from onloop.records import Record
from onloop.text import fit, safe
from onloop.times import second_words


class PermissionPage(Record):
    """What is shown: the audit, whether the store was read, what changed, and the demanded goals that are reached."""

    found: PermissionAudit
    store_read: bool
    changes: tuple[PermissionChange, ...] | None
    difference: AuditDifference | None
    unmet: tuple[str, ...]


def page_lines(page: PermissionPage) -> Iterator[str]:
    """For a terminal."""
    found = page.found
    yield f"permissions of {safe(found.store, 200)}{'' if page.store_read else ', by its files alone'}"
    yield ""
    rows = [
        (each.kind, fit(safe(each.holder), 40), safe(each.may, 90), safe(each.where, 60), safe(each.note, 60))
        for each in found.grants
        if each.kind != "file"
    ]
    yield from columns(rows, header=("KIND", "WHO", "MAY", "WHERE", "NOTE")) if rows else ()
    files = sum(each.kind == "file" for each in found.grants)
    yield f"and {files} files that grant something: --json names them"
    for goal in Goal:
        yield ""
        yield from _goal_lines(found, goal)
    yield ""
    yield f"{found.looked} edges were looked for; {len(found.unknown)} things cannot be known from here:"
    yield from (f"  {safe(each, 300)}" for each in found.unknown)
    yield from _change_lines(page)


def _goal_lines(found: PermissionAudit, goal: Goal) -> Iterator[str]:
    ways = [chain for chain in found.chains if chain.goal is goal]
    if not ways:
        yield f"{goal.value}: no way was found to {GOALS[goal]}"
        return
    yield f"{goal.value}: {len(ways)} {'way' if len(ways) == 1 else 'ways'} to {GOALS[goal]}"
    for chain in ways:
        yield f"  {safe(chain.start, 200)}"
        yield from (f"    → {safe(edge.end, 200)}: {safe(edge.fact, 300)}" for edge in chain.edges)
        yield f"    closed by: {safe(chain.close, 300)}"


def _change_lines(page: PermissionPage) -> Iterator[str]:
    for title, rows in _changed(page):
        yield ""
        yield f"{title}: {len(rows) or 'nothing'}"
        yield from (f"  {safe(each, 400)}" for each in rows)


def _changed(page: PermissionPage) -> Iterator[tuple[str, Sequence[str]]]:
    if page.changes is not None:
        yield (
            "changed by the log",
            [f"{second_words(each.at)} {each.event} {each.about}, by {each.by}" for each in page.changes],
        )
    if page.difference is not None:
        yield "new ways", page.difference.new_ways
        yield "ways that are gone", page.difference.gone_ways
        yield "new grants", page.difference.new_grants
        yield "grants that are gone", page.difference.gone_grants


def page_markdown(page: PermissionPage) -> Iterator[str]:
    """As Markdown."""
    found = page.found
    yield f"# Permissions of {code(found.store)}"
    yield ""
    yield "| kind | who | may | where | note |"
    yield "|---|---|---|---|---|"
    for each in found.grants:
        yield f"| {each.kind} | {code(each.holder)} | {code(each.may)} | {code(each.where)} | {code(each.note)} |"
    yield ""
    yield "| goal | ways | means |"
    yield "|---|---|---|"
    for goal in Goal:
        yield f"| {goal.value} | {sum(chain.goal is goal for chain in found.chains)} | {GOALS[goal]} |"
    yield ""
    yield from (line for chain in found.chains for line in _way(chain))
    yield f"{found.looked} edges were looked for. Not known from here:"
    yield ""
    yield from (f"- {own(safe(each, 300))}" for each in found.unknown)
    for title, rows in _changed(page):
        yield ""
        yield f"{title}: {len(rows) or 'nothing'}"
        yield from (f"- {code(each)}" for each in rows)


def _way(chain: PermissionChain) -> Iterator[str]:
    yield f"- {chain.goal.value}: {code(chain.start)}"
    yield from (f"  - → {code(edge.end)}: {code(edge.fact)}" for edge in chain.edges)
    yield f"  - closed by {code(chain.close)}"
