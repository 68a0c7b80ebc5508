"""Builds a merge without a work tree, and moves the origin's branch to it only from the expected commit."""

from __future__ import annotations

from dataclasses import dataclass

from onloop.errors import Exit, FailureKind, Refused
from onloop.gates.credentials.git_access import GitAccess
from onloop.gates.repository.failures import GitFailed
from onloop.gates.repository.git import LONG_S, Git, GitOutput, check_git
from onloop.gates.repository.ref_names import commit_message, one_line

LONGEST_SAID = 300
"""How much of what an origin says about a refused push is passed on, in characters."""

_PLAIN = "merge.directoryRenames=false"
"""A file that the work adds keeps the path that was shown, even if others have renamed its folder meanwhile."""
_IDENTITY = {
    "GIT_AUTHOR_NAME": "onloop",
    "GIT_AUTHOR_EMAIL": "gateway@onloop.invalid",
    "GIT_COMMITTER_NAME": "onloop",
    "GIT_COMMITTER_EMAIL": "gateway@onloop.invalid",
}


@dataclass(frozen=True, slots=True)
class Merged:
    """The merge commit that was built, and its tree."""

    commit: str
    tree: str


@dataclass(frozen=True, slots=True)
class Conflict:
    """Git cannot merge the two sides without help; `paths` are in conflict."""

    paths: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class AlreadyThere:
    """There is nothing to merge: the target's tip, `commit`, already contains the work."""

    commit: str


@dataclass(frozen=True, slots=True)
class Landed:
    """The origin's branch contains `commit`, as requested."""

    commit: str


@dataclass(frozen=True, slots=True)
class Elsewhere:
    """The origin's branch was not at the expected commit and was not moved; it is at `tip`."""

    tip: str


def merge(git: Git, tip: str, head: str, message: str, when_ms: int) -> Merged | Conflict:
    """Merges `head` into `tip` as a merge commit; the same arguments give the same commit."""
    check_git()
    built = git._replace(settings=(*git.settings, _PLAIN)).run(
        "merge-tree", "--write-tree", "--name-only", "--no-messages", "-z", "--end-of-options", tip, head, accept=(0, 1)
    )
    tree, *paths = built.fields
    if built.exit_code == 1:
        return Conflict(tuple(path for path in paths if path))
    moment = f"@{when_ms // 1000} +0000"
    commit = git.run(
        "commit-tree",
        *("-p", tip, "-p", head, "-F", "-", tree),
        stdin=commit_message(message).encode(),
        variables=_IDENTITY | {"GIT_AUTHOR_DATE": moment, "GIT_COMMITTER_DATE": moment},
    )
    return Merged(commit.text, tree)


@dataclass(frozen=True, slots=True)
class PushRefusal:
    """Why an origin's branch did not move: git's reason, what the origin itself said, and of which kind it is."""

    reason: str
    remarks: tuple[str, ...]
    kind: FailureKind | None

    @property
    def words(self) -> str:
        """The reason, with what the origin said, without secrets."""
        from onloop.known_secrets import known_secrets  # here: a bare interpreter imports this module, too
        from onloop.redaction import redacted

        said = one_line(redacted(" / ".join(self.remarks), known_secrets()), LONGEST_SAID)
        return f"{self.reason}; the origin says: {said}" if said else self.reason


def push(git: Git, origin: str, ref: str, expected: str, result: str, access: GitAccess) -> PushRefusal | None:
    """Moves `ref` of the origin from `expected` to `result` in one compare-and-set; None, or why it did not move.

    Refused if the origin does not answer in time: the push may still succeed.
    """
    try:
        pushed = git.run(
            "push",
            *("--porcelain", "--quiet", "--no-verify", "--no-follow-tags", "--recurse-submodules=no"),
            f"--force-with-lease={ref}:{expected}",
            *("--end-of-options", origin, f"{result}:{ref}"),
            accept=(0, 1),
            timeout_s=LONG_S,
            access=access,
        )
    except GitFailed as failed:
        if failed.out_of_time:
            words = f"the origin did not answer the push of {result[:12]} in time"
            raise Refused(words, exit=Exit.UNAVAILABLE, hint="look where the target is, then try again") from failed
        return PushRefusal(failed.complaint, failed.remarks, failed.kind)
    return None if pushed.exit_code == 0 else _refusal(pushed)


def _refusal(pushed: GitOutput) -> PushRefusal:
    for line in pushed.text.splitlines():
        if line.startswith("!"):
            return PushRefusal(one_line(line.rpartition("\t")[2]), pushed.complaint.remarks, FailureKind.REFUSED)
    return PushRefusal(pushed.complaint.reason or "it gave no reason", pushed.complaint.remarks, pushed.complaint.kind)
