"""Where one command runs: folders that it may write to, over what was made before and stays as it is."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path

from onloop.errors import Unavailable
from onloop.gates.box.visible import Layered, Placed, VisibleFiles
from onloop.gates.repository.folders import remove_tree, scratch, walked
from onloop.machine.definition import BoxSpec
from onloop.records import Record

REPORT = "report.xml"

_COPY = {
    "linux": ("/bin/cp", "-dR", "--preserve=mode,timestamps,links", "--reflink=auto"),
    "darwin": ("/bin/cp", "-cRp"),
}
_COPY_S = 600.0


class Layering(StrEnum):
    """How a place gets what was made before: mounted below what it writes, or as a copy of its own."""

    OVERLAY = "overlay"
    COPY = "copy"


class Place(Record):
    """The folders of a run: `checkout`, and in `folder` home, tmp and out. Both are its own, and end with it.

    `layered` are those that are mounted when a command begins, `placed` what else a box shows.
    """

    checkout: Path
    folder: Path
    layered: tuple[Layered, ...] = ()
    placed: tuple[Placed, ...] = ()

    @property
    def report(self) -> Path:
        """Where a test runner writes its report."""
        return self.folder / "out" / REPORT

    @property
    def made_in_checkout(self) -> Path:
        """What was written to the checkout so far; where it is a copy, all that is in it."""
        return self._made(self.checkout)

    @property
    def made_in_home(self) -> Path:
        """What was written to the home folder so far; where it is a copy, all that is in it."""
        return self._made(self.folder / "home")

    def view(self, spec: BoxSpec, shown: tuple[Path, ...]) -> VisibleFiles:
        """What a command sees that asks for such a box; `shown` are the folders of the machine's programs."""
        return VisibleFiles(
            self.checkout, self.folder, shown, spec.network, spec.nested, layered=self.layered, placed=self.placed
        )

    def _made(self, folder: Path) -> Path:
        return next((each.upper for each in self.layered if each.place == folder), folder)


@contextmanager
def place_over(
    checkout: Sequence[Path],
    home: Sequence[Path] = (),
    *,
    layering: Layering,
    parent: Path | None = None,
    placed: tuple[Placed, ...] = (),
) -> Iterator[Place]:
    """A place over folders that are not changed, the first of them on top; it is removed afterwards.

    It lies in `parent`, or in the folder for temporary files.
    """
    with scratch("gate", parent) as folder:
        for name in ("checkout", "home", "tmp", "out"):
            (folder / name).mkdir(mode=0o700)
        layered = []
        for name, lowers in (("checkout", checkout), ("home", home)):
            if lowers and layering is Layering.OVERLAY:
                layered.append(_room(folder, name, tuple(lowers)))
            else:
                copy_over(reversed(lowers), folder / name)
        yield Place(folder / "checkout", folder, tuple(layered), placed)


def _room(folder: Path, name: str, lowers: tuple[Path, ...]) -> Layered:
    room = Layered(folder / name, lowers, folder / "rooms" / name)
    for part in (room.upper, room.work):
        part.mkdir(mode=0o700, parents=True)
    return room


def copy_over(sources: Iterable[Path], target: Path) -> None:
    """Copy the contents of folders into `target`, each over those before it; blocks are shared where disks can do so.

    The copies are ours. Where one has a file and another a folder, the later one wins.
    """
    for source in sources:
        if os.path.lexists(target) and any(target.iterdir()):
            _clear_way(source, target)
        words = [*_COPY.get(sys.platform, ("/bin/cp", "-Rp")), "--", f"{source}/.", f"{target}/"]
        try:
            subprocess.run(words, check=True, capture_output=True, timeout=_COPY_S, cwd="/", env={"LC_ALL": "C"})
        except (subprocess.SubprocessError, OSError) as problem:
            said = getattr(problem, "stderr", b"") or str(problem).encode()
            raise Unavailable(
                f"cannot copy {source} to {target}: {said.decode('utf-8', 'backslashreplace').strip()[:500]}",
                hint="free space there, or start the verifier with TMPDIR on a larger disk; then onloop retry",
            ) from None


def _clear_way(source: Path, target: Path) -> None:
    """Remove what is in the way of a copy: links, and files where a folder comes or the other way round."""
    for parent, folders, files in walked(source):
        below = parent.relative_to(source)
        for name in (*folders, *files):
            here, there = parent / name, target / below / name
            if there.is_symlink() or (os.path.lexists(there) and here.is_dir() != there.is_dir()):
                _remove(there)
            elif not here.is_dir() or here.is_symlink():
                there.unlink(missing_ok=True)


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        remove_tree(path)
    else:
        path.unlink(missing_ok=True)
