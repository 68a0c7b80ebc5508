"""The person in whose name a command is given."""

from __future__ import annotations

from typing import Annotated

from onloop.machine.definition import Assurance
from onloop.machine.limits import Address, Id, Items, Millis, Number, Uid, Words
from onloop.records import Record


class Voice(Record):
    """A person as the gateway knows them: name, groups, and what was proved about them, when (ms), and by which user.

    `decided` counts what was decided under the same proof before. `address` is from where they called over the
    network, and `why` says why what was proved is no more.
    """

    person: Id
    groups: Annotated[tuple[Id, ...], Items(100)]
    assurance: Assurance
    email: Address = ""
    proved_at: Millis | None = None
    decided: Number = 0
    uid: Uid | None = None
    address: Id = ""
    why: Words = ""


TYPED_FOR_THIS_MS = 60_000
"""How long a passphrase that has decided nothing yet counts as typed for the decision that is sent with it."""


def proof_age(voice: Voice, now: int) -> int | None:
    """How long ago (ms) the passphrase was typed; None if that is unknown."""
    return None if voice.proved_at is None else max(0, now - voice.proved_at)


def is_fresh(voice: Voice, fresh_ms: int | None, now: int) -> bool:
    """Whether a gate's `fresh_ms` lets the proof decide; one that decided nothing yet counts as typed for this."""
    age = proof_age(voice, now)
    if fresh_ms is None:
        return True
    if age is None or (fresh_ms == 0 and voice.decided):
        return False
    return age <= (fresh_ms if voice.decided else max(fresh_ms, TYPED_FOR_THIS_MS))
