"""Who asks a resident gateway over one connection, what they have proved, and what of an answer is not for them."""

from __future__ import annotations

import hmac
import json
import os
import secrets
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import Any

from onloop.errors import BadInput, Ground, NotAllowed
from onloop.identity import scram
from onloop.identity.own_key import own_proof
from onloop.identity.passphrase import Challenge, PersonProof, Proved, not_right, recognised, without_keys
from onloop.identity.resolution import process_of
from onloop.machine.commands import Spoken
from onloop.machine.principal import NOBODY, Principal, PrincipalKind, launcher
from onloop.machine.store_state import PersonEnrolled, StoreState
from onloop.machine.task import Hand
from onloop.records import replace
from onloop.remote.dispatch import LOOKS
from onloop.remote.guess_limits import Guesses
from onloop.remote.protocol import Trust, Verb, sealed_content
from onloop.remote.unix_socket import Peer
from onloop.store.port import Reading, Recorded
from onloop.store.rows import IdempotencyRecord, Token
from onloop.store.sqlite.database import SqliteStore

_SECRET_ROWS = (Token, IdempotencyRecord)


@dataclass(frozen=True, slots=True)
class Authenticator:
    """What one gateway knows to admit callers by. `box_is_strong` says whether code under test sees nothing of ours."""

    own_key: bytes = field(repr=False)
    clock: Callable[[], int]
    guesses: Guesses
    box_is_strong: Callable[[], bool] = lambda: False
    blind: bytes = field(default_factory=lambda: secrets.token_bytes(32), repr=False)


@dataclass(slots=True)
class _Speaker:
    """A person who has proved themselves on this connection; `number` is that of their last decision."""

    principal: Principal
    store: str
    key: bytes = field(repr=False)
    number: int = 0
    decided: int = 0


