"""The base's tests over the head's code: what a checkout holds where a gate says `tests: base`."""

from __future__ import annotations

from collections.abc import Iterator

from onloop.gates.checkout import Files
from onloop.gates.configuration import from_base
from onloop.gates.repository.git import Git
from onloop.gates.repository.ref_names import check_commit
from onloop.gates.repository.true_tree import true_files, true_tree
from onloop.machine.definition import BaseTests
from onloop.records import Record


class BaseTestsOverlay(Record):
    """Takes the tests and their configuration from `base`, and removes those that `base` does not have."""

    base: str
    wanted: BaseTests

    @property
    def key(self) -> str:
        """See Overlay.key."""
        return repr((self.base, self.wanted.paths))

    def change(self, git: Git) -> None:
        """See Overlay.change."""
        own = self._listed(git.run("ls-files", "--stage", "-z").stdout)
        listing = git.run("ls-tree", "-r", "-z", "--full-tree", "--end-of-options", check_commit(self.base)).stdout
        theirs = self._listed(listing)
        if own:
            git.run("update-index", "--force-remove", "-z", "--stdin", stdin=b"".join(path + b"\0" for path in own))
        if theirs:
            lines = b"".join(b"%b\t%b\0" % (what, path) for path, what in theirs.items())
            git.run("update-index", "--replace", "-z", "--index-info", stdin=lines)

    def expected(self, git: Git, files: Files) -> Files:
        """See Overlay.expected. Where one side has a file and the other a folder, the base's side wins."""
        theirs = {
            path: file for path, file in true_files(git, true_tree(git, self.base)).items() if self._is_wanted(path)
        }
        own = {path: file for path, file in files.items() if not self._is_wanted(path)}
        above = {parent for path in theirs for parent in _parents(path)}
        kept = {
            path: file for path, file in own.items() if path not in above and not theirs.keys() & set(_parents(path))
        }
        return kept | theirs

    def _listed(self, output: bytes) -> dict[bytes, bytes]:
        """The wanted paths of a listing, each with its mode, kind and id as git lists them."""
        lines = (line.partition(b"\t") for line in output.split(b"\0") if line)
        return {path: what for what, _, path in lines if self._is_wanted(path)}

    def _is_wanted(self, path: bytes) -> bool:
        return from_base(self.wanted, path.decode("utf-8", "backslashreplace"))


def _parents(path: bytes) -> Iterator[bytes]:
    parts = path.split(b"/")
    return (b"/".join(parts[:length]) for length in range(1, len(parts)))
