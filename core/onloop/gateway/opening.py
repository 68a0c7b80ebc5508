"""How a gateway is opened and a store is made."""

from __future__ import annotations

import time
from dataclasses import dataclass

from onloop.errors import BadInput
from onloop.gateway.home import Home, check_private
from onloop.gateway.identity import Principal, enrolment, launcher
from onloop.gateway.service import Gateway, append_house
from onloop.machine.house import StoreCreated
from onloop.store.sqlite import SqliteStore, create_store


@dataclass(frozen=True, slots=True)
class Opened:
    """A gateway over the store of a home, for one thread."""

    home: Home
    gateway: Gateway

    def close(self) -> None:
        """Let go of the store."""
        self.gateway.store.close()


def wall_clock() -> int:
    """Now, ms since the epoch, UTC."""
    return time.time_ns() // 1_000_000


def open_home(home: Home) -> Opened:
    """Open the store of `home`; StoreError says why it cannot be."""
    check_private(home.store)
    return Opened(home, Gateway(SqliteStore(home.store), wall_clock))


def create_home(
    home: Home, *, store_id: str, person: str, groups: tuple[str, ...], passphrase: str, email: str, scripted: bool
) -> None:
    """Make a store and enrol its first person, in one transaction; BadInput if somebody is enrolled already."""
    by = launcher("init")
    first = enrolment(person, groups, email, passphrase, by.id)
    if home.store.exists():
        check_private(home.store)
    create_store(home.store)
    opened = open_home(home)
    try:
        with opened.gateway.store.writing() as tx:
            house = tx.house()
            if house.people:
                raise BadInput(
                    f"{home.store} exists, and {', '.join(sorted(house.people))} can decide in it",
                    hint="onloop enrol NAME --as EXISTING adds a person",
                )
            if not house.id:
                append_house(tx, StoreCreated(store_id, scripted), wall_clock(), by.id)
            append_house(tx, first, wall_clock(), by.id)
    finally:
        opened.close()


def enrol(opened: Opened, by: Principal, person: str, groups: tuple[str, ...], email: str, passphrase: str) -> None:
    """Enrol another person; only somebody who is enrolled already may."""
    opened.gateway.record_house(by, enrolment(person, groups, email, passphrase, by.id))
