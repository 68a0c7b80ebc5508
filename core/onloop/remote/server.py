"""A resident gateway: one process, one writer, and one commit for all who wait at a time.

One thread listens, and carries out what changes something. Whatever may take its time is done aside, by a few threads.
"""

from __future__ import annotations

import os
import selectors
import socket
import time
from collections import deque
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, ExitStack, suppress
from dataclasses import dataclass, field
from typing import Any

from onloop.errors import BadInput, NotAllowed, OnloopError, Unavailable
from onloop.file_lock import sole
from onloop.gates.intake.quarantine import Arrival
from onloop.gateway.claims import ClaimGranted, ClaimTask
from onloop.gateway.program_pins import look_in
from onloop.gateway.quota import HeldTasks, Pace, paced_task
from onloop.gateway.service import Gateway
from onloop.gateway.upkeep import FireTimers, RecogniseAgent, due_tasks
from onloop.home import Home
from onloop.identity.own_key import make_own_key
from onloop.machine.operation import DeniedAct, Lane
from onloop.machine.principal import NOBODY
from onloop.machine.task import Task
from onloop.records import replace
from onloop.remote.aside import Aside
from onloop.remote.client_session import Authenticator, ClientSession
from onloop.remote.connection_operations import ReadPatchPage, SubmitAnnounced
from onloop.remote.framing import LARGEST_REQUEST, Frames, error_text, framed, parsed
from onloop.remote.guess_limits import Guesses
from onloop.remote.protocol import answer_text, request_from
from onloop.remote.server_connection import ServerConnection as _Line
from onloop.remote.server_connection import WireRequest, is_ours
from onloop.remote.unix_socket import listening, peer_of
from onloop.remote.user_limits import LARGEST_ANSWER, Queue, UserLimits, room_for_connections
from onloop.remote.user_limits import LARGEST_REQUEST as LARGEST_OF_OTHERS
from onloop.store.rows import Head, Job
from onloop.store.sqlite.database import SqliteStore
from onloop.views.changes import Changes, PatchPage

TICK_S = 0.05
SUPERVISION_S = 2.0
_TOO_LARGE = error_text(BadInput(f"the answer has more than {LARGEST_ANSWER} bytes", hint="ask for less at a time"))
WORK_THREADS, WORK_OF_ONE = 4, 2
PEOPLE_THREADS, PEOPLE_OF_ONE = 2, 1
"""How much is done aside at a time: by anybody, of one user, and in the lane that is kept for people."""

ACCEPTED_AT_ONCE = 256
MOST_AHEAD = 16
ARRIVES_AT_ONCE = 262_144
PARTING_S = 1.0
"""How long a caller that does not read may hold up the end, in seconds."""


def _no_page(asked: ReadPatchPage) -> PatchPage:
    raise Unavailable(f"no patch of {asked.task} is shown here", hint="ask the gateway that has its mirror")


