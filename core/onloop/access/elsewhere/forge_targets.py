"""The repositories that a query at a forge finds, as targets of a fleet."""

from __future__ import annotations

from onloop.access.targets import RunTarget, counted, renamed, target_of
from onloop.errors import BadInput
from onloop.forges.configured import forge_of
from onloop.forges.port import RepositoryName
from onloop.home import Home
from onloop.text import safe

START = "forge:"
LONGEST_QUERY = 1_000


def targets_of_query(home: Home, host: str, query: str) -> tuple[RunTarget, ...]:
    """What the query finds, by name; archived repositories are left out, for nobody can push to them."""
    if not query.strip() or len(query) > LONGEST_QUERY:
        raise BadInput(f"the query {safe(query, 60)!r} finds no repositories", hint='such as "org:acme topic:python"')
    found = forge_of(home, RepositoryName(host.lower(), "", "")).search_repositories(query)
    targets: dict[str, RunTarget] = {}
    for each in sorted(found, key=lambda one: one.name.words.lower()):
        if each.archived:
            continue
        target = target_of(each.clone_url, each.default_branch or None, home.store, "--targets")
        target = renamed(target, targets)
        targets[target.name] = target
    return counted(tuple(targets.values()), f"the query {safe(query, 100)!r} at {safe(host, 100)}")


def query_in(words: str) -> tuple[str, str] | None:
    """Host and query of `forge:HOST QUERY`; None for anything else, which is a file's name."""
    if not words.startswith(START):
        return None
    host, _, query = words.removeprefix(START).strip().partition(" ")
    return host, query
