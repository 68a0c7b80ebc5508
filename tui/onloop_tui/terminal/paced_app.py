"""An app in a terminal that may be far away, and under a shell that may want the terminal back."""

from __future__ import annotations

import time
from typing import Any

from rich.console import RenderableType
from textual._compositor import ChopsUpdate, LayoutUpdate
from textual.app import App
from textual.driver import Driver
from textual.drivers import linux_driver
from textual.geometry import Region
from textual.screen import Screen

from onloop_tui.terminal.fewer_bytes import FewerBytes
from onloop_tui.terminal.job_control import has_a_shell, stop_the_job
from onloop_tui.terminal.terminal_driver import TerminalDriver
from onloop_tui.terminal_input import TerminalInput

HURRY_S = 0.2
"""For so long after a key, what is painted is held to be its answer."""
_AGAIN_S = 0.02
_MOST_HELD = 200
"""Past this many held pieces, the whole screen is painted instead."""


class PacedApp(App[str]):
    """What cannot be painted now is painted later, as it is then: what has passed meanwhile is never sent."""

    def __init__(self) -> None:
        super().__init__()
        self._held: set[Region] = set()
        self._hurried_at = 0.0

    def get_driver_class(self) -> type[Driver]:
        """Textual's driver, or ours in its place on a terminal, with our parser of what the terminal sends."""
        linux_driver.XTermParser = TerminalInput  # type: ignore[attr-defined]  # the driver makes its parser itself
        found = super().get_driver_class()
        return TerminalDriver if found is linux_driver.LinuxDriver else found

    def hurry(self) -> None:
        """Note that a person waits for what is painted next."""
        self._hurried_at = time.monotonic()

    def _display(self, screen: Screen[Any], renderable: RenderableType | None) -> None:
        driver = self._driver
        if renderable is None or not isinstance(driver, TerminalDriver):
            super()._display(screen, renderable)
        elif driver.may_paint(urgent=self._is_hurried()):
            with driver.painting():
                super()._display(screen, self._shortened(renderable, driver))
        else:
            self._hold(renderable)

    def _shortened(self, renderable: RenderableType, driver: TerminalDriver) -> Any:
        """On a slow line, what differs from what is shown; else Textual's own, of which nobody keeps count."""
        if self._batch_count or not isinstance(renderable, LayoutUpdate | ChopsUpdate) or not driver.pace.is_slow:
            driver.shown.forget()
            return renderable
        driver.shown.sized(self.size)
        return FewerBytes(renderable, driver.shown)

    def action_redraw(self) -> None:
        """Draw everything anew, whatever another program has written over it."""
        if isinstance(self._driver, TerminalDriver):
            self._driver.shown.forget()
        self.refresh(layout=True)
        self.screen.refresh()

    def _is_hurried(self) -> bool:
        return time.monotonic() - self._hurried_at < HURRY_S

    def _hold(self, renderable: RenderableType) -> None:
        if not self._held:
            self.set_timer(_AGAIN_S, self._paint_held)
        if isinstance(renderable, ChopsUpdate) and len(self._held) < _MOST_HELD:
            self._held.update(Region(left, y, right - left, 1) for y, left, right in renderable.spans)
        else:
            self._held = {self.screen.size.region}

    def _paint_held(self) -> None:
        driver = self._driver
        if isinstance(driver, TerminalDriver) and not driver.may_paint(urgent=self._is_hurried()):
            self.set_timer(_AGAIN_S, self._paint_held)
            return
        held, self._held = self._held, set()
        self.screen.refresh(*held)

    # -- stopping

    def why_not_suspended(self) -> str:
        """Why it cannot be suspended; empty if it can."""
        if self._driver is None or not self._driver.can_suspend:
            return "only in a terminal can it be suspended"
        return "" if has_a_shell() else "no shell would bring it back, so it is not suspended; q leaves"

    def suspend_job(self) -> None:
        """Give the terminal back to the shell, and stop until the shell says to go on."""
        self._suspend_signal()
        stop_the_job()
