"""A resident gateway: one process, one writer, and one commit for all who wait at a time.

One thread listens, and carries out what changes something. Whatever may take its time is done aside, by a few threads.
"""

from __future__ import annotations

import fcntl
import os
import selectors
import socket
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

from onloop.errors import OnloopError, Unavailable
from onloop.gates.quarantine import Arrival
from onloop.gateway.caller import Caller
from onloop.gateway.calls import CALLS, LOOKS
from onloop.gateway.dossier import Changes
from onloop.gateway.home import Home
from onloop.gateway.intake import Hatch
from onloop.gateway.peer import listening, peer_of
from onloop.gateway.protocol import Lane, Verb, answer_text, request_from
from onloop.gateway.service import Gateway
from onloop.gateway.wire import LARGEST_REQUEST, Frames, Raw, error_text, framed, parsed
from onloop.machine.task import Task
from onloop.store.rows import Head, Job
from onloop.store.sqlite import SqliteStore

TICK_S = 0.05
SUPERVISION_S = 2.0
LONGEST_MOMENT_S = 30.0
"""How long a connection may stay silent while it holds one moment of the store, or a place in the quarantine."""

ASIDE_THREADS = 4
MOST_READERS = 64
MOST_CONNECTIONS = 1_024
MOST_AHEAD = 16
ARRIVES_AT_ONCE = 262_144
PARTING_S = 1.0
"""How long a caller that does not read may hold up the end, in seconds."""


@dataclass(slots=True, eq=False)
class _Line:
    """One connection: what has arrived and is not done, and what is not sent yet."""

    socket: socket.socket
    caller: Caller
    frames: Frames = field(default_factory=lambda: Frames(LARGEST_REQUEST))
    asked: deque[bytes] = field(default_factory=deque)
    unsent: bytearray = field(default_factory=bytearray)
    hatch: Hatch = field(default_factory=Hatch)
    busy: bool = False
    heard_at: float = field(default_factory=time.monotonic)

    def take(self, message: bytes) -> None:
        """A question waits for its turn; bytes go where they were announced."""
        if isinstance(message, Raw):
            self.hatch.take(message)
        else:
            self.asked.append(message)


@dataclass(frozen=True, slots=True)
class _Request:
    line: _Line
    name: str
    verb: Verb
    values: Any


