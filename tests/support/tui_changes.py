"""Tasks whose commits change this and that, as a dashboard's access to a store would tell it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from hashlib import sha256

from onloop.gates.repository.file_changes import FileChange, FileKind, Status
from onloop.machine.task import Task
from onloop.records import replace
from onloop.views.changes import Changes, PageWanted, PatchPage
from onloop_tui.store_access import StoreAccess
from support.tui_scenes import Scene, commit

LOCK_LINES = 60_000
SHORT = FileChange("a.py", Status.MODIFIED, FileKind.FILE, 1, 1)
LOCK = FileChange("uv.lock", Status.MODIFIED, FileKind.FILE, LOCK_LINES, 0, lines_shown=40)


@dataclass
class Changing(Scene):
    """A scene in which each repository's change is one of a few kinds; what was read of patches is counted."""

    kinds: Mapping[str, str] = field(default_factory=dict)
    files: tuple[FileChange, ...] = (SHORT, LOCK)
    read: list[tuple[str, int]] = field(default_factory=list)

    @property
    def place(self) -> StoreAccess:
        return replace(super().place, pages=self.page)

    def changes(self, task: Task) -> Changes:
        kind = self.kinds[task.repo or ""]
        return Changes(self.files, f"diff --git a/a.py b/a.py\n@@ -1 +1 @@\n-old\n+{kind}\n", content=digest_of(kind))

    def page(self, task: Task, wanted: PageWanted) -> PatchPage:
        path, first = wanted.path, wanted.first
        self.read.append((path, first))
        assert wanted.columns >= 20
        work = self.task(task.id).submission
        assert work is not None
        last = min(LOCK_LINES, first + wanted.count - 1)
        rows = tuple(f"+line {number}" for number in range(first, last + 1))
        return PatchPage(work.head, path, rows, first, LOCK_LINES)


def digest_of(kind: str) -> str:
    """The digest of a kind of change."""
    return sha256(kind.encode()).hexdigest()


def changing(kinds: Mapping[str, str]) -> tuple[Changing, list[str]]:
    """A fleet that waits for approvals: each repository with its kind of change."""
    scene = Changing(kinds=kinds)
    scene.enrol("ana", "ben")
    tasks = scene.fleet(kinds)
    for task, kind in zip(tasks, kinds.values(), strict=True):
        scene.wants_approval(task, what=replace(commit(task), change=digest_of(kind)))
    return scene, tasks
