"""What a branch or pull request of an origin holds, gathered as if its agent had sent it: nothing enters unchecked."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from onloop.errors import BadInput, Unavailable, UnknownThing
from onloop.gates.intake.collection import CHUNK, Collection
from onloop.gates.intake.manifest import LARGEST_BUNDLE, Manifest
from onloop.gates.intake.quarantine import beside_mirror
from onloop.gates.repository.failures import GitFailed
from onloop.gates.repository.folders import scratch
from onloop.gates.repository.git import LONG_S, Git
from onloop.gates.repository.mirror import Mirror
from onloop.gates.repository.ref_names import check_ref_name, check_task, without_credentials

_FETCH = ("--quiet", "--no-tags", "--no-write-fetch-head", "--no-auto-maintenance", "--no-recurse-submodules")
_FETCHED = "refs/heads/fetched"
_NOTHING = "create empty bundle"
_OF_PULL_REQUEST = re.compile(r"refs/(pull/[1-9][0-9]{0,9}/head|merge-requests/[1-9][0-9]{0,9}/head)")
"""Where forges keep the head of a pull request in the repository that it is for, forks' included."""


@contextmanager
def branch_collected(mirror: Mirror, branch: str, target: str, tasks: tuple[str, ...]) -> Iterator[Collection]:
    """The branch's commit, and a bundle of what the target and these tasks lack of its history.

    UnknownThing if the origin has no such branch; BadInput if it brings too much.
    """
    with ref_collected(mirror, f"refs/heads/{check_ref_name(branch)}", target, tasks) as collection:
        yield collection


def checked_ref(ref: str) -> str:
    """The full ref, if it is a branch's or the head of a pull request; BadInput for any other."""
    if ref.startswith("refs/heads/"):
        return f"refs/heads/{check_ref_name(ref.removeprefix('refs/heads/'))}"
    if not _OF_PULL_REQUEST.fullmatch(ref):
        raise BadInput(f"{ref!r} is neither a branch nor a pull request", hint="name a branch: --branch NAME")
    return ref


def tip_there(mirror: Mirror, ref: str) -> str | None:
    """The commit that the origin has under a full ref now; None if there is no such ref."""
    asked = ("--end-of-options", mirror.bare_origin, checked_ref(ref))
    with mirror.reaching() as access:
        listed = mirror.git.run("ls-remote", *asked, timeout_s=LONG_S, access=access).text
    pairs = (line.partition("\t") for line in listed.splitlines())
    return next((commit for commit, _, name in pairs if name == ref), None)


@contextmanager
def ref_collected(mirror: Mirror, ref: str, target: str, tasks: tuple[str, ...]) -> Iterator[Collection]:
    """The same for a full ref: a branch's, or the head of a pull request."""
    with scratch("branch", mirror.path.parent) as place:
        git = beside_mirror(place / "repository", mirror)
        _make_known(mirror, git, target, tasks)
        _fetch(mirror, git, checked_ref(ref))
        commit, bundle = git.text("rev-parse", "--verify", _FETCHED), place / "bundle"
        size = _bundle(git, bundle)
        yield Collection(Manifest(commit, size), _chunks(bundle) if size else iter(()))


def _make_known(mirror: Mirror, git: Git, target: str, tasks: tuple[str, ...]) -> None:
    """Make refs for what is known, so that no more is fetched than is new."""
    names = (f"refs/heads/{check_ref_name(target)}", *(f"refs/onloop/tasks/{check_task(task)}" for task in tasks))
    commits = sorted({*mirror.git.text("for-each-ref", "--format=%(objectname)", *names).split()})
    lines = "".join(f"create refs/known/{number} {commit}\n" for number, commit in enumerate(commits))
    git.run("update-ref", "--stdin", stdin=lines.encode())


def _fetch(mirror: Mirror, git: Git, ref: str) -> None:
    asked = ("--end-of-options", mirror.bare_origin, f"+{ref}:{_FETCHED}")
    try:
        with mirror.reaching() as access:
            git._replace(settings=mirror.lenient).run("fetch", *_FETCH, *asked, timeout_s=LONG_S, access=access)
    except GitFailed as failed:
        if "couldn't find remote ref" not in failed.complaint:
            raise
        branch = ref.removeprefix("refs/heads/")
        words = f"{without_credentials(mirror.origin)} has no branch {branch!r}"
        raise UnknownThing(words, hint=f"push the work there: git push origin HEAD:{branch}") from failed


def _bundle(git: Git, place: Path) -> int:
    """Write a bundle of what is new; its size, 0 if nothing is."""
    try:
        git.run("bundle", "create", "--quiet", str(place), _FETCHED, "--not", "--glob=refs/known", timeout_s=LONG_S)
    except GitFailed as failed:
        if _NOTHING in failed.complaint:
            return 0
        raise Unavailable(f"the branch cannot be bundled: {failed.complaint}", hint="try again") from failed
    size = place.stat().st_size
    if size > LARGEST_BUNDLE:
        raise BadInput(f"the branch brings more than {LARGEST_BUNDLE} bytes", hint="submit less at once")
    return size


def _chunks(place: Path) -> Iterator[bytes]:
    with place.open("rb") as file:
        while chunk := file.read(CHUNK):
            yield chunk
