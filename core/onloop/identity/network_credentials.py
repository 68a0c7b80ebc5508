"""What lets somebody in over the network: launchers' tokens and reading sessions. Each is looked at anew when used."""

from __future__ import annotations

import hmac
from hashlib import sha256

from onloop.errors import Ground, NotAllowed
from onloop.identity.resolution import new_salt, token_digest
from onloop.machine.launchers import OF_CI, LauncherMinted, hand_of_token
from onloop.machine.people import name_of
from onloop.machine.principal import Principal, PrincipalKind, launcher
from onloop.machine.store_state import PersonEnrolled, StoreState
from onloop.machine.task import Hand
from onloop.records import replace
from onloop.store.port import Reading
from onloop.store.rows import OVER, ReadingSession, Token

OF_AGENT, OF_LAUNCHER, OF_SESSION = "onl_agt_", "onl_lnc_", "onl_ses_"
"""How the secrets of agents, launchers and sessions begin."""

SESSION_MS = 12 * 3_600_000
"""How long a reading session lasts."""


def new_secret(prefix: str) -> str:
    """A secret that nobody can guess."""
    return f"{prefix}{new_salt()}"


def launcher_from_token(reading: Reading, secret: str, hand: Hand, now: int) -> Principal:
    """The launcher that a token belongs to, as the hand that presents it; NotAllowed where it lets nobody in."""
    digest, found = token_digest(secret), None
    for minted in reading.house().launchers.values():
        if hmac.compare_digest(minted.digest, digest):
            found = minted
    if found is None:
        raise _lets_nobody_in("this launcher's token is not known here, or was revoked")
    if found.grant.until <= now:
        raise _expired(found)
    return replace(launcher(found.name, replace(hand, token=hand_of_token(found.name))), grant=found.grant)


def session_from_token(reading: Reading, secret: str, now: int) -> Principal:
    """The reading session that a secret belongs to; NotAllowed where it has ended."""
    row = reading.get(ReadingSession, token_digest(secret))
    if row is None or not is_alive(reading.house(), row, now):
        raise NotAllowed(
            "this session has ended", hint="prove who you are: onloop login --as NAME", ground=Ground.TOKEN
        )
    return Principal(PrincipalKind.SESSION, name_of(row.person))


def is_alive(house: StoreState, session: ReadingSession, now: int) -> bool:
    """Whether a session still reads: in time, and of a person who is enrolled under the passphrase that they had."""
    person = next((each for each in house.people.values() if each.principal == session.person), None)
    return session.expires > now and person is not None and keys_digest(person) == session.keys


def keys_digest(person: PersonEnrolled) -> str:
    """What changes with a person's passphrase, and says nothing of it."""
    kept = f"onloop session\0{person.principal}\0{person.salt}\0{person.stored_key}\0{person.verifier}"
    return sha256(kept.encode()).hexdigest()


def check_still(reading: Reading, who: Principal, digest: str, now: int) -> None:
    """NotAllowed where what somebody proved to be over the network, by the secret of that digest, has ended since."""
    house = reading.house()
    if who.kind is PrincipalKind.AGENT:
        check_agents_token(house, reading.get(Token, digest), now)
    elif who.kind is PrincipalKind.SESSION:
        row = reading.get(ReadingSession, digest)
        if row is None or not is_alive(house, row, now):
            raise _lets_nobody_in("this session has ended")
    elif who.kind is PrincipalKind.LAUNCHER and who.grant is not None:
        minted = house.launchers.get(who.name)
        if not who.name.startswith(OF_CI) and (minted is None or minted.digest != digest):
            raise _lets_nobody_in(f"the token of launcher {who.name} was revoked")
        if (who.grant if minted is None else minted.grant).until <= now:
            raise _lets_nobody_in(f"the token of launcher {who.name} has expired")


def check_agents_token(house: StoreState, row: Token | None, now: int) -> None:
    """NotAllowed where an agent's token has ended, or the launcher under which it was claimed."""
    if row is None:
        raise _lets_nobody_in("this ONLOOP_TOKEN is no longer valid: its lease ended")
    is_known = row.launcher.startswith(OF_CI) or row.launcher in house.launchers
    if row.launcher and (row.until == OVER or not is_known):
        raise _lets_nobody_in(f"this ONLOOP_TOKEN is no longer valid: launcher {row.launcher} was revoked")
    if row.until and row.until <= now:
        raise _lets_nobody_in(f"this ONLOOP_TOKEN is no longer valid: the token of launcher {row.launcher} has expired")


def _expired(minted: LauncherMinted) -> NotAllowed:
    return _lets_nobody_in(f"the token of launcher {minted.name} has expired")


def _lets_nobody_in(words: str) -> NotAllowed:
    hint = "a person can let a launcher in again: onloop token mint NAME --as PERSON"
    return NotAllowed(words, hint=hint, ground=Ground.TOKEN)
