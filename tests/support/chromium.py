"""A real browser without a window, driven over its own pipe: what it shows, and what somebody presses in it."""

from __future__ import annotations

import base64
import json
import os
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from support.waiting import DEADLINE_S, wait_for

PROGRAM = next(
    (found for name in ("chromium", "chromium-browser", "google-chrome") if (found := shutil.which(name))), ""
)
needs_chromium = pytest.mark.skipif(not PROGRAM, reason="there is no Chromium: apt-get install chromium")
KEYS = {"Enter": 13, "Escape": 27, "Tab": 9, "ArrowUp": 38, "ArrowDown": 40, "Backspace": 8}
PATIENCE_S = 5.0
_TEXTS = {"Enter": "\r", "Tab": "\t"}


class Told(Exception):
    """The browser says that something cannot be."""


@dataclass
class Browser:
    """One Chromium. `events` are what it said by itself, the newest last."""

    process: subprocess.Popen[bytes]
    asking: int
    hearing: int
    events: list[dict[str, Any]] = field(default_factory=list)
    people: list[str] = field(default_factory=list)
    _heard: bytes = b""
    _number: int = 0

    def call(self, method: str, session: str = "", **fields: Any) -> dict[str, Any]:
        """Ask, and wait for the answer."""
        self._number += 1
        asked = {"id": self._number, "method": method, "params": fields, **({"sessionId": session} if session else {})}
        content = json.dumps(asked).encode() + b"\0"
        while content:
            content = content[os.write(self.asking, content) :]
        while True:
            said = self._next()
            if said.get("id") != self._number:
                self.events.append(said)
            elif "error" in said:
                raise Told(f"{method}: {said['error']['message']}")
            else:
                return dict(said["result"])

    def _next(self) -> dict[str, Any]:
        while b"\0" not in self._heard:
            piece = os.read(self.hearing, 1 << 20)
            if not piece:
                raise Told("the browser has gone")
            self._heard += piece
        message, _, self._heard = self._heard.partition(b"\0")
        return dict(json.loads(message))

    def person(self) -> str:
        """A place of its own for somebody: no cookie is shared with others."""
        made = str(self.call("Target.createBrowserContext")["browserContextId"])
        self.people.append(made)
        return made

    def send_away(self) -> None:
        """Close every page of everybody."""
        while self.people:
            self.call("Target.disposeBrowserContext", browserContextId=self.people.pop())
        self.events.clear()

    def tab(self, url: str, person: str = "", size: tuple[int, int] = (1200, 800)) -> Tab:
        """A new page that shows the URL."""
        place = {"browserContextId": person} if person else {}
        target = self.call("Target.createTarget", url="about:blank", newWindow=True, **place)["targetId"]
        session = self.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        made = Tab(self, session, target)
        for domain in ("Page", "Runtime", "Network", "Log"):
            made.call(f"{domain}.enable")
        made.resize(*size)
        made.go(url)
        return made