@dataclass(slots=True)
class Resident:
    """Serves a home until stopped.

    `submit` hands in for an agent what has arrived, and tells the log's head after it; `changes` says what a task's
    submission changes; `ensure_verifier` starts one where none is up.
    """

    home: Home
    clock: Callable[[], int]
    stopped: Callable[[], bool]
    say: Callable[[str], None]
    submit: Callable[[Any, Arrival], tuple[Task, Head | None]]
    changes: Callable[[str], Changes]
    ensure_verifier: Callable[[], None]
    group: int | None = None
    _lines: set[_Line] = field(default_factory=set)
    _finished: deque[tuple[_Line, str]] = field(default_factory=deque)
    _spare: deque[SqliteStore] = field(default_factory=deque)
    _readers: int = 0
    _watching: threading.Lock = field(default_factory=threading.Lock)
    _store: SqliteStore = field(init=False)
    _watch: SqliteStore = field(init=False)
    _gateway: Gateway = field(init=False)
    _selector: selectors.BaseSelector = field(init=False)
    _aside: ThreadPoolExecutor = field(init=False)
    _bell: int = -1
    _wake: int = -1

    def run(self) -> None:
        """Serve until stopped; Unavailable where another one does already."""
        with ExitStack() as leaving:
            leaving.enter_context(_only_resident(self.home))
            self._store = SqliteStore(self.home.store, self.home.anchor)
            leaving.callback(self._store.close)
            self._watch = SqliteStore(self.home.store, self.home.anchor)
            leaving.callback(self._watch.close)
            self._gateway = Gateway(self._store, self.clock)
            self._selector = leaving.enter_context(selectors.DefaultSelector())
            self._bell, self._wake = os.pipe()
            leaving.callback(os.close, self._bell)
            leaving.callback(os.close, self._wake)
            os.set_blocking(self._bell, False)
            self._selector.register(self._bell, selectors.EVENT_READ, self._deliver)
            leaving.callback(self._hang_up)
            self._aside = leaving.enter_context(ThreadPoolExecutor(ASIDE_THREADS))
            door = leaving.enter_context(listening(self.home.socket, self.group))
            leaving.callback(self.home.socket.unlink, missing_ok=True)
            door.setblocking(False)
            self._selector.register(door, selectors.EVENT_READ, lambda: self._accept(door))
            self.say(f"serving {self.home.store} at {self.home.socket}")
            self._serve()

    def _serve(self) -> None:
        ticked = supervised = 0.0
        while not self.stopped():
            waiting: list[_Request] = []
            for key, mask in self._selector.select(TICK_S):
                if isinstance(key.data, _Line):
                    self._attend(key.data, mask)
                else:
                    key.data()
            for line in [line for line in self._lines if line.asked and not line.busy]:
                self._begin(line, waiting)
            if waiting:
                self._carry_out(waiting)
            now = time.monotonic()
            if now - ticked >= TICK_S:
                ticked = now
                self._keep_time(now)
            if now - supervised >= SUPERVISION_S:
                supervised = now
                self._supervise()

    def _accept(self, door: socket.socket) -> None:
        with suppress(BlockingIOError):
            while True:
                made, _ = door.accept()
                if len(self._lines) >= MOST_CONNECTIONS:
                    made.close()
                    continue
                made.setblocking(False)
                peer = peer_of(made)
                line = _Line(made, Caller(peer, own=peer.uid in {os.getuid(), 0}))
                self._lines.add(line)
                self._selector.register(made, selectors.EVENT_READ, line)

    def _attend(self, line: _Line, mask: int) -> None:
        line.heard_at = time.monotonic()
        try:
            if mask & selectors.EVENT_WRITE:
                self._send(line)
            if mask & selectors.EVENT_READ:
                arrived = line.socket.recv(ARRIVES_AT_ONCE)
                for message in line.frames.feed(arrived):
                    line.take(message)
                if not arrived or len(line.asked) > MOST_AHEAD:
                    self._drop(line)
        except BlockingIOError:
            return
        except OnloopError as problem:
            self._answer(line, error_text(problem))
            self._drop(line)
        except OSError:
            self._drop(line)

    def _begin(self, line: _Line, waiting: list[_Request]) -> None:
        """Take up the next request of a connection: one at a time, in order."""
        line.busy = True
        try:
            name, verb, values = request_from(parsed(line.asked.popleft()))
            request = _Request(line, name, verb, line.caller.admitted(name, verb, values))
        except OnloopError as problem:
            self._answer(line, error_text(problem))
            return
        if verb.lane is Lane.GROUP:
            waiting.append(request)
        else:
            self._aside.submit(self._do_aside, request)

    def _carry_out(self, waiting: list[_Request]) -> None:
        """All of them in one commit; an error undoes its own part. Nobody is answered before the commit is durable."""
        answers: list[str] = []
        try:
            with self._store.grouping():
                for request in waiting:
                    answers.append(self._part(request))  # noqa: PERF401 - what was answered before an error is lost
        except Exception as problem:
            self._complain(problem)
            answers = [error_text(problem)] * len(waiting)
        for request, answer in zip(waiting, answers, strict=True):
            self._answer(request.line, answer)

    def _part(self, request: _Request) -> str:
        try:
            self._store.receipt = None
            found = CALLS[request.name](self._gateway, request.values)
            if request.name == "agent":
                request.line.caller.proven.add(found)  # type: ignore[arg-type]
            return answer_text(found, request.verb, self._store.receipt)
        except OnloopError as problem:
            return error_text(problem)
        except Exception as problem:
            self._complain(problem)
            return error_text(problem)

    def _do_aside(self, request: _Request) -> None:
        try:
            found, receipt = self._submitted(request) if request.name == "submit" else (self._look(request), None)
            answer = answer_text(found, request.verb, receipt)
        except OnloopError as problem:
            answer = error_text(problem)
        except Exception as problem:
            self._complain(problem)
            answer = error_text(problem)
        self._finished.append((request.line, answer))
        with suppress(OSError):
            os.write(self._wake, b".")

    def _submitted(self, request: _Request) -> tuple[Task, Head | None]:
        with request.line.hatch.emptied() as arrival:
            return self.submit(request.values, arrival)

    def _look(self, request: _Request) -> object:
        caller, name, values = request.line.caller, request.name, request.values
        if name == "hand_in":
            hatches = [line.hatch for line in list(self._lines) if line.caller.peer.uid == caller.peer.uid]
            request.line.hatch.open(self._reader(), self._spare.append, self.home.quarantine, values, hatches)
            return None
        if name in LOOKS:
            return caller.look(caller.store or self._reader(), name, values)
        if name == "done":
            self._give_back(caller)
            return None
        if name == "changes":
            return self.changes(values[0])
        if name == "stamp":
            with self._watching:
                return self._watch.stamp()
        store = self._reader()
        try:
            person = CALLS[name](Gateway(store, self.clock), values)
        finally:
            self._spare.append(store)
        caller.proven.add(person)  # type: ignore[arg-type]
        return person

    def _reader(self) -> SqliteStore:
        with suppress(IndexError):
            return self._spare.pop()
        if self._readers >= MOST_READERS:
            raise Unavailable(f"{MOST_READERS} callers are reading already", hint="try again")
        self._readers += 1
        return SqliteStore(self.home.store, self.home.anchor)

    def _give_back(self, caller: Caller) -> None:
        store = caller.done()
        if store is not None:
            self._spare.append(store)

    def _deliver(self) -> None:
        with suppress(BlockingIOError):
            os.read(self._bell, 4096)
        while self._finished:
            line, answer = self._finished.popleft()
            self._answer(line, answer)
            if line not in self._lines:
                line.hatch.close()
                self._give_back(line.caller)

    def _answer(self, line: _Line, answer: str) -> None:
        line.busy = False
        if line in self._lines:
            line.unsent += framed(answer)
            self._send(line)

    def _send(self, line: _Line) -> None:
        try:
            sent = line.socket.send(line.unsent) if line.unsent else 0
        except BlockingIOError:
            sent = 0
        except OSError:
            self._drop(line)
            return
        del line.unsent[:sent]
        wanted = selectors.EVENT_READ | (selectors.EVENT_WRITE if line.unsent else 0)
        if self._selector.get_key(line.socket).events != wanted:
            self._selector.modify(line.socket, wanted, line)

    def _drop(self, line: _Line) -> None:
        """Forget a connection; what it asked for and is under way is done all the same."""
        if line in self._lines:
            self._lines.discard(line)
            self._selector.unregister(line.socket)
            line.socket.close()
            line.asked.clear()
            if not line.busy:
                line.hatch.close()
                self._give_back(line.caller)

    def _keep_time(self, now: float) -> None:
        for line in [line for line in self._lines if (line.caller.store or line.hatch.is_open) and not line.busy]:
            if now - line.heard_at > LONGEST_MOMENT_S:
                self._drop(line)
        try:
            with self._store.reading() as at:
                is_due = bool(at.due(self.clock()))
            if is_due:
                with self._store.grouping():
                    self._gateway.tick()
        except Exception as problem:
            self._complain(problem)

    def _supervise(self) -> None:
        try:
            with self._store.reading() as at:
                is_asked = bool(at.select(Job))
            if is_asked:
                self.ensure_verifier()
        except Exception as problem:
            self._complain(problem)

    def _complain(self, problem: Exception) -> None:
        words = f"{problem.message}; {problem.hint}" if isinstance(problem, OnloopError) else repr(problem)
        self.say(f"trouble: {words}")

    def _hang_up(self) -> None:
        self._deliver()
        for line in list(self._lines):
            with suppress(OSError):
                line.socket.settimeout(PARTING_S)
                line.socket.sendall(line.unsent)
            line.busy = False
            self._drop(line)
        for store in self._spare:
            store.close()


@contextmanager
def _only_resident(home: Home) -> Iterator[None]:
    """Be the one resident gateway of the store. The kernel lets go of the lock when its holder dies."""
    handle = os.open(home.serve_lock, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            pid = os.pread(handle, 20, 0).decode("ascii", "replace")
            raise Unavailable(f"{home.store} is served already, by process {pid}", hint="one is enough") from None
        os.ftruncate(handle, 0)
        os.pwrite(handle, str(os.getpid()).encode(), 0)
        yield
    finally:
        os.close(handle)
