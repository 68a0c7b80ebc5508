"""Gathers what an agent hands in, in a process of its own, as the agent's user and without the store.

`python -I -S collector.py` takes an order as JSON on standard input and answers on standard output: a manifest with
its length before it, or an error, then the bundle and the artefacts as bytes. It runs nothing that an agent configured.
"""

from __future__ import annotations

import json
import os
import stat
import struct
import sys
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import IO, Any

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).parents[3]))

from onloop.errors import BadInput, OnloopError, Unavailable
from onloop.gates.intake.manifest import (
    LARGEST_ARTEFACT,
    LARGEST_BUNDLE,
    LARGEST_LARGE,
    LONGEST_NAME,
    MOST_ARTEFACTS,
    MOST_ELSEWHERE,
    MOST_LEFT,
    Announced,
    Manifest,
    check_artefact_name,
)
from onloop.gates.repository.failures import GitFailed
from onloop.gates.repository.folders import scratch
from onloop.gates.repository.git import LONG_S, Git
from onloop.gates.repository.head import read_ref
from onloop.gates.repository.loan import LOANED_REF, Loan, loan
from onloop.gates.repository.pointers import Pointer, pointers
from onloop.gates.repository.ref_names import check_ref_name
from onloop.gates.repository.tips import other_tips

LENGTH = struct.Struct(">I")
MOST_COMPARED = 2_000
MOST_TIPS = 200
"""How many branches of a clone are looked at for work that is not at HEAD."""
_CHUNK = 262_144
_NOTHING = "create empty bundle"
"""What git says when there is nothing new; git runs in the C locale, so the text is never translated."""


def gather(order: Mapping[str, Any], spool: IO[bytes]) -> Manifest:
    """Write the bundle and the artefacts to `spool`; the answer is the manifest. OnloopError says what is wrong."""
    environment = Path(order["environment"])
    with scratch("bundle") as folder, loan(environment, order.get("ref", "")) as lent:
        known = _known(environment, order)
        bundle = _bundle(lent, folder / "bundle", known)
        if bundle is not None:
            _copy(bundle, spool)
        left = _uncommitted(lent, environment, folder / "index")
        commit, named = lent.head, _new_pointers(lent, known) if bundle is not None else frozenset()
        elsewhere = _elsewhere(lent, environment, known) if bundle is None else ()
    size = spool.tell()
    artefacts = tuple(_artefacts(Path(order["out"]), spool))
    large = tuple(_large_files(environment / ".git" / "lfs" / "objects", named, spool))
    return Manifest(commit, size, artefacts, left, large, elsewhere)


def _known(environment: Path, order: Mapping[str, Any]) -> tuple[str, ...]:
    """The commits that the gateway already has."""
    target = read_ref(environment / ".git", f"refs/remotes/origin/{check_ref_name(order['target'])}")
    return (*((target,) if target else ()), *order["known"])


def _bundle(lent: Loan, path: Path, known: Sequence[str]) -> Path | None:
    """A bundle of HEAD without the `known` commits; None if nothing is new. BadInput if the commit is not complete."""
    git = lent.git
    try:
        listed = git.run("cat-file", "--batch-check", stdin="\n".join((lent.head, *known)).encode()).text.split("\n")
        if listed[0].split()[1:2] != ["commit"]:
            raise BadInput(f"HEAD names {lent.head}, which is not a commit here", hint="commit the work with git")
        without = [f"^{line.split()[0]}" for line in listed[1:] if line.split()[1:2] == ["commit"]]
        git.run("bundle", "create", "--quiet", str(path), LOANED_REF, *without, timeout_s=LONG_S)
    except GitFailed as failed:
        if _NOTHING in failed.complaint:
            return None
        if failed.out_of_time:
            raise
        raise BadInput(
            f"cannot bundle commit {lent.head}: {failed.complaint}",
            hint="run `git fsck --full` in the clone, repair what it names, commit and submit again",
        ) from failed
    if path.stat().st_size > LARGEST_BUNDLE:
        raise BadInput(
            f"the bundle is larger than {LARGEST_BUNDLE} bytes", hint="submit less at once, and no large files"
        )
    return path


def _copy(path: Path, spool: IO[bytes]) -> None:
    with path.open("rb") as source:
        while chunk := source.read(_CHUNK):
            spool.write(chunk)


def _uncommitted(lent: Loan, environment: Path, index: Path) -> tuple[str, ...]:
    """Tracked files that differ from HEAD; none if git cannot read its tree, which the gateway will refuse."""
    git = lent.git._replace(work_tree=environment, index_file=index)
    try:
        git.run("read-tree", "--end-of-options", lent.head)
    except GitFailed:
        return ()
    names = git.run("ls-files", "-z", "--modified").fields[:MOST_COMPARED]
    filled = _filled_pointers(git, environment, names) if names else frozenset()
    return tuple(name[:LONGEST_NAME] for name in names if name not in filled)[:MOST_LEFT]


def _filled_pointers(git: Git, environment: Path, names: Sequence[str]) -> frozenset[str]:
    """Those of the files that are pointers to Git LFS in HEAD, and here as large as what they name."""
    staged = (line.partition("\t") for line in git.run("ls-files", "-z", "--stage", "--", *names).fields)
    blobs = {name: words.split()[1] for words, _, name in staged}
    found = pointers(git, set(blobs.values()))
    sizes = {name: found[blob].size for name, blob in blobs.items() if blob in found}
    return frozenset(name for name, size in sizes.items() if _size(environment / name) == size)


