"""The tags of an origin on the histories that a mirror keeps, so that `git describe` answers as in a clone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple

from onloop.gates.repository.failures import GitFailed
from onloop.gates.repository.git import LONG_S, Git
from onloop.gates.repository.ref_names import TAG_SPACE, is_tag_name

if TYPE_CHECKING:
    from onloop.gates.repository.mirror import Mirror

MOST_TAGS = 20_000
_THERE = "refs/tags/"
_PEELED = "^{}"
_FETCH = ("--quiet", "--no-tags", "--no-write-fetch-head", "--no-auto-maintenance", "--no-recurse-submodules")


class Tag(NamedTuple):
    """A tag: its name, the object that it names, and the commit behind it."""

    name: str
    object: str
    commit: str


def refresh_tags(mirror: Mirror) -> None:
    """Make the mirror's tags those of its origin whose commits the mirror has; names that git misreads are left out.

    A tag that the origin moved or removed is moved or removed here.
    """
    offered = _offered(mirror)
    known = _present(mirror.git, {tag.commit for tag in offered})
    wanted = {tag.name: tag for tag in offered if tag.commit in known}
    kept = _kept(mirror.git)
    stale = [name for name, there in kept.items() if name not in wanted or wanted[name].object != there]
    new = [tag for name, tag in wanted.items() if kept.get(name) != tag.object]
    if not stale and not new:
        return
    with mirror.reaching() as access, mirror.writing(TAG_SPACE) as git:
        _write(git, [f"delete {TAG_SPACE}{name}" for name in stale])
        lacking = [tag for tag in new if tag.object != tag.commit]
        if lacking:
            asked = "".join(f"+{_THERE}{tag.name}:{TAG_SPACE}{tag.name}\n" for tag in lacking).encode()
            words = ("--stdin", "--end-of-options", mirror.bare_origin)
            reader = git._replace(settings=mirror.lenient)
            reader.run("fetch", *_FETCH, *words, stdin=asked, timeout_s=LONG_S, access=access)
        _write(git, [f"update {TAG_SPACE}{tag.name} {tag.object}" for tag in new if tag.object == tag.commit])


def tags_on(git: Git, commit: str) -> tuple[Tag, ...]:
    """The mirror's tags that lie on the history of `commit`."""
    form = "--format=%(refname) %(objectname) %(*objectname)"
    listed = git.run("for-each-ref", form, f"--merged={commit}", f"--count={MOST_TAGS}", TAG_SPACE).text.splitlines()
    fields = (line.split(" ") for line in listed)
    return tuple(Tag(name.removeprefix(TAG_SPACE), there, peeled or there) for name, there, peeled in fields)


def give_tags(git: Git, mirror: Mirror, tags: Sequence[Tag]) -> None:
    """Fetch these tags of the mirror to another repository of ours, as its own tags."""
    if tags:
        asked = "".join(f"+{TAG_SPACE}{tag.name}:{_THERE}{tag.name}\n" for tag in tags).encode()
        words = ("--stdin", "--end-of-options", str(mirror.path))
        git.run("fetch", *_FETCH, *words, stdin=asked, timeout_s=LONG_S)


def _offered(mirror: Mirror) -> Sequence[Tag]:
    """The origin's tags of commits, as many as `MOST_TAGS`; for an annotated one git tells what is behind it."""
    with mirror.reaching() as access:
        words = ("--tags", "--end-of-options", mirror.bare_origin)
        listed = mirror.git.run("ls-remote", *words, timeout_s=LONG_S, access=access).text
    named = {name: there for there, _, name in (line.partition("\t") for line in listed.splitlines())}
    names = [name for name in named if not name.endswith(_PEELED) and is_tag_name(name.removeprefix(_THERE))]
    tags = (Tag(name.removeprefix(_THERE), named[name], named.get(name + _PEELED, named[name])) for name in names)
    return list(tags)[-MOST_TAGS:]


def _present(git: Git, commits: set[str]) -> frozenset[str]:
    """Which of the commits the mirror has."""
    if not commits:
        return frozenset()
    asked = "\n".join(sorted(commits)).encode()
    lines = git.run("cat-file", "--batch-check=%(objectname) %(objecttype)", stdin=asked).text.splitlines()
    return frozenset(line.partition(" ")[0] for line in lines if line.endswith(" commit"))


def _kept(git: Git) -> Mapping[str, str]:
    lines = git.text("for-each-ref", "--format=%(refname) %(objectname)", TAG_SPACE).splitlines()
    return {name.removeprefix(TAG_SPACE): there for name, _, there in (line.partition(" ") for line in lines)}


def _write(git: Git, lines: Sequence[str]) -> None:
    if lines:
        git.run("update-ref", "--stdin", stdin="".join(f"{line}\n" for line in lines).encode(), timeout_s=LONG_S)


def tags_or_none(mirror: Mirror) -> None:
    """As `refresh_tags`; where the origin is away, or git dislikes a tag, the tags stay as they are."""
    if mirror.brought:
        return
    try:
        refresh_tags(mirror)
    except GitFailed:
        return
