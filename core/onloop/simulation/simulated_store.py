"""A store of its own for each simulation: a real one, whose people exist only here."""

from __future__ import annotations

from collections.abc import Callable
from hashlib import sha256
from pathlib import Path

from onloop.gateway.service import append_store_event
from onloop.identity.scram import keys_from, salted_password
from onloop.machine.definition import Assurance
from onloop.machine.principal import Principal, PrincipalKind, launcher
from onloop.machine.store_state import PersonEnrolled, StoreCreated
from onloop.machine.voice import Voice
from onloop.store.port import Transaction
from onloop.store.sqlite.database import SqliteStore, create_store

STARTER = launcher("simulation")
_COST = 2
"""What scrypt costs here: there is nothing to guess."""


def person_name(number: int) -> str:
    """The name of the person of that number, from 1."""
    return f"person-{number}"


def opened_store(
    folder: Path, clock: Callable[[], int], seed: int, people: int, groups: tuple[str, ...]
) -> SqliteStore:
    """A new store in `folder`, flagged as one whose people are programs, with so many people in all of `groups`.

    All of it follows from the seed, so that the same seed gives the same log.
    """
    create_store(folder)
    store = SqliteStore(folder)

    def furnish(tx: Transaction) -> None:
        append_store_event(tx, StoreCreated(f"simulated-{seed}", scripted=True), clock(), STARTER.id)
        for number in range(1, people + 1):
            append_store_event(tx, _enrolled(person_name(number), groups, seed), clock(), STARTER.id)

    store.transact(furnish)
    return store


def _enrolled(name: str, groups: tuple[str, ...], seed: int) -> PersonEnrolled:
    salt = sha256(f"{seed}/{name}".encode()).digest()[:16]
    keys = keys_from(salted_password(salt.hex(), salt, _COST))
    address = f"{name}@simulation.invalid"
    return PersonEnrolled(
        name,
        groups,
        address,
        salt.hex(),
        "",
        STARTER.id,
        cost=_COST,
        stored_key=keys.stored.hex(),
        server_key=keys.server.hex(),
    )


def simulated_person(name: str, groups: tuple[str, ...], assurance: Assurance, now: int) -> Principal:
    """The person who decides in a simulation, taken to have proved what the gate demands; no other store knows them."""
    level = assurance if assurance.reaches(Assurance.A1) else Assurance.A1
    voice = Voice(f"human:{name}", groups, level, f"{name}@simulation.invalid", proved_at=now)
    return Principal(PrincipalKind.HUMAN, name, voice=voice)
