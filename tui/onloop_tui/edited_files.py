"""The files that people edit while the dashboard runs. Each is read by its real loader; a broken one is named."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Generic, TypeVar

from onloop.errors import OnloopError
from onloop.machine.definition import Definition
from onloop.plain_file import plain_bytes
from onloop.workflow.positioned_tree import LARGEST
from onloop_tui.model.drawing.terminal_text import safe
from onloop_tui.settings import SavedView, Settings, views_file

MOST_FILES = 100
"""The number of workflow files read per folder."""
NO_WORKFLOW = "onloop.yaml"
"""The file beside workflows that is not a workflow: it holds people, roles and groups."""

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class EditedFile:
    """The settings in force, the problem of each broken file, and a note on files that are valid again."""

    settings: Settings
    problems: tuple[str, ...] = ()
    words: str = ""


class _File(Generic[T]):
    """One file: its last valid content, and its problem now."""

    def __init__(self, path: Path, parse: Callable[[bytes, str], T]) -> None:
        self.name = _shown(path)
        self.good: T | None = None
        self.problem = ""
        self.is_there = False
        self._path = path
        self._parse = parse
        self._mark: object = None

    def look(self, *, anew: bool) -> bool:
        """Read the file again if it changed, or if `anew`; whether it was read."""
        try:
            mark = _mark(self._path)
            self.is_there = True
            if mark == self._mark and not anew:
                return False
            self._mark = mark
            self.good, self.problem = self._parse(plain_bytes(self._path, LARGEST), self.name), ""
        except FileNotFoundError:
            was_there, self.is_there = self.is_there, False
            self._mark, self.problem, self.good = None, "", None
            return was_there
        except OSError as problem:
            self._mark = None
            self.problem = f"{self.name}: {safe(problem.strerror or str(problem), 200)}"
        except OnloopError as problem:
            first, *others = problem.message.split("\n")
            self.problem = first + (f" (and {len(others)} more)" if others else "")
        return True


class Files:
    """Settings and workflows on disk; for use by one thread. The last valid content of a file stays in force."""

    def __init__(self, settings: Path, workflows: tuple[Path, ...]) -> None:
        self._settings = _File(settings.absolute(), _settings_in)
        self._views = _File(views_file(settings.absolute()), _views_in)
        self._workflows: dict[Path, _File[Definition]] = {}
        self._last: EditedFile | None = None
        self.folders = tuple(dict.fromkeys((settings.absolute().parent, *(path.absolute() for path in workflows))))
        self._of_workflows = tuple(path.absolute() for path in workflows)

    def look(self, *, anew: bool = True) -> EditedFile | None:
        """What has changed since the last look; everything at the first look, None if nothing changed."""
        self._views.look(anew=anew)  # what it holds is seen in the tabs, and need not be said
        words = [self._look_at_settings(anew), *self._look_at_workflows(anew)]
        said = " · ".join(word for word in words if word) if self._last is not None else ""
        settings = self._settings.good if self._settings.good is not None else Settings()
        settings = replace(settings, views=self._views.good or ())
        now = EditedFile(settings, tuple(self._problems()), said)
        before, self._last = self._last, replace(now, words="")
        return now if now != before else None

    def _look_at_settings(self, anew: bool) -> str:
        file = self._settings
        before, was_broken = file.good, bool(file.problem)
        if not file.look(anew=anew) or file.problem:
            return ""
        if not file.is_there:
            return f"{file.name} is gone; the defaults are in force"
        return f"{file.name} is in force" if was_broken or file.good != before else ""

    def _look_at_workflows(self, anew: bool) -> Iterator[str]:
        found = tuple(path for folder in self._of_workflows for path in _workflow_files(folder))
        self._workflows = {path: self._workflows.get(path) or _File(path, _workflows_at(path)) for path in found}
        for file in self._workflows.values():
            before, was_broken = file.good, bool(file.problem)
            if file.look(anew=anew) and not file.problem and file.good and (was_broken or file.good != before):
                steps = len(file.good.steps)
                yield f"{file.name} is valid: {file.good.name}, {steps} step{'s' if steps != 1 else ''}"

    def _problems(self) -> Iterator[str]:
        if self._settings.problem:
            kept = "the last good ones stay" if self._settings.good is not None else "the defaults are"
            yield f"{self._settings.problem}; {kept} in force"
        if self._views.problem:
            kept = "the last good ones stay" if self._views.good else "none are"
            yield f"{self._views.problem}; {kept} in force"
        for file in self._workflows.values():
            if file.problem:
                kept = "the last good one stays in force" if file.good is not None else "no run can begin with it"
                yield f"{file.problem}; {kept}"


def _settings_in(source: bytes, name: str) -> Settings:
    from onloop_tui.settings_reader import (
        load_settings,
    )  # imported here: a start without files needs no YAML or pydantic

    return load_settings(source, name)


def _views_in(source: bytes, name: str) -> tuple[SavedView, ...]:
    from onloop_tui.saved_views import load_views  # imported here: as above

    return load_views(source, name)


def _workflows_at(path: Path) -> Callable[[bytes, str], Definition]:
    """Loads the workflow in the bytes of a file, with what it uses of the checkout around it."""

    def load_with_parts(source: bytes, name: str) -> Definition:
        from onloop.access.files_beside import beside
        from onloop.workflow.loader import load
        from onloop.workflow.pinned_files import bundled

        return load(bundled(source, name, beside(path)), name)

    return load_with_parts


def _workflow_files(folder: Path) -> list[Path]:
    try:
        with os.scandir(folder) as entries:
            names = sorted(entry.name for entry in entries if entry.name.endswith((".yaml", ".yml")))
    except OSError:
        return []
    return [folder / name for name in names if not name.startswith(".") and name != NO_WORKFLOW][:MOST_FILES]


def _mark(path: Path) -> object:
    """A value that differs when the file is replaced or written to."""
    stat = path.stat()
    return stat.st_dev, stat.st_ino, stat.st_size, stat.st_mtime_ns


def _shown(path: Path) -> str:
    """The path relative to the current folder or to the home folder, if it is in one of them."""
    for start, before in ((Path.cwd(), ""), (Path.home(), "~/")):
        if path.is_relative_to(start):
            return f"{before}{path.relative_to(start)}"
    return str(path)
