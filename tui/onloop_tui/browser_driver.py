"""Textual's driver for the web, held to what a page of ours needs: it draws and is typed at, and gives no files."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from textual.drivers.web_driver import WebDriver

HEARD = frozenset({"resize", "focus", "blur", "quit", "exit"})


class BrowserDriver(WebDriver):
    """See WebDriver. A page that has lost what was drawn has everything drawn anew; nothing is opened or delivered."""

    def on_meta(self, packet_type: str, payload: dict[str, Any]) -> None:
        """See WebDriver."""
        if packet_type == "repaint":
            self._app.call_later(self._draw_anew)
        elif packet_type in HEARD:
            super().on_meta(packet_type, payload)

    def _draw_anew(self) -> None:
        self._enable_mouse_support()
        self._enable_bracketed_paste()
        self._app.screen.refresh(layout=True)

    def write_meta(self, data: Mapping[str, object]) -> None:
        """Say nothing to the page but that the dashboard is left."""
        if data.get("type") == "exit":
            super().write_meta(dict(data))
