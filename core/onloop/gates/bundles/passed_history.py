"""The gateway's side: bundles of history, made from its mirrors once and kept for a while."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from contextlib import suppress
from hashlib import sha256
from pathlib import Path

from onloop import file_lock
from onloop.errors import BadInput, Unavailable, UnknownThing
from onloop.gates.bundles.history_offer import (
    LARGEST_PAGE,
    LARGEST_PASSED,
    MOST_HAVE,
    MOST_REFS,
    HistoryOffer,
    check_digest,
    refs_digest,
    wanted,
)
from onloop.gates.contents.tags import tags_on
from onloop.gates.repository.folders import private, scratch
from onloop.gates.repository.git import LONG_S
from onloop.gates.repository.mirror import Mirror
from onloop.gates.repository.ref_names import TAG_SPACE, check_commit
from onloop.records import Record

MOST_KEPT = 64
MOST_BYTES = 2 * LARGEST_PASSED
"""How many bundles are kept, and how many bytes of them; the one that was not read for longest goes first."""

_ENDING = ".bundle"
_TASKS = "refs/onloop/tasks/"
_STRIPES = 16


class HistoryCache(Record):
    """Bundles of history in a folder of the gateway's. Each is for whoever may see all the refs that are in it."""

    folder: Path
    largest: int = LARGEST_PASSED
    most_bytes: int = MOST_BYTES
    most: int = MOST_KEPT

    def offer(
        self, mirror: Mirror, target: str, tasks: tuple[str, ...], have: Sequence[str], seen: str
    ) -> HistoryOffer:
        """What a clone of these tasks needs of the mirror, and the bundle of it, without the history of `have`.

        There is no bundle where `seen` is the digest of just these refs.
        """
        if (mirror.path / "shallow").exists():
            raise Unavailable(
                f"the history of {mirror.bare_origin} is shallow, and cannot be passed on as a bundle",
                hint="let this machine reach the origin (git.toml), or make it a full clone: git fetch --unshallow",
            )
        refs = _refs(mirror, target, tasks)
        known = _known(mirror, tasks, have[:MOST_HAVE])
        lacking = _lacking(mirror, refs, known) if refs_digest(refs) != seen else ()
        if not lacking:
            return HistoryOffer(refs)
        private(self.folder)
        scope = _scope(mirror, tasks if _is_of_tasks(refs) else ())
        name = f"{scope}.{sha256(json.dumps([lacking, known]).encode()).hexdigest()[:32]}"
        with self._turn(name):
            kept = self._kept(name) or self._made(mirror, name, lacking, known)
        return HistoryOffer(refs, _digest_of(kept), kept.stat().st_size)

    def page(self, mirror: Mirror, tasks: tuple[str, ...], digest: str, offset: int) -> bytes:
        """A page of a bundle that was offered for these tasks; UnknownThing if it is not kept any more."""
        ending = f"{check_digest(digest)}{_ENDING}"
        for scope in (_scope(mirror, tasks), _scope(mirror, ())):
            for kept in self.folder.glob(f"{scope}.*.{ending}"):
                with suppress(FileNotFoundError), kept.open("rb") as file:
                    os.utime(kept)
                    return os.pread(file.fileno(), LARGEST_PAGE, max(0, offset))
        raise UnknownThing(f"the bundle {digest[:12]} is not kept any more", hint="ask for the history again")

    def _turn(self, name: str) -> _Turn:
        return _Turn(self.folder / f"lock-{int(sha256(name.encode()).hexdigest(), 16) % _STRIPES}")

    def _kept(self, name: str) -> Path | None:
        return next(self.folder.glob(f"{name}.*{_ENDING}"), None)

    def _made(self, mirror: Mirror, name: str, refs: tuple[tuple[str, str], ...], known: tuple[str, ...]) -> Path:
        asked = "".join(f"{line}\n" for line in (*(ref for ref, _ in refs), *(f"^{commit}" for commit in known)))
        counted, digest = 0, sha256()
        with scratch("bundle", self.folder) as folder:
            with (folder / "made").open("wb") as file:

                def take(chunk: bytes) -> None:
                    nonlocal counted
                    counted += len(chunk)
                    if counted > self.largest:
                        raise BadInput(
                            f"the history of {mirror.bare_origin} has more than {self.largest} bytes",
                            hint="let this machine reach the origin itself: declare access to it in git.toml",
                        )
                    digest.update(chunk)
                    file.write(chunk)

                words = ("create", "--quiet", "-", "--stdin")
                mirror.git.run("bundle", *words, stdin=asked.encode(), timeout_s=LONG_S, sink=take)
            kept = self.folder / f"{name}.{digest.hexdigest()}{_ENDING}"
            (folder / "made").replace(kept)
        self._make_room(kept)
        return kept

    def _make_room(self, fresh: Path) -> None:
        """Remove the bundles that were not read for longest, until what is kept is within its limits."""
        others = [each for each in self.folder.glob(f"*{_ENDING}") if each != fresh]
        sizes = {each: status for each in others if (status := _status(each)) is not None}
        total, count = fresh.stat().st_size + sum(status.st_size for status in sizes.values()), len(sizes) + 1
        for each in sorted(sizes, key=lambda path: sizes[path].st_mtime_ns):
            if count <= self.most and total <= self.most_bytes:
                return
            each.unlink(missing_ok=True)
            total, count = total - sizes[each].st_size, count - 1


