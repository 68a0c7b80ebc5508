"""A resident gateway: one process for all callers, who take turns.

One thread listens. Where the store is a file, it also carries out what changes something, in one commit for all who
wait at a time; changes of a database, and whatever may take its time, are done aside, by a few threads.
"""

from __future__ import annotations

import selectors
import socket
import time
from collections import deque
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass, field
from threading import Event, Thread
from typing import Protocol

from onloop.errors import NotAllowed, OnloopError, Unavailable
from onloop.file_lock import sole
from onloop.gates.intake.quarantine import Arrival
from onloop.gateway.program_pins import look_in
from onloop.gateway.service import Gateway
from onloop.home import Home
from onloop.identity.ci.ci_jobs import CiJobs
from onloop.identity.own_key import make_own_key
from onloop.machine.operation import DeniedAct, Lane
from onloop.machine.principal import NOBODY
from onloop.machine.task import Task
from onloop.opened_store import OpenedStore, open_store, store_pool
from onloop.records import replace
from onloop.remote.aside import Aside
from onloop.remote.client_session import Authenticator
from onloop.remote.connection_operations import Histories, NoHistories, ReadPatchPage, SubmitAnnounced
from onloop.remote.connection_table import ConnectionTable
from onloop.remote.fences.guess_limits import Guesses
from onloop.remote.fences.user_limits import Queue, UserLimits, room_for_connections
from onloop.remote.framing import error_text, parsed
from onloop.remote.protocol import request_from
from onloop.remote.server_connection import ServerConnection, WireRequest
from onloop.remote.store_upkeep import StoreUpkeep
from onloop.remote.unix_socket import Peer, listening
from onloop.remote.wakeup_pipe import WakeupPipe
from onloop.remote.writer_lane import WriterLane
from onloop.store.port import Store
from onloop.store.rows import Head
from onloop.store.store_pool import PooledStore, StorePool
from onloop.views.changes import Changes, PatchPage

TICK_S = 0.05
DRAIN_S, DOOR_DRAIN_S = 10.0, 7.0
"""How long what is under way may take to end once the gateway is told to stop, in seconds; at another door shorter,
so that it has closed by then."""

REPEATED_S = 60.0
"""How long the same trouble is not said again, in seconds: a database that is gone is looked for twice a second."""

WORK_THREADS, WORK_OF_ONE = 4, 2
PEOPLE_THREADS, PEOPLE_OF_ONE = 2, 1
"""How much is done aside at a time: by anybody, of one account, and in the lane that is kept for people."""

WRITE_THREADS, WRITES_OF_ONE = 3, 3
"""How much is changed at a time where the store is a database."""


class Door(Protocol):
    """Another way in, beside the socket: it hands the gateway connections of its callers."""

    @property
    def url(self) -> str:
        """Where it listens, once it does."""
        ...

    def start(self) -> None:
        """Begin to listen; Unavailable says why it cannot."""
        ...

    def stop(self, drain_s: float) -> None:
        """Stop listening at once, and end what is under way within so many seconds."""
        ...


Adopt = Callable[[socket.socket, Peer], None]


def _no_page(asked: ReadPatchPage) -> PatchPage:
    raise Unavailable(f"no patch of {asked.task} is shown here", hint="ask the gateway that has its mirror")


