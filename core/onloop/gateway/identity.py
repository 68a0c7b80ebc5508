"""Who acts. No credential is nobody, never a person."""

from __future__ import annotations

import base64
import hmac
import secrets
from dataclasses import dataclass
from enum import StrEnum
from hashlib import scrypt, sha256

from onloop.errors import BadInput, Ground, NotAllowed
from onloop.machine.commands import Voice
from onloop.machine.definition import Assurance
from onloop.machine.house import House, PersonEnrolled
from onloop.store.port import Reading
from onloop.store.rows import Token

SCRYPT_COST = 2**14
SCRYPT_BLOCK = 8
SHORTEST_PASSPHRASE = 8


class PrincipalKind(StrEnum):
    """What acts; never convertible into one another."""

    NOBODY = "nobody"
    HUMAN = "human"
    AGENT = "agent"
    VERIFIER = "verifier"
    LAUNCHER = "launcher"
    INTEGRATION = "integration"
    GATEWAY = "gateway"


@dataclass(frozen=True, slots=True)
class Principal:
    """Who acts: an agent is bound to one task, epoch and step, a person speaks with a voice."""

    kind: PrincipalKind
    name: str
    task: str | None = None
    epoch: int = 0
    step: str = ""
    voice: Voice | None = None

    @property
    def id(self) -> str:
        """As it is logged: `kind:name`."""
        return f"{self.kind.value}:{self.name}"


NOBODY = Principal(PrincipalKind.NOBODY, "")
TIMERS = Principal(PrincipalKind.GATEWAY, "timers")
EFFECTS = Principal(PrincipalKind.GATEWAY, "effects")
INTAKE = Principal(PrincipalKind.GATEWAY, "intake")


def launcher(name: str) -> Principal:
    """A process that starts work and agents, as the operating system's user `name`."""
    return Principal(PrincipalKind.LAUNCHER, name)


def verifier(name: str) -> Principal:
    """A process that runs gates and writes evidence."""
    return Principal(PrincipalKind.VERIFIER, name)


def new_salt() -> str:
    """What makes a secret one of a kind."""
    return secrets.token_urlsafe(32)


def secret_from(key: str, salt: str) -> str:
    """The agent token of a claim: random by its salt, and under a key the same again for whoever has the key.

    The salt of a claim with a key is stored, the key nowhere; the salt of one without is the secret, and is not.
    """
    if not key:
        return f"onl_agt_{salt}"
    sealed = hmac.digest(key.encode("utf-8", "surrogateescape"), salt.encode(), "sha256")
    return f"onl_agt_{base64.urlsafe_b64encode(sealed).decode().rstrip('=')}"


def token_digest(secret: str) -> str:
    """How a token is stored: sha256 hex. It is random, so it needs no salt."""
    return sha256(secret.encode("utf-8", "surrogateescape")).hexdigest()


def agent_from_token(reading: Reading, secret: str) -> Principal:
    """The agent that a token belongs to; NotAllowed for one that was never given out, or was revoked."""
    row = reading.get(Token, token_digest(secret))
    if row is None:
        raise NotAllowed(
            "this ONLOOP_TOKEN is not valid any more: its lease ended",
            hint="stop work on this task; onloop claim --role ROLE takes another one",
            ground=Ground.TOKEN,
        )
    return Principal(PrincipalKind.AGENT, row.agent.removeprefix("agent:"), row.task, row.epoch, row.step)


def enrolment(name: str, groups: tuple[str, ...], email: str, passphrase: str, by: str) -> PersonEnrolled:
    """The event that lets a person decide; BadInput for a name or passphrase that cannot be used."""
    if not name or not all(c.isalnum() or c in "-_." for c in name) or len(name) > 40:
        raise BadInput(f"{name!r} cannot be a person's name", hint="letters, digits, '-', '_' and '.', at most 40")
    if len(passphrase) < SHORTEST_PASSPHRASE:
        raise BadInput(
            f"a passphrase of {len(passphrase)} characters is too short", hint=f"use {SHORTEST_PASSPHRASE} or more"
        )
    salt = secrets.token_hex(16)
    return PersonEnrolled(name, groups, email, salt, _stretched(passphrase, salt), by)


def person_from_passphrase(house: House, name: str, passphrase: str, *, typed: bool) -> Principal:
    """The person, if the passphrase is theirs: A1 if they typed it just now, A0 if a program held it."""
    person = house.people.get(name)
    salt, expected = (person.salt, person.verifier) if person else ("00", "")
    if not hmac.compare_digest(_stretched(passphrase, salt), expected) or person is None:
        raise NotAllowed(
            f"the passphrase for {name!r} is not right, or nobody of that name is enrolled",
            hint=f"enrolled: {', '.join(sorted(house.people)) or 'nobody; onloop init enrols the first'}",
            ground=Ground.PASSPHRASE,
        )
    assurance = Assurance.A1 if typed and not house.scripted else Assurance.A0
    voice = Voice(f"human:{name}", person.groups, assurance, person.email)
    return Principal(PrincipalKind.HUMAN, name, voice=voice)


def _stretched(passphrase: str, salt: str) -> str:
    key = scrypt(passphrase.encode(), salt=bytes.fromhex(salt), n=SCRYPT_COST, r=SCRYPT_BLOCK, p=1, dklen=32)
    return key.hex()
