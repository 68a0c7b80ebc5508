"""The base's tests over the head's code: what is written to a checkout where a gate says `tests: base`."""

from __future__ import annotations

from onloop.gates.checkout import Overlay
from onloop.gates.configuration import from_base
from onloop.gates.git import Git
from onloop.gates.names import check_commit
from onloop.machine.definition import BaseTests


def overlay_of(base: str, wanted: BaseTests) -> Overlay:
    """Makes the tests in an index, and what configures them, those of `base`, and removes what `base` does not have."""

    def overlay(git: Git) -> None:
        own = _listed(git.run("ls-files", "--stage", "-z").stdout, wanted)
        theirs = _listed(
            git.run("ls-tree", "-r", "-z", "--full-tree", "--end-of-options", check_commit(base)).stdout, wanted
        )
        if own:
            git.run("update-index", "--force-remove", "-z", "--stdin", stdin=b"".join(path + b"\0" for path in own))
        if theirs:
            lines = b"".join(b"%b\t%b\0" % (what, path) for path, what in theirs.items())
            git.run("update-index", "--replace", "-z", "--index-info", stdin=lines)

    return overlay


def _listed(output: bytes, wanted: BaseTests) -> dict[bytes, bytes]:
    """The wanted paths of a listing, each with its mode, kind and id as git told them."""
    lines = (line.partition(b"\t") for line in output.split(b"\0") if line)
    return {path: what for what, _, path in lines if from_base(wanted, path.decode("utf-8", "backslashreplace"))}
