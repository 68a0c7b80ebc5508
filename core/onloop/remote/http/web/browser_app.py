"""One dashboard of somebody at the page: a process of its own, which draws for one browser at a time."""

from __future__ import annotations

import asyncio
import os
import secrets
import signal
from asyncio.subprocess import PIPE, Process
from collections.abc import Callable
from contextlib import suppress
from typing import Protocol

from onloop.records import SecretRecord
from onloop.remote.http.web.app_channel import AppChannel
from onloop.remote.http.web.app_handover import AppHandover
from onloop.remote.http.web.app_packets import APART, DATA, GREETING, HEAD, head_of, is_leaving, told, typed
from onloop.remote.http.web.app_start import as_user, command, environment
from onloop.remote.http.web.private_folder import PrivateFolder
from onloop.remote.http.web.web_settings import WebSettings
from onloop.text import safe

MOST_SAID = 2_048
"""As much is kept of what a dashboard says on its way out, in bytes."""
_BUFFER = 65_536
_LINES_BEFORE = 10

Connect = Callable[[str, Callable[[], bool], Callable[[], None]], asyncio.Protocol]
"""A new connection to the door of somebody at that address; whether there is a place for it, and what gives it back."""


class SeatLost(Exception):
    """The browser has gone."""


class Seat(Protocol):
    """The browser that looks."""

    async def show(self, content: bytes) -> None:
        """Send what is drawn, as fast as it is taken; SeatLost where nobody takes it any more."""
        ...

    def cut(self, why: str) -> None:
        """Hang up at once."""
        ...


class AppOrder(SecretRecord):
    """What somebody at a page wants: to look with their session, at that task first, at that size."""

    person: str
    session: str
    address: str
    task: str
    columns: int
    rows: int


