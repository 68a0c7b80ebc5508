"""Notices edited files at once: watchfiles watches the folders, and we also look regularly ourselves."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from pathlib import Path

from onloop_tui.edited_files import EditedFile, Files

LOOK_S = 2.0
"""How often to look unasked: network file systems send no events, and a folder may move between two watches."""
DEBOUNCE_MS, STEP_MS = 100, 50
"""Several writes within a step are read once; a change is noticed after at most two steps."""


class Watching:
    """Reads the files whenever one changes, and posts the news, until it is stopped."""

    def __init__(self, files: Files, post: Callable[[EditedFile], object], look_s: float = LOOK_S) -> None:
        self._files = files
        self._post = post
        self._look_s = look_s
        self._stop = threading.Event()

    def run(self) -> None:
        """Watch and post until `stop`; runs in its own thread."""
        while not self._stop.is_set():
            self._look(anew=True)
            watched = _watched(self._files.folders)
            try:
                self._until_folders_move(watched)
            except (OSError, RuntimeError):  # a folder was removed meanwhile, or the system has no watches left
                self._stop.wait(self._look_s)

    def stop(self) -> None:
        """Stop within one step."""
        self._stop.set()

    def _look(self, *, anew: bool) -> None:
        news = self._files.look(anew=anew)
        if news is not None:
            self._post(news)

    def _until_folders_move(self, watched: dict[Path, object]) -> None:
        """Post changes in the folders until one of them is created, removed or replaced."""
        from watchfiles import Change, watch  # here, in the thread: the first paint does not wait for it

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
    """The folders to watch: each folder and its parent, or if it is missing, the nearest existing one above it."""
    identities: dict[Path, object] = {}
    for folder in folders:
        places = [place for place in (folder, *folder.parents) if _identity(place) is not None]
        for place in places[: 2 if places[:1] == [folder] else 1]:
            identities[place] = _identity(place)
    return identities


def _identity(place: Path) -> object:
    """A value that differs when another folder has replaced this one; None if it does not exist."""
    try:
        stat = place.stat()
    except OSError:
        return None
    return (stat.st_dev, stat.st_ino) if place.is_dir() else None
