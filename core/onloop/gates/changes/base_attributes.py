"""What the base of a change says of its files in `.gitattributes`: which are generated, vendored, or not to be diffed.

It is asked of the base alone, which was reviewed: what the change under judgement says of itself would be its author's
word. Git reads it from an index of our own that holds nothing else; nothing of the repository runs.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:  # code that only shows changes does not load git
    from onloop.gates.repository.git import Git

FILE = ".gitattributes"
MOST_PATHS = 5_000
"""Of so many files it is asked at most; no others are marked."""
_AT_ONCE = 500
_PLAIN = (b"100644", b"100755")
_WORDS = {
    ("linguist-generated", "set"): "generated",
    ("linguist-generated", "true"): "generated",
    ("linguist-vendored", "set"): "vendored",
    ("linguist-vendored", "true"): "vendored",
    ("diff", "unset"): "not to be diffed",
}
"""What a value of an attribute says, in words."""


def base_marks(git: Git, base: str, paths: Sequence[str]) -> Mapping[str, str]:
    """What the base says of these paths, in words; of most files nothing."""
    asked = paths[:MOST_PATHS]
    listed = b"".join(_listed(git, base, _around(asked)))
    if not listed:
        return {}
    with tempfile.TemporaryDirectory(prefix="onloop-attributes-") as folder:
        alone = git._replace(index_file=Path(folder) / "index")
        alone.run("update-index", "-z", "--index-info", stdin=listed)
        named = b"".join(path.encode("utf-8", "surrogateescape") + b"\0" for path in asked)
        names = dict.fromkeys(name for name, _ in _WORDS)
        said = alone.run("check-attr", "--cached", "--stdin", "-z", *names, stdin=named).fields
    marks: dict[str, str] = {}
    for path, name, value in zip(said[::3], said[1::3], said[2::3], strict=True):
        if (name, value) in _WORDS:
            marks.setdefault(path, _WORDS[name, value])
    return marks


def _around(paths: Sequence[str]) -> list[str]:
    """The files that may say something of these paths: one in each folder above them."""
    folders = {""}
    for path in paths:
        parts = path.split("/")[:-1]
        folders |= {"/".join(parts[:depth]) + "/" for depth in range(1, len(parts) + 1)}
    return sorted(f"{folder}{FILE}" for folder in folders)


def _listed(git: Git, base: str, files: Sequence[str]) -> Iterator[bytes]:
    """Those that there are at the base, as an index takes them; a symbolic link says nothing."""
    for start in range(0, len(files), _AT_ONCE):
        found = git.run("ls-tree", "-z", base, "--", *files[start : start + _AT_ONCE]).stdout
        yield from (entry + b"\0" for entry in found.split(b"\0") if entry.startswith(_PLAIN))
