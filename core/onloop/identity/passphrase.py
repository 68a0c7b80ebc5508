"""People and their passphrases: enrolment, and both ends of the exchange in which a person proves who they are."""

from __future__ import annotations

import hmac
import os
from hashlib import sha256

from onloop.errors import BadInput, Ground, NotAllowed
from onloop.identity import scram
from onloop.machine.commands import Voice
from onloop.machine.definition import Assurance
from onloop.machine.people import name_of
from onloop.machine.principal import Principal, PrincipalKind
from onloop.machine.rules.people.enrolment import check_person_name
from onloop.machine.store_state import PersonEnrolled, StoreState
from onloop.records import MutableRecord, Record, replace

SHORTEST_PASSPHRASE = 8


class Proved(Record):
    """The end of an exchange: the server's final message, the person as the gateway knows them, and the store's id.

    `enrolled` is set when an earlier onloop enrolled them: their enrolment without keys, so that the keys are renewed.
    """

    final: str
    person: Principal
    store: str
    enrolled: PersonEnrolled | None = None


def enrolment(
    name: str, groups: tuple[str, ...], email: str, passphrase: str, by: str, cost: int = scram.LEAST_COST
) -> PersonEnrolled:
    """The event that lets a person decide; BadInput if the name or the passphrase is not allowed. Slow by design."""
    check_person_name(name)
    if len(passphrase) < SHORTEST_PASSPHRASE:
        raise BadInput(
            f"a passphrase of {len(passphrase)} characters is too short", hint=f"use {SHORTEST_PASSPHRASE} or more"
        )
    return rekeyed(PersonEnrolled(name, groups, email, "", "", by), passphrase, cost)


def rekeyed(person: PersonEnrolled, passphrase: str, cost: int = scram.LEAST_COST) -> PersonEnrolled:
    """The person with keys under a new salt, and without what an earlier onloop stored."""
    salt = os.urandom(16)
    keys = scram.keys_from(scram.salted_password(passphrase, salt, cost))
    return replace(
        person,
        salt=salt.hex(),
        verifier="",
        cost=cost,
        stored_key=keys.stored.hex(),
        server_key=keys.server.hex(),
    )


def without_keys(person: PersonEnrolled) -> PersonEnrolled:
    """The person without the keys that could be used to guess the passphrase or to impersonate the gateway."""
    return replace(person, salt="", verifier="", stored_key="", server_key="")


def person_from_passphrase(
    state: StoreState, name: str, passphrase: str, *, typed: bool, at: int | None = None
) -> Principal:
    """The person, if the passphrase is theirs: A1 if they typed it (at `at`, ms), A0 if a program supplied it."""
    person = state.people.get(name)
    kept = _kept(person) if person is not None else None
    salt, cost = (bytes.fromhex(person.salt), person.cost) if person is not None else (b"\0" * 16, scram.EARLIER_COST)
    stored = scram.keys_from(scram.salted_password(passphrase, salt, cost)).stored
    if kept is None or person is None or not hmac.compare_digest(stored, kept[0]):
        raise not_right(state, name)
    return recognised(state, person, PersonProof(typed=typed, at=at))


def not_right(state: StoreState, name: str) -> NotAllowed:
    """The refusal of a failed proof. It is the same whether or not such a person is enrolled."""
    return NotAllowed(
        f"the passphrase for {name!r} is wrong, or nobody with that name is enrolled",
        hint=f"enrolled: {', '.join(sorted(state.people)) or 'nobody; onloop init enrols the first'}",
        ground=Ground.PASSPHRASE,
    )


class PersonProof(Record):
    """How a person proved who they are: whether they typed it, when (ms), how many decisions used it, as which user.

    `is_apart` is true if that user neither owns the store nor claims tasks, and a box keeps agents away from them;
    else `why` says what is missing. `address` is from where they called over the network.
    """

    typed: bool
    at: int | None = None
    uses: int = 0
    uid: int | None = None
    is_apart: bool = False
    why: str = ""
    address: str = ""


