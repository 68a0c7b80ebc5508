"""Where bytes from outside are looked through before anything else sees them: one way in, whoever sends them.

A bundle is checked by us (header, inflated sizes), then by git in a repository of its own (fsck, whole history), and
only then does its pack enter the mirror, by rename. Nothing that an agent can name or move is opened.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

from onloop.errors import BadInput, Unavailable
from onloop.gates.intake.bundle import LARGEST_HEADER, BundleHeader, bundle_header
from onloop.gates.intake.collection import CHUNK, Collection
from onloop.gates.intake.manifest import LARGEST_BUNDLE, Manifest
from onloop.gates.repository.folders import private, scratch
from onloop.gates.repository.git import Git, GitFailed
from onloop.gates.repository.loan import CONFIG, bare
from onloop.gates.repository.mirror import Mirror
from onloop.gates.repository.pack import PackLimits, check_pack, ids_of
from onloop.gates.repository.pointers import check_pointers, pointers
from onloop.gates.repository.ref_names import check_task
from onloop.records import Record

INDEX_S = 60.0
"""How long git may take to put together what was sent, and to look through it."""

MOST_PREREQUISITES = 1_000
MOST_LISTED = 4
"""Of how many of them the trees are looked at, before the whole history is: git makes its deltas from those."""

LIMITS = PackLimits()
"""What a bundle may come to, inflated and put together."""

_UNSHALLOW = "if the clone is shallow: git fetch --unshallow origin; else `git fsck --full` names what lacks"
_SHA256_CONFIG = CONFIG.replace("version = 0", "version = 1") + "[extensions]\n\tobjectFormat = sha256\n"


@dataclass(slots=True, eq=False)
class Arrival:
    """What is being sent, in a private folder of the store's that goes when it is closed."""

    manifest: Manifest
    folder: Path
    arrived: int = 0
    _body: IO[bytes] = field(kw_only=True, repr=False)
    _leaving: ExitStack = field(kw_only=True, repr=False)

    @classmethod
    def begin(cls, quarantine: Path, manifest: Manifest) -> Arrival:
        """A place for what the manifest announces; folders that were left by killed processes are swept away."""
        with _room(quarantine), ExitStack() as leaving:
            private(quarantine)
            folder = leaving.enter_context(scratch("arrival", quarantine))
            body = leaving.enter_context((folder / "body").open("w+b"))
            return cls(manifest, folder, _body=body, _leaving=leaving.pop_all())

    def take(self, chunk: bytes) -> None:
        """The next bytes; BadInput for more than were announced."""
        self.arrived += len(chunk)
        if self.arrived > self.manifest.size:
            raise BadInput(f"more than the {self.manifest.size} bytes that were announced", hint="onloop submit")
        with _room(self.folder):
            self._body.write(chunk)

    def check_whole(self) -> None:
        """BadInput where less has come than was announced."""
        if self.arrived != self.manifest.size:
            words = f"{self.arrived} of the {self.manifest.size} bytes that were announced"
            raise BadInput(words, hint="send it again: onloop submit")
        with _room(self.folder):
            self._body.flush()

    def bundle(self, most: int = LARGEST_BUNDLE) -> bytes:
        """The bytes of the bundle, the first `most` of them; none where the commit brought nothing new."""
        return self._part(0, min(most, self.manifest.bundle))

    def copy_pack(self, begin: int, path: Path) -> None:
        """Write the bundle from byte `begin` on to a file, a piece at a time."""
        with _room(self.folder), path.open("wb") as file:
            for at in range(begin, self.manifest.bundle, CHUNK):
                file.write(self._part(at, min(CHUNK, self.manifest.bundle - at)))

    def artefacts(self) -> Iterator[tuple[str, bytes]]:
        """The artefacts that came, in the order of their names."""
        at, found = self.manifest.bundle, list[tuple[str, int, int]]()
        for artefact in self.manifest.artefacts:
            found.append((artefact.name, at, artefact.size))
            at += artefact.size
        for name, begin, size in sorted(found):
            yield name, self._part(begin, size)

    def close(self) -> None:
        """Let go of it, and of every byte that came."""
        self._leaving.close()

    def _part(self, begin: int, size: int) -> bytes:
        return os.pread(self._body.fileno(), size, begin)