def _size(path: Path) -> int | None:
    try:
        return path.lstat().st_size
    except OSError:
        return None


def _new_pointers(lent: Loan, known: Sequence[str]) -> frozenset[Pointer]:
    """The pointers to Git LFS that the work brings."""
    git = lent.git
    listed = git.run("cat-file", "--batch-check", stdin="\n".join((lent.head, *known)).encode()).text.split("\n")
    without = [f"^{line.split()[0]}" for line in listed[1:] if line.split()[1:2] == ["commit"]]
    asked = "\n".join((lent.head, *without)).encode()
    words = ("--objects", "--no-object-names", "--stdin")
    new = git.run("rev-list", *words, stdin=asked, timeout_s=LONG_S).text.split()
    return frozenset(pointers(git, new).values())


def _large_files(objects: Path, named: Iterable[Pointer], spool: IO[bytes]) -> Iterator[Announced]:
    """Those of the files that git-lfs keeps in the clone; the gateway says which of the others it misses."""
    for pointer in sorted(named):
        path = objects / pointer.oid[:2] / pointer.oid[2:4] / pointer.oid
        try:
            handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK)
        except OSError:
            continue
        with os.fdopen(handle, "rb") as file:
            status = os.fstat(handle)
            if not stat.S_ISREG(status.st_mode) or status.st_size != pointer.size:
                continue
            if pointer.size > LARGEST_LARGE:
                raise BadInput(
                    f"a file in Git LFS has {pointer.size} bytes", hint=f"submit at most {LARGEST_LARGE} in one file"
                )
            left = pointer.size
            while chunk := file.read(min(_CHUNK, left)):
                spool.write(chunk)
                left -= len(chunk)
        if left:
            raise Unavailable(f"{path} changed while it was read", hint="try again: onloop submit")
        yield Announced(pointer.oid, pointer.size)


def _elsewhere(lent: Loan, environment: Path, known: Sequence[str]) -> tuple[str, ...]:
    """Branches of the clone, and detached worktrees of it, with commits that neither HEAD nor the gateway has."""
    found = []
    for name, tip in islice(other_tips(environment / ".git"), MOST_TIPS):
        span = (tip, f"^{lent.head}", *(f"^{commit}" for commit in known))
        try:
            count = lent.git.text("rev-list", "--count", "--ignore-missing", *span)
        except GitFailed:
            continue
        if count != "0":
            found.append(f"{name} ({count} of them)")
    return tuple(found[:MOST_ELSEWHERE])


def _artefacts(folder: Path, spool: IO[bytes]) -> Iterator[Announced]:
    """Each regular file of the artefact folder. Links and folders are left out; the folder itself may not be a link."""
    try:
        place = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
    except FileNotFoundError:
        return
    except OSError as problem:
        raise BadInput(
            f"{folder} is not a real folder: {problem.strerror}", hint=f"remove it, then: mkdir {folder}"
        ) from None
    try:
        with os.scandir(place) as entries:
            names = sorted(entry.name for entry in entries if entry.is_file(follow_symlinks=False))
        if len(names) > MOST_ARTEFACTS:
            raise BadInput(f"{folder} has {len(names)} files", hint=f"hand over at most {MOST_ARTEFACTS}")
        for name in names:
            check_artefact_name(name)
        for name in names:
            content = _content(place, name)
            spool.write(content)
            yield Announced(name, len(content))
    finally:
        os.close(place)


def _content(place: int, name: str) -> bytes:
    try:
        handle = os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK, dir_fd=place)
    except OSError as problem:
        raise BadInput(f"cannot read the artefact {name}: {problem.strerror}", hint="write it again") from None
    with os.fdopen(handle, "rb") as file:
        if not stat.S_ISREG(os.fstat(handle).st_mode):
            raise BadInput(f"{name} is not a regular file", hint="write the artefact as a file")
        content = file.read(LARGEST_ARTEFACT + 1)
    if len(content) > LARGEST_ARTEFACT:
        raise BadInput(f"{name} is larger than {LARGEST_ARTEFACT} bytes", hint="hand over something smaller")
    return content


def main() -> None:
    """Carry out one order."""
    with tempfile.TemporaryFile() as spool, os.fdopen(os.dup(1), "wb") as out:
        try:
            answer: dict[str, Any] = gather(json.loads(sys.stdin.buffer.read()), spool).plain()
        except OnloopError as problem:
            answer = {"error": _error(problem)}
        except OSError as problem:
            words = f"cannot read {problem.filename or 'the clone'}: {problem.strerror or problem}"
            answer = {"error": _error(Unavailable(words, hint="look at the clone, then: onloop submit"))}
        text = json.dumps(answer).encode()
        out.write(LENGTH.pack(len(text)) + text)
        if "error" not in answer:
            spool.seek(0)
            while chunk := spool.read(_CHUNK):
                out.write(chunk)


def _error(problem: OnloopError) -> dict[str, Any]:
    return {"code": problem.code, "message": problem.message[:2000], "hint": problem.hint[:500], "kind": problem.kind}


if __name__ == "__main__":
    main()
