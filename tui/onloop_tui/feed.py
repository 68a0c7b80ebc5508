"""Log → model: a thread that asks the store for news, and folds them into the next snapshot."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable, Hashable

from onloop.errors import OnloopError
from onloop.gateway.port import GatewayPort
from onloop.records import Record
from onloop.store.shared_values import SharedValues
from onloop.views.overview_projector import OverviewProjector
from onloop.views.queries.first_sight import FEW, ReadFirstSight
from onloop.views.queries.store_changes import ReadStoreChanges
from onloop.views.sub_agents import sub_agents_of
from onloop_tui.frame import pause_s
from onloop_tui.model.ground.snapshot import Snapshot, first_snapshot
from onloop_tui.store_access import StoreAccess


class StoreUpdate(Record):
    """The current snapshot of the store."""

    snapshot: Snapshot


class StoreLost(Record):
    """The store cannot be read: since when (ms), and why."""

    since: int
    words: str


News = StoreUpdate | StoreLost


class StoreWatch:
    """Watches one store, for one thread. It never raises: an error becomes news, and the next look tries again."""

    def __init__(self, place: StoreAccess, clock: Callable[[], int]) -> None:
        self._place = place
        self._clock = clock
        self._gateway: GatewayPort | None = None
        self._mark: Hashable = None
        self._stamp = 0
        self._snapshot = Snapshot()
        self._projector = OverviewProjector()
        self._lost: StoreLost | None = None
        self.looked_at = clock()

    def look(self) -> News | None:
        """The news since the last look; None if there are none."""
        try:
            snapshot = self._look()
        except Exception as problem:  # whatever error a missing or foreign file causes, the screen must stay alive
            self.close()
            return self._missing(problem)
        self.looked_at = self._clock()
        if snapshot is None and self._lost is None:
            return None
        self._lost = None
        return StoreUpdate(self._snapshot)

    def close(self) -> None:
        """Close the store."""
        gateway, self._gateway = self._gateway, None
        if gateway is not None:
            with contextlib.suppress(Exception):  # the store may be lost already, which `look` reports
                gateway.store.close()

    def _look(self) -> Snapshot | None:
        mark = self._place.mark()
        if self._gateway is not None and mark != self._mark:
            self.close()
        if self._gateway is None:
            look = self._place.look or self._place.open
            gateway, known = look(), mark == self._mark and self._place.resumes
            self._gateway, self._mark = gateway, mark
            return self._begin(gateway, resumes=known and self._snapshot.is_whole and bool(self._snapshot.house.id))
        stamp = self._gateway.store.stamp()
        if not self._snapshot.is_whole:
            self._snapshot = Snapshot()
            return self._read(self._gateway, stamp, None)
        return None if stamp == self._stamp else self._read(self._gateway, stamp, self._snapshot.seq)

    def _begin(self, gateway: GatewayPort, *, resumes: bool) -> Snapshot:
        """Read all, or go on from where we were, if this is the same store. Of a large one, read first what presses."""
        if resumes:
            return self._read(gateway, gateway.store.stamp(), self._snapshot.seq)
        self._snapshot, self._projector = Snapshot(), OverviewProjector()
        sight = gateway.perform(ReadFirstSight(self._clock()))
        if not sight.tasks and sight.unread <= FEW:
            return self._read(gateway, gateway.store.stamp(), None)
        self._snapshot = first_snapshot(sight)
        return self._snapshot

    def _read(self, gateway: GatewayPort, stamp: int, after: int | None) -> Snapshot:
        """Read what is new; `stamp` was taken before, so that later changes are looked at again."""
        changes = gateway.perform(ReadStoreChanges(after, tuple(self._snapshot.definitions)))
        if after is not None and (changes.seq < after or changes.state.id != self._snapshot.house.id):
            return self._begin(gateway, resumes=False)
        self._stamp = stamp
        if after is None and self._place.is_apart:
            SharedValues().of(changes.tasks)
        self._snapshot = self._snapshot.after(
            changes.tasks,
            changes.state,
            changes.seq,
            overview=self._projector.after(changes.tasks, changes.definitions),
            definitions=changes.definitions,
            leases=changes.leases,
            sub_agents=sub_agents_of(changes.leases, changes.sub_agents),
        )
        return self._snapshot

    def _missing(self, problem: Exception) -> StoreLost | None:
        words = problem.message if isinstance(problem, OnloopError) else f"{type(problem).__name__}: {problem}"
        since = self._lost.since if self._lost is not None else self._clock()
        before, self._lost = self._lost, StoreLost(since, words)
        return None if before == self._lost else self._lost


class Feed:
    """Runs a watch until it is stopped, and posts its news; news that arrive together are one message."""

    def __init__(self, place: StoreAccess, clock: Callable[[], int], post: Callable[[News], object]) -> None:
        self._watch = StoreWatch(place, clock)
        self._post = post
        self._stop = threading.Event()

    @property
    def looked_at(self) -> int:
        """When the store was last read, in ms."""
        return self._watch.looked_at

    def run(self) -> None:
        """Look and post until `stop`; runs in its own thread."""
        rest = 0.0
        while not self._stop.wait(rest):
            began = time.perf_counter()
            news = self._watch.look()
            if news is not None:
                self._post(news)
            rest = pause_s(time.perf_counter() - began)
        self._watch.close()

    def stop(self) -> None:
        """Stop before the next look."""
        self._stop.set()