@contextmanager
def _room(folder: Path) -> Iterator[None]:
    """What cannot be written in the block is Unavailable, and says so."""
    try:
        yield
    except OSError as problem:
        raise Unavailable(
            f"{folder} cannot be written: {problem.strerror or problem}", hint="make room for the store, then try again"
        ) from problem


@contextmanager
def arrived(quarantine: Path, collection: Collection) -> Iterator[Arrival]:
    """All of a collection, whole, in the quarantine for as long as the block lasts."""
    arrival = Arrival.begin(quarantine, collection.manifest)
    try:
        for chunk in collection.chunks:
            arrival.take(chunk)
        arrival.check_whole()
        yield arrival
    finally:
        arrival.close()


class Admission(Record):
    """Whose commit comes into which mirror: under the task's own number, on top of what these tasks handed in."""

    mirror: Mirror
    target: str
    task: str
    number: int
    tasks: tuple[str, ...] = ()

    @property
    def ref(self) -> str:
        """Where the mirror holds the commit."""
        return f"refs/onloop/tasks/{check_task(self.task)}/{self.number:d}"

    @property
    def known(self) -> tuple[str, ...]:
        """Refs whose history the work may build on: the origin's branches, and what the task's own kin handed in."""
        kin = dict.fromkeys((self.task, *self.tasks))
        return ("refs/heads", *(f"refs/onloop/tasks/{check_task(task)}" for task in kin))


def admit(arrival: Arrival, admission: Admission) -> str:
    """Bring the commit that came into the mirror, and hold it there; the answer is its id.

    BadInput says in words what was wrong with what came, and then the mirror is as it was.
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
    git = _opened(folder, mirror)
    _index(arrival, git, header)
    packs = folder / "objects" / "pack"
    id_bytes = len(head) // 2
    sent = arrival.manifest.bundle - header.pack_at - id_bytes
    (came, taken), *_ = [*(ids_of(index, id_bytes, sent) for index in packs.glob("*.idx")), (frozenset(), frozenset())]
    _check_bases(git, taken, header, known)
    new = _new_objects(git, head, known, came)
    if found := pointers(git, new):
        check_pointers(git, head, found - history_of(git, known))
    mirror.take_in(packs, admission.ref, head)
    return head


def _check_known(git: Git, commit: str, refs: Sequence[str]) -> None:
    """A commit without a bundle is one that the task's history has already."""
    found = git.run("for-each-ref", "--count=1", "--format=x", f"--contains={commit}", *refs, accept=(0, 1, 128, 129))
    if found.exit_code or not found.stdout:
        raise BadInput(
            f"commit {commit} is not known here, and no bundle came with it",
            hint="git fetch origin, then: onloop submit",
        )


def _checked_header(arrival: Arrival, mirror: Mirror, known: Sequence[str], target: str) -> BundleHeader:
    header = bundle_header(arrival.bundle(LARGEST_HEADER + 2))
    if header.commit != arrival.manifest.commit:
        raise BadInput(
            f"a bundle of {header.commit}, and {arrival.manifest.commit} was announced", hint="onloop submit"
        )
    if len(header.prerequisites) > MOST_PREREQUISITES:
        raise BadInput(f"a bundle with {len(header.prerequisites)} prerequisites", hint=f"git merge origin/{target}")
    _check_prerequisites(mirror.git, header.prerequisites, known, target)
    return header


def _check_prerequisites(git: Git, needed: Sequence[str], known: Sequence[str], target: str) -> None:
    """Each must be in the target's history or in what the task's kin handed in: being in the mirror is not enough."""
    if set(needed) <= set(known):
        return
    asked = "\n".join((*needed, *(f"^{commit}" for commit in known))).encode()
    found = git.run("rev-list", "--max-count=1", "--stdin", stdin=asked, accept=(0, 128))
    if found.exit_code or found.stdout:
        raise BadInput(
            f"the bundle builds on {needed[0]}{' and others' if len(needed) > 1 else ''}, not all of which is in the "
            f"history of {target} as it is now",
            hint=f"git fetch origin && git rebase origin/{target}, then: onloop submit",
        )


