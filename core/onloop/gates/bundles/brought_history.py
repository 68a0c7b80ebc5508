"""The client's side: history that the gateway passed on is checked, and becomes part of a mirror of our own."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path

from onloop import file_lock
from onloop.errors import BadInput, Unavailable, kind_of
from onloop.gates.bundles.history_offer import MOST_HAVE, MOST_REFS, HistoryOffer, refs_digest, wanted
from onloop.gates.intake.bundle import bundle_parts
from onloop.gates.intake.object_checks import index_pack
from onloop.gates.intake.quarantine import beside_mirror
from onloop.gates.repository.failures import GitFailed
from onloop.gates.repository.folders import private, scratch
from onloop.gates.repository.git import LONG_S, Git
from onloop.gates.repository.mirror import Mirror
from onloop.gates.repository.ref_names import TAG_SPACE
from onloop.records import Record

LARGEST_NAMES = MOST_REFS * 512
"""How many bytes the header of a bundle of history may have."""

ABANDONED_S = 7 * 86_400
"""After how long a bundle that came in part is removed, in seconds."""

_CHUNK = 1_048_576
_TURN_S = 900.0


class Had(Record):
    """What a mirror of ours has already: the tips that it can build on, and the digest of all its refs."""

    have: tuple[str, ...]
    seen: str


def had_by(mirror: Mirror, target: str, tasks: tuple[str, ...]) -> Had:
    """What the mirror has of the target, its tags, and what these tasks handed in."""
    lines = mirror.git.text(
        "for-each-ref", "--format=%(refname) %(objectname)", *wanted(target, tasks), TAG_SPACE
    ).splitlines()
    refs = [(name, there) for name, _, there in (line.partition(" ") for line in lines)]
    tips = [there for name, there in refs if not name.startswith(TAG_SPACE)]
    return Had(tuple(dict.fromkeys(tips))[:MOST_HAVE], refs_digest(refs))


@contextmanager
def turn_to_bring(folder: Path, mirror: Mirror) -> Iterator[None]:
    """Held while history of one origin is brought: whoever waits finds it there, and needs next to nothing more."""
    private(folder)
    handle = file_lock.open_file(folder / f"{mirror.path.name}.lock")
    try:
        if not file_lock.wait(handle, _TURN_S):
            raise Unavailable(f"history of {mirror.bare_origin} is still being brought", hint="try again")
        yield
    finally:
        os.close(handle)


def download(folder: Path, offer: HistoryOffer, page: Callable[[int], bytes]) -> Path:
    """The offered bundle as a file, read in pages from where an earlier download broke off; it is whole, or refused."""
    place = folder / f"{offer.digest}.part"
    try:
        with place.open("ab") as file:
            if file.tell() > offer.size:
                file.truncate(0)
            while (at := file.seek(0, os.SEEK_END)) < offer.size:
                content = page(at)
                if not content or at + len(content) > offer.size:
                    raise BadInput(f"the gateway sent {len(content)} bytes of a bundle at {at}", hint="try again")
                file.write(content)
                file.flush()
    except OSError as problem:
        words = f"cannot write {place}: {problem.strerror or problem}"
        raise Unavailable(words, hint=f"make room in {folder}, then try again", kind=kind_of(problem)) from problem
    if _digest(place) != offer.digest:
        place.unlink()
        raise Unavailable("the bundle of the history is not what was offered", hint="try again: it is fetched anew")
    return place


def take_in(mirror: Mirror, offer: HistoryOffer, bundle: Path | None) -> None:
    """Make the offered refs the mirror's own: what the bundle brings under git's checks, what it has already as it is.

    The rest of what the mirror keeps of the origin's tags goes. BadInput for a bundle of anything that was not offered.
    """
    offered = dict(offer.refs)
    kept = mirror.git.text("for-each-ref", "--format=%(refname)", TAG_SPACE).splitlines()
    gone = [name for name in kept if name not in offered]
    with scratch("history", mirror.path.parent) as place:
        folder = place / "repository"
        git = beside_mirror(folder, mirror)
        if bundle is not None:
            _index(mirror, git, offer, bundle, place / "pack")
        _check_whole(git, tuple(offered.values()), mirror.git.text("for-each-ref", "--format=%(objectname)").split())
        mirror.take_in(folder / "objects" / "pack", offered, gone)


def _index(mirror: Mirror, git: Git, offer: HistoryOffer, bundle: Path, pack: Path) -> None:
    """Index what a bundle brings, under git's checks for old history; each of its refs was offered just so.

    We do it, and not `git fetch`: that checks the objects of a bundle in newer versions only.
    """
    with bundle.open("rb") as file:
        parts = bundle_parts(file.read(LARGEST_NAMES + 2), LARGEST_NAMES)
        offered = dict(offer.refs)
        for name, commit in parts.refs:
            if offered.get(name) != commit:
                raise BadInput(f"the bundle brings {name[:200]!r}, which was not offered", hint="try again")
        file.seek(parts.pack_at)
        with pack.open("wb") as rest:
            shutil.copyfileobj(file, rest, _CHUNK)
    try:
        index_pack(git, pack, mirror.tolerated, LONG_S)
    except GitFailed as failed:
        raise _refused(failed) from failed
    finally:
        pack.unlink()


def _check_whole(git: Git, tips: Sequence[str], known: Sequence[str]) -> None:
    """Unavailable unless all that these objects need is here now; the `known` ones are whole."""
    asked = "\n".join((*tips, *(f"^{there}" for there in known))).encode()
    try:
        git.run("rev-list", "--objects", "--quiet", "--stdin", stdin=asked, timeout_s=LONG_S)
    except GitFailed as failed:
        raise _refused(failed) from failed


def _refused(failed: GitFailed) -> Unavailable:
    words = f"the history that came through the gateway is not sound: {failed.complaint}"
    return Unavailable(words, hint="let this machine reach the origin itself: declare access to it in git.toml")


def _digest(place: Path) -> str:
    digest = sha256()
    with place.open("rb") as file:
        while chunk := file.read(_CHUNK):
            digest.update(chunk)
    return digest.hexdigest()


def forget_old(folder: Path, now_s: float) -> None:
    """Remove the bundles that came in part and were not gone on with for long."""
    for place in folder.glob("*.part"):
        if now_s - place.stat().st_mtime > ABANDONED_S:
            place.unlink(missing_ok=True)
