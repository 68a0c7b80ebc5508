"""The HTTP door of a resident gateway: a thread with an event loop, which turns requests into those of lines."""

from __future__ import annotations

import asyncio
import socket
import ssl
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from email.utils import formatdate
from functools import partial
from typing import TYPE_CHECKING, Any

from uvicorn.config import Config
from uvicorn.server import ServerState

from onloop.errors import Unavailable
from onloop.remote.http.answers.door_state import DoorState
from onloop.remote.http.door_app import DoorApp
from onloop.remote.http.door_settings import DoorLimits, DoorSettings, authority
from onloop.remote.http.entry.certificates import Certificates
from onloop.remote.http.entry.http_connection import DoorConnection
from onloop.remote.http.entry.request_checks import RequestChecks
from onloop.remote.http.lines.adopted_line import Adopt
from onloop.remote.http.routes import ROUTES, DoorRoute
from onloop.remote.http.web.web_settings import WebSettings

if TYPE_CHECKING:
    from onloop.remote.http.web.browser_app import Connect
    from onloop.remote.http.web.dashboard_page import DashboardPage

BACKLOG = 512
SWEEP_S = 1.0
PAUSE_S = 0.1
"""How long nobody is let in after a file for them was missing."""
PARTING_S = 2.0
"""How long answers that have been given may take to be read at the end."""