@dataclass(slots=True)
class GatewayServer:
    """Serves a home until stopped.

    `submit` hands in for an agent what has arrived, and tells the log's head after it; `changes` says what a task's
    submission changes, and `patch_page` shows a page of it; `ensure_verifier` starts one where none is up.
    `box_is_strong` says whether code under test sees nothing of ours; `guessed` hears of a user who guesses at a
    person's passphrase.
    """

    home: Home
    clock: Callable[[], int]
    stopped: Callable[[], bool]
    say: Callable[[str], None]
    submit: Callable[[SubmitAnnounced, Arrival], tuple[Task, Head | None]]
    changes: Callable[[str], Changes]
    ensure_verifier: Callable[[], None]
    group: int | None = None
    box_is_strong: Callable[[], bool] = lambda: False
    guessed: Callable[[int, str], None] = lambda _uid, _person: None
    patch_page: Callable[[ReadPatchPage], PatchPage] = _no_page
    _lines: set[_Line] = field(default_factory=set)
    _finished: deque[tuple[_Line, str, Queue[WireRequest]]] = field(default_factory=deque)
    _store: SqliteStore = field(init=False)
    _gateway: Gateway = field(init=False)
    _keeper: Authenticator = field(init=False)
    _selector: selectors.BaseSelector = field(init=False)
    _threads: ThreadPoolExecutor = field(init=False)
    _aside: Aside = field(init=False)
    _fences: UserLimits = field(init=False)
    _held: HeldTasks = field(default_factory=HeldTasks)
    _pace: Pace = field(default_factory=Pace)
    _work: Queue[WireRequest] = field(default_factory=lambda: Queue(WORK_THREADS, WORK_OF_ONE))
    _people: Queue[WireRequest] = field(default_factory=lambda: Queue(PEOPLE_THREADS, PEOPLE_OF_ONE))
    _bell: int = -1
    _wake: int = -1

    def run(self) -> None:
        """Serve until stopped; Unavailable if another gateway serves the store."""
        with ExitStack() as leaving:
            leaving.enter_context(_only_server(self.home))
            self._store = SqliteStore(self.home.store, self.home.anchor)
            leaving.callback(self._store.close)
            self._gateway = Gateway(self._store, self.clock, look_in(self.home.store))
            leaving.callback(lambda: self._gateway.denials.settle(self._store, self.clock(), all_of_them=True))
            guesses = Guesses(self.clock, self.guessed)
            self._keeper = Authenticator(make_own_key(self.home.store), self.clock, guesses, self.box_is_strong)
            self._selector = leaving.enter_context(selectors.DefaultSelector())
            self._bell, self._wake = os.pipe()
            leaving.callback(os.close, self._bell)
            leaving.callback(os.close, self._wake)
            os.set_blocking(self._bell, False)
            self._selector.register(self._bell, selectors.EVENT_READ, self._deliver)
            self._fences = UserLimits(room_for_connections())
            self._aside = Aside(self.home, self.submit, self.changes, self.patch_page, self._gateway_for, self._lines)
            leaving.callback(self._aside.close)
            leaving.callback(self._hang_up)
            self._threads = leaving.enter_context(ThreadPoolExecutor(WORK_THREADS + PEOPLE_THREADS))
            door = leaving.enter_context(listening(self.home.socket, self.group))
            leaving.callback(self.home.socket.unlink, missing_ok=True)
            door.setblocking(False)
            self._selector.register(door, selectors.EVENT_READ, lambda: self._accept(door))
            self.say(f"serving {self.home.store} at {self.home.socket}")
            self._serve()

    def _serve(self) -> None:
        ticked = supervised = 0.0
        more = False
        while not self.stopped():
            waiting: list[WireRequest] = []
            for key, mask in self._selector.select(0 if more else TICK_S):
                if isinstance(key.data, _Line):
                    self._attend_safely(key.data, mask)
                else:
                    key.data()
            now = time.monotonic()
            turn, more = self._fences.turn([line for line in self._lines if line.is_ready], now)
            for line in turn:
                line.waits_since = now
                self._begin_safely(line, waiting)
            self._go_aside()
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
        with suppress(OSError):  # nobody waits any more, or there is no file left for them: they try again
            for _ in range(ACCEPTED_AT_ONCE):
                made, _ = door.accept()
                made.setblocking(False)
                self._welcome(made)

    def _welcome(self, made: socket.socket) -> None:
        peer = peer_of(made)
        own = is_ours(peer)
        try:
            self._fences.admit(peer.uid, own=own)
        except OnloopError as problem:
            with suppress(OSError):
                made.send(framed(error_text(problem)))
            made.close()
            return
        line = _Line(made, ClientSession(peer, self._keeper), Frames(LARGEST_REQUEST if own else LARGEST_OF_OTHERS))
        self._lines.add(line)
        self._selector.register(made, selectors.EVENT_READ, line)

    def _attend_safely(self, line: _Line, mask: int) -> None:
        """As `_attend`; what nobody foresaw ends the connection, and nobody else's."""
        try:
            self._attend(line, mask)
        except Exception as problem:
            self._complain(problem)
            self._drop(line)

    def _attend(self, line: _Line, mask: int) -> None:
        line.heard_at = time.monotonic()
        try:
            if mask & selectors.EVENT_WRITE:
                self._send(line)
            if mask & selectors.EVENT_READ:
                arrived = line.socket.recv(ARRIVES_AT_ONCE)
                for message in line.frames.feed(arrived):
                    line.take(message)
                self._weigh(line)
                if not arrived or len(line.asked) > MOST_AHEAD:
                    self._drop(line)
        except BlockingIOError:
            return
        except OnloopError as problem:
            self._answer(line, error_text(problem))
            self._drop(line)
        except OSError:
            self._drop(line)

    def _weigh(self, line: _Line) -> None:
        """Tell the fences what the connection has under way; BadInput where that is too much."""
        weight = line.taken + line.frames.held + sum(map(len, line.asked)), len(line.unsent)
        held, unread = weight[0] - line.weight[0], weight[1] - line.weight[1]
        line.weight = weight
        self._fences.weigh(line.uid, held, unread, own=line.own)

    def _begin_safely(self, line: _Line, waiting: list[WireRequest]) -> None:
        """As `_begin`; what nobody foresaw ends the request, and nobody else's."""
        try:
            self._begin(line, waiting)
        except Exception as problem:
            self._complain(problem)
            self._answer(line, error_text(problem))

    def _begin(self, line: _Line, waiting: list[WireRequest]) -> None:
        """Take up the next request of a connection: one at a time, in order."""
        line.busy, line.taken = True, line.due
        attempt = DeniedAct(next(iter(line.caller.proven), NOBODY), "ask")
        try:
            told = parsed(line.asked.popleft())
            operation = request_from(told)
            attempt = replace(operation.attempt, who=attempt.who)
            request = WireRequest(line, line.caller.admitted(operation, told))
        except OnloopError as problem:
            if isinstance(problem, NotAllowed):
                self._gateway_for(line, self._store).count_denial(attempt, problem)
            self._answer(line, error_text(problem))
            return
        if operation.lane is Lane.WRITER:
            waiting.append(request)
        else:
            is_of_people = operation.lane is Lane.PEOPLE or line.is_of_people
            (self._people if is_of_people else self._work).put(line.uid, request)

    def _go_aside(self) -> None:
        for queue in (self._people, self._work):
            for request in queue.take():
                self._threads.submit(self._do_aside, request, queue)

    def _carry_out(self, waiting: list[WireRequest]) -> None:
        """Carry out all of them in one commit, and answer once it is durable. An error undoes its own part."""
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

    def _part(self, request: WireRequest) -> str:
        try:
            self._store.receipt = None
            found = self._carried(request)
            if isinstance(request.operation, RecogniseAgent):
                request.line.caller.proven.add(found)
            return answer_text(request.operation, found, self._store.receipt)
        except OnloopError as problem:
            return error_text(problem)
        except Exception as problem:
            self._complain(problem)
            return error_text(problem)

    def _carried(self, request: WireRequest) -> Any:
        """What came of it; a user who is not ours holds no more leases than one user may."""
        line, operation = request.line, request.operation
        gateway = self._gateway_for(line, self._store)
        is_foreign_claim = isinstance(operation, ClaimTask) and not line.own
        if is_foreign_claim:
            with self._store.reading() as reading:
                self._held.check(line.uid, reading, self.clock())
        paced = None if line.own else paced_task(operation)
        if paced is not None:
            self._pace.check(line.uid, paced, time.monotonic())
        found = gateway.perform(operation)
        if paced is not None:
            self._pace.note(line.uid, paced, time.monotonic())
        if is_foreign_claim and isinstance(found, ClaimGranted):
            self._held.note(line.uid, found.task.id, found.task.epoch)
        return found

    def _gateway_for(self, line: _Line, store: SqliteStore) -> Gateway:
        """The gateway as one peer meets it: what it refuses is counted as theirs."""
        return Gateway(store, self.clock, self._gateway.look, self._gateway.denials, f"uid:{line.caller.peer.uid}")

    def _do_aside(self, request: WireRequest, queue: Queue[WireRequest]) -> None:
        try:
            found, receipt = self._aside.carry_out(request)
            answer = answer_text(request.operation, found, receipt)
        except OnloopError as problem:
            answer = error_text(problem)
        except Exception as problem:
            self._complain(problem)
            answer = error_text(problem)
        self._finished.append((request.line, answer, queue))
        with suppress(OSError):
            os.write(self._wake, b".")

    def _deliver(self) -> None:
        with suppress(BlockingIOError):
            os.read(self._bell, 4096)
        while self._finished:
            line, answer, queue = self._finished.popleft()
            queue.done(line.uid)
            self._answer(line, answer)
            if line not in self._lines:
                line.hatch.close()

    def _answer(self, line: _Line, answer: str) -> None:
        line.busy, line.taken, line.sent_at = False, 0, time.monotonic()
        if line in self._lines:
            line.unsent += framed(answer if line.own or len(answer) <= LARGEST_ANSWER else _TOO_LARGE)
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
        line.sent_at = time.monotonic() if sent else line.sent_at
        with suppress(BadInput):
            self._weigh(line)
        wanted = selectors.EVENT_READ | (selectors.EVENT_WRITE if line.unsent else 0)
        if self._selector.get_key(line.socket).events != wanted:
            self._selector.modify(line.socket, wanted, line)

    def _drop(self, line: _Line) -> None:
        """Forget a connection; its requests under way are still carried out."""
        if line in self._lines:
            self._lines.discard(line)
            self._fences.leave(line.uid, *line.weight)
            self._selector.unregister(line.socket)
            line.socket.close()
            line.asked.clear()
            if not line.busy:
                line.hatch.close()

    def _keep_time(self, now: float) -> None:
        for line in [line for line in self._lines if line.is_overdue(now)]:
            self._drop(line)
        self._fences.forget_idle()
        try:
            with self._store.reading() as at:
                is_due = bool(due_tasks(at, self.clock())) or self._gateway.denials.has_overdue(self.clock())
            if is_due:
                with self._store.grouping():
                    self._gateway.perform(FireTimers())
        except Exception as problem:
            self._complain(problem)

    def _supervise(self) -> None:
        try:
            with self._store.reading() as at:
                is_asked = bool(at.select(Job)) or at.house().wants_probe
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


def _only_server(home: Home) -> AbstractContextManager[None]:
    """Be the one resident gateway of the store, or Unavailable."""

    def refusal(process: str) -> Unavailable:
        return Unavailable(
            f"{home.store} is served already, by process {process}", hint="use that gateway: a store has only one"
        )

    return sole(home.serve_lock, refusal)
