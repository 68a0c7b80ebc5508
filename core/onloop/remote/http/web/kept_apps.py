"""The dashboards of everybody at the page: so many in all and of each person, each of one browser, none for ever."""

from __future__ import annotations

import asyncio
import hmac
import os
from collections.abc import Callable

from onloop.errors import Unavailable
from onloop.remote.http.entry.problem_details import HttpProblem, too_many
from onloop.remote.http.web.browser_app import AppOrder, BrowserApp, Connect
from onloop.remote.http.web.person_cookie import SignedIn
from onloop.remote.http.web.private_folder import remove_left
from onloop.remote.http.web.web_settings import WebSettings
from onloop.text import safe

IDLE, SIGNED_OUT, STOPPED = "idle", "signed out", "the gateway stops"
"""Why a dashboard was ended."""


class KeptApps:
    """The dashboards of one door; one loop uses them. `say` hears of those that end by a mistake of ours."""

    def __init__(
        self, settings: WebSettings, connect: Connect, say: Callable[[str], None], now: Callable[[], float]
    ) -> None:
        self._settings, self._limits, self._connect = settings, settings.limits, connect
        self._say, self._now = say, now
        self._apps: dict[str, BrowserApp] = {}
        self._endings: set[asyncio.Task[None]] = set()
        users = {os.geteuid(), *(() if settings.user is None else (settings.user.uid,))}
        for left in remove_left(users):
            say(f"removed {left}: the gateway that made it was killed")

    @property
    def count(self) -> int:
        """How many there are."""
        return len(self._apps)

    async def begun(self, order: AppOrder) -> BrowserApp:
        """A new one; HttpProblem where there are enough, or it cannot be run."""
        self._make_room(order.person)
        made = BrowserApp(order, self._settings, self._now)
        self._apps[made.name] = made
        try:
            await made.start(self._connect)
        except BaseException as failure:
            self._apps.pop(made.name, None)
            made.end()
            if not isinstance(failure, OSError):
                raise
            self._say(f"trouble: a dashboard for the page cannot be run: {failure.strerror}"[:300])
            hint = "tell whoever looks after the gateway"
            raise HttpProblem(Unavailable("the dashboard cannot be run", hint=hint)) from None
        ending = asyncio.create_task(self._note_end(made))
        self._endings.add(ending)
        ending.add_done_callback(self._endings.discard)
        return made

    def _make_room(self, person: str) -> None:
        """End what nobody looks at, the oldest first, where there are enough."""
        mine = [app for app in self._apps.values() if app.person == person]
        if len(mine) >= self._limits.apps_of_one and not self._drop_waiting(mine):
            words = f"{safe(person, 40)} has {len(mine)} dashboards open here"
            raise too_many(words, "close another page of yours", retry_s=5)
        if len(self._apps) >= self._limits.apps and not self._drop_waiting(list(self._apps.values())):
            words = f"{len(self._apps)} dashboards are open here, which is all there may be"
            raise HttpProblem(Unavailable(words, hint="try again in a moment, or use a terminal: onloop login"))

    def _drop_waiting(self, among: list[BrowserApp]) -> bool:
        waiting = [app for app in among if app.left_at is not None and app.pid]
        if not waiting:
            return False
        oldest = min(waiting, key=lambda app: app.left_at or 0.0)
        self._apps.pop(oldest.name, None)
        oldest.end()
        return True

    async def _note_end(self, app: BrowserApp) -> None:
        await app.ended.wait()
        self._apps.pop(app.name, None)
        if app.last_words and app.why not in {IDLE, SIGNED_OUT, STOPPED}:
            self._say(f"trouble: a dashboard of the page ended: {app.last_words}"[:300])

    def kept(self, name: str, who: SignedIn, address: str) -> BrowserApp | None:
        """The one of that name, if it runs, was begun with that session, and there: where somebody decides counts."""
        found = self._apps.get(name)
        wanted = (who.person, who.session, address)
        is_theirs = found is not None and (found.person, found.session, found.address) == wanted
        return found if is_theirs and found is not None and not found.ended.is_set() else None

    def end_session(self, session: str) -> None:
        """End those that read with that session."""
        for app in list(self._apps.values()):
            if hmac.compare_digest(app.session, session):
                app.end(SIGNED_OUT)

    def sweep(self) -> None:
        """End those that nobody uses: the browser did not come back, or nobody types."""
        now, limits = self._now(), self._limits
        for app in list(self._apps.values()):
            is_forgotten = app.left_at is not None and now - app.left_at > limits.kept_s
            if is_forgotten or now - app.heard_at > limits.idle_s:
                app.end(IDLE)

    async def close(self) -> None:
        """End all of them, and wait until they have."""
        for app in list(self._apps.values()):
            app.end(STOPPED)
        if self._endings:
            await asyncio.wait(set(self._endings), timeout=2 * self._limits.ending_s)
