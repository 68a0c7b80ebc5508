"""What a resident gateway does aside, by a few threads, for it may take its time: reads, proofs, submissions."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Collection
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from onloop.errors import NotAllowed, OnloopError, Unavailable
from onloop.gates.intake.quarantine import Arrival
from onloop.gateway.service import Gateway
from onloop.home import Home
from onloop.machine.principal import NOBODY
from onloop.machine.task import Task
from onloop.remote.client_session import ClientSession
from onloop.remote.dispatch import LOOKS
from onloop.remote.server_connection import ServerConnection, WireRequest
from onloop.remote.user_limits import UserLimits
from onloop.store.rows import Head
from onloop.store.sqlite.database import SqliteStore
from onloop.views.dossier import Changes

MOST_READERS = 64


@dataclass(slots=True)
class Aside:
    """Carries out one request a thread. `submit` and `changes` are the resident gateway's, `lines` its connections."""

    home: Home
    submit: Callable[[Any, Arrival], tuple[Task, Head | None]]
    changes: Callable[[str], Changes]
    fences: UserLimits
    gateway_for: Callable[[ServerConnection, SqliteStore], Gateway]
    lines: Collection[ServerConnection]
    _spare: deque[SqliteStore] = field(default_factory=deque)
    _readers: int = 0
    _watch: SqliteStore = field(init=False)
    _watching: threading.Lock = field(default_factory=threading.Lock)

    def __post_init__(self) -> None:
        self._watch = SqliteStore(self.home.store, self.home.anchor)

    def close(self) -> None:
        """Let go of every store that nobody reads with."""
        self._watch.close()
        for store in self._spare:
            store.close()

    def carry_out(self, request: WireRequest) -> tuple[object, Head | None]:
        """What is answered, and the log's head where something was written."""
        if request.name != "submit":
            return self._look(request), None
        with request.line.hatch.emptied() as arrival:
            return self.submit(request.values, arrival)

    def give_back(self, caller: ClientSession) -> None:
        """End the moment that a caller reads in, if there is one."""
        store = caller.done()
        if store is not None:
            self.fences.end_reading(caller.peer.uid)
            self._spare.append(store)

    def _look(self, request: WireRequest) -> object:
        caller, name, values = request.line.caller, request.name, request.values
        if name == "hand_in":
            self._open_hatch(request)
            return None
        if name in LOOKS:
            return caller.look(caller.store or self._moment(caller), name, values)
        if name == "done":
            self.give_back(caller)
            return None
        if name == "changes":
            return self.changes(values[0])
        if name == "stamp":
            with self._watching:
                return self._watch.stamp()
        return self._introduced(request)

    def _open_hatch(self, request: WireRequest) -> None:
        hatches = [line.hatch for line in list(self.lines) if line.uid == request.line.uid]
        request.line.hatch.open(self._reader(), self._spare.append, self.home.quarantine, request.values, hatches)

    def _introduced(self, request: WireRequest) -> object:
        """What came of a proof; one that failed is a fact."""
        caller, store = request.line.caller, self._reader()
        asked_for = caller.asked_for
        try:
            with store.reading() as at:
                return caller.introduce(at, request.name, request.values)
        except NotAllowed as no:
            verb = "speak as a person" if asked_for else "pass for the store's owner"
            subject = f"human:{asked_for}" if asked_for else ""
            self.gateway_for(request.line, store).deny(NOBODY, verb, subject, no.ground)
            raise
        finally:
            self._spare.append(store)

    def _moment(self, caller: ClientSession) -> SqliteStore:
        """A store to hold a moment of, which counts as the caller's until it is given back."""
        self.fences.begin_reading(caller.peer.uid, own=caller.own)
        try:
            return self._reader()
        except OnloopError:
            self.fences.end_reading(caller.peer.uid)
            raise

    def _reader(self) -> SqliteStore:
        with suppress(IndexError):
            return self._spare.pop()
        if self._readers >= MOST_READERS:
            raise Unavailable(f"{MOST_READERS} callers are reading already", hint="try again")
        self._readers += 1
        return SqliteStore(self.home.store, self.home.anchor)
