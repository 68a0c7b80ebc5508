"""Files in Git LFS in an agent's clone: where git-lfs is installed it keeps them, else git is told to leave them be."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from pathlib import Path

from onloop.gates.contents.large_files import fill_large_files
from onloop.gates.contents.large_store import LargeStore, store_of
from onloop.gates.repository.folders import private
from onloop.gates.repository.git import Git
from onloop.gates.repository.mirror import Mirror
from onloop.gates.repository.pointers import LargeFile

PROGRAM = "git-lfs"
_FILTER = {
    "filter.lfs.clean": "git-lfs clean -- %f",
    "filter.lfs.smudge": "git-lfs smudge -- %f",
    "filter.lfs.process": "git-lfs filter-process",
    "filter.lfs.required": "true",
}


def clone_large_files(mirror: Mirror, files: Mapping[bytes, LargeFile], clone: Path) -> None:
    """Write the files that pointers name to a clone that no agent has used; to git they are unchanged.

    With git-lfs on PATH, the clone is set up for it, and a file that an agent adds becomes a pointer. Without it, what
    an agent does to these files is not committed.
    """
    fill_large_files(mirror, files, clone)
    git = Git(clone / ".git", work_tree=clone)
    if shutil.which(PROGRAM) is None:
        paths = b"".join(path + b"\0" for path in files)
        git.run("update-index", "--assume-unchanged", "-z", "--stdin", stdin=paths)
        return
    kept, own = store_of(mirror), LargeStore(clone / ".git" / "lfs" / "objects")
    for file in files.values():
        place = own.place(file.pointer.oid)
        private(place.parent)
        kept.write(file.pointer, place, is_program=False)
    for name, value in _FILTER.items():
        git.run("config", "--local", name, value)
    lines = (b"%b %b\t%b\0" % (_mode(file), file.blob.encode(), path) for path, file in files.items())
    git.run("update-index", "-z", "--index-info", stdin=b"".join(lines))  # so that git compares them anew, by git-lfs


def _mode(file: LargeFile) -> bytes:
    return b"100755" if file.is_program else b"100644"
