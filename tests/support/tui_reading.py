"""Real commits in a real mirror, as a dashboard reads them: rounds of one task, each with what it changed."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from textual.pilot import Pilot

from onloop.gates.repository.mirror import Mirror
from onloop.gates.repository.provenance import provenance_of
from onloop.gateway.service import Gateway
from onloop.machine.task import DecisionKind, Submission, Task
from onloop.records import replace
from onloop.store.port import Store
from onloop.views.changes import Changes, PageWanted, PatchPage, changes_of, patch_page
from onloop.views.kept_patches import KeptPatches
from onloop_tui.app import Dashboard
from onloop_tui.diff.diff_screen import DiffScreen
from onloop_tui.store_access import StoreAccess
from support.tui_decisions import open_sheet
from support.tui_scenes import NOON, Scene, until

Files = Mapping[str, str | bytes | None]
"""What stands at each path; None where nothing does any more."""


@dataclass
class Reading(Scene):
    """A scene with one mirror, whose patches are read as the dashboard of a file store reads them."""

    mirror: Mirror | None = None
    kept: KeptPatches = field(default_factory=KeptPatches)
    opened: Callable[[], Store] | None = None
    """Opens the store anew for whoever closes it; None for one in memory."""

    @property
    def place(self) -> StoreAccess:
        opened = self.opened or (lambda: self.store)
        place = replace(super().place, pages=self.page, since=self.since)
        return replace(place, open=lambda: Gateway(opened(), self.clock))

    def page(self, task: Task, wanted: PageWanted) -> PatchPage:
        return patch_page(task, self._mirror, wanted, self.kept)

    def since(self, task: Task, since: str) -> Changes:
        return changes_of(task, self._mirror, since)

    def _mirror(self, _: str) -> Mirror:
        assert self.mirror is not None
        return self.mirror


def git(folder: Path, *argv: str) -> str:
    """Git as an agent runs it."""
    env = {"GIT_CONFIG_GLOBAL": "/dev/null", "GIT_CONFIG_NOSYSTEM": "1", "HOME": str(folder), "PATH": "/usr/bin:/bin"}
    dated = {f"GIT_{who}_DATE": "2027-01-15T08:00:00Z" for who in ("AUTHOR", "COMMITTER")}
    who = ("-c", "user.name=Coder", "-c", "user.email=coder@agents.example")
    done = subprocess.run(["git", *who, *argv], cwd=folder, env=env | dated, check=True, capture_output=True)
    return done.stdout.decode("utf-8", "replace").strip()


def reading(
    folder: Path,
    before: Files,
    *rounds: Files,
    opened: Callable[[], Store] | None = None,
    mirror_at: Callable[[str], Mirror] | None = None,
) -> tuple[Reading, str]:
    """A task whose agent has handed in so many commits, each sent back but the last, which asks for approval.

    It is in a store of its own with nobody but ana in it, or in one that is `opened`, which has people.
    """
    origin = folder / "origin"
    origin.mkdir(parents=True)
    git(origin, "init", "-q", "-b", "main")
    heads = [_committed(origin, files) for files in (before, *rounds)]
    git(origin, "branch", "-q", "work")
    mirror = mirror_at(str(origin)) if mirror_at is not None else Mirror(folder / "mirror.git", str(origin))
    mirror.create()
    mirror.refresh("main")
    known = {"mirror_of": lambda _: mirror, "origins": {"cart": mirror.origin}, "mirror": mirror}
    scene = Reading(**known) if opened is None else Reading(store=opened(), opened=opened, **known)  # type: ignore[arg-type]
    if opened is None:
        scene.enrol("ana")
    (task,) = scene.fleet(["cart"])
    for number, head in enumerate(heads[1:], 1):
        mirror.keep(task, number, head)
        found = provenance_of(mirror, head, heads[0])
        work = Submission(head, found.tree, heads[0], found.authors, (), "Done.", NOON, change=found.change)
        scene.wants_approval(task, what=work)
        if number < len(rounds):
            scene.decides(task, DecisionKind.REJECT)
    return scene, task


def _committed(origin: Path, files: Files) -> str:
    for path, content in files.items():
        place = origin / path
        if content is None:
            place.unlink()
            continue
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(content.encode() if isinstance(content, str) else content)
    git(origin, "add", "-A")
    git(origin, "commit", "-q", "--allow-empty", "-m", "work")
    return git(origin, "rev-parse", "HEAD")


async def open_reader(pilot: Pilot[str], scene: Scene, app: Dashboard) -> DiffScreen:
    """Open the sheet of the first row, and the reader of its change."""
    await open_sheet(pilot, scene, app, "approve")
    await pilot.press("d")
    await until(pilot, lambda: isinstance(app.screen, DiffScreen) and app.screen.file_list.count > 0)
    assert isinstance(app.screen, DiffScreen)
    return app.screen


async def press_until(pilot: Pilot[str], keys: Sequence[str], condition: Callable[[], bool]) -> None:
    """Press keys, and wait for what they bring about."""
    await pilot.press(*keys)
    await until(pilot, condition)
