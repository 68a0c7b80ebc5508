"""Whether a clone of a merge would be complete: the origins have its submodules, and the large files exist."""

from __future__ import annotations

from pathlib import Path

from onloop.errors import OnloopError
from onloop.gates.contents.large_files import push_large
from onloop.gates.contents.large_store import store_of
from onloop.gates.credentials.git_access import access_to
from onloop.gates.repository.failures import GitFailed
from onloop.gates.repository.folders import scratch
from onloop.gates.repository.git import BRIEF_S, LONG_S, Git
from onloop.gates.repository.mirror import Mirror
from onloop.gates.repository.pointers import pointers, uses_lfs
from onloop.gates.repository.ref_names import check_origin, one_line, without_credentials
from onloop.gates.repository.shown import DiffEntry
from onloop.gates.repository.submodules import MODULES, Submodule, absolute_url, shown_path, submodules

_GITLINK = "160000"
_FILE = ("100644", "100755")
_MOST_NAMED = 5


def unclonable(mirror: Mirror, tip: str, merged: str, brought: frozenset[DiffEntry]) -> str:
    """Why a clone of `merged` would be incomplete, though one of `tip` is not, and what would help; else empty.

    `brought` is what differs between the two. Only the origins that the target already names are contacted: a URL that
    came with the work is never fetched.
    """
    return _submodule_trouble(mirror, tip, merged, brought) or _large_file_trouble(mirror, tip, merged, brought)


def _submodule_trouble(mirror: Mirror, tip: str, merged: str, brought: frozenset[DiffEntry]) -> str:
    if not any(entry.new_mode == _GITLINK or entry.path == MODULES for entry in brought):
        return ""
    try:
        before, after = submodules(mirror.git, tip), submodules(mirror.git, merged)
    except GitFailed as failed:
        return f"cannot read .gitmodules ({failed.complaint}): correct it and submit again"
    for path, now in sorted(after.items()):
        trouble = "" if before.get(path) == now else _link_trouble(path, before.get(path), now, mirror)
        if trouble:
            return trouble
    return ""


def _link_trouble(path: bytes, before: Submodule | None, now: Submodule, mirror: Mirror) -> str:
    name = shown_path(path)
    if now.url is None:
        return (
            f"{name} is a submodule without an entry in .gitmodules, so nobody can clone it: add an entry, or remove it"
        )
    if before is None or before.url != now.url:
        return (
            f"{name} would be a submodule from {one_line(without_credentials(now.url), 100)}, which the target does not"
            " have: let a person add it to the target first, then retry"
        )
    missing = _missing_at(absolute_url(now.url, mirror.bare_origin), now.commit, mirror.credentials)
    if missing:
        return f"{name} needs {now.commit[:12]}, which its origin did not give ({missing}): push it there, then retry"
    return ""


def _missing_at(url: str, commit: str, credentials: Path | None) -> str:
    """Why a repository does not give a commit, in git's words; empty if it does. Nothing fetched is kept."""
    with scratch("submodule") as folder:
        git = Git(folder / "asked.git")
        try:
            check_origin(url)
            git.run("init", "--quiet", "--bare", "--template=")
            words = (
                "--quiet",
                "--no-tags",
                "--no-write-fetch-head",
                "--no-auto-maintenance",
                "--no-recurse-submodules",
            )
            asked = ("--depth=1", "--filter=tree:0", "--end-of-options", url, commit)
            with access_to(credentials, url) as access:
                git.run("fetch", *words, *asked, timeout_s=BRIEF_S, access=access)
        except GitFailed as failed:
            return failed.complaint
        except OnloopError as problem:
            return problem.message
    return ""


def _large_file_trouble(mirror: Mirror, tip: str, merged: str, brought: frozenset[DiffEntry]) -> str:
    """What to say of new Git LFS pointers whose files did not come with the work, and are not at the origin."""
    git, before = mirror.git, {entry.old for entry in brought}
    new = {e.new: e.path for e in brought if e.new_mode in _FILE and not e.is_gone and e.new not in before}
    found = pointers(git, new)
    if not found or not uses_lfs(git, merged):
        return ""
    in_target, store = _blobs(git, tip), store_of(mirror)
    lacking = {blob: pointer for blob, pointer in found.items() if blob not in in_target and not store.has(pointer)}
    if not lacking:
        return ""
    names = ", ".join(shown_path(path) for path in sorted(new[blob] for blob in lacking)[:_MOST_NAMED])
    return (
        f"{len(lacking)} files are Git LFS pointers whose content did not come with the work ({names}): "
        "push the objects and the commit to the target by hand, or submit the files themselves"
    )


def push_brought(mirror: Mirror, tip: str, merged: str) -> None:
    """Give the origin every file in Git LFS that came with the work, before its target moves to `merged`."""
    words = ("--objects", "--no-object-names", "--end-of-options", merged, f"^{tip}")
    new = mirror.git.run("rev-list", *words, timeout_s=LONG_S).text.split()
    store = store_of(mirror)
    push_large(mirror, tip, [pointer for pointer in pointers(mirror.git, new).values() if store.has(pointer)])


def _blobs(git: Git, commit: str) -> frozenset[str]:
    listed = git.run("ls-tree", "-r", "-z", "--full-tree", "--end-of-options", commit).stdout.split(b"\0")[:-1]
    return frozenset(line.partition(b"\t")[0].split()[2].decode() for line in listed)