class BrowserApp:
    """A dashboard that runs until it is left, ended, or forgotten by its browser; one loop uses it."""

    def __init__(self, order: AppOrder, settings: WebSettings, now: Callable[[], float]) -> None:
        self.name = secrets.token_urlsafe(24)
        self.person, self.session, self.address = order.person, order.session, order.address
        self.ended = asyncio.Event()
        self.why = ""
        """Why it has ended, where it was not left."""
        self.heard_at = now()
        self.left_at: float | None = None
        """Since when nobody looks; None while somebody does, or is about to."""
        self._order, self._settings, self._limits, self._now = order, settings, settings.limits, now
        self._folder = PrivateFolder()
        self._channel = AppChannel()
        self._connect: Connect | None = None
        self._process: Process | None = None
        self._seat: Seat | None = None
        self._said = b""
        self._connections = 0
        self._tasks: list[asyncio.Task[None]] = []

    @property
    def pid(self) -> int:
        """The number of its process; 0 where there is none."""
        return self._process.pid if self._process is not None else 0

    async def start(self, connect: Connect) -> None:
        """Begin; OSError where it cannot be run."""
        order, user, theirs = self._order, self._settings.user, self._channel.theirs
        self._connect = connect
        uid, gid, groups = as_user(user)
        if user is not None:
            self._folder.give_to(user)
        try:
            self._process = await asyncio.create_subprocess_exec(
                *command(self._settings.python, theirs.fileno()),
                stdin=PIPE,
                stdout=PIPE,
                stderr=PIPE,
                limit=_BUFFER,
                env=environment(self._folder.path, order.columns, order.rows),
                cwd=self._folder.path,
                start_new_session=True,
                pass_fds=(theirs.fileno(),),
                umask=0o077,
                user=uid,
                group=gid,
                extra_groups=groups,
            )
        finally:
            theirs.close()
        self._tasks = [asyncio.create_task(self._run(self._process)), asyncio.create_task(self._hear(self._process))]

    def _has_place(self) -> bool:
        if self._connections >= self._limits.connections:
            return False
        self._connections += 1
        return True

    def _leave_place(self) -> None:
        self._connections -= 1

    # -- the browser

    def sit(self, seat: Seat) -> None:
        """Draw for this browser from now on; one that looked before is cut off."""
        before, self._seat, self.left_at = self._seat, seat, None
        self.heard_at = self._now()
        if before is not None:
            before.cut("taken")

    def leave(self, seat: Seat) -> None:
        """That browser looks no more; the dashboard waits for it a while."""
        if self._seat is seat:
            self._seat, self.left_at = None, self._now()

    async def type(self, text: str) -> None:
        """Pass on what was typed, as fast as the dashboard takes it."""
        self.heard_at = self._now()
        await self._send(typed(text))

    async def resize(self, columns: int, rows: int) -> None:
        """Draw at this size."""
        await self._send(told(type="resize", width=columns, height=rows))

    async def tell(self, what: str) -> None:
        """Pass on that the page is looked at (`focus`), or not (`blur`), or has lost what was drawn (`repaint`)."""
        await self._send(told(type=what))

    async def _send(self, content: bytes) -> None:
        if self._process is None or self._process.stdin is None or self.ended.is_set():
            return
        with suppress(ConnectionError, RuntimeError):  # it ends just now
            self._process.stdin.write(content)
            await self._process.stdin.drain()

    # -- the process

    async def _run(self, process: Process) -> None:
        """Show what it draws until it ends."""
        output = process.stdout or asyncio.StreamReader()
        try:
            async with asyncio.timeout(self._limits.start_s):
                await _said(output, APART)
                self._hand_over()
                await _said(output, GREETING)
            await self._pass_on(output)
        except (EOFError, ValueError, ConnectionError, TimeoutError):
            if process.returncode is None:
                self.why = self.why or "it did not begin, or sent what is no packet"
        finally:
            await self._finish(process)

    def _hand_over(self) -> None:
        """Tell it whose it is: others with its user could have looked into it before it shut them out."""
        order = self._order
        if self._channel.is_open:
            handover = AppHandover(self._settings.url, order.session, order.person, order.task)
            self._channel.hand_over(handover.line(), self._connected)

    def _connected(self) -> asyncio.Protocol:
        """A connection of this dashboard to the door, in the name of who looks at it."""
        if self._connect is None:
            raise OSError("it has not begun")
        return self._connect(self._order.address, self._has_place, self._leave_place)

    async def _pass_on(self, output: asyncio.StreamReader) -> None:
        while True:
            kind, size = head_of(await output.readexactly(HEAD))
            if size > self._limits.packet:
                raise ValueError(f"a packet of {size} bytes")
            payload = await output.readexactly(size)
            if kind == DATA:
                await self._show(payload)
            elif is_leaving(kind, payload):
                return

    async def _show(self, payload: bytes) -> None:
        """Send to who looks; while nobody does, it is dropped: whoever comes back has everything drawn anew."""
        seat, piece = self._seat, self._limits.piece
        for at in range(0, len(payload), piece):
            if seat is None or seat is not self._seat:
                return
            try:
                await seat.show(payload[at : at + piece])
            except SeatLost:
                self.leave(seat)

    async def _hear(self, process: Process) -> None:
        while process.stderr is not None and (piece := await process.stderr.read(MOST_SAID)):
            self._said = (self._said + piece)[-MOST_SAID:]

    @property
    def last_words(self) -> str:
        """The last line that it said of what went wrong; empty for none."""
        return safe(self._said.decode("utf-8", "replace").strip().rpartition("\n")[2], 200)

    def end(self, why: str = "") -> None:
        """Tell it to end; `ended` is set once it has."""
        self.why = self.why or why
        self._channel.close()
        if self._process is None:
            self._forget()
        else:
            self._signal(signal.SIGTERM)
            asyncio.get_running_loop().call_later(self._limits.ending_s, self._kill)

    def _kill(self) -> None:
        if not self.ended.is_set():
            self._signal(signal.SIGKILL)

    def _signal(self, number: int) -> None:
        if self._process is not None and self._process.returncode is None:
            with suppress(ProcessLookupError, PermissionError):
                os.killpg(self._process.pid, number)

    async def _finish(self, process: Process) -> None:
        """Wait until the process is gone, and whatever it began with it."""
        with suppress(TimeoutError):
            async with asyncio.timeout(self._limits.ending_s):
                await process.wait()
        self._signal(signal.SIGKILL)
        with suppress(ProcessLookupError, PermissionError):  # others of its group: it can begin none, but who knows
            os.killpg(process.pid, signal.SIGKILL)
        await process.wait()
        self._channel.close()
        self._forget()

    def _forget(self) -> None:
        self._folder.remove()
        self.ended.set()


async def _said(output: asyncio.StreamReader, wanted: bytes) -> None:
    """Until it says that line; EOFError where it does not."""
    for _ in range(_LINES_BEFORE):
        line = await output.readline()
        if line == wanted:
            return
        if not line:
            break
    raise EOFError
