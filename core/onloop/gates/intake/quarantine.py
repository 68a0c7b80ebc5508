"""Where bytes from outside are checked before anything else sees them. Every sender's bytes take this way.

First our code checks a bundle (header, inflated sizes), then git checks it in a separate repository (fsck, whole
history); only then does its pack enter the mirror, by rename. We open nothing that an agent can name or move.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

from onloop.errors import BadInput, OnloopError, Unavailable, kind_of
from onloop.gates.contents.large_files import fetch_large
from onloop.gates.contents.large_store import store_of
from onloop.gates.intake.bundle import LARGEST_HEADER, BundleHeader, bundle_header
from onloop.gates.intake.collection import CHUNK, Collection
from onloop.gates.intake.manifest import LARGEST_BUNDLE, Manifest
from onloop.gates.intake.object_checks import check_new, index_pack
from onloop.gates.repository.failures import GitFailed
from onloop.gates.repository.folders import private, scratch
from onloop.gates.repository.git import Git
from onloop.gates.repository.loan import CONFIG, bare
from onloop.gates.repository.mirror import Mirror
from onloop.gates.repository.pack import PackLimits, check_pack, ids_of
from onloop.gates.repository.pointers import Pointer, check_pointers, pointers
from onloop.gates.repository.ref_names import check_ref_name, check_task
from onloop.records import Record

INDEX_S = 60.0
"""How long git may take to index what was sent and to check it, in seconds."""

MOST_PREREQUISITES = 1_000
MOST_LISTED = 4
"""In how many prerequisites we look for the bases of deltas, where git usually takes them, before the whole history."""

LIMITS = PackLimits()
"""How large a bundle may become when it is inflated and its deltas are applied."""

_UNSHALLOW = "if the clone is shallow: git fetch --unshallow origin; else `git fsck --full` names what is missing"
_SHA256_CONFIG = CONFIG.replace("version = 0", "version = 1") + "[extensions]\n\tobjectFormat = sha256\n"


@dataclass(slots=True, eq=False)
class Arrival:
    """What is being sent, in a private folder of the store that is removed on close."""

    manifest: Manifest
    folder: Path
    arrived: int = 0
    _body: IO[bytes] = field(kw_only=True, repr=False)
    _leaving: ExitStack = field(kw_only=True, repr=False)

    @classmethod
    def begin(cls, quarantine: Path, manifest: Manifest) -> Arrival:
        """A place for what the manifest announces. Folders that killed processes left behind are removed."""
        with _room(quarantine), ExitStack() as leaving:
            private(quarantine)
            folder = leaving.enter_context(scratch("arrival", quarantine))
            body = leaving.enter_context((folder / "body").open("w+b"))
            return cls(manifest, folder, _body=body, _leaving=leaving.pop_all())

    def receive(self, chunk: bytes) -> None:
        """Add the next bytes; BadInput if they are more than announced."""
        self.arrived += len(chunk)
        if self.arrived > self.manifest.size:
            raise BadInput(
                f"more bytes came than the {self.manifest.size} announced", hint="send it again: onloop submit"
            )
        with _room(self.folder):
            self._body.write(chunk)

    def check_whole(self) -> None:
        """BadInput if less has come than was announced."""
        if self.arrived != self.manifest.size:
            words = f"only {self.arrived} of the {self.manifest.size} announced bytes came"
            raise BadInput(words, hint="send it again: onloop submit")
        with _room(self.folder):
            self._body.flush()

    def bundle(self, most: int = LARGEST_BUNDLE) -> bytes:
        """The first `most` bytes of the bundle; empty if the commit brought nothing new."""
        return self._part(0, min(most, self.manifest.bundle))

    def copy_pack(self, begin: int, path: Path) -> None:
        """Write the bundle from byte `begin` on to a file, in pieces."""
        with _room(self.folder), path.open("wb") as file:
            for offset in range(begin, self.manifest.bundle, CHUNK):
                file.write(self._part(offset, min(CHUNK, self.manifest.bundle - offset)))

    def artefacts(self) -> Iterator[tuple[str, bytes]]:
        """The artefacts that came, in the order of their names."""
        offset, parts = self.manifest.bundle, list[tuple[str, int, int]]()
        for artefact in self.manifest.artefacts:
            parts.append((artefact.name, offset, artefact.size))
            offset += artefact.size
        for name, begin, size in sorted(parts):
            yield name, self._part(begin, size)

    def large(self) -> Iterator[tuple[Pointer, Iterator[bytes]]]:
        """The files in Git LFS that came, each as what its pointer must name, and its bytes in pieces."""
        offset = self.manifest.bundle + sum(artefact.size for artefact in self.manifest.artefacts)
        for file in self.manifest.large:
            yield Pointer(file.name, file.size), self._pieces(offset, file.size)
            offset += file.size

    def _pieces(self, begin: int, size: int) -> Iterator[bytes]:
        for offset in range(begin, begin + size, CHUNK):
            yield self._part(offset, min(CHUNK, begin + size - offset))

    def close(self) -> None:
        """Remove the folder with every byte that came."""
        self._leaving.close()

    def _part(self, begin: int, size: int) -> bytes:
        return os.pread(self._body.fileno(), size, begin)


@contextmanager
def _room(folder: Path) -> Iterator[None]:
    """An OSError in the block becomes Unavailable, and says that the store may need space."""
    try:
        yield
    except OSError as problem:
        raise Unavailable(
            f"cannot write to {folder}: {problem.strerror or problem}",
            hint="make room for the store, then try again",
            kind=kind_of(problem),
        ) from problem


@contextmanager
def arrived(quarantine: Path, collection: Collection) -> Iterator[Arrival]:
    """A complete collection in the quarantine, for as long as the block lasts."""
    arrival = Arrival.begin(quarantine, collection.manifest)
    try:
        for chunk in collection.chunks:
            arrival.receive(chunk)
        arrival.check_whole()
        yield arrival
    finally:
        arrival.close()


def _for_nothing(_: int) -> None:
    """Nobody counts."""


class Admission(Record):
    """Which mirror takes which task's commit, under which number; it may build on what `tasks` handed in.

    `spend` is called before a large file of so many bytes is kept, and refuses what is too much.
    """

    mirror: Mirror
    target: str
    task: str
    number: int
    tasks: tuple[str, ...] = ()
    spend: Callable[[int], None] = _for_nothing

    @property
    def ref(self) -> str:
        """The ref under which the mirror keeps the commit."""
        return f"refs/onloop/tasks/{check_task(self.task)}/{self.number:d}"

    @property
    def tip(self) -> str:
        """The target's commit, as it was at the last refresh."""
        return self.mirror.git.text("rev-parse", "--verify", f"refs/heads/{check_ref_name(self.target)}")

    @property
    def known(self) -> tuple[str, ...]:
        """Refs whose history the work may build on: the origin's branches, and what the task and `tasks` handed in."""
        kin = dict.fromkeys((self.task, *self.tasks))
        return ("refs/heads", *(f"refs/onloop/tasks/{check_task(task)}" for task in kin))


