"""Who somebody is by what they present over the network: launchers' tokens, and sessions in which people read."""

from __future__ import annotations

import os
from typing import ClassVar

from onloop.errors import Ground, NotAllowed
from onloop.gateway.grants.launcher_slots import USE_NOTED_MS, note_use
from onloop.gateway.service import Gateway, Write
from onloop.gateway.store_rules import check_still_enrolled
from onloop.identity.network_credentials import (
    OF_SESSION,
    SESSION_MS,
    keys_digest,
    launcher_from_token,
    new_secret,
    session_from_token,
)
from onloop.identity.resolution import process_of, token_digest
from onloop.machine.limits import Id
from onloop.machine.operation import Asker, DeniedAct
from onloop.machine.principal import NOBODY, Principal, PrincipalKind
from onloop.machine.store_state import StoreState
from onloop.machine.task import NOT_KNOWN, Hand
from onloop.records import SecretRecord
from onloop.store.port import Transaction
from onloop.store.rows import LauncherUse, ReadingSession

MOST_SESSIONS = 20
"""How many sessions one person may have; the oldest ends where another one begins."""


class RecogniseLauncher(Write[Principal], frozen=True):
    """The launcher that a token belongs to; NotAllowed for one that was never minted, was revoked, or has expired.

    `hand` is who asks, as the gateway knows it. Over a line, it also proves who speaks.
    """

    name: ClassVar[str] = "launcher"
    asker: ClassVar[Asker] = Asker.ANYBODY
    proves: ClassVar[bool] = True
    token: Id
    hand: Hand = NOT_KNOWN

    @property
    def attempt(self) -> DeniedAct:
        """What a denial of it says."""
        return DeniedAct(NOBODY, "use a launcher's token")

    def carry_out(self, gateway: Gateway) -> Principal:
        """See Write."""
        now = gateway.clock()
        hand = self.hand if self.hand.uid is not None else Hand(os.getuid(), process_of(os.getpid()))
        with gateway.store.reading() as reading:
            found = launcher_from_token(reading, self.token, hand, now)
            used = reading.get(LauncherUse, found.name)
        if used is None or now - used.at >= USE_NOTED_MS:
            gateway.store.transact(lambda tx: note_use(tx, found.name, now))
        return found


class SessionGranted(SecretRecord):
    """What a person gets who wants to read: the secret of their session, and when it ends (ms)."""

    secret: str
    expires: int


class MintSession(Write[SessionGranted], frozen=True):
    """Begin a session in which the person reads, and does nothing else: each decision needs a proof of its own."""

    name: ClassVar[str] = "mint_session"
    asker: ClassVar[Asker] = Asker.PROVEN
    principal: Principal

    @property
    def attempt(self) -> DeniedAct:
        """What a denial of it says."""
        return DeniedAct(self.principal, "begin a session")

    def carry_out(self, gateway: Gateway) -> SessionGranted:
        """See Write."""
        who, now, secret = self.principal, gateway.clock(), new_secret(OF_SESSION)
        if who.kind is not PrincipalKind.HUMAN:
            hint = "a person does, with their passphrase: onloop login --as NAME"
            raise NotAllowed(f"{who.id} may not begin a session", hint=hint, ground=Ground.KIND)

        def body(tx: Transaction) -> SessionGranted:
            house = tx.house()
            check_still_enrolled(house, who)
            _make_room(tx, who.id, now)
            row = ReadingSession(token_digest(secret), who.id, _keys_of(house, who.id), now, now + SESSION_MS)
            tx.put(row)
            return SessionGranted(secret, row.expires)

        return gateway.store.transact(body)


def _make_room(tx: Transaction, person: str, now: int) -> None:
    """Forget the person's sessions that have ended, and the oldest where there are too many."""
    known = sorted(tx.select(ReadingSession, person=person), key=lambda row: row.since)
    alive = [row for row in known if row.expires > now]
    for row in (*(row for row in known if row.expires <= now), *alive[: max(0, len(alive) - MOST_SESSIONS + 1)]):
        tx.delete(ReadingSession, row.digest)


def _keys_of(house: StoreState, person: str) -> str:
    known = next((each for each in house.people.values() if each.principal == person), None)
    if known is None:
        raise NotAllowed(f"{person} is not enrolled", hint="an enrolled person must do it", ground=Ground.KIND)
    return keys_digest(known)


class RecogniseSession(Write[Principal], frozen=True):
    """The reading session that a secret belongs to; NotAllowed where it has ended. Over a line, it proves who reads."""

    name: ClassVar[str] = "session"
    asker: ClassVar[Asker] = Asker.ANYBODY
    proves: ClassVar[bool] = True
    token: Id

    @property
    def attempt(self) -> DeniedAct:
        """What a denial of it says."""
        return DeniedAct(NOBODY, "use a session")

    def carry_out(self, gateway: Gateway) -> Principal:
        """See Write."""
        with gateway.store.reading() as reading:
            return session_from_token(reading, self.token, gateway.clock())


class EndSession(Write[bool], frozen=True):
    """End a session; whoever has its secret may. The answer is whether there was one."""

    name: ClassVar[str] = "end_session"
    asker: ClassVar[Asker] = Asker.ANYBODY
    token: Id

    def carry_out(self, gateway: Gateway) -> bool:
        """See Write."""
        digest = token_digest(self.token)

        def body(tx: Transaction) -> bool:
            found = tx.get(ReadingSession, digest)
            if found is not None:
                tx.delete(ReadingSession, digest)
            return found is not None

        return gateway.store.transact(body)
