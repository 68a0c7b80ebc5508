"""Reads the listing of a repository: of the commit at HEAD through a git of ours, or of a folder as it lies.

Nothing of the repository is run, no link is followed, and the repository's own configuration has no effect.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator, Mapping
from pathlib import Path

from onloop.errors import BadInput, Unavailable
from onloop.gates.repository.failures import GitFailed
from onloop.gates.repository.git import Git
from onloop.gates.repository.head import read_ref
from onloop.gates.repository.loan import LOANED_REF, loaned
from onloop.insight.audit.known_artefacts import is_lock, telling
from onloop.insight.audit.listing import BINARY, DEEPEST, Listing, beside, is_within, listing_of
from onloop.records import Record

MOST_PATHS = 250_000
"""How many paths of a repository are looked at."""
MOST_LISTED = 48 * 1024 * 1024
"""How many bytes of paths are read."""
LARGEST = 524_288
LARGEST_LOCK = 4 * 1024 * 1024
"""The largest file whose text is read, and the largest that fixes dependencies."""
MOST_TEXT = 32 * 1024 * 1024
MOST_TEXTS = 2_000
"""How much text is read of one repository, and of how many files."""

_LEFT_OUT = frozenset({".git", "node_modules", ".venv", "venv", "__pycache__", ".mypy_cache", ".tox", "target"})
_FILE, _LINK, _MODULE = "100", "120000", "160000"


class _Entry(Record):
    """One entry of a tree, or of a folder."""

    mode: str
    blob: str
    size: int


class _Stored(Record):
    """Where a repository keeps its objects, and its commit."""

    objects: Path
    commit: str


def read_listing(folder: Path) -> Listing:
    """The listing of the repository at a folder, bare ones too; BadInput where there is no folder to look at."""
    top = Path(os.path.abspath(folder))  # noqa: PTH100 - links are not to be resolved
    name = top.name or str(top)
    if not top.is_dir():
        raise BadInput(f"{folder} is not a folder", hint="onloop audit PATH names a repository or a folder")
    if not os.access(top, os.R_OK | os.X_OK):
        raise Unavailable(f"{folder} cannot be read", hint="ask as a user who may read it")
    stored = _stored(top)
    if isinstance(stored, str):
        return _of_folder(top, name, stored)
    try:
        with loaned(stored.objects, {LOANED_REF: stored.commit}) as git:
            return _of_commit(git, name, stored.commit)
    except GitFailed as failed:
        return _of_folder(top, name, f"git could not read its commit ({failed.message[:120]})")


def _stored(top: Path) -> _Stored | str:
    """Where the objects are, and the commit at HEAD; in words, why there is none."""
    if _is_folder(top / ".git"):
        home, refs = top / ".git", top / ".git"
    elif _is_folder(top / "objects") and (top / "HEAD").is_file():
        home, refs = top, top
    elif (found := _linked(top)) is not None:
        refs, home = found
    else:
        return "it is no git repository"
    commit = read_ref(refs, "HEAD") or _shared_ref(refs, home)
    if commit is None:
        return "it has no commit yet"
    return _Stored(home / "objects", commit) if _is_folder(home / "objects") else "its objects are not here"


def _linked(top: Path) -> tuple[Path, Path] | None:
    """The git folders of a work tree that lies beside its repository, which must name it in its turn."""
    own = _line(top / ".git").removeprefix("gitdir:").strip()
    refs = Path(own)
    if not own or not refs.is_absolute() or _line(refs / "gitdir").strip() != str(top / ".git"):
        return None
    home = refs / _line(refs / "commondir").strip()
    return refs, Path(os.path.normpath(home))


def _shared_ref(refs: Path, home: Path) -> str | None:
    """The commit of a branch that a work tree's HEAD names, and that its repository keeps."""
    name = _line(refs / "HEAD").removeprefix("ref:").strip()
    return read_ref(home, name) if name.startswith("refs/heads/") and ".." not in name else None


def _line(path: Path) -> str:
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except (OSError, ValueError):
        return ""
    with os.fdopen(descriptor, "rb") as file:
        is_file = stat.S_ISREG(os.fstat(descriptor).st_mode)
        return file.read(4_096).decode("utf-8", "replace").split("\n")[0] if is_file else ""


def _is_folder(path: Path) -> bool:
    try:
        return stat.S_ISDIR(path.lstat().st_mode)
    except OSError:
        return False


def _of_commit(git: Git, name: str, commit: str) -> Listing:
    listed = git.run("ls-tree", "-r", "-l", "-z", "--full-tree", "--end-of-options", commit, max_bytes=MOST_LISTED)
    entries = dict(_entry(each) for each in listed.fields[:MOST_PATHS])
    notes = [f"only its first {len(entries):,} paths were looked at"] if listed.cut or _is_over(listed.fields) else []
    modules = {path for path, entry in entries.items() if entry.mode == _MODULE}
    texts, more = _texts_of(git, entries)
    notes += [f"its submodules were not looked into: {len(modules)}"] if modules else []
    paths = (path for path in entries if path not in modules)
    return listing_of(name, paths, texts, commit=commit, submodules=modules, notes=(*notes, *more))


