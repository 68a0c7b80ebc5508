"""Which commits of which repositories the submodules of a commit are, from URLs that the target names and no others."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from onloop.errors import OnloopError, Unavailable
from onloop.gates.repository.failures import GitFailed
from onloop.gates.repository.mirror import Mirror
from onloop.gates.repository.ref_names import check_origin, one_line, without_credentials
from onloop.gates.repository.submodules import absolute_url, shown_path, submodules

MOST = 200
"""How many submodules a checkout may have in all."""

DEEPEST = 5
"""How many submodules may lie within each other."""


class ContentsMissing(Unavailable):
    """What a workflow asks to be in a checkout cannot be had; no agent can help that."""

    code = "contents_missing"


class SubmodulePart(NamedTuple):
    """A submodule to fill: its path from the top, the mirror that has it, its commit, and how deep it lies."""

    path: bytes
    mirror: Mirror
    commit: str
    depth: int


class _Level(NamedTuple):
    """A repository whose submodules are looked at: `trusted` is the commit of it that the target has, if any."""

    prefix: bytes
    mirror: Mirror
    commit: str
    trusted: str | None
    depth: int


def submodule_parts(mirror: Mirror, commit: str, target: str) -> tuple[SubmodulePart, ...]:
    """The submodules of `commit`, outer ones first, each fetched to a mirror of its own.

    `target` is a commit that the target has: a URL that is not in its .gitmodules is never contacted. ContentsMissing
    says which submodule cannot be filled, and why.
    """
    parts, left = list[SubmodulePart](), [_Level(b"", mirror, commit, target, 0)]
    while left:
        level = left.pop(0)
        for part, trusted in _below(level):
            parts.append(part)
            if len(parts) > MOST or part.depth > DEEPEST:
                words = (
                    f"more than {MOST} submodules" if len(parts) > MOST else f"more than {DEEPEST} within each other"
                )
                raise ContentsMissing(f"the checkout has {words}", hint="leave out `submodules: true`")
            left.append(_Level(part.path + b"/", part.mirror, part.commit, trusted, part.depth))
    return tuple(parts)


def _below(level: _Level) -> Iterator[tuple[SubmodulePart, str | None]]:
    """Each submodule of a repository, with the commit of it that the target has."""
    try:
        found = submodules(level.mirror.git, level.commit)
        if not found:
            return
        if level.trusted is not None:
            level.mirror.bring(level.trusted)
        before = submodules(level.mirror.git, level.trusted) if level.trusted is not None else {}
    except GitFailed as failed:
        where = shown_path(level.prefix.rstrip(b"/")) or "the top"
        raise ContentsMissing(
            f"the submodules of {where} cannot be read: {failed.complaint}", hint="correct .gitmodules there"
        ) from failed
    origin = level.mirror.bare_origin
    known = {absolute_url(each.url, origin): each.commit for each in before.values() if each.url is not None}
    for path, now in sorted(found.items()):
        name = shown_path(level.prefix + path)
        if now.url is None:
            raise ContentsMissing(
                f"{name} is a submodule without an entry in .gitmodules", hint="add an entry, or remove it"
            )
        url = absolute_url(now.url, origin)
        if url not in known:
            raise ContentsMissing(
                f"{name} is a submodule from {one_line(without_credentials(url), 100)}, which the target does not have",
                hint="let a person add it to the target first, then retry",
            )
        module = _brought(name, url, now.commit, level.mirror)
        trusted = before[path].commit if path in before and before[path].url == now.url else known[url]
        yield SubmodulePart(level.prefix + path, module, now.commit, level.depth + 1), trusted


def _brought(name: str, url: str, commit: str, outer: Mirror) -> Mirror:
    """The mirror of a submodule, with its commit. A file of this machine is nothing that a remote origin may name."""
    if _is_local(url) and not _is_local(outer.bare_origin):
        raise ContentsMissing(f"{name} is a submodule from a path of this machine", hint="give it a URL in .gitmodules")
    try:
        module = outer.beside(check_origin(url))
        module.bring(commit)
    except OnloopError as problem:
        raise ContentsMissing(
            f"the submodule {name}: {problem.message}", hint=problem.hint, kind=getattr(problem, "kind", None)
        ) from problem
    return module


def _is_local(url: str) -> bool:
    return url.startswith(("/", "file:"))
