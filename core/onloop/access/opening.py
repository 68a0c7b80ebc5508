"""Opens a gateway and makes a store."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from onloop.errors import BadInput, NotAllowed, Unavailable
from onloop.gateway.port import GatewayPort
from onloop.gateway.program_pins import look_in
from onloop.gateway.service import Gateway, append_store_event
from onloop.gateway.upkeep import RecordStoreEvent
from onloop.home import Home, addressed, apart_from, check_private, keep_beside, socket_path
from onloop.identity.own_key import make_own_key, own_key
from onloop.identity.passphrase import enrolment
from onloop.identity.scram import LEAST_COST
from onloop.machine.principal import Principal, launcher
from onloop.machine.store_state import HOUSE, StoreCreated
from onloop.machine.task import Task
from onloop.opened_store import clock_of, make_store, open_store, store_pool
from onloop.records import Record
from onloop.remote.agent_log import AgentLogPage, page_of
from onloop.remote.client import ClientStore, FileStore, GatewayClient
from onloop.remote.client_credentials import Credentials
from onloop.remote.connection import Connection, other_store
from onloop.remote.connection_operations import ReadPatchPage
from onloop.remote.http_client.far_place import FarPlace, far_credentials
from onloop.remote.line import ConnectionLost
from onloop.store.port import Transaction
from onloop.store.sqlite.database import BUSY_MS
from onloop.store.store_pool import PooledStore, StorePool
from onloop.views.changes import Changes, PageWanted, PatchPage, changes_of, patch_page
from onloop.views.queries.reads import ReadStoreState

if TYPE_CHECKING:
    from onloop.gates.repository.mirror import Mirror
    from onloop.views.kept_patches import KeptPatches


_JOINS = "; onloop serve on this machine joins it"


class GatewayHandle(Record):
    """A gateway to the store of a home, for one thread; `apart` is set if only a resident gateway may open it."""

    home: Home
    gateway: GatewayPort
    apart: GatewayClient | None = None

    def mirror(self, origin: str) -> Mirror:
        """The mirror of an origin, which takes what people tolerate of its old history."""
        mirror = self.home.mirror(origin)
        known = self.gateway.perform(ReadStoreState()).tolerated.get(mirror.bare_origin)
        return replace(mirror, tolerated=known.findings) if known else mirror

    def changes(self, task: Task) -> Changes:
        """What the task's submission changes; the resident gateway answers if only it may read the mirrors."""
        return changes_of(task, self.home.mirror) if self.apart is None else self.apart.changes(task.id)

    def patch_page(self, task: Task, wanted: PageWanted, kept: KeptPatches) -> PatchPage:
        """A page of what one file of the task's submission changes; the resident gateway answers, as for `changes`."""
        if self.apart is not None:
            return self.apart.patch_page(ReadPatchPage.of(task.id, wanted))
        return patch_page(task, self.home.mirror, wanted, kept)

    def agent_log(self, task: str, start: int = -1) -> AgentLogPage:
        """What the task's agents printed: those of our user; else those of the gateway's, if only it has their log."""
        found = page_of(self.home.agent_log(task), start)
        return found if found.is_there or self.apart is None else self.apart.agent_log(task, start)

    def close(self) -> None:
        """Close the store."""
        self.gateway.store.close()


def wall_clock() -> int:
    """Now, ms since the epoch, UTC."""
    return time.time_ns() // 1_000_000


def open_file(home: Home, busy_ms: int = BUSY_MS) -> GatewayHandle:
    """Open the store of `home` itself, waiting for locks at most `busy_ms`; StoreError says why it cannot."""
    check_folder(home)
    return GatewayHandle(home, Gateway(open_store(home, busy_ms), clock_of(home, wall_clock), look_in(home.store)))


def opener(home: Home) -> Callable[[], GatewayHandle]:
    """What opens the store itself for each thread of a process: a file each, or the few connections that they share."""
    if not home.database:
        return lambda: open_file(home)
    stores = store_pool(home)
    return lambda: borrowing(home, stores)


def borrowing(home: Home, stores: StorePool) -> GatewayHandle:
    """The store, for one thread: it borrows one of `stores` only for as long as it reads or writes."""
    return GatewayHandle(home, Gateway(PooledStore(stores), clock_of(home, wall_clock), look_in(home.store)))


def check_folder(home: Home) -> None:
    """Refuse a store's folder that is not private; that which goes with a database is made where it is not there yet.

    Its toolchain is then that of whoever made it, as with a store of their own: so an agent may not be the first.
    """
    if home.database and not home.store.exists():
        if os.environ.get("ONLOOP_TOKEN"):
            raise NotAllowed("an agent may not open a database", hint="a gateway of it must run: onloop serve")
        if keep_beside(home):
            _add_tools(home)
    check_private(home.store)


def _add_tools(home: Home) -> None:
    from onloop.gates.toolchain import write_toolchain  # here: most verbs do not make a store

    make_own_key(home.store)
    write_toolchain(home.store, os.environ.get("PATH", ""))


def check_agents_reach(opened: GatewayHandle) -> None:
    """Unavailable where agents would not reach the store: they are never told a database, only a gateway of it."""
    home = opened.home
    if home.database and opened.apart is None:
        words = f"agents reach {home.name} through a gateway, and none runs on this machine"
        raise Unavailable(words, hint=f"start one: {addressed(home, 'onloop serve')}")


def gateway_socket(home: Home) -> Path:
    """The socket of the resident gateway: the one that `$ONLOOP_URL` names, else the home's own."""
    url = os.environ.get("ONLOOP_URL", "")
    return socket_path(url) if url else home.socket


