"""The environments of one worker: lent to a session at a time, used again, made ahead of time, and removed."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from contextlib import closing, suppress

from onloop.access.opening import GatewayHandle
from onloop.agents.places.environment_settings import EnvironmentSettings, Reuse
from onloop.agents.places.lent_place import LentPlace, host_name
from onloop.agents.places.removal_watch import RemovalWatch
from onloop.environments.port import EnvironmentMaker, EnvironmentTrouble, Wanted
from onloop.environments.room import EnvironmentRoom
from onloop.errors import OnloopError
from onloop.gateway.environment_operations import DropEnvironments, KeepEnvironment
from onloop.home import Home
from onloop.identity.resolution import process_of, this_process
from onloop.machine.task import Task
from onloop.remote.line import Line

LAUNCHER = "work"
BaseFile = Callable[[str], bytes | None]


def _no_file(_: str) -> bytes | None:
    return None


class PlacePool:
    """Thread-safe. `reopen` gives a gateway handle for what the pool tells; `made_line` a line for agents inside."""

    def __init__(
        self,
        home: Home,
        store: str,
        settings: EnvironmentSettings,
        maker: EnvironmentMaker,
        reopen: Callable[[], GatewayHandle],
        made_line: Callable[[], Line],
        say: Callable[[str], None],
        clock: Callable[[], int],
    ) -> None:
        self._home, self._store, self.settings, self._maker = home, store, settings, maker
        self._reopen, self._made_line, self._say, self._clock = reopen, made_line, say, clock
        self._turn = threading.Lock()
        self._idle: list[LentPlace] = []
        self._watch = RemovalWatch()
        self._is_closed = False

    def take(self, task: Task, base_file: BaseFile = _no_file) -> LentPlace:
        """An environment for the task: one that it or its run had, one made ahead of time, or a new one."""
        found = self._picked(task)
        if found is None:
            found = self._made(task, base_file)
        found.key = task.run if self.settings.reuse is Reuse.RUN else task.id
        self._keep(found.wanted, task.id)
        return found

    def _picked(self, task: Task) -> LentPlace | None:
        while True:
            with self._turn:
                fits = [each for each in self._idle if each.key in {task.id, task.run}]
                fits = fits or [each for each in self._idle if not each.key]
                found = fits[0] if fits else None
                if found is None:
                    return None
                self._idle.remove(found)
            if found.live.is_alive():
                return found
            self._discard(found)

    def give_back(self, lent: LentPlace, *, is_over: bool) -> None:
        """A session has ended; `is_over` says that its task goes no further, so that nobody will want it for it."""
        keeps = self.settings.reuse is Reuse.RUN or (self.settings.reuse is Reuse.TASK and not is_over)
        if lent.is_spoilt or not keeps or self._is_closed or lent.live.is_shared:
            self._discard(lent)
            return
        lent.idle_since = self._clock()
        with self._turn:
            self._idle.append(lent)

    def tend(self, waiting: int) -> None:
        """Remove what was kept too long, and make ahead of time what the work that waits will want."""
        now = self._clock()
        with self._turn:
            old = [each for each in self._idle if each.key and now - each.idle_since > self.settings.keep_ms]
            self._idle = [each for each in self._idle if each not in old]
            warm = sum(1 for each in self._idle if not each.key)
        for each in old:
            self._discard(each)
        if warm < min(self.settings.warm, max(waiting, 1)) and not self._is_closed:
            with suppress(OnloopError):  # whoever needs one meets it, and says so
                made = self._made(None, _no_file)
                made.idle_since = now
                with self._turn:
                    self._idle.append(made)

    def close(self) -> None:
        """Remove everything; what cannot be removed is found later, by its label and its row."""
        self._is_closed = True
        with self._turn:
            left, self._idle = self._idle, []
        for each in left:
            self._discard(each)
        self._watch.close()

    def _made(self, task: Task | None, base_file: BaseFile) -> LentPlace:
        settings, name = self.settings, f"e{os.urandom(6).hex()}"
        assert settings.offer is not None  # noqa: S101 - a pool is made for an offer
        wanted = Wanted(
            name,
            self._store,
            process_of(os.getpid()),
            settings.offer,
            self._home.rooms / name,
            "" if task is None else task.id,
            "" if task is None else task.run,
            settings.reach,
            settings.readable,
            settings.limits,
            lambda: self._is_closed,
            base_file,
        )
        self._keep(wanted, wanted.task)
        self._watch.add(name, self._maker.removal(name))
        try:
            lent = LentPlace(self._maker.make(wanted), wanted)
        except BaseException:
            with suppress(OnloopError):
                EnvironmentRoom(wanted.room).remove()
            self._forget(name)
            raise
        try:
            lent.prove()
            lent.open(self._made_line, self._say)
        except BaseException:
            self._discard(lent)
            raise
        return lent

    def _discard(self, lent: LentPlace) -> None:
        try:
            lent.remove()
        except (EnvironmentTrouble, OSError) as problem:
            self._say(f"environment {lent.live.id} is left: {problem}; onloop gc tries again")
            return
        self._forget(lent.live.id)

    def _keep(self, wanted: Wanted, task: str) -> None:
        """Write down for whom it is, in its room and in the store, before it is used."""
        kind = wanted.offer.kind
        EnvironmentRoom(wanted.room).note(id=wanted.id, worker=wanted.worker, kind=kind.value, task=task)
        told = KeepEnvironment(this_process(LAUNCHER), wanted.id, kind, host_name(), task)
        with closing(self._reopen()) as handle:
            handle.gateway.perform(told)

    def _forget(self, name: str) -> None:
        self._watch.drop(name)
        with suppress(OnloopError), closing(self._reopen()) as handle:
            handle.gateway.perform(DropEnvironments(this_process(LAUNCHER), host_name(), (name,)))