def _is_over(fields: tuple[str, ...]) -> bool:
    return len(fields) > MOST_PATHS


def _entry(entry: str) -> tuple[str, _Entry]:
    described, _, path = entry.partition("\t")
    mode, _, blob, size = described.split()
    return path, _Entry(mode, blob, int(size) if size.isdigit() else 0)


def _chosen(entries: Mapping[str, _Entry]) -> tuple[list[str], tuple[str, ...]]:
    """The files whose text is read, what most depends on first; in words, what is too much or too large."""
    ranked = sorted(
        (rank, path.count("/"), path) for path in filter(is_within, entries) if (rank := telling(path)) is not None
    )
    chosen, total, large, left = list[str](), 0, 0, 0
    for _, _, path in ranked:
        entry = entries[path]
        if entry.mode == _MODULE:
            continue
        if entry.size > (LARGEST_LOCK if is_lock(path) else LARGEST):
            large += 1
        elif len(chosen) >= MOST_TEXTS or total + entry.size > MOST_TEXT:
            left += 1
        else:
            chosen.append(path)
            total += entry.size
    notes = [f"files too large to be read: {large}"] if large else []
    notes += [f"files left unread: {left}, past what is read of one repository"] if left else []
    return chosen, tuple(notes)


def _texts_of(git: Git, entries: Mapping[str, _Entry]) -> tuple[dict[str, str], tuple[str, ...]]:
    chosen, notes = _chosen(entries)
    blobs = _blobs(git, [entries[path].blob for path in chosen])
    texts = {path: blobs[entries[path].blob] for path in chosen if entries[path].blob in blobs}
    for path in [path for path in texts if entries[path].mode == _LINK]:
        texts.pop(path) if (found := _linked_text(texts, path)) is None else texts.update({path: found})
    return texts, notes


def _linked_text(texts: Mapping[str, str], path: str) -> str | None:
    """What a link of the repository leads to, of what was read."""
    return texts.get(beside(path, texts[path]))


def _blobs(git: Git, wanted: list[str]) -> dict[str, str]:
    """The text of blobs by their ids, read by one git; of one with a zero byte it is `BINARY`."""
    if not wanted:
        return {}
    asked = "".join(f"{blob}\n" for blob in dict.fromkeys(wanted)).encode()
    printed = git.run("cat-file", "--batch", stdin=asked, max_bytes=MOST_TEXT + len(wanted) * 100).stdout
    return dict(_read(printed))


def _read(printed: bytes) -> Iterator[tuple[str, str]]:
    at = 0
    while (end := printed.find(b"\n", at)) >= 0:
        words = printed[at:end].split()
        if len(words) != 3:
            at = end + 1
            continue
        size = int(words[2])
        content = printed[end + 1 : end + 1 + size]
        yield words[0].decode(), _text(content)
        at = end + size + 2


def _text(content: bytes) -> str:
    return BINARY if b"\0" in content else content.decode("utf-8", "replace")


def _of_folder(top: Path, name: str, why: str) -> Listing:
    """The listing of a folder as it lies; what cannot be read is left out, and counted."""
    entries, unread = dict[str, _Entry](), 0
    waiting = [(top, 0)]
    while waiting and len(entries) < MOST_PATHS:
        folder, depth = waiting.pop()
        try:
            with os.scandir(folder) as found:
                for each in found:
                    path = os.path.relpath(each.path, top).encode("utf-8", "replace").decode()
                    if each.is_dir(follow_symlinks=False):
                        waiting += (
                            [(Path(each.path), depth + 1)] if each.name not in _LEFT_OUT and depth < DEEPEST else []
                        )
                    elif each.is_file(follow_symlinks=False):
                        entries[path] = _Entry(_FILE, each.path, each.stat(follow_symlinks=False).st_size)
        except OSError:
            unread += 1
    chosen, more = _chosen(entries)
    read = {path: text for path in chosen if (text := _file_text(entries[path].blob)) is not None}
    notes = [f"{why}, so its files were looked at as they lie"]
    notes += [f"folders that cannot be read: {unread}"] if unread else []
    notes += [f"only its first {len(entries):,} paths were looked at"] if len(entries) >= MOST_PATHS else []
    return listing_of(name, entries, read, notes=(*notes, *more))


def _file_text(path: str) -> str | None:
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except (OSError, ValueError):
        return None
    with os.fdopen(descriptor, "rb") as file:
        is_file = stat.S_ISREG(os.fstat(descriptor).st_mode)
        return _text(file.read(LARGEST_LOCK)) if is_file else None