def admit(arrival: Arrival, admission: Admission) -> str:
    """Bring the received commit into the mirror and keep it there; the answer is its id.

    BadInput says what is wrong with the upload; then the mirror has not changed.
    """
    arrival.check_whole()
    mirror, head = admission.mirror, arrival.manifest.commit
    if not arrival.manifest.bundle:
        _check_known(mirror.git, head, admission.known)
        mirror.keep(admission.task, admission.number, head)
        return head
    known = tuple(mirror.git.text("for-each-ref", "--format=%(objectname)", *admission.known).split())
    header = _checked_header(arrival, mirror, known, admission.target)
    folder = arrival.folder / "repository"
    git = beside_mirror(folder, mirror)
    passed = _index(arrival, git, header, mirror.tolerated)
    packs = folder / "objects" / "pack"
    id_bytes = len(head) // 2
    sent = arrival.manifest.bundle - header.pack_at - id_bytes
    (came, taken), *_ = [*(ids_of(index, id_bytes, sent) for index in packs.glob("*.idx")), (frozenset(), frozenset())]
    _check_bases(git, taken, header, known)
    new = _new_objects(git, head, known, came)
    if not passed:
        _check_new(arrival, git, head, new)
    if found := pointers(git, new):
        known_objects = history_of(git, known)
        _take_large(arrival, admission, git, {blob: found[blob] for blob in found.keys() - known_objects})
    mirror.take_in(packs, {admission.ref: head})
    return head


def _take_large(arrival: Arrival, admission: Admission, git: Git, new: Mapping[str, Pointer]) -> None:
    """Keep the files in Git LFS that came and that new pointers name; BadInput if one is neither here nor there."""
    store, wanted = store_of(admission.mirror), frozenset(new.values())
    for pointer, content in arrival.large():
        if pointer in wanted and not store.has(pointer):
            admission.spend(pointer.size)
            store.add(pointer, content)
    lacking = {blob for blob, pointer in new.items() if not store.has(pointer)}
    if lacking:
        with suppress(OnloopError):  # the commit is refused below, in words that help an agent
            fetch_large(admission.mirror, admission.tip, {new[blob] for blob in lacking})
    check_pointers(git, arrival.manifest.commit, {blob for blob in lacking if not store.has(new[blob])})


def _check_known(git: Git, commit: str, refs: Sequence[str]) -> None:
    """BadInput unless the history of these refs already has the commit, which came without a bundle."""
    listed = git.run("for-each-ref", "--count=1", "--format=x", f"--contains={commit}", *refs, accept=(0, 1, 128, 129))
    if listed.exit_code or not listed.stdout:
        raise BadInput(
            f"commit {commit} is unknown here, and no bundle came with it",
            hint="git fetch origin, then: onloop submit",
        )


def _checked_header(arrival: Arrival, mirror: Mirror, known: Sequence[str], target: str) -> BundleHeader:
    header = bundle_header(arrival.bundle(LARGEST_HEADER + 2))
    if header.commit != arrival.manifest.commit:
        raise BadInput(
            f"the bundle brings {header.commit}, but {arrival.manifest.commit} was announced",
            hint="send it again: onloop submit",
        )
    if len(header.prerequisites) > MOST_PREREQUISITES:
        raise BadInput(
            f"the bundle has {len(header.prerequisites)} prerequisites, at most {MOST_PREREQUISITES} are allowed",
            hint=f"git merge origin/{target}, then: onloop submit",
        )
    _check_prerequisites(mirror.git, header.prerequisites, known, target)
    return header