class HttpDoor:
    """Lets requests of HTTP in, from `start` to `stop`. `adopt` is the gateway's, which must be serving by then.

    `say` hears what its owner should know. `clock` is the wall's, in ms.
    """

    def __init__(
        self,
        settings: DoorSettings,
        adopt: Adopt,
        say: Callable[[str], None],
        clock: Callable[[], int],
        limits: DoorLimits | None = None,
        routes: Sequence[DoorRoute] = ROUTES,
        web: Callable[[str], WebSettings] | None = None,
    ) -> None:
        """`web` says how the dashboard is served as a page, by the URL at which the door listens; None for not."""
        self._settings, self._adopt, self._say, self._clock = settings, adopt, say, clock
        self._limits, self._routes, self._web = limits or DoorLimits(), routes, web
        self._thread: threading.Thread | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._up = threading.Event()
        self._serving: _Serving | None = None
        self.port = settings.port

    @property
    def url(self) -> str:
        """Where it listens."""
        settings = self._settings
        return f"{settings.scheme}://{authority(settings.host, self.port, settings.scheme)}"

    def start(self) -> None:
        """Listen; Unavailable where the address is taken, BadInput for a certificate that is none."""
        tls = self._settings.tls
        certificates = Certificates(tls, self._say, self._clock) if tls is not None else None
        listener = _listening(self._settings)
        self.port = listener.getsockname()[1]
        work = self._work(certificates)
        self._thread = threading.Thread(target=self._run, args=(work, listener), name="http", daemon=True)
        self._thread.start()
        self._up.wait()
        if self._serving is None:
            raise Unavailable("the HTTP door did not open", hint="look at what was said before")

    def _work(self, certificates: Certificates | None) -> Callable[[], DoorState]:
        """What makes the state, on the loop's own thread."""

        def made() -> DoorState:
            checks = RequestChecks(self._settings, self.port, self._limits)
            return DoorState(
                self._settings, self._limits, checks, self._adopt, self._say, self._clock, time.monotonic, certificates
            )

        return made

    def _run(self, made: Callable[[], DoorState], listener: socket.socket) -> None:
        try:
            with asyncio.Runner() as runner:
                self._loop = runner.get_loop()
                self._loop.set_exception_handler(self._note_trouble)
                runner.run(self._serve(made(), listener))
        except Exception as failure:
            self._say(f"trouble: the HTTP door has ended: {type(failure).__name__}: {failure}"[:300])
        finally:
            listener.close()
            self._up.set()

    async def _serve(self, state: DoorState, listener: socket.socket) -> None:
        self._serving = serving = _Serving(
            state, listener, self._routes, self._web(self.url) if self._web is not None else None
        )
        self._up.set()
        await serving.run()

    def stop(self, drain_s: float) -> None:
        """Let nobody in any more, let what is under way end within `drain_s`, and close everything."""
        if self._thread is None or self._loop is None or self._serving is None:
            return
        with suppress(RuntimeError):  # it has ended by itself
            self._loop.call_soon_threadsafe(self._serving.drain, drain_s)
        self._thread.join(drain_s + 2 * PARTING_S + 1)
        self._thread = None

    def _note_trouble(self, _loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        failure = context.get("exception")
        if not isinstance(failure, OSError | None):
            self._say(f"trouble: {type(failure).__name__} at the HTTP door: {failure}"[:300])


class _Serving:
    """One door while it is open; used on its loop alone."""

    def __init__(
        self, state: DoorState, listener: socket.socket, routes: Sequence[DoorRoute], web: WebSettings | None
    ) -> None:
        self._state, self._listener = state, listener
        self._page = page = _page_of(state, web, self._inner) if web is not None else None
        self._config = Config(
            DoorApp(state, routes) if page is None else DoorApp(state, (*page.routes, *routes), page.serve_line),
            http=DoorConnection,
            ws="none" if page is None else page.connection,
            ws_max_size=0 if web is None else web.limits.message,
            ws_per_message_deflate=False,
            lifespan="off",
            interface="asgi3",
            log_config=None,
            access_log=False,
            proxy_headers=False,
            server_header=False,
            timeout_keep_alive=state.limits.kept_open_s,
            h11_max_incomplete_event_size=state.limits.headers,
        )
        self._config.load()
        self._shared = ServerState()
        self._greetings: set[asyncio.Task[None]] = set()
        self._over = asyncio.Event()
        self._drain_s = 0.0

    async def run(self) -> None:
        """Serve until drained."""
        state = self._state
        tasks = [asyncio.create_task(work) for work in (self._accept(), self._sweep(), state.watch.run())]
        try:
            await self._over.wait()
            tasks[0].cancel()
            self._listener.close()
            await self._drained()
        finally:
            for task in tasks:
                task.cancel()
            for connection in list(self._shared.connections):
                connection.transport.abort()
            await asyncio.gather(*tasks, *self._greetings, return_exceptions=True)
            state.watch.end()
            state.lines.close()
            self._listener.close()

    def drain(self, drain_s: float) -> None:
        """Begin to end."""
        self._drain_s = drain_s
        self._state.is_draining = True
        self._state.watch.tell()
        self._over.set()

    async def _drained(self) -> None:
        """Until what was under way has been answered, or the time for it is over."""
        for connection in list(self._shared.connections):
            connection.shutdown()
        if self._page is not None:
            await self._page.apps.close()
        with suppress(TimeoutError):
            async with asyncio.timeout(self._drain_s):
                while self._shared.tasks:
                    await asyncio.wait(set(self._shared.tasks))
        for task in list(self._shared.tasks):
            task.cancel("the gateway stops")
        with suppress(TimeoutError):
            async with asyncio.timeout(PARTING_S):
                while self._shared.connections:
                    await asyncio.sleep(0.01)

    def _inner(self, address: str, has_place: Callable[[], bool], left: Callable[[], None]) -> asyncio.Protocol:
        """A connection of a dashboard of the page, in the name of who looks at it."""
        if not has_place():
            raise OSError("too many connections of one dashboard")
        return DoorConnection(self._config, self._shared, self._state.limits, left, address)

    async def _accept(self) -> None:
        loop, state = asyncio.get_running_loop(), self._state
        while True:
            try:
                made, peer = await loop.sock_accept(self._listener)
            except OSError:
                await asyncio.sleep(PAUSE_S)
                continue
            account = peer[0]
            places = state.proxied if account in state.settings.proxies else state.connections
            if not places.take(account, favoured=places.of(account) < state.limits.few):
                made.close()
                continue
            task = asyncio.create_task(self._greet(made, partial(places.leave, account)))
            self._greetings.add(task)
            task.add_done_callback(self._greetings.discard)

    async def _greet(self, made: socket.socket, left: Callable[[], None]) -> None:
        state, loop = self._state, asyncio.get_running_loop()
        connection = DoorConnection(self._config, self._shared, state.limits, left)
        tls: ssl.SSLContext | None = state.certificates.context if state.certificates is not None else None
        within_s = {"ssl_handshake_timeout": state.limits.handshake_s, "ssl_shutdown_timeout": PARTING_S}
        try:
            _tune(made)
            await loop.connect_accepted_socket(
                lambda: connection, made, ssl=tls, **(within_s if tls is not None else {})
            )
        except (OSError, asyncio.CancelledError):  # no TLS, or somebody who went away; SSLError is an OSError
            made.close()
            if connection.transport is None:
                connection.never_made()

    async def _sweep(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            date = [(b"date", formatdate(usegmt=True).encode())]
            self._shared.default_headers = date
            for connection in list(self._shared.connections):
                if isinstance(connection, DoorConnection):
                    connection.look(loop.time())
            try:
                self._state.sweep()
                if self._page is not None:
                    self._page.apps.sweep()
            except Exception as failure:  # what is done each second goes on
                self._state.complain(failure)
            await asyncio.sleep(SWEEP_S)


def _page_of(state: DoorState, web: WebSettings, connect: Connect) -> DashboardPage:
    from onloop.remote.http.web.dashboard_page import DashboardPage  # here: only a page needs WebSockets

    return DashboardPage(state, web, connect)


def _listening(settings: DoorSettings) -> socket.socket:
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    made = socket.socket(family, socket.SOCK_STREAM)
    try:
        made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            made.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, int(settings.host != "::"))
        made.bind((settings.host, settings.port))
        made.listen(BACKLOG)
        made.setblocking(False)
    except OSError as problem:
        made.close()
        where = authority(settings.host, settings.port, "")
        raise Unavailable(
            f"nothing can listen at {where}: {problem.strerror}", hint="choose another with --listen ADDRESS:PORT"
        ) from None
    return made


def _tune(made: socket.socket) -> None:
    """Send at once, and let the kernel end a connection whose other end does not take what is sent.

    asyncio sends at once by itself only where a socket names its protocol, which one that was accepted does not.
    """
    made.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    option = getattr(socket, "TCP_USER_TIMEOUT", None)
    if option is not None:
        made.setsockopt(socket.IPPROTO_TCP, option, 30_000)