def recognised(state: StoreState, person: PersonEnrolled, proof: PersonProof) -> Principal:
    """The principal of a person after their proof, with the assurance that the proof gives and no more."""
    level = Assurance.A0
    if proof.typed and not state.scripted:
        level = Assurance.A2 if proof.is_apart else Assurance.A1
    said = person.principal, person.groups, level, person.email, proof.at, proof.uses, proof.uid
    voice = Voice(*said, proof.address, proof.why if level is Assurance.A1 else "")
    return Principal(PrincipalKind.HUMAN, name_of(person.principal), voice=voice)


def _kept(person: PersonEnrolled) -> tuple[bytes, bytes] | None:
    """Stored and server key of a person; None where no passphrase is on record."""
    if person.stored_key:
        return bytes.fromhex(person.stored_key), bytes.fromhex(person.server_key)
    if not person.verifier:
        return None
    keys = scram.keys_from(bytes.fromhex(person.verifier))
    return keys.stored, keys.server


class Challenge(MutableRecord):
    """The server's end of an exchange: what it asked of whom. It accepts one answer."""

    name: str
    first: str
    demanded: str
    nonce: str
    person: PersonEnrolled | None

    @classmethod
    def begin(cls, state: StoreState, message: str, blind: bytes) -> Challenge:
        """The challenge for a client's first message. It has the same form for a name that is not enrolled."""
        name, nonce = scram.name_and_nonce(message)
        nonce += new_nonce()
        person = state.people.get(name)
        if person is None or _kept(person) is None:
            salt, cost = hmac.digest(blind, name.encode("utf-8", "surrogateescape"), "sha256")[:16], scram.LEAST_COST
            return cls(name, message, scram.server_first(nonce, salt, cost, is_earlier=False), nonce, None)
        salt, is_earlier = bytes.fromhex(person.salt), not person.stored_key
        demanded = scram.server_first(nonce, salt, person.cost, is_earlier=is_earlier)
        return cls(name, message, demanded, nonce, person)

    def answered(self, final: scram.Final) -> tuple[str, bytes] | None:
        """The server's final message and the key of decisions; None if the proof is wrong."""
        kept = _kept(self.person) if self.person is not None else None
        exchange = scram.Exchange(self.first, self.demanded, final.without_proof)
        if kept is None or final.nonce != self.nonce:
            return None
        client = exchange.client_key(kept[0], final.proof)
        return None if client is None else (exchange.server_final(kept[1]), exchange.decision_key(client))


class Secret(MutableRecord):
    """What a client keeps instead of a passphrase: its keys under one salt and cost, and whether a person typed it.

    `uses` counts the decisions that were made with it.
    """

    name: str
    typed: bool
    salt: bytes
    cost: int
    keys: scram.Keys
    uses: int = 0

    @classmethod
    def of(cls, name: str, passphrase: str, demand: scram.Demand, *, typed: bool) -> Secret:
        """The keys of a passphrase under the salt and cost that the server asks for. Slow by design."""
        keys = scram.keys_from(scram.salted_password(passphrase, demand.salt, demand.cost))
        return cls(name, typed, demand.salt, demand.cost, keys)

    def fits(self, demand: scram.Demand) -> bool:
        """Whether the server still asks for these keys."""
        return (demand.salt, demand.cost) == (self.salt, self.cost)


def new_nonce() -> str:
    """One end's part of the nonce."""
    import secrets  # here: it brings random, and most verbs draw nothing by lot

    return secrets.token_urlsafe(24)


def check_server(exchange: scram.Exchange, keys: scram.Keys, final: str) -> None:
    """Raises NotAllowed if the server does not know the person's key: it is not the gateway that enrolled them."""
    if not hmac.compare_digest(exchange.server_final(keys.server).encode(), final.encode("utf-8", "surrogateescape")):
        raise NotAllowed("this gateway is not the one that enrolled you", hint="do not decide there")


def fingerprint(secret: bytes) -> str:
    """A short name for a secret that does not reveal it."""
    return sha256(b"onloop name\0" + secret).hexdigest()[:16]
