"""The submodules that a commit has: which commit at which path, and the URL that `.gitmodules` gives for it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import NamedTuple

from onloop.gates.repository.failures import GitFailed
from onloop.gates.repository.git import Git
from onloop.gates.repository.ref_names import one_line

MODULES = b".gitmodules"
_GITLINK = "160000"
_FILE = ("100644", "100755")
_LARGEST_MODULES = 1024 * 1024


class Submodule(NamedTuple):
    """A commit of another repository at a path, and the URL that .gitmodules gives for it."""

    commit: str
    url: str | None


def submodules(git: Git, commit: str) -> Mapping[bytes, Submodule]:
    """The submodules of a commit by path. GitFailed where `.gitmodules` can be read in two ways."""
    listed = git.run("ls-tree", "-r", "-z", "--full-tree", "--end-of-options", commit).stdout.split(b"\0")[:-1]
    entries = (line.partition(b"\t") for line in listed)
    links = {path: words.split()[2].decode() for words, _, path in entries if words.startswith(_GITLINK.encode())}
    urls = _urls(git, commit) if links else {}
    return {path: Submodule(link, urls.get(path)) for path, link in links.items()}


def _urls(git: Git, commit: str) -> Mapping[bytes, str]:
    """The URLs in the .gitmodules of a commit, by path; empty if there is no such file."""
    listed = git.run("ls-tree", "-z", "--full-tree", "--end-of-options", commit, MODULES.decode()).fields
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
            raise GitFailed("config", f"{shown_path(key)} is set twice")
        values[name, what] = value
    return dict(_by_path(values))


def _by_path(values: Mapping[tuple[bytes, bytes], bytes]) -> Iterator[tuple[bytes, str]]:
    """Path and URL of each submodule. Two entries for one path are refused: git versions differ in which they use."""
    seen = set[bytes]()
    for (name, what), path in values.items():
        if what == b"path" and name.startswith(b"submodule."):
            if path in seen:
                raise GitFailed("config", f"{shown_path(path)} is set twice")
            seen.add(path)
            if (name, b"url") in values:
                yield path, values[name, b"url"].decode("utf-8", "backslashreplace")


def absolute_url(url: str, origin: str) -> str:
    """The absolute URL of a submodule; ./ and ../ are relative to the origin, as in git."""
    if not url.startswith(("./", "../")):
        return url
    place = origin.rstrip("/")
    while url.startswith(("./", "../")):
        if url.startswith("../"):
            place = place.rpartition("/" if "/" in place else ":")[0]
        url = url.partition("/")[2]
    return f"{place}/{url}"


def shown_path(path: bytes) -> str:
    """A path of a repository as it may be shown."""
    return one_line(path.decode("utf-8", "backslashreplace"), 100)