def _opened(folder: Path, mirror: Mirror) -> Git:
    """A repository of its own, which sees the mirror's objects and writes none of them."""
    bare(folder, config=_SHA256_CONFIG if mirror.id_bytes == 32 else CONFIG)
    (folder / "objects/info/alternates").write_bytes(os.fsencode(mirror.path / "objects") + b"\n")
    (folder / "objects/pack").mkdir()
    return Git(folder)


def _index(arrival: Arrival, git: Git, header: BundleHeader) -> None:
    """Put the pack together under git's checks, after we have seen how much it would be."""
    content = arrival.folder / "pack"
    arrival.copy_pack(header.pack_at, content)
    check_pack(content, 0, LIMITS, id_bytes=len(header.commit) // 2)
    try:
        with content.open("rb") as source:
            words = ("--stdin", "--fix-thin", "--strict", "--threads=1")
            git.run("index-pack", *words, stdin=source, timeout_s=INDEX_S)
    except GitFailed as failed:
        raise _refused(failed, header.commit) from failed
    finally:
        content.unlink()


def _check_bases(git: Git, taken: frozenset[str], header: BundleHeader, known: Sequence[str]) -> None:
    """What deltas are made from is in the known history, or a delta would hand out what others' private work holds."""
    listed = [git.text("ls-tree", "-r", "-t", commit).splitlines() for commit in header.prerequisites[:MOST_LISTED]]
    near = {line.split("\t")[0].rpartition(" ")[2] for lines in listed for line in lines}
    near |= {*git.text("rev-parse", *(f"{commit}^{{tree}}" for commit in header.prerequisites[:MOST_LISTED])).split()}
    strangers = taken - near
    if strangers and (strangers := strangers - history_of(git, known)):
        raise BadInput(
            f"commit {header.commit} comes as changes to {min(strangers)}, which is not in the target's history",
            hint="onloop submit makes a whole bundle",
        )


def _new_objects(git: Git, head: str, known: Sequence[str], came: frozenset[str]) -> frozenset[str]:
    """The objects of the commit that the known history lacks: each came along, and none is somebody else's."""
    asked = "\n".join((head, *(f"^{commit}" for commit in known))).encode()
    try:
        found = git.run(
            "rev-list", "--objects", "--no-object-names", "--stdin", stdin=asked, timeout_s=INDEX_S
        ).text.split()
    except GitFailed as failed:
        if failed.out_of_time:
            raise
        raise BadInput(
            f"commit {head} cannot be fetched, its history is not whole: {failed.complaint}", hint=_UNSHALLOW
        ) from failed
    new = frozenset(found)
    strangers = new - came
    if strangers and (strangers := strangers - history_of(git, known)):
        raise BadInput(
            f"commit {head} needs {min(strangers)}, which neither came along nor is in the target's history",
            hint="git fsck --full, then: onloop submit",
        )
    return new


def history_of(git: Git, commits: Sequence[str]) -> frozenset[str]:
    """Every object that these commits reach: slow, and asked for seldom."""
    asked = "\n".join(commits).encode()
    words = ("--objects", "--no-object-names", "--stdin")
    return (
        frozenset(git.run("rev-list", *words, stdin=asked, timeout_s=INDEX_S).text.split()) if commits else frozenset()
    )


def _refused(failed: GitFailed, commit: str) -> BadInput | GitFailed:
    """What a failed check means: no time is nobody's fault, anything else is the commit's."""
    if failed.out_of_time:
        return failed
    unresolved = any(words in failed.complaint for words in ("unresolved", "did not receive expected object"))
    return BadInput(
        f"commit {commit} cannot be fetched: {failed.complaint}",
        hint=_UNSHALLOW if unresolved else "run `git fsck --full`, repair what it names, commit and submit again",
    )
