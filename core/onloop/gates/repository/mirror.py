"""onloop's own bare copy of an origin: submitted work goes there, and gates and merges read only from it."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from shlex import quote
from typing import TYPE_CHECKING

from onloop import file_lock
from onloop.errors import BadInput, FailureKind, Unavailable, UnknownThing
from onloop.gates.credentials.git_access import GitAccess, access_to
from onloop.gates.credentials.sources import Credential
from onloop.gates.repository import file_changes, merging
from onloop.gates.repository.failures import GitFailed, findings
from onloop.gates.repository.folders import built, scratch
from onloop.gates.repository.git import LONG_S, Git
from onloop.gates.repository.listed_heads import Heads, heads_listed
from onloop.gates.repository.mending import old_history, rebuilding
from onloop.gates.repository.mending.rebuilding import LOCK
from onloop.gates.repository.merging import AlreadyThere, Conflict, Elsewhere, Landed, Merged, PushRefusal
from onloop.gates.repository.ref_names import (
    check_commit,
    check_origin,
    check_ref_name,
    check_task,
    is_file_path,
    split_origin,
    without_credentials,
)

if TYPE_CHECKING:  # imported where it is used: a bare interpreter makes clones with this module, and has no packages
    from onloop.gates.repository.file_changes import ChangedPath, FileChange

_FETCH = ("--quiet", "--no-tags", "--no-write-fetch-head", "--no-auto-maintenance", "--no-recurse-submodules")
_OF_THE_CONNECTION = (FailureKind.AUTH, FailureKind.UNREACHABLE, FailureKind.NO_SPACE)
_LOCK_S = 120.0


@dataclass(frozen=True, slots=True)
class Mirror:
    """A bare repository at `path` that follows `origin` (a path or URL). No agent writes to it.

    Its methods take full commit ids, and read only objects that the mirror has checked and keeps itself.
    """

    path: Path
    origin: str
    credentials: Path | None = None
    """The file that declares what git may use to reach origins (`onloop.gates.credentials`); None: nothing."""
    tolerated: tuple[str, ...] = ()
    """What a person tolerates of the origin's old history, by the names that git's checks have for it."""
    brought: bool = False
    """Whether what is wanted was brought already: from this machine, its origin need not be reached."""

    @property
    def bare_origin(self) -> str:
        """The origin without a credential, which its URL may hold in a store of before that was refused."""
        return check_origin(split_origin(self.origin).bare)

    def beside(self, origin: str) -> Mirror:
        """The mirror of another origin, in the same folder."""
        return mirror_in(self.path.parent, origin, self.credentials)

    @property
    def lenient(self) -> tuple[str, ...]:
        """Settings for fetching history of the origin's: its checks pass over what is harmless or tolerated."""
        return old_history.lenient("fetch.fsck", self.tolerated)

    @property
    def git(self) -> Git:
        """Git on this mirror, for reading."""
        return Git(self.path)

    def create(self) -> None:
        """Makes the mirror if it is not there. If it is killed half-way, no incomplete mirror stays."""
        check_origin(split_origin(self.origin).bare)
        if self.path.exists():
            return
        with built(self.path) as folder:
            _init(folder)

    def refresh(self, target: str) -> str:
        """Fetches branch `target` from the origin and returns its tip. UnknownThing if there is no such branch.

        A mirror that is in its own way, or whose objects are damaged, is mended; one that was brought says what it has.
        """
        ref = f"refs/heads/{check_ref_name(target)}"
        if self.brought:
            return self.git.text("rev-parse", "--verify", ref)
        try:
            return self._fetched(ref)
        except GitFailed as failed:
            if rebuilding.is_in_the_way(failed):
                with self.writing(ref) as git:
                    rebuilding.make_way(git, ref)
                return self._fetched(ref)
            if rebuilding.is_broken(failed):
                self.rebuild(target)
                return self._fetched(ref)
            if failed.findings:
                raise self._disliked(ref, failed) from failed
            if failed.kind not in _OF_THE_CONNECTION:
                self._check_branch(target)
            raise

    def bring(self, commit: str) -> None:
        """Fetches one commit with its history, unless it is there. UnknownThing if the origin does not give it."""
        self.create()
        if self.has(commit):
            return
        ref = f"refs/onloop/commits/{check_commit(commit)}"
        try:
            with self.reaching() as access, self.writing(ref) as git:
                self._fetch(git, f"+{commit}:{ref}", access)
        except GitFailed as failed:
            if failed.kind in _OF_THE_CONNECTION:
                raise
            raise UnknownThing(
                f"{without_credentials(self.origin)} does not give commit {commit}: {failed.complaint}",
                hint="push it there, then retry",
            ) from failed

    def rebuild(self, target: str) -> None:
        """Make the mirror anew from the origin, with what tasks handed in as far as it can still be read.

        It is for a mirror whose objects are damaged. If the origin cannot give the branch, the mirror stays as it is.
        """
        ref = f"refs/heads/{check_ref_name(target)}"
        with self.reaching() as access, self.writing(ref), scratch("mirror", self.path.parent) as place:
            fresh = place / self.path.name
            _init(fresh)
            self._fetch(Git(fresh), f"+{ref}:{ref}", access)
            rebuilding.bring_tasks(Git(fresh), self.path)
            rebuilding.take_place(fresh, self.path)

    def _fetched(self, ref: str) -> str:
        with self.reaching() as access, self.writing(ref) as git:
            self._fetch(git, f"+{ref}:{ref}", access)
            return git.text("rev-parse", "--verify", ref)

    def _fetch(self, git: Git, refspec: str, access: GitAccess) -> None:
        words = ("--end-of-options", self.bare_origin, refspec)
        fetched = git._replace(settings=self.lenient).run("fetch", *_FETCH, *words, timeout_s=LONG_S, access=access)
        reason, remarks, kind = fetched.complaint
        if kind is FailureKind.DAMAGED and os.fsencode(self.path) in fetched.stderr:  # git fetched around the damage
            raise GitFailed("fetch", reason, kind=kind, remarks=remarks)

    def _disliked(self, ref: str, failed: GitFailed) -> Unavailable:
        """The error for history that git's checks refuse: all that they find, and the command that tolerates it."""
        found = self._all_findings(ref) or failed.findings
        shown, names = without_credentials(self.origin), ", ".join(found)
        grave = [name for name in found if name not in old_history.TOLERABLE]
        hint = f"a person who knows why may say so: onloop repository tolerate {quote(shown)} {' '.join(found)}"
        if grave:
            hint = f"{', '.join(grave)} can do harm and is never tolerated: use a clean copy of the repository"
        words = f"the history of {shown} does not pass git's checks ({names}): {failed.complaint}"
        return Unavailable(words, hint=hint, kind=FailureKind.DAMAGED)

    def _all_findings(self, ref: str) -> tuple[str, ...]:
        """Everything that git's checks find in a branch beside what is tolerated; nothing if that takes too long."""
        with suppress(GitFailed), scratch("checked") as place, self.reaching() as access:
            git = Git(place / "checked.git", settings=old_history.lenient("fsck", self.tolerated))
            _init(git.directory)
            unchecked = git._replace(settings=("transfer.fsckObjects=false",))
            words = ("--end-of-options", self.bare_origin, f"+{ref}:{ref}")
            unchecked.run("fetch", *_FETCH, *words, timeout_s=LONG_S, access=access)
            checked = git.run("fsck", "--no-dangling", "--no-progress", accept=tuple(range(64)), timeout_s=LONG_S)
            return findings(f"{checked.stderr.decode('utf-8', 'replace')}\n{checked.text}")
        return ()

    def _check_branch(self, target: str) -> None:
        """UnknownThing if the origin has no such branch; then the mirror forgets what the origin no longer has."""
        try:
            self.tip(target)
        except UnknownThing:
            with self.writing(f"refs/heads/{target}") as git:
                rebuilding.prune(git, self._heads())
            raise

    def tip(self, target: str) -> str:
        """The tip of branch `target` in the origin now. UnknownThing if there is no such branch."""
        ref = f"refs/heads/{check_ref_name(target)}"
        heads = self._heads()
        if ref in heads:
            return heads[ref]
        shown = without_credentials(self.origin)
        if not heads:
            raise BadInput(f"{shown} has no commits", hint=f"push a first commit to its branch {target}")
        names = ", ".join(sorted(name.removeprefix("refs/heads/") for name in heads)[:10])
        raise UnknownThing(f"{shown} has no branch {target!r}", hint=f"name one of its branches: {names}")

    def heads(self, timeout_s: float = LONG_S) -> Heads:
        """The branches of the origin now, and which of them its HEAD names."""
        asked = ("--symref", "--end-of-options", self.bare_origin, "HEAD", "refs/heads/*")
        with self.reaching() as access:
            listed = self.git.run("ls-remote", *asked, timeout_s=timeout_s, access=access).text
        return heads_listed(listed)

    def push_refusal(self, target: str, tip: str, timeout_s: float) -> str:
        """Why the origin would not let us push to branch `target`, as far as a push that changes nothing can tell."""
        ref = f"refs/heads/{check_ref_name(target)}"
        asked = ("--dry-run", "--porcelain", "--end-of-options", self.bare_origin, f"{check_commit(tip)}:{ref}")
        try:
            with self.reaching() as access:
                self.git.run("push", *asked, timeout_s=timeout_s, access=access)
        except GitFailed as failed:
            return failed.complaint
        return ""

    @property
    def id_bytes(self) -> int:
        """The length of object ids: 20 bytes for SHA-1, 32 for SHA-256."""
        return 32 if "sha256" in (self.path / "config").read_text(encoding="utf-8") else 20

    def take_in(self, packs: Path, refs: Mapping[str, str], gone: Sequence[str] = ()) -> None:
        """Move checked packs, which hold all that these refs need, into the mirror; set the refs, and remove others."""
        objects = self.path / "objects" / "pack"
        with self.writing(next(iter(refs)) if len(refs) == 1 and not gone else "refs/") as git:
            objects.mkdir(mode=0o700, exist_ok=True)
            for ending in (".pack", ".rev", ".idx"):  # an index without its pack would be a broken mirror
                for part in packs.glob(f"pack-*{ending}"):
                    if not (objects / part.name).exists():
                        part.rename(objects / part.name)
            _sync(objects)
            lines = (*(f"delete {ref}" for ref in gone), *(f"update {ref} {commit}" for ref, commit in refs.items()))
            git.run("update-ref", "--stdin", stdin="".join(f"{line}\n" for line in lines).encode(), timeout_s=LONG_S)

    def keep(self, task: str, number: int, commit: str) -> str:
        """Keep a commit of the mirror under the task's refs, as if the task's agent had handed it in; gives the ref."""
        ref = f"refs/onloop/tasks/{check_task(task)}/{number:d}"
        with self.writing(ref) as git:
            git.run("update-ref", ref, commit)
        return ref

    def has(self, commit: str) -> bool:
        """Whether the mirror has that commit."""
        asked = f"{check_commit(commit)}^{{commit}}"
        return self.git.run("rev-parse", "--verify", "--quiet", asked, accept=(0, 1)).exit_code == 0

    def tree(self, commit: str) -> str:
        """The id of a commit's tree; `UnknownThing` if the mirror does not have that commit."""
        tree = self.git.run("rev-parse", "--verify", "--quiet", f"{check_commit(commit)}^{{tree}}", accept=(0, 1))
        if tree.exit_code == 1:
            raise UnknownThing(f"commit {commit} is not in the mirror {self.path}", hint="submit it first")
        return tree.text

    def merge_base(self, commit: str, target_tip: str) -> str:
        """Where a commit's history left the target's; `BadInput` if they have nothing in common."""
        pair = (check_commit(commit), check_commit(target_tip))
        base = self.git.run("merge-base", "--end-of-options", *pair, accept=(0, 1))
        if base.exit_code == 1:
            raise BadInput(
                f"{commit} has no history in common with the target {target_tip}",
                hint="start from the branch that the clone was made with, and keep its history",
            )
        return base.text

    def is_ancestor(self, ancestor: str, descendant: str) -> bool:
        """Whether `descendant` contains `ancestor`; every commit contains itself."""
        pair = (check_commit(ancestor), check_commit(descendant))
        return self.git.run("merge-base", "--is-ancestor", "--end-of-options", *pair, accept=(0, 1)).exit_code == 0

    def holds(self, target: str, commit: str) -> bool:
        """Whether branch `target`, as it was at the last refresh, contains the commit."""
        ref = f"refs/heads/{check_ref_name(target)}"
        pair = (check_commit(commit), ref)
        asked = self.git.run("merge-base", "--is-ancestor", "--end-of-options", *pair, accept=(0, 1, 128))
        return asked.exit_code == 0

    def authors(self, base: str, head: str) -> tuple[str, ...]:
        """The email addresses of all authors and committers after `base` up to `head`, each once."""
        span = f"{check_commit(base)}..{check_commit(head)}"
        lines = self.git.text("log", "--format=%ae%n%ce", "--end-of-options", span).split("\n")
        return tuple(sorted({line for line in lines if line}))

    def changed_paths(self, base: str, head: str) -> tuple[ChangedPath, ...]:
        """Every path that differs between two commits; a rename is a deleted and an added path."""
        return file_changes.changed_paths(self.git, check_commit(base), check_commit(head))

    def diff_stat(self, base: str, head: str) -> tuple[FileChange, ...]:
        """Every file that differs between two commits, with lines added and removed; a rename is one entry."""
        return file_changes.diff_stat(self.git, check_commit(base), check_commit(head))

    def read_file(self, commit: str, path: str, max_bytes: int) -> bytes | None:
        """The content of a regular file in a commit, or None if there is none; `BadInput` if it is over `max_bytes`."""
        if not is_file_path(path):
            return None
        listed = self.git.run("ls-tree", "-z", "--long", "--end-of-options", check_commit(commit), path).fields
        for entry in listed:
            description, _, name = entry.partition("\t")
            mode, _, blob, size = description.split()
            if name == path and mode.startswith("100"):
                if int(size) > max_bytes:
                    raise BadInput(f"{path!r} has {size} bytes", hint=f"keep it under {max_bytes} bytes")
                return self.git.run("cat-file", "blob", blob).stdout
        return None

    def merge(self, tip: str, head: str, message: str, when_ms: int) -> Merged | Conflict | AlreadyThere:
        """Merges `head` into `tip` in the mirror, always as a merge commit; the same inputs give the same commit."""
        if self.is_ancestor(head, tip):
            return AlreadyThere(tip)
        return merging.merge(self.git, tip, head, message, when_ms)

    def move(self, target: str, expected: str, result: str) -> Landed | Elsewhere:
        """Moves the origin's branch `target` from `expected` to its descendant `result`, or does not touch it.

        Safe to repeat: a result that the branch already contains counts as landed. Unavailable if the origin refuses.
        """
        ref = f"refs/heads/{check_ref_name(target)}"
        if not self.is_ancestor(expected, result):
            raise BadInput(f"{result} does not contain {expected}", hint="build the result on the tip it replaces")
        with self.reaching() as access:
            refusal = merging.push(self.git, self.bare_origin, ref, expected, result, access)
        if refusal is None:
            return Landed(result)
        tip = self.refresh(target)
        if self.is_ancestor(result, tip):
            return Landed(result)
        if tip != expected:
            return Elsewhere(tip)
        raise Unavailable(
            f"{without_credentials(self.origin)} did not let {target} move: {refusal.words}",
            hint=self._way_on(refusal),
            kind=refusal.kind,
        )

    def _way_on(self, refusal: PushRefusal) -> str:
        """What a person can do about a push that did not move the branch."""
        if "currently checked out" in refusal.reason:
            return (
                f"the branch is checked out there: git -C {quote(without_credentials(self.origin))} checkout --detach"
            )
        if refusal.kind is FailureKind.REFUSED:
            return "satisfy what the origin says there, or allow the gateway to push to this branch"
        return GitFailed("push", refusal.reason, kind=refusal.kind).hint

    def reaching(self) -> AbstractContextManager[GitAccess]:
        """What git may use to reach the origin, while the block lasts."""
        _, user, password = split_origin(self.origin)
        return access_to(self.credentials, self.bare_origin, None if user is None else Credential(user, password or ""))

    def _heads(self) -> dict[str, str]:
        with self.reaching() as access:
            words = ("--heads", "--end-of-options", self.bare_origin)
            listed = self.git.run("ls-remote", *words, timeout_s=LONG_S, access=access)
        pairs = (line.partition("\t") for line in listed.text.split("\n") if line)
        return {name: commit for commit, _, name in pairs}

    @contextmanager
    def writing(self, ref: str) -> Iterator[Git]:
        """Git with the lock for writing `ref`, held by us and by every git that we start, until the last has ended.

        So while we hold it, no other git writes here, and we can remove lock files that a killed git left behind.
        """
        if not self.path.is_dir():
            raise Unavailable(f"there is no mirror in {self.path}", hint="create it first")
        lock = file_lock.open_file(self.path / LOCK)
        try:
            if not file_lock.wait(lock, _LOCK_S):
                raise Unavailable(
                    f"the mirror {self.path} is busy", hint="try again when its fetch has ended", kind=FailureKind.BUSY
                )
            for name in (ref.rstrip("/"), "packed-refs", "shallow"):
                with suppress(FileNotFoundError, NotADirectoryError):
                    (self.path / f"{name}.lock").unlink()
            for left in (self.path / ref).rglob("*.lock") if ref.endswith("/") else ():
                left.unlink()
            yield self.git._replace(held=lock)
        finally:
            os.close(lock)


def mirror_in(mirrors: Path, origin: str, credentials: Path | None) -> Mirror:
    """The mirror of an origin. Its folder has the origin's last name, and a digest to keep equal names apart."""
    name = "".join(c if c.isalnum() or c in "-_." else "-" for c in Path(origin).name.removesuffix(".git"))
    folder = f"{name.strip('.-')[:60] or 'repository'}-{sha256(origin.encode()).hexdigest()[:12]}.git"
    return Mirror(mirrors / folder, origin, credentials)


def _init(folder: Path) -> None:
    Git(folder).run("init", "--quiet", "--bare", "--template=", "--initial-branch=onloop/none")


def _sync(folder: Path) -> None:
    """Make sure that files moved into a folder are still there after a power cut."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
