"""Whether a clone of a merge would be complete: the origins have its submodules, and the large files exist."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from onloop.errors import OnloopError
from onloop.gates.credentials.git_access import access_to
from onloop.gates.repository.failures import GitFailed
from onloop.gates.repository.folders import scratch
from onloop.gates.repository.git import BRIEF_S, Git
from onloop.gates.repository.mirror import Mirror
from onloop.gates.repository.ref_names import check_origin, one_line, without_credentials
from onloop.gates.repository.shown import DiffEntry
from onloop.records import Record

_GITLINK = "160000"
_FILE = ("100644", "100755")
_MODULES = b".gitmodules"
_LARGEST_MODULES = 1024 * 1024
_LARGEST_ATTRIBUTES = 1024 * 1024
_MOST_ATTRIBUTES = 500
_LARGEST_POINTER = 1024
_POINTER = re.compile(rb"version https://(git-lfs\.github\.com|hawser\.github\.com)/spec/v[0-9]+\n")
_AT_ONCE = 2000
_MOST_NAMED = 5


class _Submodule(Record):
    """A commit of another repository at a path, and the URL that .gitmodules gives for it."""

    commit: str
    url: str | None


def unclonable(mirror: Mirror, tip: str, merged: str, brought: frozenset[DiffEntry]) -> str:
    """Why a clone of `merged` would be incomplete, though one of `tip` is not, and what would help; else empty.

    `brought` is what differs between the two. Only the origins that the target already names are contacted: a URL that
    came with the work is never fetched.
    """
    large = _large_file_trouble
    return _submodule_trouble(mirror, tip, merged, brought) or large(mirror.git, tip, merged, brought)


def _submodule_trouble(mirror: Mirror, tip: str, merged: str, brought: frozenset[DiffEntry]) -> str:
    if not any(entry.new_mode == _GITLINK or entry.path == _MODULES for entry in brought):
        return ""
    try:
        before, after = _submodules(mirror.git, tip), _submodules(mirror.git, merged)
    except GitFailed as failed:
        return f"cannot read .gitmodules ({failed.complaint}): correct it and submit again"
    for path, now in sorted(after.items()):
        trouble = "" if before.get(path) == now else _link_trouble(path, before.get(path), now, mirror)
        if trouble:
            return trouble
    return ""


def _link_trouble(path: bytes, before: _Submodule | None, now: _Submodule, mirror: Mirror) -> str:
    name = _shown(path)
    if now.url is None:
        return (
            f"{name} is a submodule without an entry in .gitmodules, so nobody can clone it: add an entry, or remove it"
        )
    if before is None or before.url != now.url:
        return (
            f"{name} would be a submodule from {one_line(without_credentials(now.url), 100)}, which the target does not"
            " have: let a person add it to the target first, then retry"
        )
    missing = _missing_at(_absolute(now.url, mirror.bare_origin), now.commit, mirror.credentials)
    if missing:
        return f"{name} needs {now.commit[:12]}, which its origin did not give ({missing}): push it there, then retry"
    return ""


def _submodules(git: Git, commit: str) -> Mapping[bytes, _Submodule]:
    listed = git.run("ls-tree", "-r", "-z", "--full-tree", "--end-of-options", commit).stdout.split(b"\0")[:-1]
    entries = (line.partition(b"\t") for line in listed)
    links = {path: words.split()[2].decode() for words, _, path in entries if words.startswith(_GITLINK.encode())}
    urls = _urls(git, commit) if links else {}
    return {path: _Submodule(link, urls.get(path)) for path, link in links.items()}


def _urls(git: Git, commit: str) -> Mapping[bytes, str]:
    """The URLs in the .gitmodules of a commit, by path; empty if there is no such file."""
    listed = git.run("ls-tree", "-z", "--full-tree", "--end-of-options", commit, _MODULES.decode()).fields
    if not listed:
        return {}
    mode, _, blob = listed[0].partition("\t")[0].split()
    if mode not in _FILE:
        return {}
    content = git.run("cat-file", "blob", blob, max_bytes=_LARGEST_MODULES)
    if content.cut:
        raise GitFailed("config", f"it has more than {_LARGEST_MODULES} bytes")
    settings = git.run("config", "--no-includes", "-z", "--file", "-", "--list", stdin=content.stdout).stdout
    values: dict[tuple[bytes, bytes], bytes] = {}
    for line in settings.split(b"\0")[:-1]:
        key, _, value = line.partition(b"\n")
        name, _, what = key.rpartition(b".")
        if (name, what) in values:
            raise GitFailed("config", f"{_shown(key)} is set twice")
        values[name, what] = value
    return dict(_by_path(values))


def _by_path(values: Mapping[tuple[bytes, bytes], bytes]) -> Iterator[tuple[bytes, str]]:
    """Path and URL of each submodule. Two entries for one path are refused: git versions differ in which they use."""
    seen = set[bytes]()
    for (name, what), path in values.items():
        if what == b"path" and name.startswith(b"submodule."):
            if path in seen:
                raise GitFailed("config", f"{_shown(path)} is set twice")
            seen.add(path)
            if (name, b"url") in values:
                yield path, values[name, b"url"].decode("utf-8", "backslashreplace")


def _absolute(url: str, origin: str) -> str:
    """The absolute URL of a submodule; ./ and ../ are relative to the origin, as in git."""
    if not url.startswith(("./", "../")):
        return url
    place = origin.rstrip("/")
    while url.startswith(("./", "../")):
        if url.startswith("../"):
            place = place.rpartition("/" if "/" in place else ":")[0]
        url = url.partition("/")[2]
    return f"{place}/{url}"


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


def _large_file_trouble(git: Git, tip: str, merged: str, brought: frozenset[DiffEntry]) -> str:
    """What to say of new Git LFS pointers: their content is in no commit, so it did not come with the work."""
    before = {entry.old for entry in brought}
    new = {e.new: e.path for e in brought if e.new_mode in _FILE and not e.is_gone and e.new not in before}
    pointers = sorted(new[blob] for blob in _pointers(git, new))
    if not pointers or not _filters_large_files(git, merged):
        return ""
    in_target = _blobs(git, tip)
    lacking = [path for blob, path in new.items() if path in pointers and blob not in in_target]
    if not lacking:
        return ""
    names = ", ".join(_shown(path) for path in sorted(lacking)[:_MOST_NAMED])
    return (
        f"{len(lacking)} files are Git LFS pointers whose content did not come with the work ({names}): "
        "push the objects and the commit to the target by hand, or submit the files themselves"
    )


def _pointers(git: Git, blobs: Iterable[str]) -> list[str]:
    wanted = sorted(blobs)
    names: list[str] = []
    for start in range(0, len(wanted), _AT_ONCE):
        asked = "\n".join(wanted[start : start + _AT_ONCE]).encode()
        sizes = git.run("cat-file", "--batch-check=%(objectname) %(objectsize)", stdin=asked).text.split("\n")
        small = [line.split()[0] for line in sizes if int(line.split()[1]) <= _LARGEST_POINTER]
        if small:
            names += _matching(git.run("cat-file", "--batch", stdin="\n".join(small).encode()).stdout)
    return names


def _matching(batch: bytes) -> Iterable[str]:
    """Which objects in the output of `cat-file --batch` are pointers."""
    start = 0
    while start < len(batch):
        end = batch.index(b"\n", start)
        name, _, size = batch[start:end].decode("ascii").split(" ")
        if _POINTER.match(batch, end + 1, end + 1 + int(size)):
            yield name
        start = end + 2 + int(size)


def _filters_large_files(git: Git, commit: str) -> bool:
    """Whether any .gitattributes of a commit uses Git LFS; without it, a pointer is an ordinary text file."""
    listed = git.run("ls-tree", "-r", "-z", "--full-tree", "--end-of-options", commit).stdout.split(b"\0")[:-1]
    entries = (line.partition(b"\t") for line in listed)
    blobs = {words.split()[2].decode() for words, _, path in entries if path.rpartition(b"/")[2] == b".gitattributes"}
    if len(blobs) > _MOST_ATTRIBUTES:
        return True
    return any(b"filter=lfs" in git.run("cat-file", "blob", b, max_bytes=_LARGEST_ATTRIBUTES).stdout for b in blobs)


def _blobs(git: Git, commit: str) -> frozenset[str]:
    listed = git.run("ls-tree", "-r", "-z", "--full-tree", "--end-of-options", commit).stdout.split(b"\0")[:-1]
    return frozenset(line.partition(b"\t")[0].split()[2].decode() for line in listed)


def _shown(path: bytes) -> str:
    return one_line(path.decode("utf-8", "backslashreplace"), 100)
