"""What a box with its own file system shows of a view: a list of items that each kind of box builds in its own way."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain
from pathlib import Path

from onloop.gates.box import system
from onloop.gates.box.box_item import BoxItem, Way
from onloop.gates.box.visible import BOXED, VisibleFiles


def layout(view: VisibleFiles, etc: Path) -> tuple[BoxItem, ...]:
    """All items that a box shows of a view, folders before their contents, with the folder `etc` as its /etc."""
    return tuple(dict.fromkeys(chain(_written(view), _shown(view), _etc(etc))))


def _shown(view: VisibleFiles) -> Iterator[BoxItem]:
    """The system and the toolchain, and the folders above them, which hold nothing else."""
    here = system.folders()
    linked = [path for path in here if path.is_symlink()]
    for path in linked:
        yield BoxItem(Way.LINK, str(path), str(path.readlink()))
    shown = system.outermost((*(path for path in here if path not in linked), *_added(view)))
    yield from _parents(shown)
    for path in shown:
        yield BoxItem(Way.READ, str(path), str(path.resolve()))


def _added(view: VisibleFiles) -> Iterator[Path]:
    """The rest of the toolchain, without folders that contain our checkout or scratch folder."""
    for path in view.read_only:
        if path.is_absolute() and path.exists():
            real = path.resolve()
            if not any(own.resolve().is_relative_to(real) for own in (view.checkout, view.scratch)):
                yield path


def _etc(etc: Path) -> Iterator[BoxItem]:
    """One folder with all copied files, and over it the folders that are too large to copy."""
    yield BoxItem(Way.READ, "/etc", str(etc.resolve()))
    for path in system.etc_folders():
        yield BoxItem(Way.READ, str(path), str(path.resolve()))


def _written(view: VisibleFiles) -> Iterator[BoxItem]:
    names = (BOXED.checkout, BOXED.home, BOXED.tmp, BOXED.out)
    placed = tuple(folder.name for folder in view.placed)
    yield from _parents(tuple(map(Path, (*names, *placed, "/var/x"))))
    for outside, name in zip(view.writable, names, strict=True):
        yield BoxItem(Way.WRITE, name, str(outside.resolve()))
    for each in view.placed:
        yield BoxItem(Way.WRITE if each.is_writable else Way.READ, each.name, str(each.folder.resolve()))
    yield BoxItem(Way.WRITE, "/var/tmp", str((view.scratch / "tmp").resolve()))  # noqa: S108 - a name within the box


def _parents(paths: tuple[Path, ...]) -> Iterator[BoxItem]:
    parents = {parent for path in paths for parent in path.parents if parent != Path("/")}
    for parent in sorted(parents):
        yield BoxItem(Way.FOLDER, str(parent))
