"""Who asks a resident gateway over one connection, what they have proved, and what of an answer is not for them."""

from __future__ import annotations

import json
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from typing import Any

from onloop.errors import Ground, NotAllowed
from onloop.gateway.calls import LOOKS
from onloop.gateway.identity import NOBODY, Principal, launcher
from onloop.gateway.peer import Peer
from onloop.gateway.protocol import Trust, Verb
from onloop.machine.house import House, PersonEnrolled
from onloop.store.port import Reading, Recorded
from onloop.store.rows import Remembered, Token
from onloop.store.sqlite import SqliteStore

_SECRET_ROWS = (Token, Remembered)


@dataclass(slots=True)
class Caller:
    """One connection. `own` says that the peer runs as the gateway's user, who could as well open the file."""

    peer: Peer
    own: bool
    proven: set[Principal] = field(default_factory=set)
    _store: SqliteStore | None = None
    _moment: ExitStack = field(default_factory=ExitStack)
    _at: Reading | None = None

    def admitted(self, name: str, verb: Verb, values: Sequence[Any]) -> Sequence[Any]:
        """The values as they count for this caller; NotAllowed where they may not ask.

        Another user is whoever they proved to be on this connection, and a launcher under their number.
        """
        if self.own:
            return values
        if verb.trust is Trust.OWN:
            hint = "the gateway's own user does it"
            words = f"user {self.peer.uid} may not {name.replace('_', ' ')}"
            raise NotAllowed(words, hint=hint, ground=Ground.PEER)
        if name == "deny":
            return (values[0] if values[0] in self.proven else NOBODY, *values[1:])
        if name == "claim":
            return (launcher(f"uid-{self.peer.uid}"), *values[1:])
        if verb.trust is Trust.PROVEN and values[0] not in self.proven:
            hint = "ONLOOP_TOKEN or a passphrase proves it"
            words = f"user {self.peer.uid} has not proved to be {values[0].id}"
            raise NotAllowed(words, hint=hint, ground=Ground.UNPROVEN)
        if name in {"get", "select"} and values[0] in _SECRET_ROWS:
            hint = "the gateway's own user may"
            words = f"user {self.peer.uid} may not read {values[0].__name__.lower()} rows"
            raise NotAllowed(words, hint=hint, ground=Ground.PEER)
        return values

    def look(self, store: SqliteStore, name: str, values: Sequence[Any]) -> object:
        """One read, at the moment that the first read since `done` saw; `store` is the caller's for that long."""
        if self._at is None:
            self._store = store
            self._at = self._moment.enter_context(store.reading())
        found = LOOKS[name](self._at, values)
        return found if self.own else _redacted(found)

    @property
    def store(self) -> SqliteStore | None:
        """What this caller reads with now."""
        return self._store

    def done(self) -> SqliteStore | None:
        """End the moment; the answer is the store that was read with."""
        self._moment.close()
        store, self._store, self._at = self._store, None, None
        return store


def _redacted(found: object) -> object:
    """Without what a passphrase could be tried against."""
    if isinstance(found, House):
        return replace(found, people={name: _without_verifier(person) for name, person in found.people.items()})
    if isinstance(found, Sequence) and found and isinstance(found[0], Recorded):
        return [_without_salt(event) for event in found]
    return found


def _without_verifier(person: PersonEnrolled) -> PersonEnrolled:
    return replace(person, salt="", verifier="")


def _without_salt(event: Recorded) -> Recorded:
    if event.name != PersonEnrolled.__name__:
        return event
    return replace(event, data=json.dumps({**json.loads(event.data), "salt": "", "verifier": ""}))
