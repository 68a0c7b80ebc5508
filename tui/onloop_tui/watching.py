"""Hearing at once that somebody has edited a file: watchfiles on the folders, and a look of our own now and then."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from pathlib import Path

from watchfiles import Change, watch

from onloop_tui.edited_files import EditedFile, Files

LOOK_S = 2.0
"""A look so often without being told: network file systems tell nothing, and a folder may move between two watches."""
DEBOUNCE_MS, STEP_MS = 100, 50
"""Several writes of one saving are read once; hearing of it takes two steps at most."""


class Watching:
    """Looks at the files whenever one changes, until it is stopped, and posts what is new."""

    def __init__(self, files: Files, post: Callable[[EditedFile], object], look_s: float = LOOK_S) -> None:
        self._files = files
        self._post = post
        self._look_s = look_s
        self._stop = threading.Event()

    def run(self) -> None:
        """Watch and post until `stop`; for a thread of its own."""
        while not self._stop.is_set():
            self._look(anew=True)
            watched = _watched(self._files.folders)
            try:
                self._until_folders_move(watched)
            except (OSError, RuntimeError):  # a folder went while it was looked up, or there are no watches left
                self._stop.wait(self._look_s)

    def stop(self) -> None:
        """End the run within a step."""
        self._stop.set()

    def _look(self, *, anew: bool) -> None:
        news = self._files.look(anew=anew)
        if news is not None:
            self._post(news)

    def _until_folders_move(self, watched: dict[Path, object]) -> None:
        """Post what changes in the folders, until one of them comes, goes, or is another."""
        moved = False

        def concerns(_: Change, path: str) -> bool:
            nonlocal moved
            at = Path(path)
            moved = moved or at in watched or any(at in folder.parents for folder in self._files.folders)
            return moved or at.parent in self._files.folders or at in self._files.folders

        for changes in watch(
            *watched,
            watch_filter=concerns,
            debounce=DEBOUNCE_MS,
            step=STEP_MS,
            stop_event=self._stop,
            rust_timeout=int(self._look_s * 1000),
            yield_on_timeout=True,
            raise_interrupt=False,
            recursive=False,
        ):
            self._look(anew=bool(changes))
            if moved or _watched(self._files.folders) != watched:
                return


def _watched(folders: Iterable[Path]) -> dict[Path, object]:
    """What to watch: each folder and the one it lies in, or where it is missing, the nearest that is there."""
    found: dict[Path, object] = {}
    for folder in folders:
        places = [place for place in (folder, *folder.parents) if _identity(place) is not None]
        for place in places[: 2 if places[:1] == [folder] else 1]:
            found[place] = _identity(place)
    return found


def _identity(place: Path) -> object:
    """What differs when another folder has taken the place of this one; None where there is none."""
    try:
        found = place.stat()
    except OSError:
        return None
    return (found.st_dev, found.st_ino) if place.is_dir() else None