def _check_prerequisites(git: Git, needed: Sequence[str], known: Sequence[str], target: str) -> None:
    """Each must be in the history of the `known` commits: being in the mirror is not enough."""
    if set(needed) <= set(known):
        return
    asked = "\n".join((*needed, *(f"^{commit}" for commit in known))).encode()
    outside = git.run("rev-list", "--max-count=1", "--stdin", stdin=asked, accept=(0, 128))
    if outside.exit_code or outside.stdout:
        raise BadInput(
            f"the bundle builds on {needed[0]}{' and others' if len(needed) > 1 else ''}, and not all of this is in "
            f"the history of {target} as it is now",
            hint=f"git fetch origin && git rebase origin/{target}, then: onloop submit",
        )


def beside_mirror(folder: Path, mirror: Mirror) -> Git:
    """A separate repository that reads the mirror's objects and changes none of them."""
    bare(folder, config=_SHA256_CONFIG if mirror.id_bytes == 32 else CONFIG)
    (folder / "objects/info/alternates").write_bytes(os.fsencode(mirror.path / "objects") + b"\n")
    (folder / "objects/pack").mkdir()
    return Git(folder)


def _index(arrival: Arrival, git: Git, header: BundleHeader, tolerated: Sequence[str]) -> bool:
    """Index the pack with git's checks, after we have checked how large it will become.

    False if only indulgence with old history let it pass: what is new must then be checked without.
    """
    content = arrival.folder / "pack"
    arrival.copy_pack(header.pack_at, content)
    check_pack(content, 0, LIMITS, id_bytes=len(header.commit) // 2)
    try:
        return index_pack(git, content, tolerated, INDEX_S)
    except GitFailed as failed:
        raise _refused(failed, header.commit) from failed
    finally:
        content.unlink()


def _check_new(arrival: Arrival, git: Git, head: str, new: frozenset[str]) -> None:
    place = arrival.folder / "new"
    place.mkdir()
    try:
        check_new(git, new, place, INDEX_S)
    except GitFailed as failed:
        raise _refused(failed, head) from failed


def _check_bases(git: Git, taken: frozenset[str], header: BundleHeader, known: Sequence[str]) -> None:
    """The bases of deltas must be in the known history: else a delta could reveal the content of others' work."""
    listed = [git.text("ls-tree", "-r", "-t", commit).splitlines() for commit in header.prerequisites[:MOST_LISTED]]
    near = {line.split("\t")[0].rpartition(" ")[2] for lines in listed for line in lines}
    near |= {*git.text("rev-parse", *(f"{commit}^{{tree}}" for commit in header.prerequisites[:MOST_LISTED])).split()}
    strangers = taken - near
    if strangers and (strangers := strangers - history_of(git, known)):
        raise BadInput(
            f"commit {header.commit} comes as a delta of {min(strangers)}, which is not in the target's history",
            hint="onloop submit makes a complete bundle",
        )


def _new_objects(git: Git, head: str, known: Sequence[str], came: frozenset[str]) -> frozenset[str]:
    """The objects of the commit that the known history lacks. BadInput unless the bundle brought each of them."""
    asked = "\n".join((head, *(f"^{commit}" for commit in known))).encode()
    try:
        listed = git.run(
            "rev-list", "--objects", "--no-object-names", "--stdin", stdin=asked, timeout_s=INDEX_S
        ).text.split()
    except GitFailed as failed:
        if failed.out_of_time:
            raise
        raise BadInput(
            f"cannot fetch commit {head}: its history is not complete: {failed.complaint}", hint=_UNSHALLOW
        ) from failed
    new = frozenset(listed)
    strangers = new - came
    if strangers and (strangers := strangers - history_of(git, known)):
        raise BadInput(
            f"commit {head} needs {min(strangers)}, which is neither in the bundle nor in the target's history",
            hint="git fsck --full, then: onloop submit",
        )
    return new


def history_of(git: Git, commits: Sequence[str]) -> frozenset[str]:
    """Every object that these commits reach. This is slow; callers need it rarely."""
    asked = "\n".join(commits).encode()
    words = ("--objects", "--no-object-names", "--stdin")
    return (
        frozenset(git.run("rev-list", *words, stdin=asked, timeout_s=INDEX_S).text.split()) if commits else frozenset()
    )


def _refused(failed: GitFailed, commit: str) -> BadInput | GitFailed:
    """The error for a failed check: the same GitFailed if git ran out of time, else BadInput about the commit."""
    if failed.out_of_time:
        return failed
    unresolved = any(words in failed.complaint for words in ("unresolved", "did not receive expected object"))
    return BadInput(
        f"cannot fetch commit {commit}: {failed.complaint}",
        hint=_UNSHALLOW if unresolved else "run `git fsck --full`, repair what it names, commit and submit again",
    )
