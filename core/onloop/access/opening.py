"""How a gateway is opened and a store is made."""

from __future__ import annotations

import os
import time
from pathlib import Path

from onloop.errors import BadInput, Unavailable
from onloop.gateway.port import GatewayPort
from onloop.gateway.program_pins import look_in
from onloop.gateway.service import Gateway, append_store_event
from onloop.gateway.upkeep import RecordStoreEvent
from onloop.home import Home, apart_from, check_private, is_own
from onloop.identity.own_key import make_own_key
from onloop.identity.passphrase import enrolment
from onloop.identity.scram import LEAST_COST
from onloop.machine.principal import Principal, launcher
from onloop.machine.store_state import StoreCreated
from onloop.machine.task import Task
from onloop.records import Record
from onloop.remote.client import ClientStore, FileStore, GatewayClient
from onloop.remote.connection import Connection
from onloop.store.port import Transaction
from onloop.store.sqlite.database import BUSY_MS, SqliteStore, create_store
from onloop.views.dossier import Changes, changes_of
from onloop.views.queries.reads import ReadStoreState


class GatewayHandle(Record):
    """A gateway to the store of a home, for one thread; `apart` is set where only a resident one may touch the home."""

    home: Home
    gateway: GatewayPort
    apart: GatewayClient | None = None

    def changes(self, task: Task) -> Changes:
        """What the task's submission changes; the resident gateway says it where only that may look."""
        return changes_of(task, self.home.mirror) if self.apart is None else self.apart.changes(task.id)

    def close(self) -> None:
        """Let go of the store."""
        self.gateway.store.close()


def wall_clock() -> int:
    """Now, ms since the epoch, UTC."""
    return time.time_ns() // 1_000_000


def open_file(home: Home, busy_ms: int = BUSY_MS) -> GatewayHandle:
    """Open the store of `home` itself; StoreError says why it cannot be. Locks are waited for, `busy_ms` at most."""
    check_private(home.store)
    return GatewayHandle(home, Gateway(SqliteStore(home.store, home.anchor, busy_ms), wall_clock, look_in(home.store)))


def gateway_socket(home: Home) -> Path:
    """Where the resident gateway of a home listens, or the one that `$ONLOOP_URL` names."""
    url = os.environ.get("ONLOOP_URL", "")
    if not url:
        return home.socket
    from onloop.remote.unix_socket import socket_path  # here: where no gateway is resident, no socket is needed

    return socket_path(url)


def open_home(home: Home, busy_ms: int = BUSY_MS) -> GatewayHandle:
    """Reach the store of `home`: through the resident gateway where one is up, else by its file.

    `$ONLOOP_URL` names the socket of a gateway elsewhere. StoreError or Unavailable say why neither can be. Locks of
    the file are waited for, `busy_ms` at most.
    """
    line = Connection(gateway_socket(home), home.store)
    if not is_own(home.store):
        if "ONLOOP_URL" not in os.environ and not line.path.exists():
            check_private(home.store)
        line.connect()
        client = GatewayClient(line, ClientStore(line), wall_clock)
        return GatewayHandle(apart_from(home, client.perform(ReadStoreState()).id), client, client)
    check_private(home.store)
    behind = Gateway(SqliteStore(home.store, home.anchor, busy_ms), wall_clock, look_in(home.store))
    if not os.path.exists(line.path):  # noqa: PTH110 - False where it may not be looked at, too
        return GatewayHandle(home, behind)
    try:
        line.connect()
    except Unavailable:
        return GatewayHandle(home, behind)
    return GatewayHandle(home, GatewayClient(line, FileStore(behind.store, line), wall_clock, behind))


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
) -> None:
    """Make a store and enrol its first person, in one transaction; BadInput if somebody is enrolled already.

    `cost` is scrypt's N: less than LEAST_COST suits only what nobody could guess.
    """
    by = launcher("init")
    first = enrolment(person, groups, email, passphrase, by.id, cost)

    def begin(tx: Transaction) -> None:
        house = tx.house()
        if house.people:
            raise BadInput(
                f"{home.store} exists, and {', '.join(sorted(house.people))} can decide in it",
                hint="onloop enrol NAME --as EXISTING adds a person",
            )
        if not house.id:
            append_store_event(tx, StoreCreated(store_id, scripted), wall_clock(), by.id)
        append_store_event(tx, first, wall_clock(), by.id)

    if home.store.exists():
        check_private(home.store)
    create_store(home.store, home.anchor)
    make_own_key(home.store)
    opened = open_file(home)
    try:
        opened.gateway.store.transact(begin)
    finally:
        opened.close()
    from onloop.gates.toolchain import write_toolchain  # here: most verbs make no store

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
    """Enrol another person; only somebody who is enrolled already may. Slow by design."""
    opened.gateway.perform(RecordStoreEvent(by, enrolment(person, groups, email, passphrase, by.id), key=key))