def open_home(home: Home, busy_ms: int = BUSY_MS) -> GatewayHandle:
    """Open the store of `home`: through the resident gateway if one is running, else by its file.

    `$ONLOOP_URL` names a gateway elsewhere, which must answer. One at a socket must be that of the same store: BadInput
    names both where it is not. StoreError or Unavailable say why neither way works. Waits for locks of the
    file at most `busy_ms`.
    """
    if home.url:
        return open_far(home)
    line = _line_to(home)
    if not home.is_ours:
        if "ONLOOP_URL" not in os.environ and not line.path.exists():
            check_private(home.store)
        line.connect()
        client = GatewayClient(line, ClientStore(line), wall_clock)
        return GatewayHandle(apart_from(home, client.perform(ReadStoreState()).id), client, client)
    if home.database:
        return _open_team(home, line, busy_ms)
    check_private(home.store)
    is_elsewhere = line.path != home.socket
    behind = Gateway(open_store(home, busy_ms), clock_of(home, wall_clock), look_in(home.store))
    if not is_elsewhere and not os.path.exists(line.path):  # noqa: PTH110 - False where it may not be looked at, too
        return GatewayHandle(home, behind)
    try:
        line.connect()
        _check_same(line, behind, home)
    except Unavailable:
        if is_elsewhere:
            raise
        return GatewayHandle(home, behind)
    return GatewayHandle(home, GatewayClient(line, FileStore(behind.store, line), wall_clock, behind))


def _line_to(home: Home) -> Connection:
    """The line to the gateway's socket. Where no store is known, it may be a worker's, which knows agents by token."""
    token = "" if home.is_known else os.environ.get("ONLOOP_TOKEN", "")
    credentials = Credentials(tokens=[token] if token else [])
    return Connection(gateway_socket(home), home.store if home.is_known else None, credentials)


def open_far(home: Home, bearer: str = "") -> GatewayHandle:
    """Open the store of a gateway that has a URL; its id says where what is ours of it lies here.

    `bearer` is the credential that goes along, in place of an agent's token or the session of `onloop login`.
    """
    line = FarPlace.of(home).only_line(far_credentials(home, bearer))
    client = GatewayClient(line, ClientStore(line), line.clock)
    try:
        known = line.ask(ReadStoreState())
    except ConnectionLost as problem:
        line.close()
        hint = "check ONLOOP_URL, and that a gateway listens there"
        raise Unavailable(f"no gateway answers at {home.url}: {problem}", hint=hint) from None
    except BaseException:
        line.close()
        raise
    return GatewayHandle(apart_from(home, known.id), client, client)


def _open_team(home: Home, line: Connection, busy_ms: int) -> GatewayHandle:
    """Through the gateway of this machine if one is running, which keeps connections; else the database itself."""
    is_asked_for = "ONLOOP_URL" in os.environ
    if is_asked_for or os.path.exists(line.path):  # noqa: PTH110 - False where it may not be looked at, too
        try:
            line.connect()
        except Unavailable:
            if is_asked_for:
                raise
        else:
            client = GatewayClient(line, ClientStore(line), wall_clock)
            return GatewayHandle(home, client, client)
    return open_file(home, busy_ms)


def _check_same(line: Connection, behind: Gateway, home: Home) -> None:
    """BadInput where the gateway serves another store. Whoever has the store's secret has shown that it does not."""
    if own_key(home.store) is not None:
        return
    served, ours = line.ask(ReadStoreState()).id, behind.perform(ReadStoreState()).id
    if served != ours:
        raise other_store(line.path, served, home.store)


def create_home(
    home: Home,
    *,
    store_id: str,
    person: str,
    groups: tuple[str, ...],
    passphrase: str,
    email: str,
    scripted: bool,
    cost: int = LEAST_COST,
    runtime_role: str = "",
) -> None:
    """Make a store and enrol its first person, in one transaction; BadInput if somebody is enrolled already.

    `cost` is scrypt's N: less than LEAST_COST is safe only for a random passphrase. In a database, `runtime_role` is
    the role of its gateways, which is granted what they need.
    """
    by = launcher("init")
    first = enrolment(person, groups, email, passphrase, by.id, cost)

    def begin(tx: Transaction) -> None:
        house = tx.house()
        if house.people:
            raise BadInput(
                f"{home.name} exists, and {', '.join(sorted(house.people))} can decide in it",
                hint=f"onloop enrol NAME --as EXISTING adds a person{_JOINS if home.database else ''}",
            )
        if not house.id:
            append_store_event(tx, StoreCreated(store_id, scripted), now(), by.id)
        append_store_event(tx, first, now(), by.id)

    if home.store.exists():
        check_private(home.store)
    make_store(home, runtime_role)
    if not home.database:
        make_own_key(home.store)
    opened, now = open_file(home), clock_of(home, wall_clock)
    try:
        opened.gateway.store.transact(begin, about=HOUSE)
    finally:
        opened.close()
    from onloop.gates.toolchain import write_toolchain  # here: most verbs do not make a store

    write_toolchain(home.store, os.environ.get("PATH", ""))


def enrol(
    opened: GatewayHandle,
    by: Principal,
    person: str,
    groups: tuple[str, ...],
    email: str,
    passphrase: str,
    *,
    key: str = "",
) -> None:
    """Enrol another person; only an enrolled person may do this. Slow by design."""
    opened.gateway.perform(RecordStoreEvent(by, enrolment(person, groups, email, passphrase, by.id), key=key))