class _Turn:
    """Held while one bundle is made, so that all who want the same wait for it instead of making it as well."""

    def __init__(self, path: Path) -> None:
        self._path, self._handle = path, -1

    def __enter__(self) -> None:
        self._handle = file_lock.open_file(self._path)
        if not file_lock.wait(self._handle, LONG_S):
            os.close(self._handle)
            raise Unavailable("another bundle is being made", hint="try again")

    def __exit__(self, *_: object) -> None:
        os.close(self._handle)


def _status(path: Path) -> os.stat_result | None:
    with suppress(OSError):
        return path.stat()
    return None


def _digest_of(kept: Path) -> str:
    return kept.name.removesuffix(_ENDING).rpartition(".")[2]


def _scope(mirror: Mirror, tasks: tuple[str, ...]) -> str:
    """Who may read a bundle: whoever works on the repository, or on these tasks where it holds their commits."""
    return sha256(json.dumps([mirror.path.name, tasks[:1]]).encode()).hexdigest()[:32]


def _is_of_tasks(refs: Sequence[tuple[str, str]]) -> bool:
    return any(name.startswith(_TASKS) for name, _ in refs)


def _refs(mirror: Mirror, target: str, tasks: tuple[str, ...]) -> tuple[tuple[str, str], ...]:
    git = mirror.git
    lines = git.text("for-each-ref", "--format=%(refname) %(objectname)", *wanted(target, tasks)).splitlines()
    heads = [(name, commit) for name, _, commit in (line.partition(" ") for line in lines)]
    tip = dict(heads)[f"refs/heads/{target}"]
    tags = [(f"{TAG_SPACE}{tag.name}", tag.object) for tag in tags_on(git, tip)]
    return tuple((*heads, *tags)[:MOST_REFS])


def _known(mirror: Mirror, tasks: tuple[str, ...], have: Sequence[str]) -> tuple[str, ...]:
    """Those commits of the client's that are in histories which it may know: of others', it is told nothing."""
    histories = ("refs/heads", *(f"{_TASKS}{task}" for task in tasks))
    found = []
    for commit in dict.fromkeys(map(check_commit, have)):
        words = ("--count=1", "--format=x", f"--contains={commit}", *histories)
        listed = mirror.git.run("for-each-ref", *words, accept=(0, 1, 128, 129))
        if not listed.exit_code and listed.stdout:
            found.append(commit)
    return tuple(sorted(found))


def _lacking(mirror: Mirror, refs: tuple[tuple[str, str], ...], known: tuple[str, ...]) -> tuple[tuple[str, str], ...]:
    """The refs that the history of `known` does not have: git bundles no others, but objects of tags."""
    if not known:
        return refs
    form = "--format=%(refname) %(objecttype)"
    old = mirror.git.text("for-each-ref", form, *(f"--merged={commit}" for commit in known)).splitlines()
    merged = {name for name, _, kind in (line.partition(" ") for line in old) if kind == "commit"}
    return tuple(pair for pair in refs if pair[0] not in merged)