@dataclass(slots=True)
class ClientSession:
    """One connection. `own` is set once it has shown that it can open the store; a user's number shows nothing."""

    peer: Peer
    keeper: Authenticator
    own: bool = False
    proven: set[Principal] = field(default_factory=set)
    _people: dict[str, _Speaker] = field(default_factory=dict)
    _asked: Challenge | None = None
    _challenge: str = ""
    _store: SqliteStore | None = None
    _moment: ExitStack = field(default_factory=ExitStack)
    _at: Reading | None = None

    def admitted(self, name: str, verb: Verb, values: Sequence[Any], told: Mapping[str, Any]) -> Sequence[Any]:
        """The values as they count for this caller; NotAllowed where they may not ask.

        Another user is whoever they proved to be on this connection, and a launcher under their number. What a person
        asks counts only with its code, whoever carries it; their voice is what the gateway knows of them.
        """
        if name == "agent":
            return (*values, self.peer.uid)
        if name == "claim":
            return (self._claimer(values[0]), *values[1:])
        if name == "deny" and not self.own:
            return (values[0] if values[0] in self.proven else NOBODY, *values[1:])
        if not self.own:
            self._check_reach(name, verb, values)
        if values and isinstance(values[0], Principal) and values[0].kind is PrincipalKind.HUMAN:
            return self._spoken(name, values, told)
        if verb.trust is Trust.PROVEN and not self.own and values[0] not in self.proven:
            hint = "ONLOOP_TOKEN or a passphrase proves it"
            words = f"user {self.peer.uid} has not proved to be {values[0].id}"
            raise NotAllowed(words, hint=hint, ground=Ground.UNPROVEN)
        return values

    def _check_reach(self, name: str, verb: Verb, values: Sequence[Any]) -> None:
        """Refuse what is for whoever can open the store alone."""
        if verb.trust is Trust.OWN:
            hint = "the gateway's own does it: whoever can open the store"
            words = f"user {self.peer.uid} may not {name.replace('_', ' ')}"
            raise NotAllowed(words, hint=hint, ground=Ground.PEER)
        if name in {"get", "select"} and values[0] in _SECRET_ROWS:
            hint = "whoever can open the store may"
            words = f"user {self.peer.uid} may not read {values[0].__name__.lower()} rows"
            raise NotAllowed(words, hint=hint, ground=Ground.PEER)

    def _claimer(self, claimed: Principal) -> Principal:
        """Who claims: the kernel's word for user and process, whatever they call themselves.

        An agent that says so of itself is one, and may not.
        """
        if claimed in self.proven:
            return claimed
        hand = Hand(self.peer.uid, process_of(self.peer.pid))
        return replace(claimed, hand=hand) if self.own else launcher(f"uid-{self.peer.uid}", hand)

    # -- people

    def _spoken(self, name: str, values: Sequence[Any], told: Mapping[str, Any]) -> Sequence[Any]:
        speaker = self._people.get(values[0].name)
        if speaker is None:
            hint = "a passphrase proves it"
            words = f"user {self.peer.uid} has not proved to be {values[0].id}"
            raise NotAllowed(words, hint=hint, ground=Ground.UNPROVEN)
        self._check_code(speaker, name, told)
        voice = speaker.principal.voice
        person = replace(speaker.principal, voice=voice and replace(voice, decided=voice.decided + speaker.decided))
        if name != "perform":
            return (person, *values[1:])
        speaker.decided += 1
        command = values[2]
        if isinstance(command, Spoken) and person.voice is not None:
            command = replace(command, voice=person.voice)
        return (person, values[1], command, *values[3:])

    def _check_code(self, speaker: _Speaker, name: str, told: Mapping[str, Any]) -> None:
        """Refuse what was changed, added, left out before, or sent again on its way here."""
        code = told.get("code")
        number, tag = (code.get("n"), code.get("tag")) if isinstance(code, dict) else (None, None)
        good = False
        if type(number) is int and isinstance(tag, str) and number == speaker.number + 1:
            expected = scram.decision_tag(speaker.key, sealed_content(speaker.store, number, name, told.get("args")))
            good = hmac.compare_digest(expected.encode(), tag.encode("utf-8", "surrogateescape"))
        if not good:
            raise NotAllowed(
                f"what {speaker.principal.id} is said to ask was changed, added or repeated on its way",
                hint="somebody stands between: look at ONLOOP_URL; then type the passphrase again",
                ground=Ground.VOICE,
            )
        speaker.number += 1

    @property
    def asked_for(self) -> str:
        """Whom the exchange that is under way is to prove; empty where there is none."""
        return self._asked.name if self._asked is not None else ""

    @property
    def is_of_people(self) -> bool:
        """Whether a person has proved themselves on this connection."""
        return bool(self._people)

    def introduce(self, at: Reading, name: str, values: Sequence[Any]) -> object:
        """Answer one of the verbs by which a caller proves something."""
        if name == "challenge":
            self._challenge = secrets.token_urlsafe(24)
            return self._challenge
        if name == "own":
            self._prove_own(values[0])
            return None
        if name == "scram_first":
            self._asked = Challenge.begin(at.house(), values[0], self.keeper.blind)
            return self._asked.demanded
        return self._prove_person(at, values[0], typed=values[1])

    def _prove_own(self, said: str) -> None:
        challenge, self._challenge = self._challenge, ""
        expected = own_proof(self.keeper.own_key, challenge)
        if not challenge or not hmac.compare_digest(expected.encode(), said.encode("utf-8", "surrogateescape")):
            words = f"user {self.peer.uid} did not show that they can open the store"
            raise NotAllowed(words, hint="be its owner", ground=Ground.PEER)
        self.own = True

    def _prove_person(self, at: Reading, message: str, *, typed: bool) -> Proved:
        asked, self._asked = self._asked, None
        if asked is None:
            raise BadInput("nobody was asked to prove anything", hint="begin with a first message")
        final, house = scram.final_from(message), at.house()
        with self.keeper.guesses.one(self.peer.uid, asked.name if asked.name in house.people else "") as right:
            answered = asked.answered(final)
            if answered is None or asked.person is None or house.people.get(asked.name) != asked.person:
                raise not_right(house, asked.name)
            right()
        proved_at = self.keeper.clock() - final.age_ms
        proof = PersonProof(typed, proved_at, final.uses, self.peer.uid, typed and self._is_apart(at))
        principal = recognised(house, asked.person, proof)
        self._people[asked.name] = _Speaker(principal, house.id, answered[1])
        earlier = None if asked.person.stored_key else without_keys(asked.person)
        return Proved(answered[0], principal, house.id, earlier)

    def _is_apart(self, at: Reading) -> bool:
        """Whether this user is neither the store's owner nor anybody who claims, and code under test is nobody of ours.

        The owner must not be one who claims either: then the gateway is not apart. An unknown claimer could be anybody.
        """
        owner = os.getuid()
        if self.peer.uid == owner or not self.keeper.box_is_strong():
            return False
        return not {None, owner, self.peer.uid} & {token.uid for token in at.select(Token)}

    # -- reading

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
    if isinstance(found, StoreState):
        return replace(found, people={name: without_keys(person) for name, person in found.people.items()})
    if isinstance(found, Sequence) and found and isinstance(found[0], Recorded):
        return [_without_keys(event) for event in found]
    return found


_KEYS = ("salt", "verifier", "stored_key", "server_key")


def _without_keys(event: Recorded) -> Recorded:
    if event.name != PersonEnrolled.__name__:
        return event
    return replace(event, data=json.dumps({**json.loads(event.data), **dict.fromkeys(_KEYS, "")}))