@dataclass
class Tab:
    """One page of a browser."""

    browser: Browser
    session: str
    target: str

    def call(self, method: str, **fields: Any) -> dict[str, Any]:
        return self.browser.call(method, self.session, **fields)

    def go(self, url: str) -> None:
        said = self.call("Page.navigate", url=url)
        assert not said.get("errorText"), said

    def run(self, script: str) -> Any:
        """What a script gives in the page."""
        said = self.call("Runtime.evaluate", expression=script, awaitPromise=True, returnByValue=True)
        if "exceptionDetails" in said:
            raise Told(str(said["exceptionDetails"].get("exception", said["exceptionDetails"]))[:500])
        return said["result"].get("value")

    def until(self, holds: Callable[[], Any], deadline_s: float = DEADLINE_S) -> Any:
        """Wait for a condition, and say what the page shows if it never comes."""

        def asked() -> Any:
            with suppress(Told):
                return holds()

        return wait_for(asked, lambda: f"never came true; the page shows:\n{self.screen() or self.text()}", deadline_s)

    def text(self) -> str:
        return str(self.run("document.body ? document.body.innerText : ''"))

    def screen(self) -> str:
        """What the terminal of the page shows."""
        return str(self.run(_SCREEN) or "")

    def shows(self, *words: str) -> None:
        self.until(lambda: all(word in self.screen() for word in words))

    def press(self, *keys: str) -> None:
        """Keys, one after another: names, or the letter itself."""
        for key in keys:
            code = {"windowsVirtualKeyCode": KEYS[key]} if key in KEYS else {}
            text = _TEXTS.get(key, "" if key in KEYS else key)
            self.call("Input.dispatchKeyEvent", type="keyDown", key=key, text=text, **code)
            self.call("Input.dispatchKeyEvent", type="keyUp", key=key, **code)

    def insist(self, key: str, word: str) -> None:
        """Press a key until a word is there: what has just come up takes no keys for a moment."""

        def pressed() -> bool:
            self.press(key)
            with suppress(AssertionError):
                return bool(wait_for(lambda: word in self.screen(), lambda: "", PATIENCE_S))
            return False

        self.until(pressed)

    def type(self, text: str) -> None:
        """Text as somebody types it, letter by letter."""
        self.press(*text)

    def click(self, x: float, y: float) -> None:
        for kind in ("mouseMoved", "mousePressed", "mouseReleased"):
            pressed = {} if kind == "mouseMoved" else {"button": "left", "clickCount": 1}
            self.call("Input.dispatchMouseEvent", type=kind, x=x, y=y, **pressed)

    def tap(self, x: float, y: float) -> None:
        self.call("Input.dispatchTouchEvent", type="touchStart", touchPoints=[{"x": x, "y": y}])
        self.call("Input.dispatchTouchEvent", type="touchEnd", touchPoints=[])

    def drag(self, start: tuple[float, float], end: tuple[float, float]) -> None:
        """Move a finger from one place to another."""
        self.call("Input.dispatchTouchEvent", type="touchStart", touchPoints=[{"x": start[0], "y": start[1]}])
        for part in range(1, 11):
            x, y = (a + (b - a) * part / 10 for a, b in zip(start, end, strict=True))
            self.call("Input.dispatchTouchEvent", type="touchMove", touchPoints=[{"x": x, "y": y}])
        self.call("Input.dispatchTouchEvent", type="touchEnd", touchPoints=[])

    def cell(self, word: str) -> tuple[float, float]:
        """Where on the page a word of the terminal is: the middle of its first letter."""
        row, line = next((row, line) for row, line in enumerate(self.screen().split("\n")) if word in line)
        box = self.run(_BOX)
        column = line.index(word) + 0.5
        return box["x"] + column * box["width"], box["y"] + (row + 0.5) * box["height"]

    def resize(self, width: int, height: int, *, phone: bool = False) -> None:
        self.call("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=phone)
        self.call("Emulation.setTouchEmulationEnabled", enabled=phone)

    def picture(self, path: Path) -> None:
        path.write_bytes(base64.b64decode(self.call("Page.captureScreenshot", format="png")["data"]))

    def said(self, method: str) -> list[dict[str, Any]]:
        """What the browser said of this page by itself."""
        return [
            each["params"]
            for each in self.browser.events
            if each.get("sessionId") == self.session and each["method"] == method
        ]


_SCREEN = """(() => {
  const desk = window.onloopDesk;
  if (!desk) return "";
  const buffer = desk.terminal.buffer.active;
  return Array.from({length: desk.terminal.rows}, (_, row) =>
    buffer.getLine(buffer.baseY + row)?.translateToString(true, 0, desk.terminal.cols) ?? "").join("\\n");
})()"""
_BOX = """(() => {
  const box = document.querySelector(".xterm-screen").getBoundingClientRect();
  const {cols, rows} = window.onloopDesk.terminal;
  return {x: box.x, y: box.y, width: box.width / cols, height: box.height / rows};
})()"""


@contextmanager
def chromium() -> Iterator[Browser]:
    """A browser in the block; certificates that nobody signed are good enough for it."""
    folder = tempfile.mkdtemp(prefix="onloop-chromium-")
    their_end, asking = os.pipe()
    hearing, their_voice = os.pipe()

    words = ["--headless=new", "--remote-debugging-pipe", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"]
    words += ["--no-first-run", "--disable-extensions", "--ignore-certificate-errors", f"--user-data-dir={folder}"]
    script = f'exec 3<&{their_end} 4>&{their_voice}; exec "$0" "$@"'
    process = subprocess.Popen(
        ["/bin/bash", "-c", script, PROGRAM, *words],
        pass_fds=(their_end, their_voice),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
        env=os.environ | {"TMPDIR": folder},
    )
    os.close(their_end)
    os.close(their_voice)
    try:
        yield Browser(process, asking, hearing)
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, 9)
        process.wait()
        os.close(asking)
        os.close(hearing)
        shutil.rmtree(folder, ignore_errors=True)
