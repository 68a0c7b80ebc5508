"""A throw-away `.git` for a checkout: its commit, the history and tags of that, and no way to any other repository."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

from onloop.gates.contents.history import write_history
from onloop.gates.contents.tags import Tag, tags_on
from onloop.gates.repository.git import LONG_S, Git
from onloop.gates.repository.mirror import Mirror
from onloop.gates.repository.ref_names import check_commit

_FORMATS = {40: ("0", ""), 64: ("1", "[extensions]\n\tobjectFormat = sha256\n")}
_CONFIG = """\
[core]
\trepositoryformatversion = {version}
\tbare = false
\tfilemode = true
\tlogallrefupdates = false
\tcheckStat = minimal
\ttrustctime = false
[gc]
\tauto = 0
[advice]
\tdetachedHead = false
{more}"""
"""Only size and time of a file say whether it changed: its copies and layers are the same file to git."""

_AS_IT_IS = "* -text -eol -ident -filter -working-tree-encoding\n"
"""The checkout's files are written as their objects are, so git must compare them so."""

_PACKED = "# pack-refs with: peeled fully-peeled sorted \n"


def add_git(
    place: Path, mirror: Mirror, commit: str, base: str, filled: Iterable[bytes] = (), *, layer: Path | None = None
) -> None:
    """Make `place`, the files of `commit`, a repository with that commit at a detached HEAD and its tags.

    With `layer`, the `.git` is made in that folder, which is then laid over `place`. `git status` finds nothing
    changed, though links that led outside are gone, and the files `filled` have the content that their pointers name.
    There is no remote, hook or branch. `base` is a commit of the target in this history.
    """
    folder = (layer or place) / ".git"
    for name in ("objects/pack", "objects/info", "refs/heads", "refs/tags", "info"):
        (folder / name).mkdir(parents=True)
    tags = tags_on(mirror.git, check_commit(commit))
    write_history(
        mirror, commit, base, [tag.object for tag in tags if tag.object != tag.commit], folder / "objects/pack"
    )
    version, more = _FORMATS[len(commit)]
    (folder / "config").write_text(_CONFIG.format(version=version, more=more))
    (folder / "info/attributes").write_text(_AS_IT_IS)
    (folder / "packed-refs").write_text(_packed(tags), encoding="utf-8")
    (folder / "HEAD").write_text(f"{commit}\n")
    git = Git(folder, work_tree=place)
    git.run("read-tree", "--end-of-options", commit)
    git.run("update-index", "-q", "--refresh", accept=(0, 1), timeout_s=LONG_S)
    _mark(git, "--skip-worktree", git.run("ls-files", "-z", "--deleted").stdout)
    _mark(git, "--assume-unchanged", b"".join(path + b"\0" for path in filled))


def _mark(git: Git, how: str, names: bytes) -> None:
    if names:
        git.run("update-index", how, "-z", "--stdin", stdin=names)


def _packed(tags: Sequence[Tag]) -> str:
    lines = [_PACKED]
    for tag in sorted(tags, key=lambda each: each.name.encode()):
        lines.append(f"{tag.object} refs/tags/{tag.name}\n")
        if tag.object != tag.commit:
            lines.append(f"^{tag.commit}\n")
    return "".join(lines)