@dataclass(slots=True)
class GatewayServer:
    """Serves a home until stopped.

    `submit` hands in for an agent what has arrived, and tells the log's head after it; `changes` says what a task's
    submission changes (since an earlier one), `patch_page` shows a page of it; `ensure_verifier` starts one where none
    is up.
    `box_is_strong` says whether code under test sees nothing of ours; `guessed` hears of an account whose callers
    guess at a person's passphrase. `stores` are for what is done aside; `door` makes another way in.
    """

    home: Home
    clock: Callable[[], int]
    stopped: Callable[[], bool]
    say: Callable[[str], None]
    submit: Callable[[SubmitAnnounced, Arrival], tuple[Task, Head | None]]
    changes: Callable[[str, str], Changes]
    ensure_verifier: Callable[[], None]
    group: int | None = None
    box_is_strong: Callable[[], bool] = lambda: False
    guessed: Callable[[str, str], None] = lambda _account, _person: None
    patch_page: Callable[[ReadPatchPage], PatchPage] = _no_page
    histories: Histories = field(default_factory=NoHistories)
    stores: StorePool | None = None
    door: Callable[[Adopt], Door] | None = None
    _finished: deque[tuple[WireRequest, str, Queue[WireRequest]]] = field(default_factory=deque)
    _adopted: deque[tuple[socket.socket, Peer]] = field(default_factory=deque)
    _stores: StorePool = field(init=False)
    _store: OpenedStore = field(init=False)
    _writer: WriterLane = field(init=False)
    _gateway: Gateway = field(init=False)
    _upkeep: StoreUpkeep = field(init=False)
    _selector: selectors.BaseSelector = field(init=False)
    _threads: ThreadPoolExecutor = field(init=False)
    _aside: Aside = field(init=False)
    _table: ConnectionTable = field(init=False)
    _work: Queue[WireRequest] = field(default_factory=lambda: Queue(WORK_THREADS, WORK_OF_ONE))
    _people: Queue[WireRequest] = field(default_factory=lambda: Queue(PEOPLE_THREADS, PEOPLE_OF_ONE))
    _writes: Queue[WireRequest] = field(default_factory=lambda: Queue(WRITE_THREADS, WRITES_OF_ONE))
    _bell: WakeupPipe = field(default_factory=WakeupPipe)
    _complaint: tuple[str, float] = ("", 0.0)

    def adopt(self, made: socket.socket, peer: Peer) -> None:
        """Serve one end of a pair of sockets as a connection of `peer`, from now until either end closes it.

        Any thread may ask. Where the gateway has ended, or has too many connections, it is closed at once.
        """
        made.setblocking(False)
        self._adopted.append((made, peer))
        if not self._bell.ring():
            self._end_adoptions()

    def _end_adoptions(self) -> None:
        self._bell.close()
        while self._adopted:
            self._adopted.popleft()[0].close()

    def run(self) -> bool:
        """Serve until stopped; whether all that was under way has ended. Unavailable if another gateway serves it."""
        with ExitStack() as leaving:
            leaving.enter_context(_only_server(self.home))
            self._open_stores(leaving)
            self._selector = leaving.enter_context(selectors.DefaultSelector())
            leaving.callback(self._end_adoptions)
            self._selector.register(self._bell, selectors.EVENT_READ, self._deliver)
            guesses = Guesses(self.clock, self.guessed)
            jobs = CiJobs(self.home.store, self.clock, self.say)
            own_key = make_own_key(self.home.store)
            keeper = Authenticator(own_key, self.clock, guesses, self.box_is_strong, jobs)
            self._table = ConnectionTable(keeper, UserLimits(room_for_connections()), self._selector, self._complain)
            self._aside = Aside(
                self.home,
                self._stores,
                self.submit,
                self.changes,
                self.patch_page,
                self.histories,
                self._gateway_for,
                self._table.lines,
            )
            leaving.callback(self._aside.close)
            leaving.callback(self._table.hang_up)
            leaving.callback(self._deliver)
            self._threads = ThreadPoolExecutor(WORK_THREADS + PEOPLE_THREADS + WRITE_THREADS)
            leaving.callback(self._threads.shutdown, wait=False, cancel_futures=True)
            aside = self._threads if self.home.database else None
            self._upkeep = StoreUpkeep(self._gateway, self.ensure_verifier, self._complain, aside)
            return self._listen()

    def _listen(self) -> bool:
        with ExitStack() as leaving:
            socket_door = leaving.enter_context(listening(self.home.socket, self.group))
            leaving.callback(self.home.socket.unlink, missing_ok=True)
            socket_door.setblocking(False)
            self._selector.register(socket_door, selectors.EVENT_READ, lambda: self._table.accept(socket_door))
            leaving.callback(self._selector.unregister, socket_door)
            other = self.door(self.adopt) if self.door is not None else None
            if other is not None:
                other.start()
            beside = f", and at {other.url}" if other is not None else ""
            self.say(f"serving {self.home.name} at {self.home.socket}{beside}")
            try:
                more = False
                while not self.stopped():
                    more = self._round(more=more)
            except BaseException:
                if other is not None:
                    other.stop(0)
                raise
        return self._drain(other)

    def _open_stores(self, leaving: ExitStack) -> None:
        """A file is open here, for the one who writes; a database's connections are few, and shared by all."""
        stores = self.stores or store_pool(self.home)
        leaving.callback(stores.close)
        self._store = PooledStore(stores) if self.home.database else open_store(self.home)
        leaving.callback(self._store.close)
        self._gateway = Gateway(self._store, self.clock, look_in(self.home.store))
        leaving.callback(lambda: self._gateway.denials.settle(self._store, self.clock(), all_of_them=True))
        self._writer = WriterLane(self._store, stores, self._gateway_for, self.clock, self._complain)
        self._stores = stores

    def _drain(self, door: Door | None) -> bool:
        """Nobody listens any more: end what is under way, and take up nothing else but what a door still needs."""
        ended = Event()
        Thread(target=self._stop_door, args=(door, ended), daemon=True).start()
        deadline = time.monotonic() + DRAIN_S
        while time.monotonic() < deadline:
            self._table.part()
            if ended.is_set() and not any(self._table.under_way()):
                return True
            self._round()
        left = sum(1 for _ in self._table.under_way())
        self.say(f"{left} requests have not ended in {DRAIN_S:g} s: whoever asked them is to ask again")
        return False

    def _stop_door(self, door: Door | None, ended: Event) -> None:
        try:
            if door is not None:
                door.stop(DOOR_DRAIN_S)
        except Exception as problem:
            self._complain(problem)
        finally:
            ended.set()

    def _round(self, *, more: bool = False) -> bool:
        """Hear who has something to say, and carry out a turn of it; whether there is more that could be at once."""
        waiting: list[WireRequest] = []
        for key, mask in self._selector.select(0 if more else TICK_S):
            if isinstance(key.data, ServerConnection):
                self._table.attend(key.data, mask)
            else:
                key.data()
        turn, more = self._table.turn(time.monotonic())
        for line in turn:
            self._begin_safely(line, waiting)
        for queue in (self._people, self._work, self._writes):
            for request in queue.take():
                self._start(request, queue)
        if waiting:
            for request, answer in zip(waiting, self._writer.carry_out(waiting), strict=True):
                self._table.answer(request.line, answer)
        now = time.monotonic()
        self._table.drop_overdue(now)
        self._upkeep.look(now)
        return more

    def _begin_safely(self, line: ServerConnection, waiting: list[WireRequest]) -> None:
        """As `_begin`; what nobody foresaw ends the request, and nobody else's."""
        try:
            self._begin(line, waiting)
        except Exception as problem:
            self._complain(problem)
            self._table.answer(line, error_text(problem))

    def _begin(self, line: ServerConnection, waiting: list[WireRequest]) -> None:
        """Take up the next request of a connection: one at a time, in order."""
        line.busy, line.taken = True, line.due
        attempt = DeniedAct(next(iter(line.caller.proven), NOBODY), "ask")
        try:
            told = parsed(line.asked.popleft())
            operation = request_from(told)
            attempt = replace(operation.attempt, who=attempt.who)
            request = WireRequest(line, line.caller.admitted(operation, told), line.account)
        except OnloopError as problem:
            if isinstance(problem, NotAllowed):
                self._count_denial(line, attempt, problem)
            self._table.answer(line, error_text(problem))
            return
        if operation.lane is Lane.WRITER and not self.home.database:
            waiting.append(request)
        else:
            self._queue_of(request).put(request.account, request)

    def _queue_of(self, request: WireRequest) -> Queue[WireRequest]:
        """Where it waits: what the gateway's own user changes is mostly its workers', and no person waits for it."""
        lane, line = request.operation.lane, request.line
        if lane is Lane.WRITER:
            return self._people if line.caller.is_of_people else self._writes
        return self._people if lane is Lane.PEOPLE or line.is_of_people else self._work

    def _count_denial(self, line: ServerConnection, attempt: DeniedAct, no: NotAllowed) -> None:
        gateway = self._gateway_for(line, self._store)
        if self.home.database:
            self._threads.submit(gateway.count_denial, attempt, no)
        else:
            gateway.count_denial(attempt, no)

    def _gateway_for(self, line: ServerConnection, store: Store) -> Gateway:
        """The gateway as one peer meets it: what it refuses is counted as theirs."""
        return Gateway(store, self.clock, self._gateway.look, self._gateway.denials, line.caller.peer.counted)

    def _start(self, request: WireRequest, queue: Queue[WireRequest]) -> None:
        """Begin what has waited, unless whoever asked it has hung up.

        They may have asked another gateway since, and been answered there: it must not happen behind their back.
        """
        if request.line in self._table.lines:
            self._threads.submit(self._do_aside, request, queue)
            return
        queue.done(request.account)
        self._table.answer(request.line, "")

    def _do_aside(self, request: WireRequest, queue: Queue[WireRequest]) -> None:
        if request.operation.lane is Lane.WRITER:
            answer = self._writer.carry_out_alone(request)
        else:
            answer = self._aside.answer(request, self._complain)
        self._finished.append((request, answer, queue))
        self._bell.ring()

    def _deliver(self) -> None:
        self._bell.quiet()
        while self._adopted:
            self._table.welcome(*self._adopted.popleft())
        while self._finished:
            request, answer, queue = self._finished.popleft()
            queue.done(request.account)
            self._table.answer(request.line, answer)

    def _complain(self, problem: Exception) -> None:
        words = f"{problem.message}; {problem.hint}" if isinstance(problem, OnloopError) else repr(problem)
        now = time.monotonic()
        if words != self._complaint[0] or now - self._complaint[1] >= REPEATED_S:
            self._complaint = words, now
            self.say(f"trouble: {words}")


def _only_server(home: Home) -> AbstractContextManager[None]:
    """Be the one resident gateway of the store on this machine, or Unavailable."""

    def refusal(process: str) -> Unavailable:
        return Unavailable(
            f"{home.name} is served already, by process {process}", hint="use that gateway: a store has only one"
        )

    return sole(home.serve_lock, refusal)
