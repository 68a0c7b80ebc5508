"""Steps that tests about decisions share: to open a sheet, to type as people do, and to see what was decided."""

from __future__ import annotations

from collections.abc import Callable

from textual.events import Paste
from textual.pilot import Pilot

from onloop.machine.task import Decision, DecisionKind
from onloop_tui.app import Dashboard
from onloop_tui.panels.sheet_panel import Mode
from onloop_tui.widgets.form_entry import LineEntry, LinesEntry
from support.tui_scenes import Scene, shows, until

OPEN = frozenset({Mode.SHOWN, Mode.WRITING})


async def open_sheet(pilot: Pilot[str], scene: Scene, app: Dashboard, row: str, *keys: str) -> None:
    """Open the sheet of the row with that word, and let the arming time go by."""
    await shows(pilot, row)
    for group in app.main.inbox.arrangement.groups:
        if row in group.reason.value or row in group.headline:
            app.main.inbox.go_to(group.cause)
    await pilot.press(*(keys or ("enter",)))
    await until(pilot, lambda: app.main.sheet.mode in OPEN)
    scene.clock.later(1000)


async def type_in(pilot: Pilot[str], words: str) -> None:
    """Put words into the field that has the focus, as a terminal does when they are pasted."""
    field = await entry(pilot)
    field.post_message(Paste(words))
    await until(pilot, lambda: field.words == words)


async def entry(pilot: Pilot[str]) -> LineEntry | LinesEntry:
    """The field of a form that has the focus, once one has it."""
    await until(pilot, lambda: isinstance(pilot.app.focused, LineEntry | LinesEntry))
    field = pilot.app.focused
    assert isinstance(field, LineEntry | LinesEntry)
    return field


def last_decision(scene: Scene, task: str) -> Decision:
    """The newest decision about a task."""
    return scene.task(task).decisions[-1]


def when_done(scene: Scene, task: str, answer: DecisionKind) -> Callable[[], bool]:
    """Whether the newest decision about the task is that answer."""
    return lambda: bool(scene.task(task).decisions) and last_decision(scene, task).answer is answer
