"""Reads from a mirror what a commit changes: counts, classes and owners. Nothing of it is anybody's word."""

from __future__ import annotations

from collections.abc import Sequence

from onloop.errors import OnloopError
from onloop.gates.changes.code_owners import LARGEST_FILE, PLACES, CodeOwners, TooManyOwners, owner_lines
from onloop.gates.changes.path_classes import (
    is_configuration,
    is_doc,
    is_lockfile,
    is_manifest,
    is_sensitive,
    is_source,
    is_test,
)
from onloop.gates.repository.file_changes import ChangedLines, FileKind, Status, changed_lines, paths_with
from onloop.gates.repository.mirror import Mirror
from onloop.machine.change_facts import ChangeFacts
from onloop.machine.fact_vocabulary import LONGEST_TEXT, MOST_ITEMS

_LICENCE = r"SPDX-License-Identifier:|[Cc]opyright|[Ll]icen[cs]ed under"
_MOST_READ = 2_000
"""How many new files are looked into for a licence line; those beyond count as having none."""

_MOST = 2**31 - 1


def change_facts(mirror: Mirror, base: str, head: str) -> ChangeFacts:
    """What differs between a base and a commit of the mirror; owners are those that the base names."""
    changed = changed_lines(mirror.git, base, head)
    paths = tuple(each.path for each in changed)
    owners, unowned = _owned(mirror, base, paths)
    return ChangeFacts(
        count=len(changed),
        added=min(_MOST, sum(each.added or 0 for each in changed)),
        removed=min(_MOST, sum(each.removed or 0 for each in changed)),
        paths=_listed(paths),
        new_files=sum(each.status is Status.ADDED for each in changed),
        deleted_files=sum(each.status is Status.DELETED for each in changed),
        tests=sum(map(is_test, paths)),
        docs=sum(map(is_doc, paths)),
        lockfiles=sum(map(is_lockfile, paths)),
        manifests=sum(map(is_manifest, paths)),
        configuration=sum(map(is_configuration, paths)),
        sensitive=sum(map(is_sensitive, paths)),
        binary=sum(each.added is None for each in changed),
        largest=_largest(mirror, changed),
        unlicensed=_unlicensed(mirror, head, changed),
        owners=owners,
        unowned=unowned,
    )


def _listed(paths: Sequence[str]) -> tuple[str, ...] | None:
    """The paths, or None where a rule would not be given all of them."""
    fits = len(paths) <= MOST_ITEMS and all(len(path) <= LONGEST_TEXT for path in paths)
    return tuple(paths) if fits else None


def _largest(mirror: Mirror, changed: Sequence[ChangedLines]) -> int:
    files = [each.blob for each in changed if each.status is not Status.DELETED and each.kind is not FileKind.SUBMODULE]
    if not files:
        return 0
    listed = mirror.git.run("cat-file", "--batch-check=%(objectsize)", stdin="\n".join((*files, "")).encode()).text
    return max((int(size) for size in listed.split() if size.isdigit()), default=0)


def _unlicensed(mirror: Mirror, head: str, changed: Sequence[ChangedLines]) -> int:
    kinds = {FileKind.FILE, FileKind.EXECUTABLE}
    new = [each for each in changed if each.status is Status.ADDED and each.kind in kinds and is_source(each.path)]
    looked_at = tuple(each.path for each in new[:_MOST_READ])
    return len(new) - (len(paths_with(mirror.git, head, _LICENCE, looked_at)) if looked_at else 0)


def _owned(mirror: Mirror, base: str, paths: Sequence[str]) -> tuple[tuple[str, ...] | None, int | None]:
    """Who owns the paths, and how many nobody owns; not known where there is too much to go through."""
    if len(paths) > MOST_ITEMS:
        return None, None
    try:
        found = (mirror.read_file(base, place, LARGEST_FILE) for place in PLACES)
        text = next((content for content in found if content is not None), b"")
        ownership = CodeOwners(owner_lines(text.decode("utf-8", "replace")))
    except (OnloopError, TooManyOwners):
        return None, None
    owned = [ownership.owners_of(path) for path in paths]
    return tuple(sorted({who for each in owned for who in each}))[:MOST_ITEMS], sum(not each for each in owned)
