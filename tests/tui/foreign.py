"""An approver who is another user than the store's: `foreign.py STORE UID PASSPHRASE`. Prints what came of it.

Everything is imported, and a dashboard has been used once, before it becomes that user, who may not read this
interpreter.
"""

from __future__ import annotations

import asyncio
import importlib
import json
import os
import pkgutil
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path

from textual.pilot import Pilot
from textual.widgets import Input

import onloop
from onloop.home import Home, is_own
from onloop_tui.app import Dashboard
from onloop_tui.panels.sheet_panel import Mode
from onloop_tui.session import Session
from onloop_tui.store_access import access_of
from support.tui_scenes import busy, play, screen_text, shows, until


async def _decide(pilot: Pilot[str], passphrase: str, later: Callable[[], Awaitable[object]]) -> None:
    """`later` lets so much time pass that keys are taken as meant for what came up."""
    app = pilot.app
    assert isinstance(app, Dashboard)
    await shows(pilot, "▶ ◆ approve")
    await pilot.press("enter")
    await shows(pilot, "pass ship.approve?")
    await until(pilot, lambda: app.main.sheet.mode is Mode.SHOWN)
    await later()
    await pilot.press("a")
    if passphrase:
        await until(pilot, lambda: isinstance(app.focused, Input))
        assert isinstance(app.focused, Input)
        app.focused.value = passphrase
        await later()
        await pilot.press("enter")
    await until(pilot, lambda: app.main.sheet.mode is Mode.CONFIRMING)
    if not passphrase:
        return
    await later()
    await pilot.press("enter")
    await until(pilot, lambda: "nothing needs you" in screen_text(app))


def main(store: str, uid: int, passphrase: str) -> None:
    """Decide, and say so."""
    for module in pkgutil.walk_packages(onloop.__path__, "onloop."):
        importlib.import_module(module.name)  # operations are loaded by name, which this user could not do later
    scene = busy()
    asyncio.run(
        play(scene.dashboard(), lambda pilot: _decide(pilot, "", lambda: asyncio.to_thread(scene.clock.later, 400)))
    )
    os.setgroups([uid])
    os.setgid(uid)
    os.setuid(uid)
    home = Home(Path(store))
    app = Dashboard(Session(access_of(home), person_name="ana"))
    asyncio.run(play(app, lambda pilot: _decide(pilot, passphrase, lambda: asyncio.sleep(0.4))))
    sys.stdout.write(json.dumps({"own": is_own(home.store), "decided": True}))


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), sys.argv[3])
